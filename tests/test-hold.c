/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <poll.h>

#include "tests/cpu.h"
#include "tests/keeper.h"
#include "tests/leftovers.h"
#include "tests/plugins/holder.h"

/* Work that goes on after its handler, and what becomes of it when the server ends. */

#define LONG_LIMIT 600000 /* ms: no test gets there */

static void
set_up_patient (void)
{
  set_up (OPTIONS (.end_limit = LONG_LIMIT));
  on_number = hold_odd;
}

static void
set_up_hasty (void)
{
  set_up (OPTIONS (.end_limit = 1));
  on_number = hold_odd;
}

/* The message */

static _Atomic guint8 cleared;
static Parcel *payload;

/* As often as its number says. */
static void
hold_parcel (Keeper        *self G_GNUC_UNUSED,
             Parcel        *parcel,
             ButlerContext *context)
{
  payload = parcel;
  for (guint i = 0; i < parcel->number; i++)
    g_async_queue_push (held, butler_context_hold (context));
}

static void
hold_again (Keeper        *self G_GNUC_UNUSED,
            Parcel        *parcel,
            ButlerContext *context)
{
  payload = parcel;
  butler_context_release (butler_context_hold (context));
  g_async_queue_push (held, butler_context_hold (context));
}

static void
send_parcel (guint number)
{
  Parcel parcel = { .cleared = &cleared, .number = number };

  atomic_store (&cleared, 0);
  ck_assert (parcel_send_to (butler_server_get_channel (server), &parcel, NULL));
}

static gpointer
release_it (gpointer context)
{
  butler_context_release (context);
  return NULL;
}

static void
release_in_a_thread (ButlerContext *context)
{
  g_thread_join (g_thread_new ("release", release_it, context));
}

static void
assert_alive (gboolean alive)
{
  round_trip ();
  ck_assert_uint_eq (atomic_load (&cleared), alive ? 0 : 1);
  if (alive)
    ck_assert_ptr_eq (payload->cleared, &cleared);
}

START_TEST (message_lives_until_the_release)
{
  ButlerContext *context;

  on_parcel = hold_parcel;
  start (server);
  send_parcel (1);
  context = next_held ();
  assert_alive (TRUE);
  butler_context_release (context);
  assert_alive (FALSE);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (message_lives_until_the_last_of_several_releases)
{
  ButlerContext *context;

  on_parcel = hold_parcel;
  start (server);
  send_parcel (2);
  context = butler_context_hold (next_held ());
  release_in_a_thread (context);
  assert_alive (TRUE);
  release_in_a_thread (context);
  assert_alive (TRUE);
  release_in_a_thread (next_held ());
  assert_alive (FALSE);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (handler_holds_again_what_it_released)
{
  ButlerContext *context;

  on_parcel = hold_again;
  start (server);
  send_parcel (1);
  context = next_held ();
  assert_alive (TRUE);
  butler_context_release (context);
  assert_alive (FALSE);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (message_of_a_held_context_can_be_taken)
{
  ButlerContext *context;
  Number *number;

  start (server);
  send_to_server (server, 7, 7);
  context = next_held ();
  number = number_take (context);
  butler_context_release (context);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (number->value, 7);
  number_free (number);
}
END_TEST

static void
keep_context (Keeper        *self G_GNUC_UNUSED,
              Number        *number G_GNUC_UNUSED,
              ButlerContext *context)
{
  g_async_queue_push (held, context);
}

START_TEST (what_is_no_held_context_is_not_held_outside_the_handler)
{
  on_number = keep_context;
  start (server);
  send_to_server (server, 1, 1);
  butler_test_expect_critical ("*busy*");
  ck_assert_ptr_null (butler_context_hold (next_held ()));
  g_test_assert_expected_messages ();
  ck_assert (butler_server_stop (server));
}
END_TEST

/* Failures */

static gpointer
fail_and_release (gpointer context)
{
  butler_context_fail (context, "lost in a thread");
  butler_context_release (context);
  return NULL;
}

static void
hold_and_fail (Keeper        *self G_GNUC_UNUSED,
               Number        *number,
               ButlerContext *context)
{
  if (number->value == 0)
    {
      tell (news, 0);
      return;
    }
  g_async_queue_push (held, butler_context_hold (context));
  butler_context_fail (context, "lost in the handler");
}

START_TEST (failure_of_a_held_one_is_logged_and_counted_once)
{
  ButlerContext *context;

  start (server);
  send_to_server (server, 1, 1);
  context = next_held ();
  round_trip ();
  expect_warnings ();
  butler_context_fail (context, "lost %s", "first");
  fail_and_release (context);
  round_trip ();
  assert_warnings (1, "failed on a Number: lost first");
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 1);
}
END_TEST

START_TEST (handler_and_what_it_held_fail_once)
{
  ButlerContext *context;

  on_number = hold_and_fail;
  expect_warnings ();
  start (server);
  send_to_server (server, 1, 1);
  context = next_held ();
  round_trip ();
  fail_and_release (context);
  round_trip ();
  assert_warnings (1, "lost in the handler");
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 1);
}
END_TEST

START_TEST (several_threads_fail_a_message_once)
{
  GThread *threads[4];

  on_parcel = hold_parcel;
  expect_warnings ();
  start (server);
  send_parcel (G_N_ELEMENTS (threads));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("fail", fail_and_release, next_held ());
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  round_trip ();
  assert_warnings (1, "failed on a Parcel: lost in a thread");
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 1);
}
END_TEST

/* Asynchronous starts */

static gboolean
begin_slowly (ButlerContext *context,
              gpointer       data G_GNUC_UNUSED,
              GError       **error G_GNUC_UNUSED)
{
  release_after (20, context);
  return TRUE;
}

static gboolean
fail_now (gpointer context)
{
  butler_context_fail (context, "no answer");
  return release_now (context);
}

static gboolean
fail_slowly (ButlerContext *context,
             gpointer       data G_GNUC_UNUSED,
             GError       **error G_GNUC_UNUSED)
{
  run_after (20, fail_now, butler_context_hold (context));
  return TRUE;
}

static gboolean
hold_for_the_test (ButlerContext *context,
                   gpointer       data G_GNUC_UNUSED,
                   GError       **error G_GNUC_UNUSED)
{
  g_async_queue_push (held, butler_context_hold (context));
  return TRUE;
}

static gboolean
begin_and_fail (ButlerContext *context,
                gpointer       fails,
                GError       **error)
{
  if (*(gboolean *) fails)
    {
      release_when_cancelled (context);
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no light");
    }
  return !*(gboolean *) fails;
}

START_TEST (start_waits_for_what_its_events_hold)
{
  butler_server_add_startup (server, begin_slowly, NULL, NULL);
  butler_server_add_startup (server, begin_slowly, NULL, NULL);
  for (int run = 1; run <= 2; run++)
    {
      start (server);
      ck_assert_int_eq (atomic_load (&ended), 2 * run);
      ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_RUNNING);
      ck_assert (butler_server_stop (server));
    }
}
END_TEST

START_TEST (start_fails_by_the_error_of_what_is_held)
{
  GError *error = NULL;

  butler_server_add_startup (server, fail_slowly, NULL, NULL);
  butler_server_add_startup (server, begin_slowly, NULL, NULL);
  ck_assert (!butler_server_start (server, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "keeper did not start", "no answer", NULL);
  ck_assert_int_eq (atomic_load (&ended), 1);
  ck_assert_uint_eq (failures (), 0);
}
END_TEST

START_TEST (what_a_failed_start_holds_is_cancelled)
{
  gboolean fails = TRUE;
  GError *error = NULL;

  butler_server_add_startup (server, begin_and_fail, &fails, NULL);
  for (int run = 1; run <= 2; run++)
    {
      expect_warnings ();
      ck_assert (!butler_server_start (server, &error));
      butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "no light", NULL);
      assert_warnings (1, "cancels its event startup");
      ck_assert_int_eq (atomic_load (&ended), run);
    }
  fails = FALSE;
  start (server);
  ck_assert (butler_server_stop (server));
}
END_TEST

static gpointer
start_it (gpointer error)
{
  return GINT_TO_POINTER (butler_server_start (server, error));
}

/* Of the stop that comes in any moment of the wait. */
START_TEST (stop_ends_an_asynchronous_start)
{
  butler_server_add_startup (server, hold_for_the_test, NULL, NULL);
  expect_warnings ();
  for (guint i = 0; i < butler_test_rounds (200); i++)
    {
      GThread *starter = g_thread_new ("start", start_it, NULL);
      ButlerContext *context = next_held ();
      GCancellable *cancellable = g_object_ref (butler_context_get_cancellable (context));

      g_cancellable_connect (cancellable, G_CALLBACK (end_by_cancel), context, NULL);
      ck_assert (butler_server_stop (server));
      ck_assert (g_cancellable_is_cancelled (cancellable));
      g_thread_join (starter);
      ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
      g_object_unref (cancellable);
    }
  assert_warnings (butler_test_rounds (200), "cancels its event startup");
}
END_TEST

typedef struct
{
  gboolean started;
  GError  *error;
} Start;

static gpointer
start_and_tell (gpointer data)
{
  Start *self = data;

  self->started = butler_server_start (server, &self->error);
  return NULL;
}

/* What neither the stop nor the cancelling brings back. */
START_TEST (stop_ends_a_start_whose_event_never_ends)
{
  Start result = { 0 };
  GThread *starter;
  ButlerContext *context;

  butler_server_add_startup (server, hold_for_the_test, NULL, NULL);
  expect_warnings ();
  starter = g_thread_new ("start", start_and_tell, &result);
  context = next_held ();
  ck_assert (_i == 0 ? butler_server_stop (server) : butler_server_kill (server));
  g_thread_join (starter);
  ck_assert (!result.started);
  butler_assert_error (&result.error, BUTLER_ERROR_CANCELLED, "keeper did not start", "startup event 1 was not over", NULL);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_FAILED);
  assert_warnings (2, "cancels its event startup");
  butler_context_release (context);
}
END_TEST

START_TEST (an_asynchronous_start_waits_without_the_cpu)
{
  GThread *starter;
  ButlerContext *context;

  butler_server_add_startup (server, hold_for_the_test, NULL, NULL);
  send_to_server (server, 1, 2);
  starter = g_thread_new ("start", start_it, NULL);
  context = next_held ();
  butler_channel_clear (butler_server_get_channel (server));
  ck_assert_int_lt (cpu_over (300000), 100000);
  butler_context_release (context);
  ck_assert (GPOINTER_TO_INT (g_thread_join (starter)));
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_CLEARED), 2);
  ck_assert (butler_server_stop (server));
}
END_TEST

/* The end of a server */

static void
hold_and_release_later (Keeper        *self G_GNUC_UNUSED,
                        Number        *number,
                        ButlerContext *context)
{
  release_after ((guint) number->value, context);
}

START_TEST (stop_waits_for_what_is_held)
{
  on_number = hold_and_release_later;
  start (server);
  send_to_server (server, 20, 23);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (atomic_load (&ended), 4);
}
END_TEST

static void
hold_until_cancelled (Keeper        *self G_GNUC_UNUSED,
                      Number        *number,
                      ButlerContext *context)
{
  release_when_cancelled (context);
  tell (news, number->value);
}

START_TEST (what_takes_too_long_is_named_and_cancelled)
{
  on_number = hold_until_cancelled;
  start (server);
  send_to_server (server, 1, 2);
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (2, "server keeper ends, and cancels its handler of Number, which is pending since");
  ck_assert_int_eq (atomic_load (&ended), 2);
}
END_TEST

START_TEST (what_does_not_come_back_is_orphaned)
{
  ButlerContext *context;

  on_parcel = hold_parcel;
  start (server);
  send_parcel (1);
  context = next_held ();
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (2, "cancels its handler of Parcel");
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
  ck_assert_uint_eq (atomic_load (&cleared), 0);
  butler_context_fail (context, "too late");
  butler_context_release (context);
  ck_assert_uint_eq (atomic_load (&cleared), 1);
  ck_assert_uint_eq (failures (), 0);
}
END_TEST

START_TEST (orphan_may_outlive_the_hub)
{
  ButlerContext *context;

  on_parcel = hold_parcel;
  start (server);
  send_parcel (1);
  context = next_held ();
  expect_warnings ();
  g_clear_pointer (&hub, butler_hub_unref);
  assert_warnings (2, "cancels its handler of Parcel");
  release_in_a_thread (context);
  ck_assert_uint_eq (atomic_load (&cleared), 1);
}
END_TEST

/* What is held is of a type whose clear function lies in a plugin. */
static ButlerContext *
hold_in_plugin (int *counter)
{
  ButlerChannel *told = own_channel (hub, "told", 0, BUTLER_OVERFLOW_FAIL);
  g_autofree char *path = leftovers_plugin ("holder");
  g_autoptr (ButlerMessage) message = NULL;
  ButlerModule *module;
  ButlerServer *holder;
  GError *error = NULL;

  module = butler_module_load (hub, path, BUTLER_MODULE_ANY_OWNER, &error);
  butler_assert_no_error (error);
  ck_assert (holder_held_route (hub, told, NULL));
  holder = butler_server_new (hub, "holder", butler_module_get_nth_set (module, 0), BUTLER_SERVER_OPTIONS (.end_limit = 1), &error);
  butler_assert_no_error (error);
  start (holder);
  ck_assert (holder_order_send (hub, &(HolderOrder) { .counter = counter }, NULL));
  message = butler_channel_receive (told, -1, &error);
  butler_assert_no_error (error);
  return holder_held_get (message)->context;
}

START_TEST (orphan_may_outlive_the_hub_of_its_plugin)
{
  Leftovers left;
  ButlerContext *context;
  int counter = 0;

  g_clear_pointer (&hub, butler_hub_unref);
  leftovers_begin (&left);
  hub = butler_hub_new ();
  context = hold_in_plugin (&counter);
  expect_warnings ();
  g_clear_pointer (&hub, butler_hub_unref);
  assert_warnings (3, "cancels its handler of HolderBlob");
  ck_assert_int_eq (counter, 0);
  butler_context_release (context);
  ck_assert_int_eq (counter, 1);
  leftovers_end (&left);
}
END_TEST

START_TEST (kill_cancels_at_once)
{
  on_number = hold_until_cancelled;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  expect_warnings ();
  ck_assert (butler_server_kill (server));
  assert_warnings (1, "cancels its handler of Number");
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

static void
stop_and_hold_until_cancelled (Keeper        *self,
                               Number        *number,
                               ButlerContext *context)
{
  butler_context_stop_server (context);
  hold_until_cancelled (self, number, context);
}

START_TEST (kill_ends_the_wait_of_a_stop)
{
  on_number = stop_and_hold_until_cancelled;
  expect_warnings ();
  for (guint i = 0; i < butler_test_rounds (200); i++)
    {
      start (server);
      send_to_server (server, 1, 1);
      ck_assert_int_eq (wait_for_number (news), 1);
      ck_assert (butler_server_kill (server));
    }
  assert_warnings (butler_test_rounds (200), "cancels its handler of Number");
}
END_TEST

START_TEST (held_context_stops_its_server_without_waiting)
{
  ButlerContext *context;

  start (server);
  send_to_server (server, 1, 1);
  context = next_held ();
  butler_context_stop_server (context);
  ck_assert (!try_send_number (server, 2));
  butler_context_release (context);
  ck_assert (butler_server_join (server));
}
END_TEST

/* What is orphaned in the end comes back in the middle of what the shutdown events still wait for. */
static void
begin_the_end (ButlerContext *context,
               gpointer       orphan)
{
  release_after (20, context);
  butler_context_release (*(ButlerContext **) orphan);
}

static void
set_up_limited (void)
{
  set_up (OPTIONS (.end_limit = 500));
  on_number = hold_odd;
}

START_TEST (orphan_does_not_disturb_the_shutdown_events)
{
  ButlerContext *orphan;

  butler_server_add_shutdown (server, begin_the_end, &orphan, NULL);
  start (server);
  send_to_server (server, 1, 1);
  orphan = next_held ();
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (2, "cancels its handler of Number");
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

/* The next run */

static ButlerContext *stranger;

static void
count_freed (gpointer data)
{
  ++*(int *) data;
}

static void
never_run (ButlerTask *task G_GNUC_UNUSED,
           gpointer    data G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static void
look_at_stranger (Keeper        *self,
                  Number        *number,
                  ButlerContext *context)
{
  int freed = 0;

  if (number->value > 0)
    {
      hold_odd (self, number, context);
      return;
    }
  g_assert_true (butler_context_state (context) == self);
  g_assert_null (butler_context_state (stranger));
  butler_context_run_task (stranger, "late", never_run, &freed, count_freed);
  g_assert_cmpint (freed, ==, 1);
  butler_context_stop_server (stranger);
  tell (news, 0);
}

/* Ends a run by orphaning what it holds. */
static ButlerContext *
make_orphan (int value)
{
  ButlerContext *orphan;

  start (server);
  send_to_server (server, value, value);
  orphan = next_held ();
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (2, "cancels its handler of Number");
  return orphan;
}

START_TEST (run_after_an_orphan_does_not_know_it)
{
  ButlerContext *own[2];

  stranger = make_orphan (1);
  on_number = look_at_stranger;
  start (server);
  send_to_server (server, 1, 1);
  own[0] = next_held ();
  send_to_server (server, 3, 3);
  own[1] = next_held ();
  round_trip ();
  on_number = hold_odd;
  butler_context_fail (stranger, "too late");
  butler_context_release (stranger);
  round_trip ();
  butler_context_release (own[0]);
  butler_context_release (own[1]);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 0);
}
END_TEST

START_TEST (server_of_the_same_name_does_not_know_the_orphan)
{
  ButlerContext *orphan = make_orphan (1);
  ButlerContext *own;

  ck_assert (butler_server_remove (server));
  server = new_keeper ("keeper", OPTIONS (.end_limit = LONG_LIMIT));
  start (server);
  send_to_server (server, 1, 1);
  own = next_held ();
  butler_context_fail (orphan, "too late");
  butler_context_release (orphan);
  round_trip ();
  butler_context_release (own);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (failures (), 0);
}
END_TEST

START_TEST (orphan_comes_back_to_a_server_that_never_ran)
{
  ButlerContext *orphan = make_orphan (1);

  ck_assert (butler_server_remove (server));
  server = new_keeper ("keeper", NO_OPTIONS);
  butler_context_release (orphan);
}
END_TEST

/* Servers without a thread */

static GMainContext *main_context;

static void
set_up_source (void)
{
  set_up (OPTIONS (.end_limit = LONG_LIMIT, .no_thread = TRUE));
  on_number = hold_and_release_later;
  main_context = g_main_context_new ();
  g_main_context_push_thread_default (main_context);
}

static void
tear_down_source (void)
{
  tear_down ();
  g_main_context_pop_thread_default (main_context);
  g_clear_pointer (&main_context, g_main_context_unref);
}

static void
attach_source (void)
{
  GSource *source = butler_server_create_source (server);

  g_source_attach (source, main_context);
  g_source_unref (source);
}

static gboolean
has_handled_nothing (void)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "keeper");

  return stats.handled == 0;
}

START_TEST (server_without_a_thread_starts_asynchronously)
{
  butler_server_add_startup (server, begin_slowly, NULL, NULL);
  if (_i == 1)
    attach_source ();
  start (server);
  ck_assert_int_eq (atomic_load (&ended), 1);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (end_on_the_thread_of_the_source_waits_without_the_cpu)
{
  gint64 before;

  attach_source ();
  start (server);
  send_to_server (server, 400, 400);
  while (has_handled_nothing ())
    g_main_context_iteration (main_context, TRUE);
  before = cpu_of (RUSAGE_SELF);
  ck_assert (butler_server_stop (server));
  ck_assert_int_lt (cpu_of (RUSAGE_SELF) - before, 200000);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

static void
hold_and_stop (Keeper        *self,
               Number        *number,
               ButlerContext *context)
{
  hold_and_release_later (self, number, context);
  butler_context_stop_server (context);
}

START_TEST (source_ends_its_server_when_all_is_released)
{
  on_number = hold_and_stop;
  attach_source ();
  start (server);
  send_to_server (server, 20, 20);
  while (butler_server_keep_running (server))
    g_main_context_iteration (main_context, TRUE);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

/* Loops of one's own */

static int turns;

static void
poll_descriptor (ButlerServer *looping)
{
  struct pollfd one = { .fd = butler_server_get_fd (looping, NULL), .events = POLLIN };

  poll (&one, 1, -1);
}

static void
loop_until_all_is_released (ButlerServer *looping,
                            gpointer      polls)
{
  while (butler_server_keep_running (looping) || butler_server_has_pending (looping))
    {
      if (*(gboolean *) polls)
        poll_descriptor (looping);
      else
        butler_server_wait (looping, -1);
      butler_server_dispatch (looping, 64);
      turns++;
    }
  tell (news, -1);
}

static gboolean loop_polls;

static void
set_up_loop (void)
{
  set_up (OPTIONS (.end_limit = LONG_LIMIT, .loop = loop_until_all_is_released, .loop_data = &loop_polls));
  on_number = hold_odd;
}

/* It sleeps meanwhile. */
START_TEST (loop_goes_on_until_all_is_released)
{
  ButlerContext *context;

  loop_polls = _i == 1;
  turns = 0;
  ck_assert (!butler_server_has_pending (server));
  start (server);
  send_to_server (server, 1, 1);
  context = next_held ();
  round_trip ();
  ck_assert (butler_server_has_pending (server));
  butler_context_stop_server (context);
  cpu_over (50000);
  ck_assert_ptr_null (butler_channel_receive (news, 0, NULL));
  butler_context_release (context);
  ck_assert_int_eq (wait_for_number (news), -1);
  ck_assert (butler_server_join (server));
  ck_assert (!butler_server_has_pending (server));
  ck_assert_int_le (turns, 10);
}
END_TEST

START_TEST (loop_does_not_wait_for_what_a_kill_cancels)
{
  loop_polls = _i == 1;
  on_number = hold_until_cancelled;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  expect_warnings ();
  ck_assert (butler_server_kill (server));
  assert_warnings (1, "cancels its handler of Number");
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

static TCase *
patient_case (void)
{
  TCase *tcase = butler_test_case ("patient", set_up_patient, tear_down, 120);

  tcase_add_test (tcase, message_lives_until_the_release);
  tcase_add_test (tcase, message_lives_until_the_last_of_several_releases);
  tcase_add_test (tcase, handler_holds_again_what_it_released);
  tcase_add_test (tcase, message_of_a_held_context_can_be_taken);
  tcase_add_test (tcase, what_is_no_held_context_is_not_held_outside_the_handler);
  tcase_add_test (tcase, failure_of_a_held_one_is_logged_and_counted_once);
  tcase_add_test (tcase, handler_and_what_it_held_fail_once);
  tcase_add_test (tcase, several_threads_fail_a_message_once);
  tcase_add_test (tcase, start_waits_for_what_its_events_hold);
  tcase_add_test (tcase, start_fails_by_the_error_of_what_is_held);
  tcase_add_test (tcase, what_a_failed_start_holds_is_cancelled);
  tcase_add_test (tcase, an_asynchronous_start_waits_without_the_cpu);
  tcase_add_test (tcase, stop_waits_for_what_is_held);
  tcase_add_test (tcase, kill_cancels_at_once);
  tcase_add_test (tcase, kill_ends_the_wait_of_a_stop);
  tcase_add_test (tcase, held_context_stops_its_server_without_waiting);
  return tcase;
}

static TCase *
hasty_case (void)
{
  TCase *tcase = butler_test_case ("hasty", set_up_hasty, tear_down, 120);

  tcase_add_test (tcase, stop_ends_an_asynchronous_start);
  tcase_add_loop_test (tcase, stop_ends_a_start_whose_event_never_ends, 0, 2);
  tcase_add_test (tcase, what_takes_too_long_is_named_and_cancelled);
  tcase_add_test (tcase, what_does_not_come_back_is_orphaned);
  tcase_add_test (tcase, orphan_may_outlive_the_hub);
  tcase_add_test (tcase, orphan_may_outlive_the_hub_of_its_plugin);
  tcase_add_test (tcase, server_of_the_same_name_does_not_know_the_orphan);
  tcase_add_test (tcase, orphan_comes_back_to_a_server_that_never_ran);
  return tcase;
}

static TCase *
limited_case (void)
{
  TCase *tcase = butler_test_case ("limited", set_up_limited, tear_down, 120);

  tcase_add_test (tcase, orphan_does_not_disturb_the_shutdown_events);
  tcase_add_test (tcase, run_after_an_orphan_does_not_know_it);
  return tcase;
}

static TCase *
source_case (void)
{
  TCase *tcase = butler_test_case ("source", set_up_source, tear_down_source, 120);

  tcase_add_loop_test (tcase, server_without_a_thread_starts_asynchronously, 0, 2);
  tcase_add_test (tcase, end_on_the_thread_of_the_source_waits_without_the_cpu);
  tcase_add_test (tcase, source_ends_its_server_when_all_is_released);
  return tcase;
}

static TCase *
loop_case (void)
{
  TCase *tcase = butler_test_case ("loop", set_up_loop, tear_down, 120);

  tcase_add_loop_test (tcase, loop_goes_on_until_all_is_released, 0, 2);
  tcase_add_loop_test (tcase, loop_does_not_wait_for_what_a_kill_cancels, 0, 2);
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("hold");

  suite_add_tcase (suite, patient_case ());
  suite_add_tcase (suite, hasty_case ());
  suite_add_tcase (suite, limited_case ());
  suite_add_tcase (suite, source_case ());
  suite_add_tcase (suite, loop_case ());
  return servers_test_main (suite);
}
