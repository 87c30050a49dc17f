/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/channels.h"

/* Bounded channels at their limit, each test for each of these capacities, as a chain and as a queue; test-block.c has what waits. The
 * reader of a queue takes 64 at once. */
static const int capacities[] = { 1, 2, 63, 64, 65, 200 };

#define N_MAKINGS_AT_LIMIT (2 * (int) G_N_ELEMENTS (capacities))

static int
capacity_of (int making)
{
  return capacities[making / 2];
}

static ButlerChannel *
empty_channel (int            making,
               ButlerOverflow overflow)
{
  return channel_new ((guint) capacity_of (making), overflow, making % 2 == 1);
}

static _Atomic guint8 cleared;

static void
set_up (void)
{
  atomic_store (&cleared, 0);
}

static ButlerChannel *
full_channel (int            making,
              ButlerOverflow overflow)
{
  ButlerChannel *channel = empty_channel (making, overflow);

  send_numbers (channel, 1, capacity_of (making));
  return channel;
}

static gboolean
try_number (ButlerChannel *channel,
            int            value,
            GError       **error)
{
  Number number = { value };

  return number_try_send_to (channel, &number, error);
}

static gboolean
send_parcel (ButlerChannel *channel)
{
  Parcel value = { .cleared = &cleared };

  return parcel_send_to (channel, &value, NULL);
}

static void
assert_full (ButlerChannel *channel)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!try_number (channel, 0, &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, "Number", "inbox", NULL);
}

/* Fail */

START_TEST (fail_refuses_exactly_what_is_too_much)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_FAIL);
  g_autofree char *number = g_strdup_printf ("%d", capacity);
  g_autoptr (GError) error = NULL;
  Number value = { 0 };

  ck_assert (!number_send_to (channel, &value, &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, "Number", "inbox", number, NULL);
  ck_assert (!number_post_to (channel, number_new (), &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, NULL);
  assert_full (channel);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), capacity);
  ck_assert_uint_eq (butler_channel_get_length (channel), capacity);
  assert_numbers (channel, 1, capacity);
  ck_assert_uint_eq (count_dead (channel), 0);
}
END_TEST

START_TEST (fail_frees_what_send_refuses_once)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_FAIL);

  ck_assert (!send_parcel (channel));
  ck_assert_uint_eq (cleared, 1);
}
END_TEST

/* Those that the reader took but did not hand out still count. */
START_TEST (each_received_message_makes_room_for_one)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_FAIL);

  for (int value = 1; value <= 3 * capacity; value++)
    {
      ck_assert_int_eq (receive_number (channel), value);
      ck_assert (try_number (channel, capacity + value, NULL));
      assert_full (channel);
    }
  assert_numbers (channel, 3 * capacity + 1, 4 * capacity);
}
END_TEST

static void
assert_room_for (ButlerChannel *channel,
                 int            n)
{
  for (int i = 0; i < n; i++)
    ck_assert (try_number (channel, i, NULL));
  assert_full (channel);
}

START_TEST (clearing_makes_all_the_room)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_FAIL);

  ck_assert_int_eq (receive_number (channel), 1);
  butler_channel_clear (channel);
  assert_room_for (channel, capacity_of (_i));
}
END_TEST

/* A sender takes the room first and finds the channel closed then. */
START_TEST (refused_messages_take_no_room)
{
  g_autoptr (ButlerChannel) channel = empty_channel (_i, BUTLER_OVERFLOW_BLOCK);

  butler_channel_close (channel);
  for (int i = 0; i < 3 * capacity_of (_i); i++)
    ck_assert (!send_parcel (channel));
  ck_assert (butler__channel_reopen (channel));
  assert_room_for (channel, capacity_of (_i));
}
END_TEST

/* Drop */

START_TEST (drop_newest_keeps_what_came_first)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_DROP_NEWEST);

  for (int i = 0; i < 5; i++)
    ck_assert (send_parcel (channel));
  ck_assert (try_number (channel, 0, NULL));
  ck_assert_uint_eq (cleared, 5);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_DROPPED), 6);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), capacity + 6);
  ck_assert_uint_eq (butler_channel_get_length (channel), capacity);
  assert_numbers (channel, 1, capacity);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
}
END_TEST

START_TEST (drop_oldest_keeps_what_came_last)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = empty_channel (_i, BUTLER_OVERFLOW_DROP_OLDEST);

  for (int i = 0; i < capacity; i++)
    ck_assert (send_parcel (channel));
  for (int value = 1; value <= capacity; value++)
    {
      ck_assert (try_number (channel, value, NULL));
      ck_assert_uint_eq (cleared, value);
      ck_assert_uint_eq (butler_channel_get_length (channel), capacity);
    }
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_DROPPED), capacity);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 2 * capacity);
  assert_numbers (channel, 1, capacity);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
}
END_TEST

/* While the reader reads: it holds none back that could be dropped. */
START_TEST (drop_oldest_drops_the_one_that_is_next)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_DROP_OLDEST);

  ck_assert_int_eq (receive_number (channel), 1);
  send_numbers (channel, capacity + 1, capacity + 2);
  ck_assert_uint_eq (count_dead (channel), 1);
  assert_numbers (channel, 3, capacity + 2);
}
END_TEST

START_TEST (closed_channel_drops_nothing)
{
  g_autoptr (ButlerChannel) newest = full_channel (_i, BUTLER_OVERFLOW_DROP_NEWEST);
  g_autoptr (ButlerChannel) oldest = full_channel (_i, BUTLER_OVERFLOW_DROP_OLDEST);

  butler_channel_close (newest);
  butler_channel_close (oldest);
  ck_assert (!send_parcel (newest));
  ck_assert (!send_parcel (oldest));
  ck_assert_uint_eq (count_dead (newest) + count_dead (oldest), 0);
  assert_numbers (oldest, 1, capacity_of (_i));
}
END_TEST

/* A closer that was stopped before anybody can see it but under a queue's lock. */
START_TEST (queue_that_is_being_closed_drops_nothing)
{
  g_autoptr (ButlerChannel) newest = full_channel (_i | 1, BUTLER_OVERFLOW_DROP_NEWEST);
  g_autoptr (ButlerChannel) oldest = full_channel (_i, BUTLER_OVERFLOW_DROP_OLDEST);

  newest->shut = oldest->shut = TRUE;
  ck_assert (!send_parcel (newest));
  ck_assert (!send_parcel (oldest));
  ck_assert_uint_eq (count_dead (newest) + count_dead (oldest), 0);
}
END_TEST

static gboolean
has_queue (ButlerOverflow overflow,
            gboolean       as_queue)
{
  g_autoptr (ButlerChannel) channel = channel_new (1, overflow, as_queue);

  return channel->queue != NULL;
}

START_TEST (only_who_drops_the_oldest_needs_a_queue)
{
  for (guint overflow = BUTLER_OVERFLOW_FAIL; overflow <= BUTLER_OVERFLOW_DROP_OLDEST; overflow++)
    {
      ck_assert_int_eq (has_queue (overflow, FALSE), overflow == BUTLER_OVERFLOW_DROP_OLDEST);
      ck_assert (has_queue (overflow, TRUE));
    }
}
END_TEST

/* The reader has the role all the time: nothing that it has handed out is held back for later. */
START_TEST (all_that_was_handed_out_is_room_at_once)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_FAIL);

  ck_assert (butler__channel_claim (channel));
  for (int n = 1; n <= capacity; n++)
    {
      for (int i = 0; i < n; i++)
        butler_message_free (butler__channel_next (channel));
      ck_assert_uint_eq (butler_channel_get_length (channel), capacity - n);
      assert_room_for (channel, n);
    }
  butler__channel_release (channel);
  ck_assert_uint_eq (channel->high_water, capacity);
}
END_TEST

/* A dropper that was stopped between the queue and the count. */
START_TEST (length_is_never_more_than_the_capacity)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i, BUTLER_OVERFLOW_DROP_OLDEST);

  atomic_fetch_add (&channel->accepted, 1);
  ck_assert_uint_eq (butler_channel_get_length (channel), capacity_of (_i));
  ck_assert_int_eq (receive_number (channel), 1);
  ck_assert_uint_eq (channel->high_water, capacity_of (_i));
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    fail_refuses_exactly_what_is_too_much,
    fail_frees_what_send_refuses_once,
    each_received_message_makes_room_for_one,
    clearing_makes_all_the_room,
    refused_messages_take_no_room,
    drop_newest_keeps_what_came_first,
    drop_oldest_keeps_what_came_last,
    drop_oldest_drops_the_one_that_is_next,
    closed_channel_drops_nothing,
    queue_that_is_being_closed_drops_nothing,
    only_who_drops_the_oldest_needs_a_queue,
    all_that_was_handed_out_is_room_at_once,
    length_is_never_more_than_the_capacity,
  };
  Suite *suite = suite_create ("overflow");
  TCase *every = tcase_create ("every capacity and kind");

  tcase_add_checked_fixture (every, set_up, NULL);
  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_MAKINGS_AT_LIMIT);
  suite_add_tcase (suite, every);
  return butler_test_main (suite);
}
