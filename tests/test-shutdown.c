/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* All servers of a hub at once. */

#define STAGES   4
#define MESSAGES 2000

static ButlerHub    *hub;
static Script        scripts[STAGES];
static ButlerServer *servers[STAGES];
static GString      *ends; /* the names of the servers, in the order in which they ended */
static GMutex        ends_lock;

static void
note_end (ButlerContext *context,
          gpointer       data G_GNUC_UNUSED)
{
  g_mutex_lock (&ends_lock);
  g_string_append (ends, butler_server_get_name (butler_context_get_server (context)));
  g_mutex_unlock (&ends_lock);
}

/* Servers a, b, c, d; each number goes through all of them. */
static void
make_stages (ButlerServerOptions options)
{
  for (int i = 0; i < STAGES; i++)
    {
      const char name[] = { (char) ('a' + i), '\0' };

      scripts[i] = (Script) { 0 };
      options.no_route = i > 0;
      servers[i] = script_server (hub, name, &scripts[i], options);
      butler_server_add_shutdown (servers[i], note_end, NULL, NULL);
    }
  for (int i = 1; i < STAGES; i++)
    scripts[i - 1].to = butler_server_get_channel (servers[i]);
}

static void
set_up (void)
{
  hub = butler_hub_new ();
  ends = g_string_new (NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  for (int i = 0; i < STAGES; i++)
    g_clear_error (&scripts[i].error);
  g_string_free (ends, TRUE);
}

static void
assert_all_came_through (int n)
{
  for (int i = 0; i < STAGES; i++)
    {
      ck_assert_int_eq (scripts[i].handled, n);
      ck_assert (!scripts[i].jumped);
      ck_assert_ptr_null (scripts[i].error);
    }
}

static void
assert_all (ButlerServerState state)
{
  for (int i = 0; i < STAGES; i++)
    ck_assert_int_eq (butler_server_get_state (servers[i]), state);
}

static const ButlerServerOptions makings[] = {
  { .capacity = 0 },
  { .as_queue = TRUE },
  { .capacity = 3, .overflow = BUTLER_OVERFLOW_BLOCK },
};

START_TEST (a_shutdown_loses_nothing_on_its_way)
{
  make_stages (makings[_i]);
  for (int round = 1; round <= 3; round++)
    {
      start_hub (hub);
      send_to_server (servers[0], MESSAGES * (round - 1), MESSAGES * round - 1);
      butler_hub_shutdown (hub);
      assert_all_came_through (MESSAGES * round);
      assert_all (BUTLER_SERVER_STOPPED);
    }
  ck_assert_str_eq (ends->str, "abcdabcdabcd");
}
END_TEST

START_TEST (the_end_of_the_hub_loses_nothing_on_its_way)
{
  make_stages (makings[_i]);
  start_hub (hub);
  send_to_server (servers[0], 1, MESSAGES);
  g_clear_pointer (&hub, butler_hub_unref);
  assert_all_came_through (MESSAGES);
  ck_assert_str_eq (ends->str, "abcd");
}
END_TEST

static void
shut_down_at_the_last (Script        *self G_GNUC_UNUSED,
                       Number        *number,
                       ButlerContext *context)
{
  if (number->value == MESSAGES)
    butler_hub_shutdown (butler_context_get_hub (context));
}

START_TEST (a_handler_asks_for_a_shutdown)
{
  GError *error = NULL;

  make_stages (makings[0]);
  scripts[_i].on_number = shut_down_at_the_last;
  start_hub (hub);
  send_to_server (servers[0], 1, MESSAGES);
  ck_assert (butler_hub_join (hub, &error));
  butler_assert_no_error (error);
  assert_all_came_through (MESSAGES);
  ck_assert_str_eq (ends->str, "abcd");
}
END_TEST

static void
fail_at_the_last (Script        *self G_GNUC_UNUSED,
                  Number        *number,
                  ButlerContext *context)
{
  ButlerHub *own = butler_context_get_hub (context);

  if (number->value != MESSAGES)
    return;
  butler_hub_fail (own, g_error_new_literal (BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "the first"));
  butler_hub_fail (own, g_error_new_literal (BUTLER_ERROR, BUTLER_ERROR_FULL, "the second"));
}

START_TEST (who_joins_is_told_why_the_hub_failed)
{
  GError *error = NULL;

  make_stages (makings[0]);
  scripts[1].on_number = fail_at_the_last;
  start_hub (hub);
  send_to_server (servers[0], 1, MESSAGES);
  ck_assert (!butler_hub_join (hub, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "the first", NULL);
  assert_all_came_through (MESSAGES);
  assert_all (BUTLER_SERVER_STOPPED);

  /* A new start is a new try. */
  scripts[1].on_number = NULL;
  start_hub (hub);
  butler_hub_fail (hub, NULL);
  ck_assert (butler_hub_join (hub, &error));
  butler_assert_no_error (error);
}
END_TEST

static gboolean
fail_in_startup (ButlerContext *context,
                 gpointer       failure,
                 GError       **error G_GNUC_UNUSED)
{
  butler_hub_fail (butler_context_get_hub (context), failure != NULL ? g_error_copy (failure) : NULL);
  return TRUE;
}

/* The first server asks for the end before the others run: they run and end in order all the same. */
START_TEST (a_shutdown_during_the_start_reaches_all)
{
  g_autoptr (GError) failure = g_error_new_literal (BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no input");
  GError *error = NULL;

  make_stages (makings[0]);
  butler_server_add_startup (servers[_i], fail_in_startup, failure, NULL);
  send_to_server (servers[0], 1, MESSAGES);
  start_hub (hub);
  ck_assert (!butler_hub_join (hub, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "no input", NULL);
  assert_all (BUTLER_SERVER_STOPPED);
  assert_all_came_through (MESSAGES);
  ck_assert_str_eq (ends->str, "abcd");
}
END_TEST

/* There may be none that runs when the second one is started. */
START_TEST (a_shutdown_during_the_start_is_not_over_before)
{
  guint rounds = butler_test_rounds (500);

  make_stages (makings[0]);
  butler_server_add_startup (servers[0], fail_in_startup, NULL, NULL);
  for (guint round = 0; round < rounds; round++)
    {
      start_hub (hub);
      ck_assert (butler_hub_join (hub, NULL));
      assert_all (BUTLER_SERVER_STOPPED);
    }
}
END_TEST

/* It is over with the last server, and does not reach those that are started one by one later. */
START_TEST (a_shutdown_is_over_when_all_have_ended)
{
  make_stages (makings[0]);
  if (_i == 0)
    start_hub (hub);
  if (_i < 2)
    butler_hub_shutdown (hub);
  else
    butler_hub_kill (hub);
  start (servers[0]);
  start (servers[1]);
  ck_assert (butler_server_stop (servers[0]));
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_RUNNING);
  send_to_server (servers[1], 1, 1);
  ck_assert (butler_server_stop (servers[1]));
}
END_TEST

static gboolean
fail_to_start (ButlerContext *context G_GNUC_UNUSED,
               gpointer       fails,
               GError       **error)
{
  if (*(int *) fails == 0)
    return TRUE;
  --*(int *) fails;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no luck");
  return FALSE;
}

START_TEST (a_start_that_fails_in_the_middle_stops_those_before)
{
  GError *error = NULL;
  int fails = 1;

  make_stages (makings[0]);
  butler_server_add_startup (servers[2], fail_to_start, &fails, NULL);
  ck_assert (!butler_hub_start (hub, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "server c did not start", "no luck", NULL);
  ck_assert_str_eq (ends->str, "ab");
  ck_assert_int_eq (butler_server_get_state (servers[0]), BUTLER_SERVER_STOPPED);
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_STOPPED);
  ck_assert_int_eq (butler_server_get_state (servers[2]), BUTLER_SERVER_FAILED);
  ck_assert_int_eq (butler_server_get_state (servers[3]), BUTLER_SERVER_NEW);

  /* The second try finds them all fit to run. */
  start_hub (hub);
  assert_all (BUTLER_SERVER_RUNNING);
  send_to_server (servers[0], 1, MESSAGES);
  butler_hub_shutdown (hub);
  assert_all_came_through (MESSAGES);
  ck_assert_str_eq (ends->str, "ababcd");
}
END_TEST

static gboolean
send_two (ButlerContext *context G_GNUC_UNUSED,
          gpointer       to,
          GError       **error)
{
  return number_send_to (to, &(Number) { 1 }, error) && number_send_to (to, &(Number) { 2 }, error);
}

/* As much as fits into the channel of one that is started later, or one more. */
START_TEST (a_start_does_not_wait_for_who_is_started_later)
{
  ButlerServer *last;
  Script script = { 0 };
  GError *error = NULL;

  make_stages (makings[0]);
  last = script_server (hub, "e", &script, OPTIONS (.no_route = TRUE, .capacity = 2 - (guint) _i, .overflow = BUTLER_OVERFLOW_BLOCK));
  butler_server_add_startup (servers[1], send_two, butler_server_get_channel (last), NULL);
  ck_assert (butler_hub_start (hub, &error) == (_i == 0));
  if (_i == 1)
    butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, "server b did not start", "Number", NULL);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (script.handled, _i == 0 ? 2 : 0);
}
END_TEST

START_TEST (a_start_leaves_alone_what_runs)
{
  GError *error = NULL;
  int fails = 1;

  make_stages (makings[0]);
  butler_server_add_startup (servers[3], fail_to_start, &fails, NULL);
  start (servers[1]);
  ck_assert (!butler_hub_start (hub, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "server d", NULL);
  ck_assert_str_eq (ends->str, "ac");
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_RUNNING);
  start_hub (hub);
  butler_hub_shutdown (hub);
}
END_TEST

static void
wait_at_the_gate (Script        *self,
                  Number        *number G_GNUC_UNUSED,
                  ButlerContext *context G_GNUC_UNUSED)
{
  tell (self->data, 0);
  g_async_queue_pop (self->gate);
}

static gpointer
kill_hub (gpointer data G_GNUC_UNUSED)
{
  butler_hub_kill (hub);
  return NULL;
}

static void
open_gate (ButlerContext *context,
           gpointer       gate)
{
  note_end (context, NULL);
  g_async_queue_push (gate, gate);
}

/* The others end at once, though the first is in a handler that none of them ends but the last. */
START_TEST (kill_ends_all_at_once)
{
  ButlerChannel *answers = own_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL);
  GAsyncQueue *gate = g_async_queue_new ();

  make_stages (makings[0]);
  scripts[0].on_number = wait_at_the_gate;
  scripts[0].data = answers;
  scripts[0].gate = gate;
  butler_server_add_shutdown (servers[3], open_gate, gate, NULL);
  start_hub (hub);
  send_to_server (servers[0], 1, 100);
  wait_for_number (answers);
  g_thread_join (g_thread_new ("kills", kill_hub, NULL));
  assert_all (BUTLER_SERVER_STOPPED);
  ck_assert_int_eq (scripts[0].handled, 1);
  assert_figures (hub, "a", 100, 1, 99);
  g_async_queue_unref (gate);
}
END_TEST

static void
kill_at_the_first (Script        *self G_GNUC_UNUSED,
                   Number        *number G_GNUC_UNUSED,
                   ButlerContext *context)
{
  butler_hub_kill (butler_context_get_hub (context));
}

START_TEST (a_handler_kills_all)
{
  make_stages (makings[0]);
  scripts[0].on_number = kill_at_the_first;
  start_hub (hub);
  tell (butler_server_get_channel (servers[0]), 1);
  ck_assert (butler_hub_join (hub, NULL));
  assert_all (BUTLER_SERVER_STOPPED);
  ck_assert_int_eq (scripts[0].handled, 1);
}
END_TEST

START_TEST (join_waits_for_servers_that_end_by_themselves)
{
  make_stages (makings[0]);
  for (int i = 0; i < STAGES; i++)
    scripts[i].on_number = stop_on_first;
  start_hub (hub);
  send_to_server (servers[0], 0, 0); /* and it goes on to the next one */
  ck_assert (butler_hub_join (hub, NULL));
  assert_all (BUTLER_SERVER_STOPPED);
}
END_TEST

START_TEST (an_empty_hub_starts_and_ends)
{
  start_hub (hub);
  butler_hub_shutdown (hub);
  butler_hub_kill (hub);
  ck_assert (butler_hub_join (hub, NULL));
}
END_TEST

/* Without a thread, and so ended by who waits */

START_TEST (servers_without_a_thread_end_with_the_rest)
{
  ButlerServerOptions options = { .no_thread = TRUE };

  make_stages (options);
  start_hub (hub);
  send_to_server (servers[0], 1, 100);
  if (_i == 0)
    butler_hub_shutdown (hub);
  else
    g_clear_pointer (&hub, butler_hub_unref);
  assert_all_came_through (100);
  ck_assert_str_eq (ends->str, "abcd");
}
END_TEST

/* What waits for the very thread that ends the hub */

static void
flood (Script        *self,
       Number        *number G_GNUC_UNUSED,
       ButlerContext *context G_GNUC_UNUSED)
{
  Script *target = self->data;

  tell (target->data, 0);
  for (int n = 1; target->error == NULL; n++)
    number_send_to (target->to, &(Number) { n }, &target->error);
}

/* A server waits for room in a channel that nobody reads any more. */
START_TEST (the_end_of_the_hub_ends_who_waits_for_its_reader)
{
  ButlerChannel *answers = own_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL);
  Script target = { .to = own_channel (hub, "own", 2, BUTLER_OVERFLOW_BLOCK), .data = answers };

  tell (target.to, 0);
  wait_for_number (target.to); /* so this thread is its reader */
  make_stages (makings[0]);
  scripts[0].on_number = flood;
  scripts[0].data = &target;
  start_hub (hub);
  tell (butler_server_get_channel (servers[0]), 1);
  wait_for_number (answers);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_str_eq (ends->str, "abcd");
  ck_assert_ptr_nonnull (target.error);
  g_clear_error (&target.error);
}
END_TEST

/* A server waits for room in one without a thread, which this thread runs, and which comes later in the order of the end. */
START_TEST (the_end_of_the_hub_ends_who_waits_for_a_later_server)
{
  ButlerChannel *answers = own_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL);
  Script target = { .data = answers };
  Script window = { 0 };
  ButlerServer *last;

  make_stages (makings[0]);
  last = script_server (hub, "e", &window, OPTIONS (.no_route = TRUE, .no_thread = TRUE, .capacity = 2,
                                                    .overflow = BUTLER_OVERFLOW_BLOCK));
  butler_server_add_shutdown (last, note_end, NULL, NULL);
  target.to = butler_server_get_channel (last);
  scripts[3].on_number = flood;
  scripts[3].data = &target;
  start_hub (hub);
  tell (butler_server_get_channel (servers[3]), 1);
  wait_for_number (answers);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_uint_eq (ends->len, 5);
  ck_assert_int_ge (window.handled, 2);
  ck_assert (!window.jumped);
  g_clear_error (&target.error);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("shutdown");
  TCase *tcase = tcase_create ("shutdown");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, a_shutdown_loses_nothing_on_its_way, 0, G_N_ELEMENTS (makings));
  tcase_add_loop_test (tcase, the_end_of_the_hub_loses_nothing_on_its_way, 0, G_N_ELEMENTS (makings));
  tcase_add_loop_test (tcase, a_handler_asks_for_a_shutdown, 0, STAGES);
  tcase_add_test (tcase, who_joins_is_told_why_the_hub_failed);
  tcase_add_loop_test (tcase, a_shutdown_during_the_start_reaches_all, 0, STAGES);
  tcase_add_test (tcase, a_shutdown_during_the_start_is_not_over_before);
  tcase_add_loop_test (tcase, a_shutdown_is_over_when_all_have_ended, 0, 3);
  tcase_add_test (tcase, a_start_that_fails_in_the_middle_stops_those_before);
  tcase_add_loop_test (tcase, a_start_does_not_wait_for_who_is_started_later, 0, 2);
  tcase_add_test (tcase, a_start_leaves_alone_what_runs);
  tcase_add_test (tcase, kill_ends_all_at_once);
  tcase_add_test (tcase, a_handler_kills_all);
  tcase_add_test (tcase, join_waits_for_servers_that_end_by_themselves);
  tcase_add_test (tcase, an_empty_hub_starts_and_ends);
  tcase_add_loop_test (tcase, servers_without_a_thread_end_with_the_rest, 0, 2);
  tcase_add_test (tcase, the_end_of_the_hub_ends_who_waits_for_its_reader);
  tcase_add_test (tcase, the_end_of_the_hub_ends_who_waits_for_a_later_server);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
