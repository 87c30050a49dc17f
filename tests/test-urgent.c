/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/outbox.h"
#include "tests/ways-to-sleep.h"

/* The lane of messages that overtake, in channels of every making. */

static void
send_urgent (ButlerChannel *channel,
             int            first,
             int            last)
{
  for (int value = first; value <= last; value++)
    {
      Number number = { value };
      GError *error = NULL;

      if (!number_send_urgent_to (channel, &number, &error))
        g_error ("%d was not sent: %s", value, error->message);
      g_assert_cmpint (number.value, ==, 0);
    }
}

static gboolean
try_urgent (ButlerChannel *channel,
            int            value,
            GError       **error)
{
  Number number = { value };

  return number_send_urgent_to (channel, &number, error);
}

START_TEST (urgent_messages_overtake)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 1, 5);
  send_urgent (channel, 101, 103);
  ck_assert_uint_eq (butler_channel_get_length (channel), 8);
  assert_numbers (channel, 101, 103);
  assert_numbers (channel, 1, 2);

  /* Also what the reader has taken already. */
  send_urgent (channel, 104, 105);
  send_numbers (channel, 6, 6);
  assert_numbers (channel, 104, 104);
  send_urgent (channel, 106, 106);
  assert_numbers (channel, 105, 106);
  assert_numbers (channel, 3, 6);
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 12);
}
END_TEST

START_TEST (a_flood_lets_others_through)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 1, 3);
  send_urgent (channel, 1001, 1300);
  for (int row = 0; row < 3; row++)
    {
      assert_numbers (channel, 1001 + row * BUTLER__URGENT_IN_A_ROW, 1000 + (row + 1) * BUTLER__URGENT_IN_A_ROW);
      assert_numbers (channel, 1 + row, 1 + row);
    }
  assert_numbers (channel, 1001 + 3 * BUTLER__URGENT_IN_A_ROW, 1300);
}
END_TEST

/* Each look at control while they are put in order costs the others a little more. */
START_TEST (many_others_come_through_too)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  int before = 0;

  send_numbers (channel, 1, 10000);
  send_urgent (channel, 10001, 10300);
  while (receive_number (channel) > 10000)
    before++;
  ck_assert_int_ge (before, BUTLER__URGENT_IN_A_ROW);
  ck_assert_int_le (before, BUTLER__URGENT_IN_A_ROW + 3);
}
END_TEST

static const ButlerOverflow overflows[] = {
  BUTLER_OVERFLOW_FAIL,
  BUTLER_OVERFLOW_BLOCK,
  BUTLER_OVERFLOW_DROP_NEWEST,
  BUTLER_OVERFLOW_DROP_OLDEST,
};

START_TEST (each_lane_has_a_bound_of_its_own)
{
  g_autoptr (ButlerChannel) channel = channel_new (4, overflows[_i], FALSE);
  GError *error = NULL;

  send_numbers (channel, 1, 4);
  send_urgent (channel, 101, 104);
  ck_assert_uint_eq (butler_channel_get_length (channel), 8);
  for (int i = 0; i < 3; i++)
    {
      ck_assert (!try_urgent (channel, 105, &error));
      butler_assert_error (&error, BUTLER_ERROR_FULL, "Number", "inbox", "4", NULL);
    }
  assert_numbers (channel, 101, 101);
  send_urgent (channel, 105, 105);
  ck_assert (!try_urgent (channel, 106, NULL));
  assert_numbers (channel, 102, 105);
  assert_numbers (channel, 1, 4);
  send_urgent (channel, 107, 110);
  assert_numbers (channel, 107, 110);
}
END_TEST

START_TEST (close_lets_what_was_accepted_out)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  GError *error = NULL;

  send_numbers (channel, 1, 2);
  send_urgent (channel, 101, 102);
  butler_channel_close (channel);
  ck_assert (!try_urgent (channel, 103, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "inbox", NULL);
  assert_numbers (channel, 101, 102);
  assert_numbers (channel, 1, 2);
  ck_assert_ptr_null (butler_channel_receive (channel, -1, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "closed and empty", NULL);

  ck_assert (butler__channel_reopen (channel));
  send_urgent (channel, 104, 104);
  send_numbers (channel, 3, 3);
  assert_numbers (channel, 104, 104);
  assert_numbers (channel, 3, 3);
}
END_TEST

/* As a sender that was interrupted before it asked the reader to look. */
START_TEST (the_end_is_not_seen_before_the_last_urgent_message)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert (butler__channel_claim (channel));
  send_number (channel, 1);
  atomic_fetch_add (&channel->accepted, 1);
  ck_assert (butler__urgent_try (&channel->urgent, FALSE));
  butler__chain_link (&channel->urgent.chain, number_message (7));
  butler_channel_close (channel);
  ck_assert_int_eq (number_in (butler__channel_next (channel)), 1);
  ck_assert (!butler__channel_is_final (channel));
  ck_assert_int_eq (number_in (butler__channel_next (channel)), 7);
  ck_assert_ptr_null (butler__channel_next (channel));
  ck_assert (butler__channel_is_final (channel));

  /* It does so when all is over. */
  butler__channel_request (channel, BUTLER__REQUEST_URGENT);
  ck_assert (butler__channel_is_final (channel));
  ck_assert_ptr_null (butler__channel_next (channel));
  butler__channel_release (channel);
}
END_TEST

START_TEST (clear_makes_them_dead_letters)
{
  g_autoptr (ButlerChannel) channel = channel_new (4, overflows[_i], FALSE);

  send_numbers (channel, 1, 2);
  send_urgent (channel, 101, 103);
  ck_assert (butler__channel_claim (channel));
  ck_assert_int_eq (number_in (butler__channel_next (channel)), 101);
  send_urgent (channel, 104, 105);
  butler_channel_clear (channel);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 6);
  ck_assert_ptr_null (butler__channel_next (channel));
  butler__channel_release (channel);

  send_urgent (channel, 106, 109);
  butler_channel_clear (channel);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 10);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  send_urgent (channel, 110, 113);
  send_numbers (channel, 1, 4);
  assert_numbers (channel, 110, 113);
  assert_numbers (channel, 1, 4);
}
END_TEST

static _Atomic guint8 parcels_cleared;

START_TEST (what_nobody_reads_is_freed)
{
  ButlerChannel *channel = channel_made (_i);

  parcels_cleared = 0;
  for (int i = 0; i < 3; i++)
    {
      Parcel parcel = { .cleared = &parcels_cleared };

      ck_assert (parcel_send_urgent_to (channel, &parcel, NULL));
    }
  butler_message_free (butler_channel_receive (channel, 0, NULL));
  butler_channel_unref (channel);
  ck_assert_uint_eq (parcels_cleared, 3);
}
END_TEST

/* Sleeping */

typedef struct
{
  ButlerChannel *channel;
  const WayToSleep *way;
  GAsyncQueue *told; /* (nullable): of each message */
  int seen;
  gboolean in_order;
} Sleeper;

static gpointer
read_all (gpointer data)
{
  Sleeper *sleeper = data;
  ButlerMessage *message;
  int lasts[2] = { -1, -1 };

  g_assert_true (butler__channel_claim (sleeper->channel));
  prepare_to_sleep (sleeper->channel);
  while ((message = next_or_sleep (sleeper->channel, sleeper->way)) != NULL)
    {
      int value = number_in (message);

      sleeper->in_order &= value / 2 > lasts[value % 2];
      lasts[value % 2] = value / 2;
      sleeper->seen++;
      if (sleeper->told != NULL)
        g_async_queue_push (sleeper->told, sleeper);
    }
  butler__channel_release (sleeper->channel);
  return NULL;
}

/* One at a time, each awaited: the reader sleeps before nearly every one. */
START_TEST (an_urgent_message_wakes_who_sleeps)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i % N_MAKINGS);
  GAsyncQueue *told = g_async_queue_new ();
  Sleeper sleeper = { channel, &ways[_i / N_MAKINGS], told, 0, TRUE };
  GThread *thread = g_thread_new ("reader", read_all, &sleeper);

  for (int i = 0; i < 200; i++)
    {
      send_urgent (channel, 2 * i, 2 * i);
      g_async_queue_pop (told);
      if (i % 4 == 0)
        let_time_pass ();
    }
  butler_channel_close (channel);
  g_thread_join (thread);
  ck_assert_int_eq (sleeper.seen, 200);
  ck_assert (sleeper.in_order);
  g_async_queue_unref (told);
}
END_TEST

START_TEST (who_waits_for_the_internal_lane_sleeps_on)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert (butler__channel_claim (channel));
  send_urgent (channel, 1, 1);
  ck_assert (!butler__channel_arm (channel, BUTLER__SLEEP_IN_QUEUE));
  ck_assert (butler__channel_arm_internal (channel, BUTLER__SLEEP_IN_QUEUE, TRUE));
  butler__channel_disarm (channel);
  ck_assert_int_eq (number_in (butler__channel_next (channel)), 1);
  ck_assert_ptr_null (butler__channel_next (channel));
  ck_assert (butler__channel_arm (channel, BUTLER__SLEEP_IN_QUEUE));
  butler__channel_disarm (channel);
  butler__channel_release (channel);
}
END_TEST

/* All at once: two senders, each of both lanes, and one that closes at some time. */

#define SENDERS 2
#define EACH 20000

typedef struct
{
  ButlerChannel *channel;
  pthread_barrier_t *barrier;
  int parity; /* of its numbers */
  gboolean urgent;
  int accepted;
} Sender;

static gpointer
send_until_closed (gpointer data)
{
  Sender *sender = data;

  meet (sender->barrier);
  for (int i = 0; i < EACH; i++)
    {
      Number number = { 2 * i + sender->parity };
      GError *error = NULL;

      if (sender->urgent ? number_send_urgent_to (sender->channel, &number, &error)
                         : number_send_to (sender->channel, &number, &error))
        {
          sender->accepted++;
          continue;
        }
      if (g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_FULL))
        {
          g_clear_error (&error); /* left out; the order of the others stays */
          continue;
        }
      g_assert_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED);
      g_clear_error (&error);
      break;
    }
  return NULL;
}

START_TEST (whenever_it_closes_each_is_handed_out_once)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i % N_MAKINGS);
  Sleeper sleeper = { channel, &ways[_i % N_WAYS], NULL, 0, TRUE };
  Sender senders[SENDERS];
  GThread *threads[SENDERS];
  pthread_barrier_t barrier;
  GThread *reader = g_thread_new ("reader", read_all, &sleeper);

  pthread_barrier_init (&barrier, NULL, SENDERS + 1);
  for (int i = 0; i < SENDERS; i++)
    {
      senders[i] = (Sender) { channel, &barrier, i, i == 1, 0 };
      threads[i] = g_thread_new ("sender", send_until_closed, &senders[i]);
    }
  meet (&barrier);
  for (int i = 0; i < _i; i++)
    let_time_pass ();
  butler_channel_close (channel);
  for (int i = 0; i < SENDERS; i++)
    g_thread_join (threads[i]);
  g_thread_join (reader);
  pthread_barrier_destroy (&barrier);
  ck_assert_uint_eq (senders[0].accepted + senders[1].accepted,
                     sleeper.seen + butler_channel_get_dead_letters (channel, BUTLER_DEAD_DROPPED));
  ck_assert_uint_eq (butler_channel_get_accepted (channel), senders[0].accepted + senders[1].accepted);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  ck_assert (sleeper.in_order);
}
END_TEST

START_TEST (an_outbox_holds_them_back)
{
  g_autoptr (ButlerChannel) channel = channel_new (2, overflows[_i], FALSE);
  ButlerOutbox outbox;

  send_urgent (channel, 101, 102);
  butler__outbox_open (&outbox);
  send_numbers (channel, 1, 2);
  send_urgent (channel, 103, 104);
  butler__outbox_close (&outbox);
  ck_assert_uint_eq (butler_channel_get_length (channel), 2);
  butler__outbox_post (&outbox);
  ck_assert (!try_urgent (channel, 105, NULL));
  assert_numbers (channel, 101, 104);
  assert_numbers (channel, 1, 2);
  send_urgent (channel, 105, 106);
  assert_numbers (channel, 105, 106);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("urgent");
  TCase *all = tcase_create ("all");

  tcase_set_timeout (all, 60);
  tcase_add_loop_test (all, urgent_messages_overtake, 0, N_MAKINGS);
  tcase_add_loop_test (all, a_flood_lets_others_through, 0, N_MAKINGS);
  tcase_add_loop_test (all, many_others_come_through_too, 0, N_MAKINGS);
  tcase_add_loop_test (all, each_lane_has_a_bound_of_its_own, 0, G_N_ELEMENTS (overflows));
  tcase_add_loop_test (all, close_lets_what_was_accepted_out, 0, N_MAKINGS);
  tcase_add_loop_test (all, the_end_is_not_seen_before_the_last_urgent_message, 0, N_MAKINGS);
  tcase_add_loop_test (all, clear_makes_them_dead_letters, 0, G_N_ELEMENTS (overflows));
  tcase_add_loop_test (all, what_nobody_reads_is_freed, 0, N_MAKINGS);
  tcase_add_loop_test (all, an_urgent_message_wakes_who_sleeps, 0, N_MAKINGS * N_WAYS);
  tcase_add_loop_test (all, who_waits_for_the_internal_lane_sleeps_on, 0, N_MAKINGS);
  tcase_add_loop_test (all, whenever_it_closes_each_is_handed_out_once, 0, 5 * N_MAKINGS);
  tcase_add_loop_test (all, an_outbox_holds_them_back, 0, G_N_ELEMENTS (overflows));
  suite_add_tcase (suite, all);
  return butler_test_main (suite);
}
