/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plays.h"

/* A swap that meets a server which has failed and waits to be made anew. */

#define NEVER 3600000 /* ms: no test waits for so long */

static GAsyncQueue *down; /* who has run its shutdown events */

static void
tell_down (ButlerContext *context G_GNUC_UNUSED,
           gpointer       data G_GNUC_UNUSED)
{
  g_async_queue_push (down, down);
}

static void
fail_it (PlayScene *scene)
{
  butler_context_fail (scene->context, "in vain");
}

static ButlerServer *
start_patient (void)
{
  ButlerServerOptions options = UNROUTED;
  ButlerServer *server;

  options.policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER);
  server = make_actor (&troupe, "patient", options);
  butler_server_add_shutdown (server, tell_down, NULL, NULL);
  start_it (server);
  expect_actor (server, 1, 1);
  expect_actor (server, 1, 2);
  play_it (server, fail_it, NULL);
  g_async_queue_pop (down);
  return server;
}

static GLogWriterOutput
keep_quiet (GLogLevelFlags   level G_GNUC_UNUSED,
            const GLogField *fields G_GNUC_UNUSED,
            gsize            n G_GNUC_UNUSED,
            gpointer         data G_GNUC_UNUSED)
{
  return G_LOG_WRITER_HANDLED;
}

/* The new code is tried at once, with a state of its own making. */
START_TEST (a_swap_ends_the_pause)
{
  static const char *const plugins[] = { "play-1", "play-other", "play-swapped" };
  ButlerServer *server = start_patient ();

  swap_play (plugins[_i], _i > 0);
  expect_actor (server, 2, 1);
}
END_TEST

static void
set_up (void)
{
  down = g_async_queue_new ();
  plays_begin ();
}

static void
tear_down (void)
{
  plays_end ();
  g_async_queue_unref (down);
}

int
main (void)
{
  Suite *suite = suite_create ("swap-restart");
  TCase *tcase = tcase_create ("swap-restart");

  g_log_set_writer_func (keep_quiet, NULL, NULL);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_loop_test (tcase, a_swap_ends_the_pause, 0, 3);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
