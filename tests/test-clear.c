/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/parcels.h"

/* Clearing a channel that nobody reads, that the caller reads, that another reads, and that others clear too. */

START_TEST (clear_without_a_reader_is_done_on_return)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_parcels (channel, 100);
  butler_channel_clear (channel);
  ck_assert_uint_eq (cleared, 100);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 100);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  send_number (channel, 1);
  ck_assert_int_eq (receive_number (channel), 1);
}
END_TEST

/* Of 100, some lie in order, some in the reader's hands, some in the channel. */
START_TEST (reader_clears_what_it_has_taken_too)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_parcels (channel, 70);
  ck_assert (butler__channel_claim (channel));
  butler_message_free (butler__channel_next (channel));
  send_parcels (channel, 30);
  butler_channel_clear (channel);
  ck_assert_uint_eq (cleared, 100);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 99);
  ck_assert_ptr_null (butler__channel_next (channel));
  butler__channel_release (channel);
}
END_TEST

static gpointer
clear (gpointer channel)
{
  butler_channel_clear (channel);
  return NULL;
}

START_TEST (reader_clears_for_others_before_its_next_message)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert (butler__channel_claim (channel));
  send_parcels (channel, 100);
  butler_message_free (butler__channel_next (channel));
  g_thread_join (g_thread_new ("clearer", clear, channel));
  ck_assert_uint_eq (cleared, 1);
  ck_assert (butler__channel_has_work (channel));
  ck_assert_ptr_null (butler__channel_next (channel));
  ck_assert_uint_eq (cleared, 100);
  send_number (channel, 1);
  ck_assert_int_eq (number_in (butler__channel_next (channel)), 1);
  butler__channel_release (channel);
}
END_TEST

START_TEST (reader_that_leaves_clears_for_others)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert (butler__channel_claim (channel));
  send_parcels (channel, 100);
  g_thread_join (g_thread_new ("clearer", clear, channel));
  butler__channel_release (channel);
  ck_assert_uint_eq (cleared, 100);
}
END_TEST

static void
send_and_clear (gpointer channel)
{
  send_parcels (channel, 1);
  g_thread_join (g_thread_new ("clearer", clear, channel));
}

/* The second request comes when the reader has looked for the last time. */
START_TEST (request_to_a_reader_on_its_way_out_is_not_lost)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Parcel value = { .on_clear = send_and_clear, .data = channel };

  ck_assert (butler__channel_claim (channel));
  ck_assert (parcel_send_to (channel, &value, NULL));
  g_thread_join (g_thread_new ("clearer", clear, channel));
  butler__channel_release (channel);
  ck_assert_uint_eq (cleared, 1);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
}
END_TEST

/* A clear that is stopped while it frees: see who can read meanwhile. */
static pthread_barrier_t freeing, freed;

static void
stop_while_freeing (gpointer data G_GNUC_UNUSED)
{
  meet (&freeing);
  meet (&freed);
}

START_TEST (who_clears_is_no_reader)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Parcel value = { .on_clear = stop_while_freeing };
  GThread *clearer;

  pthread_barrier_init (&freeing, NULL, 2);
  pthread_barrier_init (&freed, NULL, 2);
  ck_assert (parcel_send_to (channel, &value, NULL));
  clearer = g_thread_new ("clearer", clear, channel);
  meet (&freeing);
  send_number (channel, 1);
  ck_assert_int_eq (receive_number (channel), 1);
  ck_assert (!butler__channel_has_reader (channel));
  meet (&freed);
  g_thread_join (clearer);
  pthread_barrier_destroy (&freeing);
  pthread_barrier_destroy (&freed);
}
END_TEST

/* A clear that is stopped while it has the role: who wants to read waits for it. */
static const ButlerChannelKind *real_kind;
static pthread_barrier_t taking;

static void
take_slowly (ButlerChannel *channel,
             gboolean       all)
{
  if (all)
    {
      meet (&taking);
      meet (&taking);
    }
  real_kind->take (channel, all);
}

START_TEST (reader_waits_for_who_clears)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  ButlerChannelKind slow = *channel->kind;
  GThread *clearer, *reader;

  pthread_barrier_init (&taking, NULL, 2);
  real_kind = channel->kind;
  slow.take = take_slowly;
  channel->kind = &slow;
  clearer = g_thread_new ("clearer", clear, channel);
  meet (&taking);
  ck_assert (!butler__channel_has_reader (channel));
  reader = g_thread_new ("reader", receive_for_ever, channel);
  let_time_pass ();
  meet (&taking);
  g_thread_join (clearer);
  send_number (channel, 1);
  ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (reader)), 1);
  channel->kind = real_kind;
  pthread_barrier_destroy (&taking);
}
END_TEST

static gpointer
clear_often (gpointer channel)
{
  while (!butler_channel_is_closed (channel))
    butler_channel_clear (channel);
  return NULL;
}

START_TEST (clearing_never_keeps_the_reader_out)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  GThread *clearer = g_thread_new ("clearer", clear_often, channel);

  for (guint n = butler_test_rounds (20000); n > 0; n--)
    {
      g_autoptr (GError) error = NULL;

      send_number (channel, 1);
      if (number_in (butler_channel_receive (channel, 0, &error)) == NO_NUMBER)
        butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, NULL);
    }
  butler_channel_close (channel);
  g_thread_join (clearer);
  butler_channel_clear (channel);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
}
END_TEST

static void
send_another (gpointer channel)
{
  Parcel value = { .cleared = &cleared, .on_clear = send_another, .data = channel };

  if (!butler_channel_is_closed (channel) && !parcel_try_send_to (channel, &value, NULL))
    value = (Parcel) { 0 };
}

/* Else a clear would never end while others send. */
START_TEST (clear_takes_what_is_there_once)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_another (channel);
  butler_channel_clear (channel);
  ck_assert_uint_eq (cleared, 1);
  ck_assert_uint_eq (butler_channel_get_length (channel), 1);
  butler_channel_close (channel);
  butler_channel_clear (channel);
  ck_assert_uint_eq (cleared, 2);
}
END_TEST

static void
clear_again (gpointer channel)
{
  butler_channel_clear (channel);
}

START_TEST (clear_may_be_called_while_messages_are_freed)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  for (guint i = 0; i < 3; i++)
    {
      Parcel value = { .cleared = &cleared, .on_clear = clear_again, .data = channel };

      ck_assert (parcel_send_to (channel, &value, NULL));
    }
  ck_assert (butler__channel_claim (channel));
  butler_channel_clear (channel);
  butler__channel_release (channel);
  ck_assert_uint_eq (cleared, 3);
  ck_assert_uint_eq (count_dead (channel), 3);
}
END_TEST

/* Some are in order, some are taken and not in order, some are not taken. */
START_TEST (clearing_takes_what_is_half_in_order_too)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_parcels (channel, 20);
  channel->kind->take (channel, FALSE);
  butler__reversal_step (&channel->taken, 10);
  send_parcels (channel, 20);
  butler_channel_clear (channel);
  ck_assert_uint_eq (cleared, 40);
  ck_assert_uint_eq (count_dead (channel), 40);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    clear_without_a_reader_is_done_on_return,
    reader_clears_what_it_has_taken_too,
    reader_clears_for_others_before_its_next_message,
    reader_that_leaves_clears_for_others,
    request_to_a_reader_on_its_way_out_is_not_lost,
    who_clears_is_no_reader,
    reader_waits_for_who_clears,
    clearing_never_keeps_the_reader_out,
    clear_takes_what_is_there_once,
    clear_may_be_called_while_messages_are_freed,
    clearing_takes_what_is_half_in_order_too,
  };
  Suite *suite = suite_create ("clear");
  TCase *every = tcase_create ("every making");

  tcase_add_checked_fixture (every, count_parcels_anew, NULL);
  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_MAKINGS);
  suite_add_tcase (suite, every);
  return butler_test_main (suite);
}
