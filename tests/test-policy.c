/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/pending.h"
#include "lib/policy.h"
#include "tests/keeper.h"

/* What follows when a handler fails. */

#define NEVER 3600000 /* ms: no test waits for so long */

static GString *diary; /* "u": started, "d": ended; of one server, written on its thread */

static gboolean
go_up (ButlerContext *context G_GNUC_UNUSED,
       gpointer       data G_GNUC_UNUSED,
       GError       **error G_GNUC_UNUSED)
{
  g_string_append_c (diary, 'u');
  return TRUE;
}

static void
go_down (ButlerContext *context G_GNUC_UNUSED,
         gpointer       data)
{
  g_string_append_c (diary, 'd');
  if (data != NULL)
    g_async_queue_push (data, data);
}

/* Negative ones fail; of the others it tells the sum since the state was made. */
static void
add_up (Keeper        *self,
        Number        *number,
        ButlerContext *context)
{
  if (number->value < 0)
    {
      butler_context_fail (context, "%d is below zero", number->value);
      return;
    }
  self->sum += number->value;
  tell (news, self->sum);
}

static void
begin (ButlerServerOptions options)
{
  set_up (options);
  diary = g_string_new (NULL);
  on_number = add_up;
  butler_server_add_startup (server, go_up, NULL, NULL);
  butler_server_add_shutdown (server, go_down, gate, NULL);
  expect_warnings ();
}

static void
assert_no_warnings (void)
{
  g_autoptr (GPtrArray) seen = g_steal_pointer (&warnings);

  ck_assert_uint_eq (seen->len, 0);
}

#define begin_with(...) begin (OPTIONS (.policy = BUTLER_POLICY (__VA_ARGS__)))

/* So many warnings there were, and this is what becomes of the figures. */
static void
finish (guint       warned,
        const char *events,
        guint       received,
        guint       handled,
        guint       dead)
{
  ck_assert (butler_server_stop (server));
  ck_assert_str_eq (diary->str, events);
  assert_figures (hub, "keeper", received, handled, dead);
  tear_down ();
  g_string_free (diary, TRUE);
  assert_warnings (warned, "failed on a Number");
}

static guint64
restarts (void)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "keeper");

  return stats.restarts;
}

static void
expect_sum (int sum)
{
  ck_assert_int_eq (wait_for_number (news), sum);
}

START_TEST (by_default_the_next_message_follows)
{
  begin (NO_OPTIONS);
  start (server);
  send_to_server (server, -2, 3);
  expect_sum (0);
  expect_sum (1);
  expect_sum (3);
  expect_sum (6);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (restarts (), 0);
  ck_assert_uint_eq (failures (), 2);
  finish (2, "ud", 6, 6, 0);
}
END_TEST

START_TEST (a_restart_makes_the_state_anew)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = 1);
  start (server);
  send_to_server (server, 5, 5);
  expect_sum (5);
  send_to_server (server, -1, 3);
  expect_sum (0);
  expect_sum (1);
  expect_sum (3);
  expect_sum (6);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_RUNNING);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (restarts (), 1);
  ck_assert_uint_eq (failures (), 1);
  finish (1, "udud", 6, 6, 0);
}
END_TEST

/* Once the shutdown events of the restart have run, nothing but the pause keeps the server. */
static void
fail_and_pause (void)
{
  start (server);
  send_to_server (server, -1, -1);
  g_async_queue_pop (gate);
  send_to_server (server, 1, 3);
}

START_TEST (a_stop_need_not_wait_for_a_pause)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER);
  fail_and_pause ();
  ck_assert (butler_server_stop (server));
  expect_sum (1);
  expect_sum (3);
  expect_sum (6);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
  finish (1, "udud", 4, 4, 0);
}
END_TEST

START_TEST (a_kill_need_not_wait_for_a_pause)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER);
  fail_and_pause ();
  ck_assert (butler_server_kill (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_KILLED), 3);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
  finish (1, "ud", 4, 1, 3);
}
END_TEST

START_TEST (a_clear_holds_in_a_pause)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER);
  fail_and_pause ();
  butler_channel_clear (butler_server_get_channel (server));
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_CLEARED), 3);
  finish (1, "udud", 4, 1, 3);
}
END_TEST

START_TEST (too_many_restarts_end_the_server)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 2, .pause = BUTLER_NO_PAUSE);
  send_to_server (server, -5, -1);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  ck_assert (!try_send_number (server, 1));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_FAILED), 2);
  ck_assert_uint_eq (restarts (), 2);
  ck_assert_uint_eq (failures (), 3);
  start (server);
  send_to_server (server, 1, 1);
  expect_sum (1);
  finish (4, "ududud" "ud", 6, 4, 2);
}
END_TEST

START_TEST (stop_ends_it_at_once)
{
  g_autoptr (ButlerHubStatus) status = NULL;

  begin_with (.on_failure = BUTLER_FAILURE_STOP);
  send_to_server (server, -1, 3);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_FAILED), 4);
  status = butler_hub_get_status (hub);
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 0).reason, "-1 is below zero");
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 0).on_failure, "stop");
  finish (2, "ud", 5, 1, 4);
}
END_TEST

START_TEST (who_has_no_supervisor_ends_when_it_escalates)
{
  begin_with (.on_failure = BUTLER_FAILURE_ESCALATE);
  send_to_server (server, -1, 0);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  finish (2, "ud", 2, 1, 1);
}
END_TEST

START_TEST (poison_is_set_aside)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 3);
  send_to_server (server, 7, 7);
  send_to_server (server, -1, 2);
  start (server);
  expect_sum (7);
  expect_sum (0);
  expect_sum (1);
  expect_sum (3);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_POISON), 1);
  ck_assert_uint_eq (failures (), 3);
  ck_assert_uint_eq (restarts (), 3);
  finish (4, "udududud", 5, 4, 1);
}
END_TEST

static guint refusals;

/* Each number as often as that says, and then it is taken. */
static void
refuse_some (Keeper        *self,
             Number        *number,
             ButlerContext *context)
{
  if (refusals > 0 && refusals-- > 0)
    butler_context_fail (context, "not yet");
  else
    add_up (self, number, context);
}

START_TEST (what_failed_is_tried_again_before_all_others)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 4);
  on_number = refuse_some;
  refusals = 3;
  send_to_server (server, 10, 12);
  start (server);
  expect_sum (10);
  expect_sum (21);
  expect_sum (33);
  finish (3, "udududud", 3, 3, 0);
}
END_TEST

static void
set_timer (int value)
{
  GError *error = NULL;

  number_send_later (server, &(Number) { .value = value }, 0, &error);
  butler_assert_no_error (error);
}

/* Both are due in the same moment; the state that failed must not meet the second. */
START_TEST (what_failed_by_a_timer_is_tried_again_before_the_next_timer)
{
  begin (OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .poison = 4,
                                                              .pause = BUTLER_NO_PAUSE)));
  on_number = refuse_some;
  refusals = (guint) _i;
  start (server);
  set_timer (10);
  set_timer (11);
  while (butler_server_dispatch (server, 64) > 0)
    ;
  expect_sum (10);
  expect_sum (21);
  finish ((guint) _i, _i == 1 ? "udud" : "ududud", 2, 2, 0);
}
END_TEST

static guint looks_left;

static gboolean
look_on (gpointer nothing G_GNUC_UNUSED)
{
  return --looks_left > 0;
}

static void
hold_or_fail (Keeper        *self,
              Number        *number,
              ButlerContext *context)
{
  if (number->value == 1)
    g_async_queue_push (held, butler_context_hold (context));
  else
    refuse_some (self, number, context);
}

/* As it is while a swap waits for what is held: there is no restart, but timers ring. */
START_TEST (of_two_that_failed_before_the_restart_none_is_lost)
{
  ButlerChannel *channel;

  begin (OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .poison = 4,
                                                              .pause = BUTLER_NO_PAUSE)));
  channel = butler_server_get_channel (server);
  on_number = hold_or_fail;
  refusals = 2;
  looks_left = 2;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_uint_eq (butler_server_dispatch (server, 1), 1);
  set_timer (10);
  set_timer (11);
  ck_assert (butler__channel_claim (channel));
  ck_assert (!butler__pending_settle (server, -1, look_on));
  butler__channel_request (channel, BUTLER__REQUEST_RESTART); /* as who came over does, if it was put off */
  butler__channel_release (channel);
  butler_context_release (g_async_queue_pop (held));
  while (butler_server_dispatch (server, 64) > 0)
    ;
  expect_sum (10);
  expect_sum (21);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_FAILED), 0);
  finish (2, "udud", 3, 3, 0);
}
END_TEST

/* Only those in a row count. */
START_TEST (a_message_that_was_handled_at_last_is_no_poison)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 2);
  on_number = refuse_some;
  start (server);
  for (int i = 1; i <= 4; i++)
    {
      refusals = 1;
      send_to_server (server, i, i);
      expect_sum (i);
    }
  finish (4, "ududududud", 4, 4, 0);
}
END_TEST

START_TEST (the_last_message_before_a_stop_is_tried_again)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER, .poison = 2);
  on_number = refuse_some;
  refusals = 1;
  start (server);
  send_to_server (server, 8, 8);
  ck_assert (butler_server_stop (server));
  expect_sum (8);
  finish (1, "udud", 1, 1, 0);
}
END_TEST

/* Nothing else is left when it has failed. */
START_TEST (a_server_does_not_end_before_it_has_tried_again)
{
  begin (OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .poison = 2)));
  on_number = refuse_some;
  refusals = 1;
  start (server);
  send_to_server (server, 8, 8);
  butler_channel_close (butler_server_get_channel (server));
  butler_server_dispatch (server, 1);
  butler_server_dispatch (server, 1);
  expect_sum (8);
  finish (1, "udud", 1, 1, 0);
}
END_TEST

START_TEST (what_is_to_be_tried_again_is_not_lost_by_a_kill)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER, .poison = 2);
  fail_and_pause ();
  ck_assert (butler_server_kill (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_FAILED), 1);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_KILLED), 3);
  finish (2, "ud", 4, 0, 4);
}
END_TEST

static gboolean
start_some_day (ButlerContext *context G_GNUC_UNUSED,
                gpointer       data G_GNUC_UNUSED,
                GError       **error)
{
  if (diary->len == 1 || refusals == 0)
    return TRUE;
  refusals--;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not yet");
  return FALSE;
}

START_TEST (a_start_that_fails_is_tried_again)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 3, .pause = BUTLER_NO_PAUSE);
  butler_server_add_startup (server, start_some_day, NULL, NULL);
  refusals = 2;
  send_to_server (server, -1, 2);
  start (server);
  expect_sum (0);
  expect_sum (1);
  expect_sum (3);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (restarts (), 1);
  finish (3, "uduuud", 4, 4, 0);
}
END_TEST

START_TEST (a_start_that_fails_too_often_ends_the_server)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 3, .pause = BUTLER_NO_PAUSE);
  butler_server_add_startup (server, start_some_day, NULL, NULL);
  refusals = 100;
  send_to_server (server, -1, 2);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  ck_assert_uint_eq (restarts (), 0);
  finish (5, "uduuu", 4, 1, 3);
}
END_TEST

START_TEST (what_was_held_can_fail_too)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE);
  on_number = hold_odd;
  start (server);
  send_to_server (server, 1, 2);
  expect_sum (2);
  ButlerContext *one = next_held ();
  butler_context_fail (one, "in vain");
  butler_context_release (one);
  g_async_queue_pop (gate);
  send_to_server (server, 4, 4);
  expect_sum (4);
  finish (1, "udud", 3, 3, 0);
}
END_TEST

/* The next one that is held fails. */
static void
fail_next_held (void)
{
  ButlerContext *one = next_held ();

  butler_context_fail (one, "in vain");
  butler_context_release (one);
}

START_TEST (what_was_held_is_tried_again)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 3);
  on_number = hold_odd;
  start (server);
  send_to_server (server, 1, 1);
  fail_next_held ();
  fail_next_held ();
  butler_context_release (next_held ());
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 2);
  finish (2, "ududud", 1, 1, 0);
}
END_TEST

START_TEST (what_was_held_can_be_poison)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 3);
  on_number = hold_odd;
  start (server);
  send_to_server (server, 1, 1);
  for (int i = 0; i < 3; i++)
    fail_next_held ();
  for (int i = 0; i < 3; i++)
    g_async_queue_pop (gate);
  send_to_server (server, 2, 2);
  expect_sum (2);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_POISON), 1);
  finish (4, "udududud", 2, 1, 1);
}
END_TEST

/* Whether its handler fails or what that held: in a row is in a row. */
static void
hold_then_fail (Keeper        *self,
                Number        *number,
                ButlerContext *context)
{
  if (refusals++ % 2 == 0)
    hold_odd (self, number, context);
  else
    butler_context_fail (context, "not yet");
}

START_TEST (both_ways_to_fail_count)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 4);
  on_number = hold_then_fail;
  refusals = 0;
  start (server);
  send_to_server (server, 1, 1);
  fail_next_held ();
  fail_next_held ();
  for (int i = 0; i < 4; i++)
    g_async_queue_pop (gate);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_POISON), 1);
  finish (5, "ududududud", 1, 0, 1);
}
END_TEST

/* All that is held when the server restarts fails by that; it is tried again in the order in which it did. */
START_TEST (what_a_restart_cancels_is_tried_again)
{
  begin (OPTIONS (.policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE, .poison = 9), .end_limit = 1));
  on_number = hold_odd;
  start (server);
  for (int i = 1; i <= 5; i += 2)
    {
      send_to_server (server, i, i);
      ButlerContext *one = next_held ();
      butler_context_fail (one, "in vain");
      g_cancellable_connect (butler_context_get_cancellable (one), G_CALLBACK (end_by_cancel), one, NULL);
    }
  send_to_server (server, 7, 7);
  ButlerContext *last = next_held ();
  on_number = add_up;
  butler_context_fail (last, "on its own");
  butler_context_release (last);
  expect_sum (7);
  for (int i = 0; i < 3; i++)
    wait_for_number (news);
  ck_assert_int_eq (atomic_load (&ended), 3);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 4);
  finish (7, "udud", 4, 4, 0);
}
END_TEST

START_TEST (what_is_held_is_not_lost_by_a_kill)
{
  begin_with (.on_failure = BUTLER_FAILURE_RESTART, .pause = NEVER, .longest_pause = NEVER, .poison = 9);
  on_number = hold_odd;
  start (server);
  send_to_server (server, 1, 1);
  fail_next_held ();
  g_async_queue_pop (gate);
  ck_assert (butler_server_kill (server));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_FAILED), 1);
  finish (2, "ud", 1, 0, 1);
}
END_TEST

/* What it holds is cancelled, as at the end of a server, and does not reach into the new state. */
START_TEST (a_restart_ends_what_is_held)
{
  begin (OPTIONS (.policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE), .end_limit = 1));
  on_number = hold_odd;
  start (server);
  send_to_server (server, 1, 1);
  ButlerContext *one = next_held ();
  GCancellable *cancellable = butler_context_get_cancellable (one);
  g_cancellable_connect (cancellable, G_CALLBACK (end_by_cancel), one, NULL);
  on_number = add_up;
  send_to_server (server, -2, -2);
  g_async_queue_pop (gate);
  send_to_server (server, 2, 2);
  expect_sum (2);
  ck_assert_int_eq (atomic_load (&ended), 1);
  finish (2, "udud", 3, 3, 0);
}
END_TEST

static const ButlerHandlerSet stops = { BUTLER_HANDLER_SET (keeper), BUTLER_ON_FAILURE (BUTLER_FAILURE_STOP) };

START_TEST (the_policy_of_a_set_holds_and_that_of_a_server_goes_before_it)
{
  ButlerServerOptions options = { .options_size = sizeof options, .no_route = TRUE };
  ButlerServer *servers[2];

  begin (NO_OPTIONS);
  servers[0] = butler_server_new (hub, "a", &stops, &options, NULL);
  options.policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_CONTINUE);
  servers[1] = butler_server_new (hub, "b", &stops, &options, NULL);
  for (guint i = 0; i < 2; i++)
    {
      send_to_server (servers[i], -1, 0);
      start (servers[i]);
    }
  expect_sum (0);
  ck_assert (butler_server_join (servers[0]));
  ck_assert_int_eq (butler_server_get_state (servers[0]), BUTLER_SERVER_FAILED);
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_RUNNING);
  ck_assert (butler_server_stop (servers[1]));
  finish (3, "", 0, 0, 0);
}
END_TEST

START_TEST (a_server_without_a_thread_restarts_where_it_is_dispatched)
{
  begin (OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 1, .pause = NEVER,
                                                              .longest_pause = NEVER)));
  start (server);
  send_to_server (server, 4, 4);
  send_to_server (server, -1, 1);
  ck_assert_uint_eq (butler_server_dispatch (server, 100), 4);
  expect_sum (4);
  expect_sum (0);
  expect_sum (1);
  send_to_server (server, -1, 1);
  butler_server_dispatch (server, 100);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  finish (3, "udud", 7, 5, 2);
}
END_TEST

/* Its start fails at the restart, so it has no state when it ends. */
START_TEST (a_server_without_a_thread_ends_where_it_is_dispatched)
{
  begin (OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 1)));
  butler_server_add_startup (server, start_some_day, NULL, NULL);
  refusals = 5;
  start (server);
  send_to_server (server, -1, 1);
  butler_server_dispatch (server, 100);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  finish (3, "udu", 3, 1, 2);
}
END_TEST

static void
fail_task (ButlerTask *task,
           gpointer    data)
{
  butler_task_fail (task, "in vain");
  g_async_queue_push (data, data);
}

static void
run_a_task (Keeper        *self,
            Number        *number,
            ButlerContext *context)
{
  if (number->value == 1)
    butler_context_run_task (context, "vain", fail_task, gate, NULL);
  else
    add_up (self, number, context);
}

/* It has no message on which a handler failed. */
START_TEST (a_task_that_fails_restarts_nothing)
{
  begin_with (.on_failure = BUTLER_FAILURE_STOP);
  on_number = run_a_task;
  start (server);
  send_to_server (server, 1, 1);
  g_async_queue_pop (gate);
  send_to_server (server, 2, 2);
  expect_sum (2);
  ck_assert (butler_server_stop (server));
  ck_assert_str_eq (diary->str, "ud");
  tear_down ();
  g_string_free (diary, TRUE);
  assert_warnings (1, "task vain failed");
}
END_TEST

START_TEST (wrong_policies_are_refused)
{
  static const ButlerPolicy small = { .policy_size = 3 };
  static const ButlerHandlerSet bad = { BUTLER_HANDLER_SET (keeper), .policy = &small };
  ButlerServerOptions options = { .options_size = sizeof options, .no_route = TRUE };
  GError *error = NULL;

  begin (NO_OPTIONS);
  options.policy = BUTLER_POLICY (.on_failure = (ButlerFailure) 99);
  ck_assert_ptr_null (butler_server_new (hub, "a", &keeper_set, &options, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "server a", "what follows a failure", NULL);
  options.policy = BUTLER_POLICY (.strategy = (ButlerStrategy) 99);
  ck_assert_ptr_null (butler_server_new (hub, "a", &keeper_set, &options, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "server a", "strategy", NULL);
  options.policy = NULL;
  ck_assert_ptr_null (butler_server_new (hub, "a", &bad, &options, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_HANDLERS, "keeper", "too small", NULL);
  tear_down ();
  g_string_free (diary, TRUE);
  assert_no_warnings ();
}
END_TEST

/* Figures */

START_TEST (restarts_are_counted_within_the_period)
{
  ButlerIntensity intensity = { NULL };
  ButlerPolicy policy = { .restarts = 3, .period = 1000 };

  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 100000), 1);
  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 200000), 2);
  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 300000), 3);
  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 1099999), 0);
  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 1100000), 3);
  ck_assert_uint_eq (butler__intensity_note (&intensity, &policy, 9900000), 1);
  butler__intensity_clear (&intensity);
}
END_TEST

START_TEST (pauses_grow)
{
  static const ButlerPolicy nothing;
  ButlerPolicy policy = butler__policy_merge (&nothing, NULL);

  ck_assert_int_eq (butler__policy_get_pause (&policy, 1), 100000);
  ck_assert_int_eq (butler__policy_get_pause (&policy, 2), 200000);
  ck_assert_int_eq (butler__policy_get_pause (&policy, 7), 6400000);
  ck_assert_int_eq (butler__policy_get_pause (&policy, 8), 10000000);
  ck_assert_int_eq (butler__policy_get_pause (&policy, G_MAXUINT), 10000000);
  policy.pause = BUTLER_NO_PAUSE;
  ck_assert_int_eq (butler__policy_get_pause (&policy, 1), 0);
  ck_assert_int_eq (butler__policy_get_pause (&policy, G_MAXUINT), 0);
}
END_TEST

START_TEST (policies_are_merged_member_by_member)
{
  ButlerPolicy own = { .on_failure = BUTLER_FAILURE_STOP, .restarts = 7 };
  ButlerPolicy set = { .on_failure = BUTLER_FAILURE_RESTART, .poison = 2, .strategy = BUTLER_STRATEGY_ONE_FOR_ALL };
  ButlerPolicy policy = butler__policy_merge (&own, &set);

  ck_assert_int_eq (policy.on_failure, BUTLER_FAILURE_STOP);
  ck_assert_uint_eq (policy.restarts, 7);
  ck_assert_uint_eq (policy.poison, 2);
  ck_assert_uint_eq (policy.period, 60000);
  ck_assert_int_eq (policy.strategy, BUTLER_STRATEGY_ONE_FOR_ALL);
}
END_TEST

START_TEST (names_go_both_ways)
{
  GError *error = NULL;

  for (int i = 0; i <= BUTLER_FAILURE_ESCALATE; i++)
    {
      ButlerFailure failure;

      ck_assert (butler_failure_from_string (butler_failure_to_string ((ButlerFailure) i), &failure, &error));
      ck_assert_int_eq ((int) failure, i);
    }
  for (int i = 0; i <= BUTLER_STRATEGY_REST_FOR_ONE; i++)
    {
      ButlerStrategy strategy;

      ck_assert (butler_strategy_from_string (butler_strategy_to_string ((ButlerStrategy) i), &strategy, &error));
      ck_assert_int_eq ((int) strategy, i);
    }
  ck_assert (!butler_failure_from_string ("give-up", &(ButlerFailure) { 0 }, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "give-up", "escalate", NULL);
  ck_assert (!butler_strategy_from_string ("all", &(ButlerStrategy) { 0 }, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "all", "one-for-all", NULL);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("policy");
  TCase *tcase = tcase_create ("policies");

  tcase_add_test (tcase, by_default_the_next_message_follows);
  tcase_add_test (tcase, a_restart_makes_the_state_anew);
  tcase_add_test (tcase, a_stop_need_not_wait_for_a_pause);
  tcase_add_test (tcase, a_kill_need_not_wait_for_a_pause);
  tcase_add_test (tcase, a_clear_holds_in_a_pause);
  tcase_add_test (tcase, too_many_restarts_end_the_server);
  tcase_add_test (tcase, stop_ends_it_at_once);
  tcase_add_test (tcase, who_has_no_supervisor_ends_when_it_escalates);
  tcase_add_test (tcase, poison_is_set_aside);
  tcase_add_test (tcase, what_failed_is_tried_again_before_all_others);
  tcase_add_loop_test (tcase, what_failed_by_a_timer_is_tried_again_before_the_next_timer, 1, 3);
  tcase_add_test (tcase, of_two_that_failed_before_the_restart_none_is_lost);
  tcase_add_test (tcase, a_message_that_was_handled_at_last_is_no_poison);
  tcase_add_test (tcase, the_last_message_before_a_stop_is_tried_again);
  tcase_add_test (tcase, a_server_does_not_end_before_it_has_tried_again);
  tcase_add_test (tcase, what_is_to_be_tried_again_is_not_lost_by_a_kill);
  tcase_add_test (tcase, a_start_that_fails_is_tried_again);
  tcase_add_test (tcase, a_start_that_fails_too_often_ends_the_server);
  tcase_add_test (tcase, what_was_held_can_fail_too);
  tcase_add_test (tcase, a_restart_ends_what_is_held);
  tcase_add_test (tcase, what_was_held_is_tried_again);
  tcase_add_test (tcase, what_was_held_can_be_poison);
  tcase_add_test (tcase, both_ways_to_fail_count);
  tcase_add_test (tcase, what_a_restart_cancels_is_tried_again);
  tcase_add_test (tcase, what_is_held_is_not_lost_by_a_kill);
  tcase_add_test (tcase, the_policy_of_a_set_holds_and_that_of_a_server_goes_before_it);
  tcase_add_test (tcase, a_server_without_a_thread_restarts_where_it_is_dispatched);
  tcase_add_test (tcase, a_server_without_a_thread_ends_where_it_is_dispatched);
  tcase_add_test (tcase, a_task_that_fails_restarts_nothing);
  tcase_add_test (tcase, wrong_policies_are_refused);
  suite_add_tcase (suite, tcase);
  tcase = tcase_create ("figures");
  tcase_add_test (tcase, restarts_are_counted_within_the_period);
  tcase_add_test (tcase, pauses_grow);
  tcase_add_test (tcase, policies_are_merged_member_by_member);
  tcase_add_test (tcase, names_go_both_ways);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
