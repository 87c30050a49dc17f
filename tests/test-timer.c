/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <poll.h>

#include "tests/keeper.h"

/* Messages at a given time. What is looked at are the times that the library reports, not the clock. */

#define SOON (1 * 1000)
#define FAR  (600 * G_USEC_PER_SEC) /* no test gets there */
#define GRID 1000

/* What the handlers saw; the keeper writes, and the test reads what it was told of. */
typedef struct
{
  int     value;
  guint64 timer;
  gint64  deadline;
  guint64 missed;
} Tick;

static GArray *ticks;
static guint   wanted; /* so many, then the test is told */

static void
note_tick (Keeper        *self G_GNUC_UNUSED,
           Number        *number,
           ButlerContext *context)
{
  Tick tick = { number->value, butler_context_get_timer (context), butler_context_get_deadline (context),
                butler_context_get_missed (context) };

  g_array_append_val (ticks, tick);
  g_assert_true (tick.timer == 0 || tick.deadline <= g_get_monotonic_time ());
  if (ticks->len == wanted)
    tell (news, number->value);
}

static Tick *
tick_at (guint i)
{
  return &g_array_index (ticks, Tick, i);
}

static guint64
later (int    value,
       gint64 delay)
{
  GError *error = NULL;
  guint64 timer = number_send_later (server, &(Number) { value }, delay, &error);

  butler_assert_no_error (error);
  ck_assert_uint_ne (timer, 0);
  return timer;
}

static guint64
every (int    value,
       gint64 period)
{
  GError *error = NULL;
  guint64 timer = number_send_every (server, &(Number) { value }, period, &error);

  butler_assert_no_error (error);
  ck_assert_uint_ne (timer, 0);
  return timer;
}

static void
poll_loop (ButlerServer *polled,
           gpointer      data G_GNUC_UNUSED)
{
  struct pollfd one = { .fd = butler_server_get_fd (polled, NULL), .events = POLLIN };

  while (butler_server_keep_running (polled))
    {
      poll (&one, 1, -1);
      butler_server_dispatch (polled, 64);
    }
}

/* A server in the context of a thread of its own. */
static void
source_loop (ButlerServer *attached,
             gpointer      data G_GNUC_UNUSED)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = butler_server_create_source (attached);

  g_source_attach (source, context);
  g_source_unref (source);
  while (butler_server_keep_running (attached))
    g_main_context_iteration (context, TRUE);
  g_main_context_unref (context);
}

/* How servers sleep. */
static const ButlerLoopFunc loops[] = { butler_loop_default, butler_loop_queue, poll_loop, source_loop };
#define N_LOOPS ((int) G_N_ELEMENTS (loops))

static void
begin (int i)
{
  set_up (OPTIONS (.loop = loops[i]));
  ticks = g_array_new (FALSE, TRUE, sizeof (Tick));
  wanted = 1;
  on_number = note_tick;
}

static void
end (void)
{
  tear_down ();
  g_clear_pointer (&ticks, g_array_unref);
}

static void
wait_for_ticks (void)
{
  wait_for_number (news);
}

START_TEST (message_comes_at_its_time)
{
  gint64 now = g_get_monotonic_time ();
  guint64 timer;

  begin (_i);
  start (server);
  timer = later (7, SOON);
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (tick_at (0)->value, 7);
  ck_assert_uint_eq (tick_at (0)->timer, timer);
  ck_assert_int_ge (tick_at (0)->deadline, now + SOON);
  ck_assert_uint_eq (tick_at (0)->missed, 0);
  assert_figures (hub, "keeper", 1, 1, 0);
  end ();
}
END_TEST

/* The server sleeps until a later one, when that is set; the handshake of the first tells that it has come so far that it may. */
START_TEST (earlier_one_wakes_who_sleeps)
{
  begin (_i);
  start (server);
  later (9, FAR);
  for (int i = 0; i < 100; i++)
    {
      wanted = (guint) i + 1;
      later (i, i % 2 == 0 ? 0 : 100);
      ck_assert_int_eq (wait_for_number (news), i);
    }
  ck_assert (butler_server_stop (server));
  end ();
}
END_TEST

START_TEST (no_delay_adds_up)
{
  guint64 timer;

  begin (_i);
  wanted = butler_test_rounds (1000);
  start (server);
  timer = every (1, GRID);
  wait_for_ticks ();
  ck_assert (butler_server_cancel_timer (server, timer));
  ck_assert (butler_server_stop (server));
  for (guint i = 1; i < wanted; i++)
    {
      const Tick *before = tick_at (i - 1);

      ck_assert_uint_eq (tick_at (i)->timer, timer);
      ck_assert_int_eq (tick_at (i)->deadline - before->deadline, GRID * (gint64) (before->missed + 1));
    }
  end ();
}
END_TEST

/* Of a period that nobody can keep up with, those that passed come as one. */
START_TEST (times_that_passed_are_counted)
{
  guint64 missed = 0;
  guint n;

  begin (_i);
  wanted = 1000;
  start (server);
  every (1, 1);
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  n = ticks->len;
  for (guint i = 0; i + 1 < n; i++)
    missed += tick_at (i)->missed;
  ck_assert_int_eq (tick_at (n - 1)->deadline - tick_at (0)->deadline, (gint64) (n - 1 + missed));
  ck_assert_uint_gt (missed, 0);
  end ();
}
END_TEST

START_TEST (handlers_are_called_in_the_order_of_the_times)
{
  begin (_i);
  wanted = 300;
  for (int i = 0; i < 300; i++)
    later (i, (i * 7919) % 100 * 10);
  start (server);
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  for (guint i = 1; i < 300; i++)
    ck_assert_int_le (tick_at (i - 1)->deadline, tick_at (i)->deadline);
  end ();
}
END_TEST

/* Cancelling */

START_TEST (cancelled_ones_do_not_come)
{
  guint64 one;

  begin (_i);
  start (server);
  one = later (1, FAR);
  ck_assert (butler_server_cancel_timer (server, one));
  ck_assert (!butler_server_cancel_timer (server, one));
  ck_assert (!butler_server_cancel_timer (server, 12345));
  one = later (2, 0);
  wait_for_ticks ();
  ck_assert (!butler_server_cancel_timer (server, one));
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (ticks->len, 1);
  ck_assert_int_eq (tick_at (0)->value, 2);
  end ();
}
END_TEST

/* 1 is the timer's, and 2 comes behind all that it could still send. */
static void
cancel_at_third (Keeper        *self,
                 Number        *number,
                 ButlerContext *context)
{
  ButlerServer *own = butler_context_get_server (context);

  note_tick (self, number, context);
  if (number->value == 1 && ticks->len == 3)
    {
      g_assert_true (butler_server_cancel_timer (own, butler_context_get_timer (context)));
      g_assert_false (butler_server_cancel_timer (own, butler_context_get_timer (context)));
      g_assert_cmpuint (number_send_later (own, &(Number) { 2 }, 1000, NULL), !=, 0);
    }
}

START_TEST (handler_cancels_its_own_timer)
{
  begin (_i);
  on_number = cancel_at_third;
  wanted = 4;
  start (server);
  every (1, 100);
  ck_assert_int_eq (wait_for_number (news), 2);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (ticks->len, 4);
  end ();
}
END_TEST

/* Many */

START_TEST (hundred_thousand_of_them)
{
  guint n = butler_test_rounds (100000);
  guint64 *timers = g_new (guint64, n);
  guint cancelled = 0;

  begin (_i);
  start (server);
  for (guint i = 0; i < n; i++)
    timers[i] = later ((int) i, FAR + (gint64) (i * 7919 % 1000));
  for (guint i = 0; i < n; i += 2)
    cancelled += butler_server_cancel_timer (server, timers[i]) ? 1 : 0;
  ck_assert_uint_eq (cancelled, (n + 1) / 2);
  later (-1, 0);
  ck_assert_int_eq (wait_for_number (news), -1);
  ck_assert (butler_server_stop (server));
  for (guint i = 0; i < n; i++)
    ck_assert (!butler_server_cancel_timer (server, timers[i]));
  ck_assert_uint_eq (ticks->len, 1);
  g_free (timers);
  end ();
}
END_TEST

START_TEST (all_of_many_come)
{
  guint n = butler_test_rounds (100000);

  begin (_i);
  wanted = n;
  start (server);
  for (guint i = 0; i < n; i++)
    later ((int) i, (gint64) (i * 7919 % 1000));
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  assert_figures (hub, "keeper", n, n, 0);
  end ();
}
END_TEST

/* Each of several threads sets and cancels: what was cancelled does not come, and all else does. */
typedef struct
{
  guint32 seed;
  guint   rounds;
  guint   cancelled;
} Setter;

static gpointer
set_and_cancel (gpointer data)
{
  Setter *self = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed);
  guint64 last = 0;

  for (guint i = 0; i < self->rounds; i++)
    {
      guint64 timer = number_send_later (server, &(Number) { 1 }, g_rand_int_range (random, 0, 300), NULL);

      g_assert_cmpuint (timer, !=, 0);
      if (g_rand_boolean (random))
        self->cancelled += butler_server_cancel_timer (server, g_rand_boolean (random) ? timer : last) ? 1 : 0;
      last = timer;
    }
  return NULL;
}

static void
count_tick (Keeper        *self,
            Number        *number,
            ButlerContext *context)
{
  self->sum++;
  if (number->value == 2)
    note_tick (self, number, context);
}

START_TEST (cancel_and_ring_race)
{
  guint32 seed = butler_test_seed ();
  Setter setters[3];
  GThread *threads[3];
  guint cancelled = 0;
  guint set = 0;

  begin (_i);
  on_number = count_tick;
  start (server);
  for (guint i = 0; i < 3; i++)
    {
      setters[i] = (Setter) { .seed = seed + i, .rounds = butler_test_rounds (5000) };
      threads[i] = g_thread_new ("set", set_and_cancel, &setters[i]);
    }
  for (guint i = 0; i < 3; i++)
    {
      g_thread_join (threads[i]);
      cancelled += setters[i].cancelled;
      set += setters[i].rounds;
    }
  later (2, 1000); /* after all others */
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  assert_figures (hub, "keeper", set - cancelled + 1, set - cancelled + 1, 0);
  end ();
}
END_TEST

/* The end */

static _Atomic guint8 cleared;

static guint64
later_parcel (gint64   delay,
              GError **error)
{
  Parcel parcel = { .cleared = &cleared };

  return parcel_send_later (server, &parcel, delay, error);
}

START_TEST (stop_cancels_all)
{
  GError *error = NULL;

  begin (_i);
  atomic_store (&cleared, 0);
  ck_assert_uint_ne (later_parcel (FAR, NULL), 0); /* a new server keeps it */
  start (server);
  ck_assert_uint_ne (later_parcel (FAR, NULL), 0);
  every (1, FAR);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (atomic_load (&cleared), 2);
  ck_assert_uint_eq (later_parcel (0, &error), 0);
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Parcel", "keeper", NULL);
  ck_assert_uint_eq (atomic_load (&cleared), 3);
  end ();
}
END_TEST

/* Another run knows nothing of them. */
START_TEST (next_run_begins_without_timers)
{
  begin (_i);
  wanted = 2;
  start (server);
  every (1, 100);
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  g_array_set_size (ticks, 0);
  wanted = 1;
  start (server);
  later (2, 1000);
  ck_assert_int_eq (wait_for_number (news), 2);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (ticks->len, 1);
  end ();
}
END_TEST

/* While the end waits for what is held, no time comes any more; one may have come before that. */
static void
hold_and_stop (Keeper        *self,
               Number        *number,
               ButlerContext *context)
{
  note_tick (self, number, context);
  if (number->value != 2)
    return;
  g_array_set_size (ticks, 0);
  release_after (20, context);
  butler_context_stop_server (context);
}

START_TEST (no_timer_rings_while_the_end_waits)
{
  begin (_i);
  on_number = hold_and_stop;
  start (server);
  every (1, 100);
  wait_for_ticks ();
  send_to_server (server, 2, 2);
  ck_assert (butler_server_join (server));
  ck_assert_uint_le (ticks->len, 2);
  end ();
}
END_TEST

/* A reader that is no server has no use for what wakes one. */
START_TEST (program_reads_from_a_server_that_has_timers)
{
  ButlerChannel *channel;
  GError *error = NULL;

  begin (_i);
  channel = butler_server_get_channel (server);
  later (1, FAR);
  ck_assert_ptr_null (butler_channel_receive (channel, 0, &error));
  butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "keeper", NULL);
  send_to_server (server, 1, 1);
  butler_message_free (butler_channel_receive (channel, -1, &error));
  butler_assert_no_error (error);
  end ();
}
END_TEST

START_TEST (kill_cancels_all)
{
  begin (_i);
  atomic_store (&cleared, 0);
  start (server);
  ck_assert_uint_ne (later_parcel (FAR, NULL), 0);
  ck_assert (butler_server_kill (server));
  ck_assert_uint_eq (atomic_load (&cleared), 1);
  end ();
}
END_TEST

START_TEST (server_that_never_runs_leaves_none_behind)
{
  begin (_i);
  atomic_store (&cleared, 0);
  ck_assert_uint_ne (later_parcel (0, NULL), 0);
  if (_i == 0)
    ck_assert (butler_server_remove (server));
  end ();
  ck_assert_uint_eq (atomic_load (&cleared), 1);
}
END_TEST

static gboolean
set_and_fail (ButlerContext *context G_GNUC_UNUSED,
              gpointer       data G_GNUC_UNUSED,
              GError       **error)
{
  g_assert_cmpuint (later_parcel (FAR, NULL), !=, 0);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
  return FALSE;
}

START_TEST (failed_start_cancels_all)
{
  GError *error = NULL;

  begin (_i);
  atomic_store (&cleared, 0);
  butler_server_add_startup (server, set_and_fail, NULL, NULL);
  ck_assert (!butler_server_start (server, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "not today", NULL);
  ck_assert_uint_eq (atomic_load (&cleared), 1);
  end ();
}
END_TEST

/* Beside messages */

/* A server that floods itself until the timer's message comes. */
static void
flood (Keeper        *self,
       Number        *number,
       ButlerContext *context)
{
  ButlerChannel *own = butler_context_get_channel (context);

  if (butler_context_get_timer (context) != 0)
    {
      self->sum = 1;
      tell (news, number->value);
    }
  for (int i = 0; i < 2 && self->sum == 0; i++)
    (void) number_try_send_to (own, &(Number) { number->value + 1 }, NULL); /* until it is full */
}

START_TEST (flood_does_not_hold_them_up)
{
  set_up (OPTIONS (.loop = loops[_i], .capacity = 1000));
  on_number = flood;
  start (server);
  later (-1, SOON);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), -1);
  ck_assert (butler_server_stop (server));
  tear_down ();
}
END_TEST

START_TEST (type_without_a_handler_is_a_dead_letter)
{
  begin (_i);
  expect_warnings ();
  start (server);
  ck_assert_uint_ne (note_send_later (server, &(Note) { .text = g_strdup ("x") }, 0, NULL), 0);
  later (1, 1);
  wait_for_ticks ();
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "no handler");
  assert_figures (hub, "keeper", 2, 1, 1);
  end ();
}
END_TEST

static void
hold_tick (Keeper        *self G_GNUC_UNUSED,
           Number        *number G_GNUC_UNUSED,
           ButlerContext *context)
{
  g_async_queue_push (held, butler_context_hold (context));
}

START_TEST (held_context_knows_its_timer)
{
  guint64 timer;

  begin (_i);
  on_number = hold_tick;
  start (server);
  timer = later (1, 0);
  ButlerContext *context = next_held ();
  ck_assert_uint_eq (butler_context_get_timer (context), timer);
  ck_assert_int_gt (butler_context_get_deadline (context), 0);
  butler_context_release (context);
  send_to_server (server, 1, 1);
  context = next_held ();
  ck_assert_uint_eq (butler_context_get_timer (context), 0);
  ck_assert_int_eq (butler_context_get_deadline (context), 0);
  butler_context_release (context);
  ck_assert (butler_server_stop (server));
  end ();
}
END_TEST

/* Without a thread */

START_TEST (who_dispatches_is_woken)
{
  ButlerServer *threaded;

  begin (0);
  threaded = server;
  server = new_keeper ("bare", OPTIONS (.no_thread = TRUE, .no_route = TRUE));
  wanted = 10;
  start (server);
  every (1, 100);
  while (ticks->len < wanted)
    {
      ck_assert (butler_server_wait (server, -1));
      butler_server_dispatch (server, 10);
    }
  ck_assert (butler_server_stop (server));
  server = threaded;
  end ();
}
END_TEST

START_TEST (source_wakes_its_context)
{
  GSource *source;

  begin (0);
  server = new_keeper ("bare", OPTIONS (.no_thread = TRUE, .no_route = TRUE));
  source = butler_server_create_source (server);
  g_source_attach (source, NULL);
  g_source_unref (source);
  wanted = 10;
  start (server);
  every (1, 100);
  while (ticks->len < wanted)
    g_main_context_iteration (NULL, TRUE);
  ck_assert (butler_server_stop (server));
  end ();
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("timer");
  TCase *tcase = tcase_create ("timer");

  tcase_add_loop_test (tcase, message_comes_at_its_time, 0, N_LOOPS);
  tcase_add_loop_test (tcase, earlier_one_wakes_who_sleeps, 0, N_LOOPS);
  tcase_add_loop_test (tcase, no_delay_adds_up, 0, N_LOOPS);
  tcase_add_loop_test (tcase, times_that_passed_are_counted, 0, N_LOOPS);
  tcase_add_loop_test (tcase, handlers_are_called_in_the_order_of_the_times, 0, N_LOOPS);
  tcase_add_loop_test (tcase, cancelled_ones_do_not_come, 0, N_LOOPS);
  tcase_add_loop_test (tcase, handler_cancels_its_own_timer, 0, N_LOOPS);
  tcase_add_test (tcase, hundred_thousand_of_them);
  tcase_add_loop_test (tcase, all_of_many_come, 0, 2);
  tcase_add_loop_test (tcase, cancel_and_ring_race, 0, 2);
  tcase_add_loop_test (tcase, stop_cancels_all, 0, N_LOOPS);
  tcase_add_loop_test (tcase, next_run_begins_without_timers, 0, N_LOOPS - 1);
  tcase_add_test (tcase, no_timer_rings_while_the_end_waits);
  tcase_add_test (tcase, program_reads_from_a_server_that_has_timers);
  tcase_add_test (tcase, kill_cancels_all);
  tcase_add_loop_test (tcase, server_that_never_runs_leaves_none_behind, 0, 2);
  tcase_add_test (tcase, failed_start_cancels_all);
  tcase_add_loop_test (tcase, flood_does_not_hold_them_up, 0, N_LOOPS);
  tcase_add_test (tcase, type_without_a_handler_is_a_dead_letter);
  tcase_add_test (tcase, held_context_knows_its_timer);
  tcase_add_test (tcase, who_dispatches_is_woken);
  tcase_add_test (tcase, source_wakes_its_context);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
