/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/parcels.h"

/* What every channel promises, however it is made. Its figures, clear, capacities, and sleep have files of their own. */

/* Sending and receiving */

START_TEST (what_is_sent_is_received)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (ButlerMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  Note note = { .number = 7, .text = g_strdup ("seven") };

  ck_assert (note_send_to (channel, &note, &error));
  butler_assert_no_error (error);
  message = butler_channel_receive (channel, 0, &error);
  butler_assert_no_error (error);
  ck_assert_str_eq (butler_message_get_type_name (message), "Note");
  ck_assert_int_eq (note_get (message)->number, 7);
  ck_assert_str_eq (note_get (message)->text, "seven");
  ck_assert_ptr_null (number_get (message));
}
END_TEST

START_TEST (messages_come_in_order)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 0, 999);
  assert_numbers (channel, 0, 499);
  send_numbers (channel, 1000, 1200);
  assert_numbers (channel, 500, 1200);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
}
END_TEST

START_TEST (send_moves_the_fields_and_leaves_zero)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (ButlerMessage) message = NULL;
  Note note = { .number = 7, .text = g_strdup ("seven") };
  const char *text = note.text;

  ck_assert (note_send_to (channel, &note, NULL));
  ck_assert_ptr_null (note.text);
  ck_assert_int_eq (note.number, 0);
  message = butler_channel_receive (channel, 0, NULL);
  ck_assert_ptr_eq (note_get (message)->text, text);
}
END_TEST

START_TEST (try_send_moves_the_fields_too)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (ButlerMessage) message = NULL;
  Note note = { .number = 7, .text = g_strdup ("seven") };

  ck_assert (note_try_send_to (channel, &note, NULL));
  ck_assert_ptr_null (note.text);
  message = butler_channel_receive (channel, 0, NULL);
  ck_assert_str_eq (note_get (message)->text, "seven");
}
END_TEST

START_TEST (post_copies_nothing)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Note *note = note_new ();
  ButlerMessage *message;

  ck_assert (note_post_to (channel, note, NULL));
  message = butler_channel_receive (channel, 0, NULL);
  ck_assert_ptr_eq (note_get (message), note);
  note_free (note);
}
END_TEST

/* Another file that names the type registers clear and copy functions of its own, which do the same. */
static void
copy_parcel (gconstpointer value,
             gpointer      copy)
{
  memcpy (copy, value, sizeof (Parcel));
}

START_TEST (opaque_message_is_posted_by_any_file_that_names_it)
{
  static gpointer slot;
  ButlerRecordInfo info = parcel_info;
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (ButlerMessage) message = NULL;

  info.layout = &slot;
  info.copy = copy_parcel;
  ck_assert (butler_channel_post (channel, &info, parcel_new (), NULL));
  message = butler_channel_receive (channel, 0, NULL);
  ck_assert_ptr_nonnull (parcel_get (message));
  ck_assert_ptr_nonnull (butler_message_get (message, &info));
}
END_TEST

START_TEST (post_of_another_type_is_a_programmer_error)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Note *note = note_new ();

  butler_test_expect_critical ("*fits*");
  ck_assert (!butler_channel_post (channel, &number_info, note, NULL));
  g_test_assert_expected_messages ();
  note_free (note);
}
END_TEST

START_TEST (receive_now_finds_nothing)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (butler_channel_receive (channel, 0, &error));
  butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "inbox", NULL);
}
END_TEST

START_TEST (receive_waits_no_longer_than_it_is_told)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  ck_assert_ptr_null (butler_channel_receive (channel, 1000, &error));
  butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "inbox", NULL);
  ck_assert_int_ge (g_get_monotonic_time () - start, 1000);
}
END_TEST

START_TEST (receive_waits_for_ever)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  GThread *reader = g_thread_new ("reader", receive_for_ever, channel);

  send_number (channel, 5);
  ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (reader)), 5);
}
END_TEST

START_TEST (receive_with_the_longest_time_out_is_for_ever)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert_int_eq (butler__deadline_after (G_MAXINT64), -1);
  send_number (channel, 5);
  ck_assert_int_eq (number_in (butler_channel_receive (channel, G_MAXINT64, NULL)), 5);
}
END_TEST

/* Closing */

START_TEST (closed_channel_refuses)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (GError) error = NULL;
  Number number = { 1 };

  ck_assert (!butler_channel_is_closed (channel));
  butler_channel_close (channel);
  butler_channel_close (channel);
  ck_assert (butler_channel_is_closed (channel));
  ck_assert (!number_send_to (channel, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "inbox", NULL);
  ck_assert (!number_try_send_to (channel, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "inbox", NULL);
  ck_assert (!number_post_to (channel, number_new (), &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "inbox", NULL);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 0);
}
END_TEST

START_TEST (refused_send_frees_the_message)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Parcel value = parcel (1);

  butler_channel_close (channel);
  ck_assert (!parcel_send_to (channel, &value, NULL));
  ck_assert_uint_eq (cleared, 1);
  ck_assert_ptr_null (value.cleared);
}
END_TEST

START_TEST (refused_post_frees_the_message)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Parcel *record = parcel_new ();

  *record = parcel (1);
  butler_channel_close (channel);
  ck_assert (!parcel_post_to (channel, record, NULL));
  ck_assert_uint_eq (cleared, 1);
}
END_TEST

START_TEST (refused_try_send_leaves_the_value)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Parcel value = parcel (1);

  butler_channel_close (channel);
  ck_assert (!parcel_try_send_to (channel, &value, NULL));
  ck_assert_uint_eq (cleared, 0);
  ck_assert_uint_eq (value.number, 1);
  parcel_clear (&value);
  ck_assert_uint_eq (cleared, 1);
}
END_TEST

START_TEST (closed_channel_gives_what_it_has_first)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (GError) error = NULL;

  send_numbers (channel, 0, 128);
  butler_channel_close (channel);
  assert_numbers (channel, 0, 128);
  for (guint i = 0; i < 2; i++)
    {
      ck_assert_ptr_null (butler_channel_receive (channel, -1, &error));
      butler_assert_error (&error, BUTLER_ERROR_CLOSED, "inbox", NULL);
    }
}
END_TEST

START_TEST (closing_wakes_the_reader)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  GThread *reader = g_thread_new ("reader", receive_for_ever, channel);

  butler_channel_close (channel);
  ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (reader)), NO_NUMBER);
}
END_TEST

static gpointer
send_until_closed (gpointer channel)
{
  gsize n = 0;

  for (Number number = { 0 }; number_send_to (channel, &number, NULL);)
    n++;
  return GSIZE_TO_POINTER (n);
}

/* What the reader has when it is told that it was all is what the writers were told was accepted. */
START_TEST (drain_is_final)
{
  for (guint round = 0; round < butler_test_rounds (20); round++)
    {
      g_autoptr (ButlerChannel) channel = channel_made (_i);
      GThread *writers[2];
      gsize received = 0, sent = 0;

      for (guint i = 0; i < 2; i++)
        writers[i] = g_thread_new ("writer", send_until_closed, channel);
      while (number_in (butler_channel_receive (channel, -1, NULL)) != NO_NUMBER)
        if (++received == 5 * (round + 1))
          butler_channel_close (channel);
      ck_assert (butler__channel_is_final (channel));
      ck_assert_int_eq (receive_number (channel), NO_NUMBER);
      for (guint i = 0; i < 2; i++)
        sent += GPOINTER_TO_SIZE (g_thread_join (writers[i]));
      ck_assert_uint_eq (sent, received);
      ck_assert_uint_eq (butler_channel_get_accepted (channel), received);
    }
}
END_TEST

START_TEST (reopened_channel_is_as_good_as_new)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_number (channel, 1);
  butler_channel_close (channel);
  butler__chain_close (&channel->internal);
  butler__channel_request (channel, BUTLER__REQUEST_KILL);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
  butler__channel_discard (channel, BUTLER_DEAD_KILLED);
  ck_assert (butler__channel_is_final (channel));
  ck_assert (butler__channel_reopen (channel));
  ck_assert (!butler_channel_is_closed (channel));
  ck_assert (!butler__channel_is_final (channel));
  ck_assert (butler__channel_put_internal (channel, number_message (3)));
  ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), 3);
  send_number (channel, 2);
  ck_assert_int_eq (receive_number (channel), 2);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
}
END_TEST

START_TEST (channel_with_a_reader_is_not_reopened)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  butler_channel_close (channel);
  ck_assert (butler__channel_claim (channel));
  ck_assert (!butler__channel_reopen (channel));
  ck_assert (butler_channel_is_closed (channel));
  butler__channel_release (channel);
  ck_assert (butler__channel_reopen (channel));
}
END_TEST

/* One reader */

static gpointer
try_to_receive (gpointer channel)
{
  GError *error = NULL;
  ButlerMessage *message = butler_channel_receive (channel, -1, &error);

  g_assert_null (message);
  return error;
}

static gpointer
claim_and_release (gpointer channel)
{
  gboolean claimed = butler__channel_claim (channel);

  if (claimed)
    butler__channel_release (channel);
  return GINT_TO_POINTER (claimed);
}

START_TEST (second_reader_is_refused)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  g_autoptr (GError) error = NULL;

  send_number (channel, 1);
  ck_assert (!butler__channel_has_reader (channel));
  ck_assert (butler__channel_claim (channel));
  ck_assert (butler__channel_has_reader (channel));
  ck_assert (!butler__channel_claim (channel));
  error = g_thread_join (g_thread_new ("second", try_to_receive, channel));
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "inbox", NULL);
  butler__channel_release (channel);
  ck_assert_int_eq (receive_number (channel), 1);
}
END_TEST

START_TEST (reader_may_change)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 0, 99);
  for (int value = 0; value < 100; value += 2)
    {
      ck_assert_int_eq (receive_number (channel), value);
      ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (g_thread_new ("reader", receive_for_ever, channel))), value + 1);
    }
}
END_TEST

/* Beside the public lane */

/* Who reads is looked up by others all the time: who only tries must leave no trace. */
START_TEST (reader_for_a_moment_is_followed_by_the_one_before)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  GThread *nobody = NULL;
  GThread *before = NULL;
  GThread *self = g_thread_new ("before", claim_and_release, channel);

  ck_assert (g_thread_join (g_thread_ref (self)));
  ck_assert (butler__channel_claim_from (channel, &before));
  ck_assert_ptr_eq (before, self);
  ck_assert_ptr_eq (butler__served_by (&channel->served), g_thread_self ());
  ck_assert (!butler__channel_claim_from (channel, &nobody));
  ck_assert_ptr_null (nobody);
  ck_assert_ptr_eq (butler__served_by (&channel->served), g_thread_self ());
  g_thread_unref (butler__waits_hand_over (channel->waits, &channel->served, before));
  butler__channel_release (channel);
  ck_assert_ptr_eq (butler__served_by (&channel->served), self);
  g_thread_unref (self);
}
END_TEST

START_TEST (internal_lane_is_apart)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  for (int i = 0; i < 100; i++)
    ck_assert (butler__channel_put_internal (channel, number_message (i)));
  send_number (channel, 1000);
  butler_channel_clear (channel);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 1);
  ck_assert_uint_eq (count_dead (channel), 1);
  for (int i = 0; i < 100; i++)
    ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), i);
  ck_assert_ptr_null (butler__channel_next_internal (channel));
}
END_TEST

START_TEST (internal_lane_outlives_the_public_one)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  ButlerMessage *message = number_message (2);

  butler_channel_close (channel);
  ck_assert (butler__channel_put_internal (channel, number_message (1)));
  butler__chain_close (&channel->internal);
  ck_assert (!butler__channel_put_internal (channel, message));
  ck_assert_int_eq (number_in (message), 2);
  ck_assert_int_eq (number_in (butler__channel_next_internal (channel)), 1);
}
END_TEST

START_TEST (killed_reader_gets_nothing_more)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_parcels (channel, 100);
  ck_assert (butler__channel_claim (channel));
  butler_message_free (butler__channel_next (channel));
  butler__channel_request (channel, BUTLER__REQUEST_KILL);
  ck_assert_ptr_null (butler__channel_next (channel));
  butler__channel_discard (channel, BUTLER_DEAD_KILLED);
  ck_assert_uint_eq (cleared, 100);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_KILLED), 99);
  butler__channel_release (channel);
}
END_TEST

/* What has been put in order is kept while control is looked at. */
START_TEST (putting_in_order_is_resumed)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 0, 9999);
  ck_assert (butler__channel_claim (channel));
  channel->kind->take (channel, FALSE);
  butler__reversal_step (&channel->taken, 30);
  send_number (channel, 10000);
  for (int i = 0; i <= 10000; i++)
    ck_assert_int_eq (number_in (butler__channel_next (channel)), i);
  butler__channel_release (channel);
}
END_TEST

/* Lifetime */

START_TEST (what_nobody_read_is_freed_with_the_channel)
{
  ButlerChannel *channel = channel_made (_i);
  Parcel *record = parcel_new ();

  *record = parcel (0);
  send_parcels (channel, 70);
  butler_message_free (butler_channel_receive (channel, 0, NULL));
  ck_assert (butler__channel_put_internal (channel, butler__envelope_of (record)));
  butler_channel_unref (butler_channel_ref (channel));
  ck_assert_uint_eq (cleared, 1);
  butler_channel_unref (channel);
  ck_assert_uint_eq (cleared, 71);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    what_is_sent_is_received,
    messages_come_in_order,
    send_moves_the_fields_and_leaves_zero,
    try_send_moves_the_fields_too,
    post_copies_nothing,
    opaque_message_is_posted_by_any_file_that_names_it,
    post_of_another_type_is_a_programmer_error,
    receive_now_finds_nothing,
    receive_waits_no_longer_than_it_is_told,
    receive_waits_for_ever,
    receive_with_the_longest_time_out_is_for_ever,
    closed_channel_refuses,
    refused_send_frees_the_message,
    refused_post_frees_the_message,
    refused_try_send_leaves_the_value,
    closed_channel_gives_what_it_has_first,
    closing_wakes_the_reader,
    reopened_channel_is_as_good_as_new,
    channel_with_a_reader_is_not_reopened,
    second_reader_is_refused,
    reader_may_change,
    reader_for_a_moment_is_followed_by_the_one_before,
    internal_lane_is_apart,
    internal_lane_outlives_the_public_one,
    killed_reader_gets_nothing_more,
    putting_in_order_is_resumed,
    what_nobody_read_is_freed_with_the_channel,
  };
  Suite *suite = suite_create ("channel");
  TCase *every = tcase_create ("every making");

  tcase_add_checked_fixture (every, count_parcels_anew, NULL);
  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_MAKINGS);
  tcase_add_loop_test (every, drain_is_final, 0, 2); /* the unbounded ones: the writers have no other reason to end */
  suite_add_tcase (suite, every);
  return butler_test_main (suite);
}
