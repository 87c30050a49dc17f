/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/ways-to-sleep.h"

/* How a reader sleeps and is woken: each test for both kinds of channel, each way to sleep, and each that it may sleep in next. A
 * wake-up that is lost is a test that hangs. */
#define N_CASES (2 * N_WAYS * N_WAYS)

static ButlerChannel *channel;
static const WayToSleep *way, *next_way;

static void
begin (int index)
{
  channel = channel_new (0, BUTLER_OVERFLOW_FAIL, index % 2 == 1);
  way = &ways[index / 2 % N_WAYS];
  next_way = &ways[index / 2 / N_WAYS];
  prepare_to_sleep (channel);
  ck_assert (butler__channel_claim (channel));
}

static void
end (void)
{
  butler__channel_release (channel);
  butler_channel_unref (channel);
}

static gboolean
is_asleep (void)
{
  return (atomic_load (&channel->chain.top) & BUTLER__ASLEEP) != 0;
}

static void
fall_asleep (const WayToSleep *in)
{
  ck_assert (butler__channel_arm (channel, in->how));
  ck_assert (is_asleep ());
}

/* Returns only if it was woken. */
static void
sleep_on (const WayToSleep *in)
{
  in->sleep (channel, TRUE);
  butler__channel_disarm (channel);
}

static void
give_up_sleeping (const WayToSleep *in)
{
  in->sleep (channel, FALSE);
  butler__channel_disarm (channel);
}

static int
next_number (void)
{
  return number_in (butler__channel_next (channel));
}

static void
assert_wakes_for_the_next (const WayToSleep *in,
                           int               value)
{
  fall_asleep (in);
  send_number (channel, value);
  sleep_on (in);
  ck_assert_int_eq (next_number (), value);
  ck_assert_int_eq (next_number (), NO_NUMBER);
}

/* What wakes */

START_TEST (message_wakes)
{
  begin (_i);
  assert_wakes_for_the_next (way, 1);
  assert_wakes_for_the_next (next_way, 2);
  end ();
}
END_TEST

START_TEST (internal_message_wakes)
{
  begin (_i);
  fall_asleep (way);
  ck_assert (butler__channel_put_internal (channel, number_message (1)));
  sleep_on (way);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), 1);
  assert_wakes_for_the_next (next_way, 2);
  end ();
}
END_TEST

START_TEST (closing_wakes)
{
  begin (_i);
  fall_asleep (way);
  butler_channel_close (channel);
  sleep_on (way);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  ck_assert (butler__channel_is_final (channel));
  end ();
}
END_TEST

static gpointer
clear (gpointer data)
{
  butler_channel_clear (data);
  return NULL;
}

START_TEST (request_wakes)
{
  begin (_i);
  fall_asleep (way);
  g_thread_join (g_thread_new ("clearer", clear, channel));
  sleep_on (way);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  assert_wakes_for_the_next (next_way, 1);
  end ();
}
END_TEST

/* The reader of a server without a thread has its role only while it looks. */
START_TEST (sleeper_without_a_role_is_woken_too)
{
  begin (_i);
  fall_asleep (way);
  butler__channel_release (channel);
  butler_channel_clear (channel);
  way->sleep (channel, TRUE);
  ck_assert (butler__channel_claim (channel));
  assert_wakes_for_the_next (next_way, 1);
  end ();
}
END_TEST

START_TEST (way_may_change_while_asleep)
{
  begin (_i);
  fall_asleep (way);
  fall_asleep (next_way);
  send_number (channel, 1);
  sleep_on (next_way);
  ck_assert_int_eq (next_number (), 1);
  end ();
}
END_TEST

START_TEST (only_the_first_wakes)
{
  begin (_i);
  fall_asleep (&ways[2]);
  ck_assert (!fd_is_readable (channel, FALSE));
  send_number (channel, 1);
  ck_assert (fd_is_readable (channel, FALSE));
  butler__waker_drain_fd (&channel->waker);
  send_number (channel, 2);
  butler__channel_kick (channel);
  ck_assert (!fd_is_readable (channel, FALSE));
  ck_assert_int_eq (next_number (), 1);
  ck_assert_int_eq (next_number (), 2);
  end ();
}
END_TEST

START_TEST (wait_ends_at_its_deadline)
{
  gint64 deadline = g_get_monotonic_time () + 1000;

  begin (_i);
  while (g_get_monotonic_time () < deadline)
    butler__channel_wait (channel, deadline);
  butler__channel_wait (channel, 0);
  ck_assert (!is_asleep ());
  end ();
}
END_TEST

/* What keeps awake: also if whoever published it has not come to wake anybody. */

static void
assert_stays_awake (void)
{
  ck_assert (!butler__channel_arm (channel, way->how));
  ck_assert (!is_asleep ());
  ck_assert (butler__channel_has_work (channel));
}

START_TEST (message_keeps_awake)
{
  begin (_i);
  send_number (channel, 1);
  assert_stays_awake ();
  end ();
}
END_TEST

START_TEST (what_was_taken_keeps_awake)
{
  begin (_i);
  send_numbers (channel, 1, 2);
  ck_assert_int_eq (next_number (), 1);
  assert_stays_awake ();
  end ();
}
END_TEST

START_TEST (internal_message_keeps_awake)
{
  begin (_i);
  butler__chain_link (&channel->internal, number_message (1));
  assert_stays_awake ();
  butler__chain_link (&channel->internal, number_message (2));
  ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), 1);
  assert_stays_awake ();
  ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), 2);
  fall_asleep (way);
  end ();
}
END_TEST

START_TEST (request_keeps_awake)
{
  begin (_i);
  atomic_fetch_or (&channel->control, BUTLER__REQUEST_CLEAR);
  assert_stays_awake ();
  ck_assert_int_eq (next_number (), NO_NUMBER);
  fall_asleep (way);
  end ();
}
END_TEST

START_TEST (closed_channel_keeps_awake)
{
  begin (_i);
  butler_channel_close (channel);
  assert_stays_awake ();
  end ();
}
END_TEST

START_TEST (closed_internal_lane_does_not)
{
  begin (_i);
  butler__chain_close (&channel->internal);
  fall_asleep (way);
  end ();
}
END_TEST

START_TEST (queued_message_keeps_awake)
{
  begin (_i);
  if (channel->queue != NULL)
    {
      g_async_queue_push (channel->queue, number_message (1));
      assert_stays_awake ();
    }
  end ();
}
END_TEST

/* A foreign loop sleeps on its descriptor all the same, so it is woken at once. */
START_TEST (who_stays_awake_is_woken_in_its_way)
{
  begin (_i);
  fall_asleep (way);
  send_numbers (channel, 1, 2);
  sleep_on (way);
  ck_assert_int_eq (next_number (), 1);
  ck_assert (!butler__channel_arm (channel, next_way->how));
  butler__waker_wake (&channel->waker);
  next_way->sleep (channel, TRUE);
  end ();
}
END_TEST

/* A writer that is stopped after it has linked its message, and before it wakes: what a signal or the scheduler may do. */

/* TRUE if it has to wake. */
static gboolean
link_only (int value)
{
  ButlerMessage *message = number_message (value);

  atomic_fetch_add (&channel->accepted, 1);
  if (channel->queue == NULL)
    return (butler__chain_link (&channel->chain, message) & BUTLER__ASLEEP) != 0;
  g_async_queue_push (channel->queue, message);
  return (atomic_fetch_and (&channel->chain.top, ~BUTLER__ASLEEP) & BUTLER__ASLEEP) != 0;
}

START_TEST (stopped_writer_alone_owes_the_wake_up)
{
  begin (_i);
  fall_asleep (way);
  ck_assert (link_only (1));
  ck_assert (!link_only (2));
  send_number (channel, 3);
  butler_channel_close (channel);
  butler__channel_wake (channel);
  sleep_on (way);
  for (int value = 1; value <= 3; value++)
    ck_assert_int_eq (next_number (), value);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  ck_assert (butler__channel_is_final (channel));
  end ();
}
END_TEST

START_TEST (wake_up_after_a_time_out_is_harmless)
{
  begin (_i);
  fall_asleep (way);
  ck_assert (link_only (1));
  give_up_sleeping (way);
  ck_assert_int_eq (next_number (), 1);
  fall_asleep (next_way);
  butler__channel_wake (channel);
  send_number (channel, 2);
  sleep_on (next_way);
  ck_assert_int_eq (next_number (), 2);
  assert_wakes_for_the_next (way, 3);
  assert_wakes_for_the_next (next_way, 4);
  end ();
}
END_TEST

START_TEST (wake_up_while_awake_is_harmless)
{
  begin (_i);
  fall_asleep (way);
  ck_assert (link_only (1));
  give_up_sleeping (way);
  butler__channel_wake (channel);
  ck_assert_int_eq (next_number (), 1);
  assert_wakes_for_the_next (way, 2);
  assert_wakes_for_the_next (next_way, 3);
  end ();
}
END_TEST

START_TEST (wake_up_of_another_run_is_harmless)
{
  begin (_i);
  fall_asleep (way);
  ck_assert (link_only (1));
  butler_channel_close (channel);
  give_up_sleeping (way);
  ck_assert_int_eq (next_number (), 1);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  butler__channel_release (channel);
  ck_assert (butler__channel_reopen (channel));
  ck_assert (butler__channel_claim (channel));
  fall_asleep (next_way);
  butler__channel_wake (channel);
  give_up_sleeping (next_way);
  assert_wakes_for_the_next (next_way, 2);
  end ();
}
END_TEST

/* The same between a request and its wake-up. */
START_TEST (stopped_requester_is_served_without_its_wake_up)
{
  begin (_i);
  fall_asleep (way);
  atomic_fetch_or (&channel->control, BUTLER__REQUEST_CLEAR);
  ck_assert (atomic_fetch_and (&channel->chain.top, ~BUTLER__ASLEEP) & BUTLER__ASLEEP);
  send_number (channel, 1);
  give_up_sleeping (way);
  ck_assert_int_eq (next_number (), NO_NUMBER);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 1);
  fall_asleep (next_way);
  butler__channel_wake (channel);
  send_number (channel, 2);
  sleep_on (next_way);
  ck_assert_int_eq (next_number (), 2);
  end ();
}
END_TEST

static pthread_barrier_t asleep;

static gpointer
sleep_and_read (gpointer data G_GNUC_UNUSED)
{
  gboolean claimed = butler__channel_claim (channel);
  gboolean armed = claimed && butler__channel_arm (channel, next_way->how);
  int value;

  g_assert_true (armed);
  meet (&asleep);
  next_way->sleep (channel, TRUE);
  butler__channel_disarm (channel);
  value = number_in (next_or_sleep (channel, next_way));
  butler__channel_release (channel);
  return GINT_TO_POINTER (value);
}

/* The late wake-up meets another reader, in its own way to sleep. */
START_TEST (wake_up_of_the_next_reader_is_harmless)
{
  GThread *reader;

  pthread_barrier_init (&asleep, NULL, 2);
  begin (_i);
  fall_asleep (way);
  ck_assert (link_only (1));
  give_up_sleeping (way);
  ck_assert_int_eq (next_number (), 1);
  butler__channel_release (channel);
  reader = g_thread_new ("reader", sleep_and_read, NULL);
  meet (&asleep);
  butler__channel_wake (channel);
  send_number (channel, 2);
  ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (reader)), 2);
  ck_assert (butler__channel_claim (channel));
  end ();
  pthread_barrier_destroy (&asleep);
}
END_TEST

/* The reader really sleeps, and close, requests and other writers come while the first writer is stopped. */
START_TEST (sleeper_is_woken_by_the_stopped_writer)
{
  GThread *reader;

  pthread_barrier_init (&asleep, NULL, 2);
  begin (_i);
  butler__channel_release (channel);
  reader = g_thread_new ("reader", sleep_and_read, NULL);
  meet (&asleep);
  ck_assert (link_only (1));
  send_number (channel, 2);
  ck_assert (butler__channel_put_internal (channel, number_message (0)));
  butler_channel_close (channel);
  butler__channel_wake (channel);
  ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (reader)), 1);
  ck_assert (butler__channel_claim (channel));
  ck_assert_int_eq (next_number (), 2);
  end ();
  pthread_barrier_destroy (&asleep);
}
END_TEST

/* Back and forth */

typedef struct
{
  ButlerChannel *from, *to;
} Echo;

static gpointer
echo_all (gpointer data)
{
  Echo *echo = data;
  ButlerMessage *message;
  gboolean claimed = butler__channel_claim (echo->from);

  g_assert_true (claimed);
  while ((message = next_or_sleep (echo->from, next_way)) != NULL)
    send_number (echo->to, number_in (message));
  butler__channel_release (echo->from);
  return NULL;
}

START_TEST (no_wake_up_is_lost)
{
  Echo echo;
  GThread *thread;

  begin (_i);
  echo.to = channel;
  echo.from = channel_new (0, BUTLER_OVERFLOW_FAIL, _i % 2 == 1);
  prepare_to_sleep (echo.from);
  thread = g_thread_new ("echo", echo_all, &echo);
  for (int i = 0; i < (int) butler_test_rounds (2000); i++)
    {
      send_number (echo.from, i);
      ck_assert_int_eq (number_in (next_or_sleep (channel, way)), i);
    }
  butler_channel_close (echo.from);
  g_thread_join (thread);
  butler_channel_unref (echo.from);
  end ();
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    message_wakes,
    internal_message_wakes,
    closing_wakes,
    request_wakes,
    sleeper_without_a_role_is_woken_too,
    way_may_change_while_asleep,
    only_the_first_wakes,
    wait_ends_at_its_deadline,
    message_keeps_awake,
    what_was_taken_keeps_awake,
    internal_message_keeps_awake,
    request_keeps_awake,
    closed_channel_keeps_awake,
    closed_internal_lane_does_not,
    queued_message_keeps_awake,
    who_stays_awake_is_woken_in_its_way,
    stopped_writer_alone_owes_the_wake_up,
    wake_up_after_a_time_out_is_harmless,
    wake_up_while_awake_is_harmless,
    wake_up_of_another_run_is_harmless,
    stopped_requester_is_served_without_its_wake_up,
    wake_up_of_the_next_reader_is_harmless,
    sleeper_is_woken_by_the_stopped_writer,
    no_wake_up_is_lost,
  };
  Suite *suite = suite_create ("sleep");
  TCase *every = tcase_create ("every way");

  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_CASES);
  suite_add_tcase (suite, every);
  return butler_test_main (suite);
}
