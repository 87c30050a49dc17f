/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plays.h"

/* Servers of a plugin come and go while it is swapped. */

static const char *const others[] = { "play-1", "play-other" };

/* Swaps to and fro, standing still or not, until so many are done. */
static void
swap_often (guint    rounds,
            gboolean stops)
{
  for (guint i = 0; i < rounds; i++)
    swap_play (i % 2 == 0 ? others[stops] : "play-1", stops);
}

static guint
get_rounds (void)
{
  return by_scale (3, 25, 1000);
}

/* What came of it */

/* One server's, which is started again and again: its messages and those who sent them. */
typedef struct
{
  ButlerServer *server;
  gint         *over;
  guint         runs;
  guint64       sent;
  gint64        handled;   /* by the server's thread, and read when it does not run */
  guint64       number;    /* of the code that it ran last */
  guint         came_back; /* how often that was older than the one before */
} Life;

static void
live (PlayScene *scene)
{
  Life *self = scene->cue;

  self->handled++;
  self->came_back += scene->number < self->number;
  self->number = scene->number;
}

static void
send_life (Life *self)
{
  self->sent++;
  play_it (self->server, live, self);
}

static gpointer
come_and_go (gpointer data)
{
  Life *self = data;

  while (!g_atomic_int_get (self->over))
    {
      g_assert_true (butler_server_start (self->server, NULL));
      for (guint i = 0; i < 5; i++)
        send_life (self);
      g_assert_true (butler_server_stop (self->server));
      self->runs++;
    }
  return NULL;
}

static void
check_life (const Life *self)
{
  ck_assert_uint_eq ((guint64) self->handled, self->sent);
  ck_assert_uint_eq (self->came_back, 0);
}

#define LIVES 3

START_TEST (servers_start_and_stop_meanwhile)
{
  static const ButlerServerOptions kinds[LIVES] = {
    { .no_route = TRUE },
    { .no_route = TRUE, .loop = butler_loop_queue },
    { .no_route = TRUE, .capacity = 3, .overflow = BUTLER_OVERFLOW_BLOCK },
  };
  Life lives[LIVES] = { 0 };
  GThread *threads[LIVES];
  gint over = FALSE;

  for (guint i = 0; i < LIVES; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      lives[i].server = make_actor (&troupe, name, kinds[i]);
      lives[i].over = &over;
      threads[i] = g_thread_new (name, come_and_go, &lives[i]);
    }
  swap_often (get_rounds (), _i);
  g_atomic_int_set (&over, TRUE);
  for (guint i = 0; i < LIVES; i++)
    {
      g_thread_join (threads[i]);
      check_life (&lives[i]);
      ck_assert_uint_gt (lives[i].runs, 0);
      start_it (lives[i].server);
      ck_assert_uint_eq (ask_actor (lives[i].server).number, troupe.number);
    }
}
END_TEST

/* A handler of the same plugin does it. */
typedef struct
{
  ButlerServer *other;
  gint          over;
  gint          turns;
  GAsyncQueue  *ended;
} Turns;

static void
take_turn (PlayScene *scene)
{
  Turns *self = scene->cue;
  ButlerServer *server = butler_context_get_server (scene->context);

  if (g_atomic_int_add (&self->turns, 1) % 2 == 0)
    g_assert_true (butler_server_start (self->other, NULL));
  else
    g_assert_true (butler_server_stop (self->other));
  if (g_atomic_int_get (&self->over) && self->turns % 2 == 0)
    g_async_queue_push (self->ended, self);
  else
    play_it (server, take_turn, self);
}

/* A handler that waits for the end of a server that stands still keeps the swap from going on, until that is given up. */
static void
swap_in_vain_or_not (guint rounds)
{
  butler_hub_set_swap_limit (hub, 20);
  for (guint i = 0; i < rounds; i++)
    {
      GError *error = NULL;
      ButlerSwapReport *report;

      put_play (&troupe, i % 2 == 0 ? "play-other" : "play-1");
      report = butler_hub_swap (hub, NULL, &error);
      if (report == NULL)
        butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "server ", NULL);
      g_clear_pointer (&report, butler_swap_report_free);
    }
  butler_hub_set_swap_limit (hub, 3600 * 1000);
}

START_TEST (a_handler_starts_and_stops_meanwhile)
{
  ButlerServer *server = start_actor ("s");
  Turns turns = { .other = make_actor (&troupe, "other", UNROUTED), .ended = g_async_queue_new () };

  play_it (server, take_turn, &turns);
  if (_i == 0)
    swap_often (get_rounds (), FALSE);
  else
    swap_in_vain_or_not (get_rounds ());
  g_atomic_int_set (&turns.over, TRUE);
  g_async_queue_pop (turns.ended);
  swap_play ("play-swapped", TRUE);
  start_it (turns.other);
  ck_assert_uint_eq (ask_actor (turns.other).number, troupe.number);
  ck_assert_uint_eq (ask_actor (server).number, troupe.number);
  g_async_queue_unref (turns.ended);
}
END_TEST

static gpointer
make_and_remove (gpointer data)
{
  gint *over = data;
  guint n = 0;

  while (!g_atomic_int_get (over))
    {
      g_autofree char *name = g_strdup_printf ("new%u", n++ % 2);
      ButlerServer *server = butler_server_new (hub, name, butler_module_get_set (troupe.module, "actor", NULL),
                                                BUTLER_SERVER_OPTIONS (.no_route = TRUE), NULL);

      g_assert_true (butler_server_start (server, NULL));
      g_assert_cmpuint (ask_actor (server).count, ==, 1);
      g_assert_true (butler_server_remove (server));
    }
  return NULL;
}

START_TEST (servers_are_made_and_removed_meanwhile)
{
  ButlerServer *server = start_actor ("s");
  gint over = FALSE;
  GThread *thread = g_thread_new ("makes", make_and_remove, &over);

  swap_often (get_rounds (), _i);
  g_atomic_int_set (&over, TRUE);
  g_thread_join (thread);
  expect_actor (server, troupe.number, 1);
}
END_TEST

/* While all others stand still */

static gpointer
swap_here (gpointer data)
{
  (void) data;
  butler_swap_report_free (swap_all ());
  return NULL;
}

static gpointer
start_here (gpointer server)
{
  start_it (server);
  return NULL;
}

/* In a swap that stays at its `swapped` function. */
typedef struct
{
  ButlerServer *server;
  Pause         pause;
  PlayCast      cast;
  GThread      *swapper;
} LongSwap;

static void
long_swap_begin (LongSwap   *self,
                 const char *plugin)
{
  self->server = start_actor ("long");
  pause_begin (&self->pause);
  self->cast = (PlayCast) { stay_in_swapped, &self->pause };
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  cast_actor (self->server, &self->cast);
  put_play (&troupe, plugin);
  self->swapper = g_thread_new ("swaps", swap_here, NULL);
  g_async_queue_pop (self->pause.begun);
}

static void
long_swap_end (LongSwap *self)
{
  pause_release (&self->pause);
  g_thread_join (self->swapper);
  expect_actor (self->server, 2, 2);
  pause_end (&self->pause);
}

START_TEST (a_server_that_is_made_meanwhile_runs_new_code)
{
  LongSwap swap;
  ButlerServer *server;

  long_swap_begin (&swap, _i == 0 ? "play-swapped" : "play-other-swapped");
  server = make_actor (&troupe, "new", UNROUTED);
  long_swap_end (&swap);
  start_it (server);
  expect_actor (server, 2, 1);
}
END_TEST

/* New, or made before it: it starts when the swap is over. */
START_TEST (a_server_that_is_started_meanwhile_runs_new_code)
{
  LongSwap swap;
  ButlerServer *server = _i == 0 ? make_actor (&troupe, "new", UNROUTED) : NULL;
  GThread *starter;

  long_swap_begin (&swap, "play-other-swapped");
  if (server == NULL)
    server = make_actor (&troupe, "new", UNROUTED);
  starter = g_thread_new ("starts", start_here, server);
  play_it (server, NULL, NULL);
  long_swap_end (&swap);
  g_thread_join (starter);
  expect_actor (server, 2, 2);
}
END_TEST

/* A startup event that goes on */

typedef struct
{
  GAsyncQueue   *begun;
  ButlerContext *held;
} LongStart;

static gboolean
start_slowly (ButlerContext *context,
              gpointer       data,
              GError       **error)
{
  LongStart *self = data;

  (void) error;
  self->held = butler_context_hold (context);
  g_async_queue_push (self->begun, self);
  return TRUE;
}

/* It has an old state in its hands, and is not to lose that. */
START_TEST (a_server_that_is_starting_comes_over_when_it_has)
{
  LongStart start = { g_async_queue_new (), NULL };
  ButlerServer *other = start_actor ("other");
  ButlerServer *server = make_actor (&troupe, "s", UNROUTED);
  GThread *starter;

  butler_server_add_startup (server, start_slowly, &start, NULL);
  starter = g_thread_new ("starts", start_here, server);
  g_async_queue_pop (start.begun);
  swap_play ("play-1", FALSE);
  expect_actor (other, 2, 1);
  butler_hub_set_swap_limit (hub, 50);
  swap_play_fails ("play-other", BUTLER_ERROR_TIMED_OUT, "server s is starting");
  expect_actor (other, 2, 2);
  butler_context_release (start.held);
  g_thread_join (starter);
  expect_actor (server, 2, 1);
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  swap_play ("play-other", TRUE);
  expect_actor (server, troupe.number, 2);
  g_async_queue_unref (start.begun);
}
END_TEST

static gpointer
swap_then_quit (gpointer data)
{
  GMainLoop *loop = data;

  swap_play ("play-other", TRUE);
  g_main_loop_quit (loop);
  return NULL;
}

START_TEST (a_swap_waits_for_a_server_that_is_starting)
{
  LongStart start = { g_async_queue_new (), NULL };
  ButlerServer *server = make_actor (&troupe, "s", UNROUTED);
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  GThread *starter;
  GThread *swapper;

  butler_server_add_startup (server, start_slowly, &start, NULL);
  starter = g_thread_new ("starts", start_here, server);
  g_async_queue_pop (start.begun);
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  swapper = g_thread_new ("swaps", swap_then_quit, loop);
  butler_context_release (start.held);
  g_thread_join (starter);
  g_main_loop_run (loop);
  g_thread_join (swapper);
  expect_actor (server, 2, 1);
  g_main_loop_unref (loop);
  g_async_queue_unref (start.begun);
}
END_TEST

/* The end of the hub */

static gpointer
swap_until_over (gpointer data)
{
  const gint *over = data;
  g_autoptr (ButlerHub) own = butler_hub_ref (hub);

  for (guint i = 0; !g_atomic_int_get (over); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ButlerSwapReport) report = NULL;

      put_play (&troupe, i % 2 == 0 ? "play-other" : "play-1");
      report = butler_hub_swap (own, NULL, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

/* All servers are stopped one after the other, while swaps go on; and after it, with no server that runs. */
START_TEST (a_hub_is_shut_down_meanwhile)
{
  ButlerServer *servers[3];
  gint over = FALSE;
  GThread *thread;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      servers[i] = start_actor (name);
    }
  thread = g_thread_new ("swaps", swap_until_over, &over);
  for (guint i = 0; i < by_scale (2, 20, 200); i++)
    ask_actor (servers[i % 3]);
  butler_hub_shutdown (hub);
  ck_assert (butler_hub_join (hub, NULL));
  for (guint i = 0; i < 3; i++)
    ck_assert_int_eq (butler_server_get_state (servers[i]), BUTLER_SERVER_STOPPED);
  g_atomic_int_set (&over, TRUE);
  g_thread_join (thread);
}
END_TEST

static void
note_end (GObject      *source G_GNUC_UNUSED,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr (GError) error = NULL;
  ButlerSwapReport *report = g_task_propagate_pointer (G_TASK (result), &error);

  if (report != NULL)
    butler_swap_report_free (report);
  else
    ck_assert_msg (g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED)
                   || g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_UNCHANGED), "%s", error->message);
  g_main_loop_quit (data);
}

/* Whatever the swap has come to: each has an end that is told. */
START_TEST (a_hub_goes_in_the_middle_of_a_swap)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);

  for (guint i = 0; i < by_scale (3, 15, 300); i++)
    {
      ButlerServer *servers[] = { start_actor ("a"), start_actor ("b") };

      put_play (&troupe, i % 2 == 0 ? "play-other" : "play-1");
      butler_hub_swap_async (hub, NULL, NULL, note_end, loop);
      for (guint n = 0; n < i; n++)
        ask_actor (servers[n % 2]);
      g_clear_pointer (&hub, butler_hub_unref);
      g_main_loop_run (loop);
      forget_play (&troupe);
      hub = butler_hub_new ();
      load_play (&troupe, "play-1", "play.so");
    }
  g_main_loop_unref (loop);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-runs");
  TCase *tcase = tcase_create ("swap-runs");

  tcase_set_timeout (tcase, 20);
  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_loop_test (tcase, servers_start_and_stop_meanwhile, 0, 2);
  tcase_add_loop_test (tcase, a_handler_starts_and_stops_meanwhile, 0, 2);
  tcase_add_loop_test (tcase, servers_are_made_and_removed_meanwhile, 0, 2);
  tcase_add_loop_test (tcase, a_server_that_is_made_meanwhile_runs_new_code, 0, 2);
  tcase_add_loop_test (tcase, a_server_that_is_started_meanwhile_runs_new_code, 0, 2);
  tcase_add_test (tcase, a_server_that_is_starting_comes_over_when_it_has);
  tcase_add_test (tcase, a_swap_waits_for_a_server_that_is_starting);
  tcase_add_test (tcase, a_hub_is_shut_down_meanwhile);
  tcase_add_test (tcase, a_hub_goes_in_the_middle_of_a_swap);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
