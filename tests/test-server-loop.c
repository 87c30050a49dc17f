/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/clerk.h"

/* Loops */

static void
return_at_once (ButlerServer *server,
                gpointer      data)
{
  g_assert_true (butler_server_keep_running (server));
  ++*(int *) data;
}

START_TEST (what_a_loop_leaves_is_handled_all_the_same)
{
  int calls = 0;
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.loop = return_at_once, .loop_data = &calls));

  send_to_server (server, 1, 100);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (calls, 1);
  ck_assert_int_eq (script.handled, 100);
  ck_assert_int_eq (state_of (server), BUTLER_SERVER_STOPPED);
  ck_assert (!try_send_number (server, 101));
}
END_TEST

static void
one_by_one (ButlerServer *server,
            gpointer      data)
{
  int *most = data;

  while (butler_server_keep_running (server))
    {
      butler_server_wait (server, -1);
      int n = (int) butler_server_dispatch (server, 1);
      *most = MAX (*most, n);
    }
}

START_TEST (a_loop_of_ones_own_dispatches_as_many_as_it_likes)
{
  int most = 0;
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.loop = one_by_one, .loop_data = &most));

  start (server);
  send_to_server (server, 1, 100);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (most, 1);
  ck_assert_int_eq (script.handled, 100);
}
END_TEST

START_TEST (a_loop_without_a_thread_is_a_mistake)
{
  Script script = { 0 };
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.no_route = TRUE, .no_thread = TRUE, .loop = one_by_one, .state = &script);

  butler_test_expect_critical ("*no_thread*loop*");
  ck_assert_ptr_null (butler_server_new (hub, "s", &script_set, options, NULL));
  g_test_assert_expected_messages ();
}
END_TEST

/* Without a thread */

START_TEST (without_a_thread_its_owner_runs_it)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));

  send_to_server (server, 1, 100);
  ck_assert_uint_eq (butler_server_dispatch (server, 10), 0);
  ck_assert (!butler_server_keep_running (server));
  start (server);
  ck_assert_uint_eq (butler_server_dispatch (server, 10), 10);
  ck_assert (butler_server_wait (server, -1));
  ck_assert_uint_eq (butler_server_dispatch (server, 10), 10);
  ck_assert (butler_server_keep_running (server));
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 100);
  ck_assert (!butler_server_keep_running (server));
}
END_TEST

START_TEST (wait_says_whether_something_came)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE, .as_queue = _i == 1));

  start (server);
  ck_assert (!butler_server_wait (server, 0));
  ck_assert (!butler_server_wait (server, 1000));
  send_to_server (server, 1, 1);
  ck_assert (butler_server_wait (server, 0));
  ck_assert (butler_server_wait (server, -1));
  butler_server_dispatch (server, 1);
  ck_assert (!butler_server_wait (server, 0));
  ck_assert (butler_server_stop (server));
}
END_TEST

static void
dispatch_again (Script        *self G_GNUC_UNUSED,
                Number        *number G_GNUC_UNUSED,
                ButlerContext *context)
{
  ButlerServer *server = butler_context_get_server (context);

  butler_test_expect_critical ("*cannot be dispatched here*");
  ck_assert_uint_eq (butler_server_dispatch (server, 1), 0);
  butler_test_expect_critical ("*cannot be waited for here*");
  ck_assert (!butler_server_wait (server, 0));
  butler_test_expect_critical ("*cannot be joined here: this is its own thread*");
  ck_assert (!butler_server_join (server));
  g_test_assert_expected_messages ();
}

START_TEST (a_handler_does_not_dispatch_its_own_server)
{
  Script script = { .on_number = dispatch_again };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));

  start (server);
  send_to_server (server, 1, 2);
  ck_assert_uint_eq (butler_server_dispatch (server, 1), 1);
  ck_assert_int_eq (script.handled, 1);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (a_server_is_not_dispatched_beside_its_thread)
{
  start (clerk);
  butler_test_expect_critical ("*cannot be dispatched here*");
  ck_assert_uint_eq (butler_server_dispatch (clerk, 1), 0);
  g_test_assert_expected_messages ();
  ck_assert (butler_server_stop (clerk));
}
END_TEST

START_TEST (a_handler_stops_its_server_without_a_thread)
{
  Script script = { .on_number = stop_on_first };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));

  butler_server_add_shutdown (server, note_shutdown, (gpointer) "last", NULL);
  start (server);
  send_to_server (server, 0, 9);
  while (butler_server_keep_running (server))
    butler_server_dispatch (server, 3);
  ck_assert_int_eq (script.handled, 10);
  ck_assert_int_eq (state_of (server), BUTLER_SERVER_STOPPED);
  assert_diary ("last");
}
END_TEST

/* Who stops and who dispatches race for the end: one of them runs it, once, and none waits for ever. */
START_TEST (a_run_without_a_thread_ends_once)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));
  guint rounds = butler_test_rounds (400);
  GThread *stoppers[4];

  butler_server_add_shutdown (server, note_shutdown, (gpointer) "end", NULL);
  for (guint round = 0; round < rounds; round++)
    {
      start (server);
      send_to_server (server, 1, 3);
      for (guint i = 0; i < G_N_ELEMENTS (stoppers); i++)
        stoppers[i] = g_thread_new ("stops", stop_it, server);
      if (round % 2 == 0)
        while (butler_server_keep_running (server))
          {
            butler_server_wait (server, -1);
            butler_server_dispatch (server, 1);
          }
      else
        for (int n = 0; n < 8; n++)
          butler_server_dispatch (server, 1);
      for (guint i = 0; i < G_N_ELEMENTS (stoppers); i++)
        g_thread_join (stoppers[i]);
      assert_diary ("end");
    }
  ck_assert_int_eq (script.handled, (int) (3 * rounds));
}
END_TEST

static gpointer
do_nothing (gpointer data)
{
  return data;
}

/* Stops its server, and lets another thread do so too, which finds that the reader's role is taken. */
static void
stop_by_two (Script        *self,
             Number        *number,
             ButlerContext *context)
{
  if (number->value != 0)
    return;
  butler_context_stop_server (context);
  self->data = g_thread_new ("stops", stop_it, butler_context_get_server (context));
  for (int n = 0; n < 4; n++)
    g_thread_join (g_thread_new ("passes", do_nothing, NULL)); /* time for it, though it need not take it */
}

/* The owner dispatches once and never again: who stops the server ends it when the role is free. */
START_TEST (who_stops_goes_on_when_the_owner_lets_go)
{
  Script script = { .on_number = stop_by_two };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));
  guint rounds = butler_test_rounds (100);

  for (guint round = 0; round < rounds; round++)
    {
      start (server);
      send_to_server (server, 0, 2);
      butler_server_dispatch (server, 1);
      g_thread_join (script.data);
      ck_assert_int_eq (state_of (server), BUTLER_SERVER_STOPPED);
    }
  ck_assert_int_eq (script.handled, (int) (3 * rounds));
}
END_TEST

static GAsyncQueue *beside;

static gpointer
dispatch_it (gpointer server)
{
  g_assert_cmpuint (butler_server_dispatch (server, 1), ==, 0);
  g_assert_false (butler_server_wait (server, 1));
  g_async_queue_push (beside, beside);
  g_assert_true (butler_server_wait (server, -1));
  g_assert_cmpint (state_of (server), ==, BUTLER_SERVER_STOPPED);
  return NULL;
}

static void
dispatch_beside (ButlerContext *context,
                 gpointer       dispatcher)
{
  *(GThread **) dispatcher = g_thread_new ("dispatches", dispatch_it, butler_context_get_server (context));
  g_async_queue_pop (beside);
}

/* As the shutdown event runs on this thread, the other finds it under way; and then waits for its end. */
START_TEST (who_dispatches_beside_the_end_is_not_wrong)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));
  GThread *dispatcher = NULL;

  beside = g_async_queue_new ();
  butler_server_add_shutdown (server, dispatch_beside, &dispatcher, NULL);
  start (server);
  ck_assert (butler_server_stop (server));
  g_thread_join (dispatcher);
  g_async_queue_unref (beside);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("server-loop");
  TCase *tcase = tcase_create ("server-loop");

  tcase_add_checked_fixture (tcase, open_office, close_office);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, what_a_loop_leaves_is_handled_all_the_same);
  tcase_add_test (tcase, a_loop_of_ones_own_dispatches_as_many_as_it_likes);
  tcase_add_test (tcase, a_loop_without_a_thread_is_a_mistake);
  tcase_add_test (tcase, without_a_thread_its_owner_runs_it);
  tcase_add_loop_test (tcase, wait_says_whether_something_came, 0, 2);
  tcase_add_test (tcase, a_handler_does_not_dispatch_its_own_server);
  tcase_add_test (tcase, a_server_is_not_dispatched_beside_its_thread);
  tcase_add_test (tcase, a_handler_stops_its_server_without_a_thread);
  tcase_add_test (tcase, a_run_without_a_thread_ends_once);
  tcase_add_test (tcase, who_stops_goes_on_when_the_owner_lets_go);
  tcase_add_test (tcase, who_dispatches_beside_the_end_is_not_wrong);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
