/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* A server in a GMainContext: of this thread, or of another one that runs it. */

static ButlerHub    *hub;
static ButlerServer *server;
static Script        script;
static GMainContext *context;
static GMainLoop    *loop;    /* runs in @thread, if there is one */
static GThread      *thread;
static GThread      *handled_by; /* of the last number */
static int           ends;

static void
note_thread (Script        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *butler_context)
{
  handled_by = g_thread_self ();
  if (number->value == 0)
    butler_context_stop_server (butler_context);
}

static void
note_end (ButlerContext *ended G_GNUC_UNUSED,
          gpointer       data G_GNUC_UNUSED)
{
  ends++;
}

static void
set_up (void)
{
  hub = butler_hub_new ();
  script = (Script) { .on_number = note_thread };
  server = script_server (hub, "s", &script, OPTIONS (.no_thread = TRUE));
  butler_server_add_shutdown (server, note_end, NULL, NULL);
  context = g_main_context_new ();
  ends = 0;
  handled_by = NULL;
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&context, g_main_context_unref);
}

static void
attach (void)
{
  GSource *source = butler_server_create_source (server);

  ck_assert_ptr_nonnull (source);
  g_source_attach (source, context);
  g_source_unref (source);
}

/* As long as there is something to do at once. */
static int
iterate (void)
{
  int n = 0;

  while (g_main_context_iteration (context, FALSE))
    n++;
  return n;
}

/* Iterates, sleeping, until so many numbers were handled. */
static void
iterate_until (int handled)
{
  while (script.handled < handled)
    g_main_context_iteration (context, TRUE);
}

static gpointer
run_loop (gpointer data G_GNUC_UNUSED)
{
  g_main_loop_run (loop);
  return NULL;
}

static void
run_in_thread (void)
{
  loop = g_main_loop_new (context, FALSE);
  thread = g_thread_new ("loop", run_loop, NULL);
}

static gboolean
quit (gpointer data G_GNUC_UNUSED)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* By a source, so that it does not come before the loop runs. */
static void
join_loop (void)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, quit, NULL, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
  g_thread_join (thread);
  g_clear_pointer (&loop, g_main_loop_unref);
}

/* In this thread */

START_TEST (a_context_dispatches_a_server)
{
  attach ();
  start (server);
  ck_assert_int_eq (iterate (), 0);
  send_to_server (server, 1, 1000);
  iterate_until (1000);
  ck_assert (!script.jumped);
  ck_assert_ptr_eq (handled_by, g_thread_self ());
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (ends, 1);
}
END_TEST

START_TEST (a_source_may_be_attached_before_the_start)
{
  attach ();
  send_to_server (server, 1, 3);
  ck_assert_int_eq (iterate (), 0);
  ck_assert_int_eq (script.handled, 0);
  start (server);
  iterate_until (3);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (a_stop_on_the_same_thread_runs_it_to_its_end)
{
  attach ();
  start (server);
  send_to_server (server, 1, 1000);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 1000);
  ck_assert_int_eq (ends, 1);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
}
END_TEST

START_TEST (a_handler_stops_its_server)
{
  attach ();
  start (server);
  send_to_server (server, 0, 9);
  while (ends == 0)
    g_main_context_iteration (context, TRUE);
  ck_assert_int_eq (script.handled, 10);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
}
END_TEST

/* The source holds the server, the server the hub's memory: all of it is freed if it goes, which LeakSanitizer sees. */
START_TEST (a_source_goes_with_the_run)
{
  for (int run = 1; run <= 3; run++)
    {
      GSource *source = butler_server_create_source (server);

      g_source_attach (source, context);
      start (server);
      send_to_server (server, 1, 1);
      iterate_until (run);
      ck_assert (!g_source_is_destroyed (source));
      ck_assert (butler_server_stop (server));
      ck_assert (g_source_is_destroyed (source));
      ck_assert_uint_eq (source->ref_count, 1);
      g_source_unref (source);
    }
}
END_TEST

START_TEST (a_source_goes_with_its_hub)
{
  GSource *source;

  attach ();
  start (server);
  send_to_server (server, 1, 1);
  iterate_until (1);
  ck_assert (butler_server_stop (server));
  source = butler_server_create_source (server); /* for a run that never comes */
  g_source_attach (source, context);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert (g_source_is_destroyed (source));
  g_source_unref (source);
}
END_TEST

static gboolean
fail_to_start (ButlerContext *starting G_GNUC_UNUSED,
               gpointer       data G_GNUC_UNUSED,
               GError      **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no luck");
  return FALSE;
}

START_TEST (a_source_goes_with_a_start_that_fails)
{
  GSource *source = butler_server_create_source (server);
  GError *error = NULL;

  g_source_attach (source, context);
  butler_server_add_startup (server, fail_to_start, NULL, NULL);
  ck_assert (!butler_server_start (server, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "s", NULL);
  ck_assert (g_source_is_destroyed (source));
  g_source_unref (source);
}
END_TEST

START_TEST (a_server_has_one_source_at_a_time)
{
  GSource *source = butler_server_create_source (server);

  butler_test_expect_critical ("*has a source already*");
  ck_assert_ptr_null (butler_server_create_source (server));
  g_test_assert_expected_messages ();
  g_source_unref (source);

  source = butler_server_create_source (server);
  g_source_attach (source, context);
  g_source_destroy (source);
  attach ();
  g_source_unref (source);
  start (server);
  send_to_server (server, 1, 1);
  iterate_until (1);
}
END_TEST

START_TEST (a_server_whose_source_was_destroyed_ends_here)
{
  GSource *source = butler_server_create_source (server);

  g_source_attach (source, context);
  run_in_thread ();
  start (server);
  send_to_server (server, 1, 5);
  g_source_destroy (source);
  send_to_server (server, 6, 10);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 10);
  g_source_unref (source);
  join_loop ();
}
END_TEST

/* Woken, and never polling */

static int polls;

static int
count_poll (GPollFD *fds,
            guint    n,
            int      timeout)
{
  polls++;
  return g_poll (fds, n, timeout);
}

/* Each message wakes the context once, and after it there is nothing to do. */
START_TEST (an_idle_source_sleeps)
{
  g_main_context_set_poll_func (context, count_poll);
  attach ();
  start (server);
  iterate ();
  polls = 0;
  for (int n = 1; n <= 100; n++)
    {
      int before = polls;

      send_to_server (server, n, n);
      iterate_until (n);
      ck_assert_int_le (polls - before, 3);
      ck_assert_int_eq (iterate (), 0);
    }
  ck_assert (butler_server_stop (server));
}
END_TEST

static int timeouts[64];
static int n_timeouts;

static int
note_timeout (GPollFD *fds,
              guint    n,
              int      timeout)
{
  timeouts[n_timeouts++ % (int) G_N_ELEMENTS (timeouts)] = timeout;
  return g_poll (fds, n, timeout);
}

static gboolean
wake_context (gpointer data G_GNUC_UNUSED)
{
  g_main_context_wakeup (context);
  return G_SOURCE_REMOVE;
}

START_TEST (a_source_asks_for_no_timeout)
{
  attach ();
  start (server);
  send_to_server (server, 1, 1);
  iterate_until (1);
  iterate ();
  g_main_context_set_poll_func (context, note_timeout);
  n_timeouts = 0;
  for (int i = 0; i < 10; i++)
    {
      wake_context (NULL);
      g_main_context_iteration (context, TRUE);
    }
  ck_assert_int_eq (n_timeouts, 10);
  for (int i = 0; i < n_timeouts; i++)
    ck_assert_int_eq (timeouts[i], -1);
  ck_assert (butler_server_stop (server));
}
END_TEST

/* Before the start there is nothing to do either, though messages wait. */
START_TEST (a_source_sleeps_before_the_start)
{
  g_main_context_set_poll_func (context, note_timeout);
  attach ();
  send_to_server (server, 1, 3);
  n_timeouts = 0;
  wake_context (NULL);
  g_main_context_iteration (context, TRUE);
  ck_assert_int_eq (n_timeouts, 1);
  ck_assert_int_eq (timeouts[0], -1);
}
END_TEST

/* Fairness */

static gboolean
count_idle (gpointer count)
{
  ++*(int *) count;
  return G_SOURCE_CONTINUE;
}

static void
send_itself_one_more (Script        *self G_GNUC_UNUSED,
                      Number        *number,
                      ButlerContext *butler_context)
{
  send_to_server (butler_context_get_server (butler_context), number->value + 1, number->value + 1);
}

/* A flood of messages, and a source of such a low priority as GTK's redraw has. */
START_TEST (a_flood_does_not_starve_the_others)
{
  GSource *idle = g_idle_source_new ();
  int count = 0;

  script.on_number = send_itself_one_more;
  g_source_set_priority (idle, G_PRIORITY_LOW);
  g_source_set_callback (idle, count_idle, &count, NULL);
  g_source_attach (idle, context);
  attach ();
  start (server);
  send_to_server (server, 1, 64);
  for (int i = 0; i < 1000; i++)
    g_main_context_iteration (context, FALSE);
  ck_assert_int_ge (count, 400);
  ck_assert_int_ge (script.handled, 400 * 64);
  g_source_destroy (idle);
  g_source_unref (idle);
  ck_assert (butler_server_kill (server));
}
END_TEST

/* In the loop of a server with a thread */

static void
run_context (ButlerServer *looping,
             gpointer      data G_GNUC_UNUSED)
{
  GSource *source = butler_server_create_source (looping);

  g_source_attach (source, context);
  g_source_unref (source);
  while (butler_server_keep_running (looping))
    g_main_context_iteration (context, TRUE);
}

static ButlerServer *
looping_server (void)
{
  return script_server (hub, "l", &script, OPTIONS (.no_route = TRUE, .loop = run_context));
}

START_TEST (a_loop_of_ones_own_is_a_context)
{
  ButlerServer *looping = looping_server ();

  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  g_main_context_set_poll_func (context, count_poll);
  for (int run = 1; run <= 3; run++)
    {
      polls = 0;
      start (looping);
      for (int n = 1; n <= 300; n++)
        {
          send_to_server (looping, n, n);
          ck_assert_int_eq (wait_for_number (script.to), n);
        }
      ck_assert (run == 2 ? butler_server_kill (looping) : butler_server_stop (looping));
      ck_assert_int_eq (script.handled, 300 * run);
      ck_assert_ptr_ne (handled_by, g_thread_self ());
      ck_assert_int_le (polls, 300 * 3 + 10);
    }
}
END_TEST

/* Its own thread alone may have it, and the default loop has a context of its own. */
START_TEST (a_source_of_a_server_with_a_thread_is_its_loops)
{
  ButlerServer *looping = looping_server ();

  butler_test_expect_critical ("*has a thread: only a loop of its own*");
  ck_assert_ptr_null (butler_server_create_source (looping));
  start (looping);
  butler_test_expect_critical ("*has a thread: only a loop of its own*");
  ck_assert_ptr_null (butler_server_create_source (looping));
  g_test_assert_expected_messages ();
  ck_assert (butler_server_stop (looping));
}
END_TEST

static int depth;

/* As a modal dialog does. */
static void
iterate_in_handler (Script        *self G_GNUC_UNUSED,
                    Number        *number G_GNUC_UNUSED,
                    ButlerContext *butler_context G_GNUC_UNUSED)
{
  g_assert_cmpint (depth++, ==, 0);
  g_assert_cmpint (iterate (), ==, 0);
  depth--;
}

START_TEST (a_handler_that_iterates_its_context_is_not_called_in_itself)
{
  ButlerServer *looping = looping_server ();

  script.on_number = iterate_in_handler;
  start (looping);
  send_to_server (looping, 1, 100);
  ck_assert (butler_server_stop (looping));
  ck_assert_int_eq (script.handled, 100);
  ck_assert (!script.jumped);
}
END_TEST

static gboolean
release_it (gpointer held)
{
  ends++;
  butler_context_release (held);
  return G_SOURCE_REMOVE;
}

static void
hold_for_a_moment (Script        *self G_GNUC_UNUSED,
                   Number        *number,
                   ButlerContext *butler_context)
{
  GSource *timer = g_timeout_source_new ((guint) number->value);

  g_source_set_callback (timer, release_it, butler_context_hold (butler_context), NULL);
  g_source_attach (timer, context);
  g_source_unref (timer);
}

START_TEST (what_is_held_ends_in_the_context_of_the_loop)
{
  ButlerServer *looping = looping_server ();

  script.on_number = hold_for_a_moment;
  start (looping);
  send_to_server (looping, 20, 23);
  ck_assert (butler_server_stop (looping));
  ck_assert_int_eq (ends, 4);
}
END_TEST

/* In another thread */

START_TEST (another_thread_dispatches_a_server)
{
  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  attach ();
  run_in_thread ();
  start (server);
  for (int n = 1; n <= 1000; n++)
    {
      send_to_server (server, n, n);
      ck_assert_int_eq (wait_for_number (script.to), n);
    }
  ck_assert (butler_server_stop (server));
  ck_assert_ptr_eq (handled_by, thread);
  ck_assert_int_eq (ends, 1);
  join_loop ();
}
END_TEST

START_TEST (a_stop_by_another_thread_waits_for_the_context)
{
  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  attach ();
  run_in_thread ();
  start (server);
  send_to_server (server, 1, 1);
  wait_for_number (script.to);
  send_to_server (server, 2, 10000);
  if (_i == 0)
    ck_assert (butler_server_stop (server));
  else
    g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (script.handled, 10000);
  ck_assert_ptr_eq (handled_by, thread);
  ck_assert_int_eq (ends, 1);
  join_loop ();
}
END_TEST

/* The start happens on this thread while the context's thread looks at the source, and must wake it. */
START_TEST (a_start_wakes_the_context)
{
  guint rounds = butler_test_rounds (500);

  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  run_in_thread ();
  for (guint round = 0; round < rounds; round++)
    {
      attach ();
      if (round == 0)
        send_to_server (server, 1, 1);
      start (server);
      if (round > 0)
        send_to_server (server, 1, 1);
      wait_for_number (script.to);
      ck_assert (butler_server_stop (server));
    }
  join_loop ();
  ck_assert_int_eq (script.handled, (int) rounds);
}
END_TEST

static gboolean
push_token (gpointer queue)
{
  g_async_queue_push (queue, queue);
  return G_SOURCE_REMOVE;
}

/* What the loop's thread was just doing is over: it has cleared if it was asked to. */
static void
wait_for_pass (void)
{
  GAsyncQueue *queue = g_async_queue_new ();
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, push_token, queue, NULL);
  g_source_attach (source, context);
  g_async_queue_pop (queue);
  g_source_unref (source);
  g_async_queue_unref (queue);
}

/* All its messages are accounted for. */
static void
check_figures (void)
{
  ButlerServerStats stats = get_stats_of (hub, "s");

  ck_assert_uint_eq (stats.length, 0);
  butler_server_stats_clear (&stats);
}

static gpointer
clear_on_and_on (gpointer data)
{
  guint rounds = butler_test_rounds (20000);

  for (guint round = 0; round < rounds; round++)
    butler_channel_clear (data);
  return NULL;
}

/* Who clears the channel has the reader's role for a moment, and the source must not go to sleep unarmed then. */
START_TEST (a_clear_does_not_put_the_source_to_sleep)
{
  GThread *clearer;
  int last = 0;

  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  attach ();
  run_in_thread ();
  start (server);
  clearer = g_thread_new ("clears", clear_on_and_on, butler_server_get_channel (server));
  for (int n = 1; n <= 2000; n++)
    send_to_server (server, n, n);
  g_thread_join (clearer);
  wait_for_pass ();
  send_to_server (server, 2001, 2001);
  while (last != 2001)
    last = wait_for_number (script.to);
  ck_assert (butler_server_stop (server));
  join_loop ();
  check_figures ();
}
END_TEST

static gpointer
dispatch_beside (gpointer wait)
{
  if (wait != NULL)
    butler_server_wait (server, 0);
  else
    butler_server_dispatch (server, 64);
  return NULL;
}

/* TRUE if the context, which has been prepared, would not sleep. */
static gboolean
is_awake (int priority)
{
  GPollFD fds[8];
  int timeout;
  int n = g_main_context_query (context, priority, &timeout, fds, G_N_ELEMENTS (fds));

  g_assert_cmpint (n, <=, (int) G_N_ELEMENTS (fds));
  return timeout == 0 || g_poll (fds, (guint) n, 0) > 0;
}

/* It takes the source's sleep away, so what comes next would wake nobody. */
START_TEST (who_dispatches_on_another_thread_does_not_put_the_source_to_sleep)
{
  int priority;

  attach ();
  start (server);
  iterate ();
  ck_assert (g_main_context_acquire (context));
  ck_assert (!g_main_context_prepare (context, &priority));
  g_thread_join (g_thread_new ("beside", dispatch_beside, _i == 0 ? NULL : context));
  send_to_server (server, 1, 1);
  ck_assert (is_awake (priority));
  g_main_context_release (context);
  iterate_until (1);
  ck_assert (butler_server_stop (server));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("source");
  TCase *tcase = tcase_create ("source");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_context_dispatches_a_server);
  tcase_add_test (tcase, a_source_may_be_attached_before_the_start);
  tcase_add_test (tcase, a_stop_on_the_same_thread_runs_it_to_its_end);
  tcase_add_test (tcase, a_handler_stops_its_server);
  tcase_add_test (tcase, a_source_goes_with_the_run);
  tcase_add_test (tcase, a_source_goes_with_its_hub);
  tcase_add_test (tcase, a_source_goes_with_a_start_that_fails);
  tcase_add_test (tcase, a_server_has_one_source_at_a_time);
  tcase_add_test (tcase, a_server_whose_source_was_destroyed_ends_here);
  tcase_add_test (tcase, an_idle_source_sleeps);
  tcase_add_test (tcase, a_source_asks_for_no_timeout);
  tcase_add_test (tcase, a_source_sleeps_before_the_start);
  tcase_add_test (tcase, a_flood_does_not_starve_the_others);
  tcase_add_test (tcase, a_loop_of_ones_own_is_a_context);
  tcase_add_test (tcase, a_source_of_a_server_with_a_thread_is_its_loops);
  tcase_add_test (tcase, a_handler_that_iterates_its_context_is_not_called_in_itself);
  tcase_add_test (tcase, what_is_held_ends_in_the_context_of_the_loop);
  tcase_add_test (tcase, another_thread_dispatches_a_server);
  tcase_add_loop_test (tcase, a_stop_by_another_thread_waits_for_the_context, 0, 2);
  tcase_add_test (tcase, a_start_wakes_the_context);
  tcase_add_test (tcase, a_clear_does_not_put_the_source_to_sleep);
  tcase_add_loop_test (tcase, who_dispatches_on_another_thread_does_not_put_the_source_to_sleep, 0, 2);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
