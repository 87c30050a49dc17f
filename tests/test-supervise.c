/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* Servers that answer for others, and who is told when one ends. */

#define MOST 6

static ButlerHub     *hub;
static ButlerServer  *servers[MOST];
static Script         scripts[MOST];
static ButlerChannel *news; /* what the test is told: numbers of servers that started, and ends */

/* Of server i, made with the policy of the test's; 0 supervises. */
static gboolean
tell_start (ButlerContext *context G_GNUC_UNUSED,
            gpointer       data,
            GError       **error G_GNUC_UNUSED)
{
  tell (news, GPOINTER_TO_INT (data));
  return TRUE;
}

static void
fail_below_zero (Script        *self G_GNUC_UNUSED,
                 Number        *number,
                 ButlerContext *context)
{
  if (number->value < 0)
    butler_context_fail (context, "%d is below zero", number->value);
}

static void
add_server (int                 i,
            const ButlerPolicy *policy)
{
  const char name[] = { (char) ('a' + i), '\0' };

  scripts[i] = (Script) { .on_number = fail_below_zero };
  servers[i] = script_server (hub, name, &scripts[i], OPTIONS (.no_route = TRUE, .policy = policy));
  butler_server_add_startup (servers[i], tell_start, GINT_TO_POINTER (i), NULL);
}

static void
put_under (int server,
           int supervisor)
{
  GError *error = NULL;

  ck_assert (butler_server_set_supervisor (servers[server], servers[supervisor], &error));
  butler_assert_no_error (error);
  ck_assert_ptr_eq (butler_server_get_supervisor (servers[server]), servers[supervisor]);
}

static void
expect_starts (guint of) /* a bit for each */
{
  while (of != 0)
    {
      guint bit = 1u << wait_for_number (news);

      ck_assert_msg (of & bit, "%x is not among %x", bit, of);
      of &= ~bit;
    }
}

static void
start_all (guint n)
{
  start_hub (hub);
  expect_starts ((1u << n) - 1);
}

static void
set_up (void)
{
  hub = butler_hub_new ();
  news = own_channel (hub, "news", 0, BUTLER_OVERFLOW_FAIL);
  expect_warnings ();
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_mutex_lock (&warnings_lock);
  g_clear_pointer (&warnings, g_ptr_array_unref);
  g_mutex_unlock (&warnings_lock);
}

/* A family: b, c, d, e under a; what they say of failures is @own, and @of_supervisor what a says. */
static void
make_family (const ButlerPolicy *of_supervisor,
             const ButlerPolicy *own)
{
  for (int i = 0; i < 5; i++)
    add_server (i, i == 0 ? of_supervisor : own);
  for (int i = 1; i < 5; i++)
    put_under (i, 0);
  start_all (5);
}

static guint64
restarts_of (int i)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, butler_server_get_name (servers[i]));

  return stats.restarts;
}

static void
assert_restarts (guint a,
                 guint b,
                 guint c,
                 guint d,
                 guint e)
{
  const guint expected[] = { a, b, c, d, e };

  butler_hub_shutdown (hub);
  for (int i = 0; i < 5; i++)
    ck_assert_uint_eq (restarts_of (i), expected[i]);
}

static void
let_fail (int i)
{
  send_to_server (servers[i], -1, -1);
}

#define ESCALATE BUTLER_POLICY (.on_failure = BUTLER_FAILURE_ESCALATE)

START_TEST (one_for_one_restarts_who_failed)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE), ESCALATE);
  let_fail (2);
  expect_starts (1 << 2);
  assert_restarts (0, 0, 1, 0, 0);
}
END_TEST

START_TEST (one_for_all_restarts_all_under_it)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL), ESCALATE);
  let_fail (2);
  expect_starts (1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  assert_restarts (0, 1, 1, 1, 1);
}
END_TEST

START_TEST (rest_for_one_restarts_those_that_were_made_later)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_REST_FOR_ONE), ESCALATE);
  let_fail (3);
  expect_starts (1 << 3 | 1 << 4);
  assert_restarts (0, 0, 0, 1, 1);
}
END_TEST

START_TEST (who_does_not_run_is_left_alone)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL), ESCALATE);
  ck_assert (butler_server_stop (servers[4]));
  let_fail (2);
  expect_starts (1 << 1 | 1 << 2 | 1 << 3);
  assert_restarts (0, 1, 1, 1, 0);
}
END_TEST

/* All at once ask for all; each comes up again, and in the end all work. */
START_TEST (many_may_fail_at_once)
{
  make_family (BUTLER_POLICY (.restarts = 1000, .pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL), ESCALATE);
  for (guint n = 0; n < butler_test_rounds (100); n++)
    for (int i = 1; i < 5; i++)
      let_fail (i);
  butler_hub_shutdown (hub);
  for (int i = 1; i < 5; i++)
    {
      ck_assert_uint_ge (restarts_of (i), butler_test_rounds (100));
      ck_assert_int_eq (butler_server_get_state (servers[i]), BUTLER_SERVER_STOPPED);
      ck_assert_int_eq (scripts[i].handled, (int) butler_test_rounds (100));
    }
}
END_TEST

static void
assert_all_failed (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      ck_assert (butler_server_join (servers[i]));
      ck_assert_int_eq (butler_server_get_state (servers[i]), BUTLER_SERVER_FAILED);
    }
}

START_TEST (too_often_ends_the_supervisor_with_all_under_it)
{
  g_autoptr (ButlerHubStatus) status = NULL;

  make_family (BUTLER_POLICY (.restarts = 2, .pause = BUTLER_NO_PAUSE), ESCALATE);
  let_fail (1);
  expect_starts (1 << 1);
  let_fail (2);
  expect_starts (1 << 2);
  let_fail (1);
  assert_all_failed (5);
  status = butler_hub_get_status (hub);
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 1).reason, "-1 is below zero");
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 4).reason,
                    "a, which supervises it, gave up, as b failed again: -1 is below zero");
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 4).supervisor, "a");
}
END_TEST

START_TEST (who_restarts_itself_too_often_escalates)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL),
               BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 1, .pause = BUTLER_NO_PAUSE));
  let_fail (1);
  expect_starts (1 << 1);
  let_fail (1);
  expect_starts (1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  assert_restarts (0, 2, 1, 1, 1);
}
END_TEST

/* a above b and c, which are above d and e. */
START_TEST (a_supervisor_escalates_in_turn)
{
  const ButlerPolicy *once = BUTLER_POLICY (.restarts = 1, .pause = BUTLER_NO_PAUSE);

  for (int i = 0; i < 5; i++)
    add_server (i, i < 3 ? once : ESCALATE);
  put_under (1, 0);
  put_under (2, 0);
  put_under (3, 1);
  put_under (4, 2);
  start_all (5);
  let_fail (3);
  expect_starts (1 << 3);
  let_fail (3);
  expect_starts (1 << 1 | 1 << 3);
  let_fail (4);
  expect_starts (1 << 4);
  let_fail (3);
  assert_all_failed (5);
}
END_TEST

/* At a shutdown it may be the first to end. */
START_TEST (a_stopped_supervisor_answers_for_others)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL), ESCALATE);
  ck_assert (butler_server_stop (servers[0]));
  let_fail (2);
  expect_starts (1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  assert_restarts (0, 1, 1, 1, 1);
}
END_TEST

START_TEST (a_supervisor_that_has_failed_answers_for_nobody)
{
  make_family (BUTLER_POLICY (.on_failure = BUTLER_FAILURE_STOP, .pause = BUTLER_NO_PAUSE), ESCALATE);
  let_fail (0);
  ck_assert (butler_server_join (servers[0]));
  let_fail (1);
  ck_assert (butler_server_join (servers[1]));
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_FAILED);
  ck_assert_int_eq (butler_server_get_state (servers[2]), BUTLER_SERVER_RUNNING);
}
END_TEST

START_TEST (a_removed_supervisor_is_forgotten)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE), ESCALATE);
  ck_assert (butler_server_remove (servers[0]));
  for (int i = 1; i < 5; i++)
    ck_assert_ptr_null (butler_server_get_supervisor (servers[i]));
}
END_TEST

START_TEST (nobody_supervises_himself)
{
  GError *error = NULL;

  for (int i = 0; i < 3; i++)
    add_server (i, NULL);
  put_under (1, 0);
  put_under (2, 1);
  ck_assert (!butler_server_set_supervisor (servers[0], servers[2], &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "server a", "under c", NULL);
  ck_assert (!butler_server_set_supervisor (servers[1], servers[1], &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "server b", NULL);
  ck_assert (butler_server_set_supervisor (servers[1], NULL, &error));
  ck_assert (butler_server_set_supervisor (servers[0], servers[2], &error));
}
END_TEST

/* Monitors */

static void
expect_end (const char *name,
            const char *reason,
            gboolean    failed)
{
  GError *error = NULL;
  g_autoptr (ButlerMessage) message = butler_channel_receive (news, -1, &error);
  const ButlerServerStopped *stopped;

  butler_assert_no_error (error);
  stopped = butler_server_stopped_get (message);
  ck_assert_str_eq (stopped->name, name);
  ck_assert_str_eq (stopped->reason, reason);
  ck_assert_int_eq (stopped->failed, failed);
}

static void
expect_nothing (void)
{
  ck_assert_uint_eq (butler_channel_get_length (news), 0);
}

static void
make_monitored (const ButlerPolicy *policy)
{
  add_server (0, policy);
  ck_assert_uint_ne (butler_server_monitor (servers[0], news), 0);
  expect_nothing ();
  start_all (1);
  expect_nothing ();
}

START_TEST (each_end_is_told)
{
  make_monitored (NULL);
  ck_assert (butler_server_stop (servers[0]));
  expect_end ("a", "stopped", FALSE);
  start_all (1);
  ck_assert (butler_server_kill (servers[0]));
  expect_end ("a", "killed", FALSE);
  start_all (1);
  g_clear_pointer (&hub, butler_hub_unref);
}
END_TEST

START_TEST (who_fails_is_told_of_with_the_reason)
{
  make_monitored (BUTLER_POLICY (.on_failure = BUTLER_FAILURE_STOP));
  let_fail (0);
  expect_end ("a", "-1 is below zero", TRUE);
}
END_TEST

START_TEST (a_restart_is_no_end)
{
  make_monitored (BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 1, .pause = BUTLER_NO_PAUSE, .period = 5000000));
  let_fail (0);
  expect_starts (1 << 0);
  let_fail (0);
  expect_end ("a", "restarted 1 times in 5000 s, and failed again: -1 is below zero", TRUE);
}
END_TEST

static gboolean
refuse_to_start (ButlerContext *context G_GNUC_UNUSED,
                 gpointer       data G_GNUC_UNUSED,
                 GError       **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
  return FALSE;
}

START_TEST (a_start_that_fails_is_told)
{
  GError *error = NULL;

  scripts[0] = (Script) { 0 };
  servers[0] = script_server (hub, "a", &scripts[0], NO_OPTIONS);
  butler_server_add_startup (servers[0], refuse_to_start, NULL, NULL);
  butler_server_monitor (servers[0], news);
  ck_assert (!butler_server_start (servers[0], &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "not today", NULL);
  expect_end ("a", "server a did not start: not today", TRUE);
}
END_TEST

START_TEST (who_has_ended_is_told_of_at_once)
{
  add_server (0, NULL);
  start_all (1);
  ck_assert (butler_server_stop (servers[0]));
  butler_server_monitor (servers[0], news);
  expect_end ("a", "stopped", FALSE);
  expect_nothing ();
}
END_TEST

START_TEST (who_asks_no_longer_is_told_nothing)
{
  guint64 monitor;

  add_server (0, NULL);
  monitor = butler_server_monitor (servers[0], news);
  ck_assert (!butler_server_unmonitor (servers[0], monitor + 1));
  ck_assert (butler_server_unmonitor (servers[0], monitor));
  ck_assert (!butler_server_unmonitor (servers[0], monitor));
  start_all (1);
  ck_assert (butler_server_stop (servers[0]));
  expect_nothing ();
}
END_TEST

START_TEST (an_end_is_told_above_the_capacity)
{
  ButlerChannel *full = own_channel (hub, "full", 1, BUTLER_OVERFLOW_FAIL);
  GError *error = NULL;

  add_server (0, NULL);
  butler_server_monitor (servers[0], full);
  tell (full, 7);
  start_all (1);
  ck_assert (butler_server_stop (servers[0]));
  ck_assert_int_eq (wait_for_number (full), 7);
  news = full;
  expect_end ("a", "stopped", FALSE);
  butler_assert_no_error (error);
}
END_TEST

/* A server that is told of the end of another. */

#define WATCHER_FIELDS(F, R) \
  F (R, int32, ends)
BUTLER_RECORD (Watcher, watcher, WATCHER_FIELDS);

#define WATCHER_HANDLES(H, S) \
  H (S, butler_server_stopped)
BUTLER_HANDLERS (watcher, WATCHER_HANDLES);

static void
watcher_on_butler_server_stopped (Watcher             *self,
                                  ButlerServerStopped *stopped,
                                  ButlerContext       *context G_GNUC_UNUSED)
{
  g_assert_cmpstr (stopped->reason, ==, "-1 is below zero");
  tell (news, 100 + ++self->ends);
}

START_TEST (a_server_can_start_another_again)
{
  static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (watcher) };
  ButlerServer *watcher = butler_server_new (hub, "watcher", &set, NULL, NULL);

  add_server (0, BUTLER_POLICY (.on_failure = BUTLER_FAILURE_STOP));
  butler_server_monitor (servers[0], butler_server_get_channel (watcher));
  start (watcher);
  for (int i = 1; i <= 3; i++)
    {
      start (servers[0]);
      expect_starts (1 << 0);
      let_fail (0);
      ck_assert_int_eq (wait_for_number (news), 100 + i);
    }
}
END_TEST

/* A supervisor that is told of failures */

#define CHIEF_FIELDS(F, R) \
  F (R, int32, failures)
BUTLER_RECORD (Chief, chief, CHIEF_FIELDS);

#define CHIEF_HANDLES(H, S)   \
  H (S, butler_server_failed) \
  H (S, number)
BUTLER_HANDLERS (chief, CHIEF_HANDLES);

static GAsyncQueue *told; /* char *, owned */

static void
chief_on_butler_server_failed (Chief              *self,
                               ButlerServerFailed *failed,
                               ButlerContext      *context)
{
  g_async_queue_push (told, g_strdup_printf ("%s to %s: %s, %s, %" G_GUINT64_FORMAT, failed->name,
                                             butler_server_get_name (butler_context_get_server (context)), failed->reason,
                                             failed->follows, failed->restarts));
  self->failures++;
}

static void
chief_on_number (Chief         *self,
                 Number        *number G_GNUC_UNUSED,
                 ButlerContext *context)
{
  butler_context_fail (context, "after %d failures", self->failures);
}

static void
expect_told (const char *what)
{
  g_autofree char *said = g_async_queue_pop (told);

  ck_assert_str_eq (said, what);
}

/* In the place of a. */
static void
add_chief (int                 i,
           const ButlerPolicy *policy)
{
  static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (chief) };
  const char name[] = { (char) ('a' + i), '\0' };
  GError *error = NULL;

  servers[i] = butler_server_new (hub, name, &set, BUTLER_SERVER_OPTIONS (.policy = policy, .no_route = TRUE), &error);
  butler_assert_no_error (error);
}

static void
set_up_chief (void)
{
  set_up ();
  told = g_async_queue_new_full (g_free);
}

static void
tear_down_chief (void)
{
  tear_down ();
  g_async_queue_unref (told);
}

START_TEST (a_supervisor_is_told_of_what_follows)
{
  GError *error = NULL;

  add_chief (0, BUTLER_POLICY (.pause = BUTLER_NO_PAUSE));
  add_server (1, ESCALATE);
  add_server (2, BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE));
  add_server (3, BUTLER_POLICY (.on_failure = BUTLER_FAILURE_STOP));
  add_server (4, NULL);
  for (int i = 1; i < 5; i++)
    put_under (i, 0);
  ck_assert (butler_hub_start (hub, &error));
  expect_starts (1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  let_fail (1);
  expect_told ("b to a: -1 is below zero, escalate, 0");
  expect_starts (1 << 1);
  let_fail (1);
  expect_told ("b to a: -1 is below zero, escalate, 1");
  expect_starts (1 << 1);
  let_fail (2);
  expect_told ("c to a: -1 is below zero, restart, 0");
  let_fail (4); /* that continues: nothing is told */
  ck_assert (butler_server_stop (servers[4]));
  let_fail (3);
  expect_told ("d to a: -1 is below zero, stop, 0");
  ck_assert_ptr_null (g_async_queue_try_pop (told));
}
END_TEST

/* a above b, which is above c: c fails once more than b may restart it. */
START_TEST (a_failure_is_told_from_one_to_the_next)
{
  GError *error = NULL;

  add_chief (0, BUTLER_POLICY (.pause = BUTLER_NO_PAUSE));
  add_chief (1, BUTLER_POLICY (.restarts = 1, .pause = BUTLER_NO_PAUSE));
  add_server (2, ESCALATE);
  put_under (1, 0);
  put_under (2, 1);
  ck_assert (butler_hub_start (hub, &error));
  expect_starts (1 << 2);
  let_fail (2);
  expect_told ("c to b: -1 is below zero, escalate, 0");
  expect_starts (1 << 2);
  let_fail (2);
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *said = g_async_queue_pop (told);

      ck_assert_msg (g_str_equal (said, "c to b: -1 is below zero, escalate, 1")
                     || g_str_equal (said, "b to a: -1 is below zero, escalate, 0"), "%s", said);
    }
  expect_starts (1 << 2);
}
END_TEST

static gboolean
start_but_twice (ButlerContext *context G_GNUC_UNUSED,
                 gpointer       data,
                 GError       **error)
{
  int n = ++*(int *) data;

  if (n != 2 && n != 3)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not again");
  return FALSE;
}

START_TEST (a_start_that_fails_is_told_of_too)
{
  GError *error = NULL;
  int n = 0;

  add_chief (0, BUTLER_POLICY (.pause = BUTLER_NO_PAUSE));
  add_server (1, BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 1, .pause = BUTLER_NO_PAUSE));
  butler_server_add_startup (servers[1], start_but_twice, &n, NULL);
  put_under (1, 0);
  ck_assert (butler_hub_start (hub, &error));
  expect_starts (1 << 1);
  let_fail (1);
  expect_told ("b to a: -1 is below zero, restart, 0");
  expect_told ("b to a: not again, escalate, 0");
  expect_told ("b to a: not again, escalate, 0");
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (wait_for_number (news), 1);
  g_clear_pointer (&hub, butler_hub_unref);
}
END_TEST

/* It has no handler for that, does not run, or is no supervisor. */
START_TEST (who_does_not_want_to_know_is_told_nothing)
{
  make_family (BUTLER_POLICY (.pause = BUTLER_NO_PAUSE), ESCALATE);
  let_fail (1);
  expect_starts (1 << 1);
  butler_hub_shutdown (hub);
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "a");
  ck_assert_uint_eq (stats.received, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("supervise");
  TCase *tcase = tcase_create ("supervisors");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, one_for_one_restarts_who_failed);
  tcase_add_test (tcase, one_for_all_restarts_all_under_it);
  tcase_add_test (tcase, rest_for_one_restarts_those_that_were_made_later);
  tcase_add_test (tcase, who_does_not_run_is_left_alone);
  tcase_add_test (tcase, many_may_fail_at_once);
  tcase_add_test (tcase, too_often_ends_the_supervisor_with_all_under_it);
  tcase_add_test (tcase, who_restarts_itself_too_often_escalates);
  tcase_add_test (tcase, a_supervisor_escalates_in_turn);
  tcase_add_test (tcase, a_stopped_supervisor_answers_for_others);
  tcase_add_test (tcase, a_supervisor_that_has_failed_answers_for_nobody);
  tcase_add_test (tcase, a_removed_supervisor_is_forgotten);
  tcase_add_test (tcase, nobody_supervises_himself);
  suite_add_tcase (suite, tcase);
  tcase = tcase_create ("monitors");
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, each_end_is_told);
  tcase_add_test (tcase, who_fails_is_told_of_with_the_reason);
  tcase_add_test (tcase, a_restart_is_no_end);
  tcase_add_test (tcase, a_start_that_fails_is_told);
  tcase_add_test (tcase, who_has_ended_is_told_of_at_once);
  tcase_add_test (tcase, who_asks_no_longer_is_told_nothing);
  tcase_add_test (tcase, an_end_is_told_above_the_capacity);
  tcase_add_test (tcase, a_server_can_start_another_again);
  suite_add_tcase (suite, tcase);
  tcase = tcase_create ("failures");
  tcase_add_checked_fixture (tcase, set_up_chief, tear_down_chief);
  tcase_add_test (tcase, a_supervisor_is_told_of_what_follows);
  tcase_add_test (tcase, a_failure_is_told_from_one_to_the_next);
  tcase_add_test (tcase, a_start_that_fails_is_told_of_too);
  tcase_add_test (tcase, who_does_not_want_to_know_is_told_nothing);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
