/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/outbox.h"
#include "tests/channels.h"

/* Senders that wait for room, each test for each of these capacities, as a chain, as one where the kernel has no barrier for all threads,
 * and as a queue. */
static const int capacities[] = { 1, 2, 64, 200 };

#define N_MAKINGS_THAT_BLOCK (3 * (int) G_N_ELEMENTS (capacities))

static int
capacity_of (int making)
{
  return capacities[making / 3];
}

static ButlerChannel *
channel_in (const char  *name,
            int          making,
            ButlerWaits *waits)
{
  ButlerChannel *channel = butler__channel_new (name, (guint) capacity_of (making), BUTLER_OVERFLOW_BLOCK, making % 3 == 2, waits);

  channel->credits.fenced |= making % 3 == 1;
  return channel;
}

static ButlerChannel *
empty_channel (int making)
{
  ButlerWaits *waits = butler__waits_new ();
  ButlerChannel *channel = channel_in ("inbox", making, waits);

  butler__waits_unref (waits);
  return channel;
}

static ButlerChannel *
full_channel (int making)
{
  ButlerChannel *channel = empty_channel (making);

  send_numbers (channel, 1, capacity_of (making));
  return channel;
}

typedef struct
{
  ButlerChannel *channel;
  int            first, last;
  int            error; /* a ButlerError; -1: all was sent */
} Sender;

/* -1, or the ButlerError. */
static int
send_one (ButlerChannel *channel,
          int            value)
{
  g_autoptr (GError) error = NULL;
  Number number = { value };

  return number_send_to (channel, &number, &error) ? -1 : error->code;
}

static gpointer
send_all (gpointer data)
{
  Sender *self = data;

  self->error = -1;
  for (int value = self->first; value <= self->last && self->error == -1; value++)
    self->error = send_one (self->channel, value);
  return NULL;
}

START_TEST (block_never_lets_try_send_wait)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  g_autoptr (GError) error = NULL;
  Number number = { 0 };

  ck_assert (!number_try_send_to (channel, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, "Number", "inbox", NULL);
}
END_TEST

START_TEST (block_waits_for_room)
{
  int capacity = capacity_of (_i), last = (int) butler_test_rounds (5000);
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  Sender sender = { .channel = channel, .first = capacity + 1, .last = capacity + last };
  GThread *thread = g_thread_new ("sender", send_all, &sender);

  for (int value = 1; value <= capacity + last; value++)
    {
      ck_assert_uint_le (butler_channel_get_length (channel), capacity);
      ck_assert_int_eq (number_in (butler_channel_receive (channel, -1, NULL)), value);
    }
  g_thread_join (thread);
  ck_assert_int_eq (sender.error, -1);
  ck_assert_uint_eq (channel->high_water, capacity);
}
END_TEST

/* A handler that never returns, as it were: the reader has the role and looks at nothing while the others send. */

START_TEST (room_made_before_the_senders_come_is_theirs)
{
  int capacity = capacity_of (_i);

  for (int n = 1; n <= capacity; n += 1 + capacity / 10)
    {
      g_autoptr (ButlerChannel) channel = full_channel (_i);
      Sender sender = { .channel = channel, .first = 1000, .last = 1000 + n - 1 };

      ck_assert (butler__channel_claim (channel));
      for (int value = 1; value <= n; value++)
        ck_assert_int_eq (number_in (butler__channel_next (channel)), value);
      g_thread_join (g_thread_new ("sender", send_all, &sender));
      ck_assert_int_eq (sender.error, -1);
      ck_assert_uint_eq (butler_channel_get_length (channel), capacity);
      butler__channel_release (channel);
    }
}
END_TEST

START_TEST (room_made_while_a_sender_waits_is_its_own)
{
  int capacity = capacity_of (_i);

  for (int n = 1; n <= capacity; n += 1 + capacity / 10)
    {
      g_autoptr (ButlerChannel) channel = full_channel (_i);
      Sender sender = { .channel = channel, .first = 1000, .last = 1000 + n - 1 };
      GThread *thread;

      ck_assert (butler__channel_claim (channel));
      thread = g_thread_new ("sender", send_all, &sender);
      let_time_pass ();
      for (int value = 1; value <= n; value++)
        ck_assert_int_eq (number_in (butler__channel_next (channel)), value);
      g_thread_join (thread);
      ck_assert_int_eq (sender.error, -1);
      ck_assert_uint_eq (butler_channel_get_length (channel), capacity);
      butler__channel_release (channel);
    }
}
END_TEST

typedef struct
{
  ButlerChannel *channel;
  GAsyncQueue   *sent;
  guint          n;
} Racer;

static gpointer
send_and_say_so (gpointer data)
{
  Racer *racer = data;

  for (guint i = 0; i < racer->n; i++)
    {
      send_number (racer->channel, (int) i);
      g_async_queue_push (racer->sent, racer);
    }
  return NULL;
}

/* The sender finds no room while the reader makes some, again and again; a wake-up that is lost is the end of it. */
START_TEST (no_wake_up_is_lost)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  Racer racer = { channel, g_async_queue_new (), butler_test_rounds (20000) };
  GThread *thread;

  ck_assert (butler__channel_claim (channel));
  thread = g_thread_new ("racer", send_and_say_so, &racer);
  for (guint i = 0; i < racer.n; i++)
    {
      g_assert_cmpint (number_in (butler__channel_next (channel)), !=, NO_NUMBER);
      g_async_queue_pop (racer.sent);
    }
  g_thread_join (thread);
  butler__channel_release (channel);
  g_async_queue_unref (racer.sent);
}
END_TEST

START_TEST (block_ends_when_the_channel_is_closed)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  Sender sender = { .channel = channel, .first = 1000, .last = 1000 };
  GThread *thread = g_thread_new ("sender", send_all, &sender);

  let_time_pass ();
  butler_channel_close (channel);
  g_thread_join (thread);
  ck_assert_int_eq (sender.error, BUTLER_ERROR_CLOSED);
  assert_numbers (channel, 1, capacity_of (_i));
  ck_assert_int_eq (receive_number (channel), NO_NUMBER);
}
END_TEST

START_TEST (block_ends_when_the_channel_is_cleared)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  Sender sender = { .channel = channel, .first = 1000, .last = 1000 };
  GThread *thread = g_thread_new ("sender", send_all, &sender);

  let_time_pass ();
  butler_channel_clear (channel);
  g_thread_join (thread);
  ck_assert_int_eq (sender.error, -1);
}
END_TEST

START_TEST (reopened_channel_lets_wait_again)
{
  int capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  Sender sender = { .channel = channel, .first = 1000, .last = 1000 };
  GThread *thread;

  butler_channel_close (channel);
  butler_channel_clear (channel);
  ck_assert (butler__channel_reopen (channel));
  send_numbers (channel, 1, capacity);
  thread = g_thread_new ("sender", send_all, &sender);
  let_time_pass ();
  assert_numbers (channel, 1, capacity);
  g_thread_join (thread);
  ck_assert_int_eq (sender.error, -1);
}
END_TEST

/* Who waits for whom. */

START_TEST (reader_does_not_wait_for_itself)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  g_autoptr (GError) error = NULL;
  Number number = { 0 };

  ck_assert (butler__channel_claim (channel));
  ck_assert (!number_send_to (channel, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", "inbox", NULL);
  butler_channel_close (channel);
  ck_assert (!number_send_to (channel, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, NULL);
  butler__channel_release (channel);
}
END_TEST

/* Two readers with full channels: another thread has theirs, and sends to mine. */
typedef struct
{
  ButlerWaits      *waits;
  ButlerChannel    *mine, *theirs;
  pthread_barrier_t claimed;
  GThread          *thread;
  int               errors[2]; /* the other thread's */
} Pair;

static gpointer
claim_send_and_read (gpointer data)
{
  Pair *pair = data;
  gboolean claimed = butler__channel_claim (pair->theirs);

  g_assert_true (claimed);
  meet (&pair->claimed);
  pair->errors[0] = send_one (pair->mine, 1000);
  pair->errors[1] = pair->errors[0] == BUTLER_ERROR_CANCELLED ? send_one (pair->mine, 1001) : -1;
  number_in (butler__channel_next (pair->theirs));
  butler__channel_release (pair->theirs);
  return NULL;
}

static void
pair_start (Pair *pair,
            int   making)
{
  int capacity = capacity_of (making);

  pair->waits = butler__waits_new ();
  pair->mine = channel_in ("mine", making, pair->waits);
  pair->theirs = channel_in ("theirs", making, pair->waits);
  send_numbers (pair->mine, 1, capacity);
  send_numbers (pair->theirs, 1, capacity);
  ck_assert (butler__channel_claim (pair->mine));
  pthread_barrier_init (&pair->claimed, NULL, 2);
}

static void
pair_let_other_send (Pair *pair)
{
  pair->thread = g_thread_new ("other", claim_send_and_read, pair);
  meet (&pair->claimed);
}

static void
pair_join_other (Pair *pair)
{
  g_thread_join (pair->thread);
}

static void
pair_end (Pair *pair)
{
  butler__channel_release (pair->mine);
  pthread_barrier_destroy (&pair->claimed);
  butler_channel_unref (pair->mine);
  butler_channel_unref (pair->theirs);
  butler__waits_unref (pair->waits);
}

/* Whoever comes second is refused, reads, and so lets the first go on. */
START_TEST (of_two_that_would_wait_for_each_other_one_is_refused)
{
  for (guint round = 0; round < butler_test_rounds (100); round++)
    {
      Pair pair;
      int error;

      pair_start (&pair, _i);
      pair_let_other_send (&pair);
      error = send_one (pair.theirs, 2000);
      number_in (butler__channel_next (pair.mine));
      pair_join_other (&pair);
      ck_assert_int_eq (MIN (error, pair.errors[0]), -1);
      ck_assert_int_eq (MAX (error, pair.errors[0]), BUTLER_ERROR_WOULD_DEADLOCK);
      pair_end (&pair);
    }
}
END_TEST

/* Who was given room goes on, and then reads: it is in nobody's way, even if it has not come to see that yet. */
START_TEST (nobody_is_refused_for_who_has_room)
{
  for (guint round = 0; round < butler_test_rounds (200); round++)
    {
      Pair pair;

      pair_start (&pair, _i);
      pair_let_other_send (&pair);
      let_time_pass ();
      ck_assert_int_eq (number_in (butler__channel_next (pair.mine)), 1);
      ck_assert_int_eq (send_one (pair.theirs, 2000), -1);
      pair_join_other (&pair);
      ck_assert_int_eq (pair.errors[0], -1);
      pair_end (&pair);
    }
}
END_TEST

/* Another channel's reader, who does not read while it is killed. */
START_TEST (killed_sender_waits_no_more)
{
  for (guint round = 0; round < butler_test_rounds (100); round++)
    {
      Pair pair;

      pair_start (&pair, _i);
      pair_let_other_send (&pair);
      if (round % 2 == 0)
        let_time_pass ();
      butler__waits_cancel (pair.waits, &pair.theirs->served);
      pair_join_other (&pair);
      ck_assert_int_eq (pair.errors[0], BUTLER_ERROR_CANCELLED);
      ck_assert_int_eq (pair.errors[1], BUTLER_ERROR_CANCELLED);
      pair_end (&pair);
    }
}
END_TEST

START_TEST (next_run_waits_as_ever)
{
  Pair pair;

  pair_start (&pair, _i);
  butler__waits_cancel (pair.waits, &pair.theirs->served);
  ck_assert (butler__channel_reopen (pair.theirs));
  pair_let_other_send (&pair);
  ck_assert_int_eq (number_in (butler__channel_next (pair.mine)), 1);
  pair_join_other (&pair);
  ck_assert_int_eq (pair.errors[0], -1);
  pair_end (&pair);
}
END_TEST

/* Many senders, one place after the other. */
START_TEST (all_that_wait_get_room)
{
  int n = (int) butler_test_rounds (2000), capacity = capacity_of (_i);
  g_autoptr (ButlerChannel) channel = empty_channel (_i);
  Sender senders[4];
  GThread *threads[4];
  int next[4] = { 0 };

  for (int i = 0; i < 4; i++)
    {
      senders[i] = (Sender) { .channel = channel, .first = i * n, .last = (i + 1) * n - 1 };
      threads[i] = g_thread_new ("sender", send_all, &senders[i]);
    }
  for (int i = 0; i < 4 * n; i++)
    {
      int value = number_in (butler_channel_receive (channel, -1, NULL));

      ck_assert_int_eq (value % n, next[value / n]++);
    }
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  ck_assert_uint_le (channel->high_water, capacity);
  ck_assert_uint_eq (butler__credits_used (&channel->credits), 0);
}
END_TEST

/* By the reader itself, as in a swap: it would be refused to wait for room. */
START_TEST (what_was_held_back_finds_room)
{
  g_autoptr (ButlerChannel) channel = full_channel (_i);
  ButlerOutbox outbox;

  butler__outbox_open (&outbox);
  send_number (channel, capacity_of (_i) + 1);
  butler__outbox_close (&outbox);
  ck_assert_uint_eq (butler_channel_get_length (channel), capacity_of (_i));
  ck_assert (butler__channel_claim (channel));
  butler__outbox_post (&outbox);
  butler__channel_release (channel);
  for (int value = 1; value <= capacity_of (_i) + 1; value++)
    ck_assert_int_eq (number_in (butler_channel_receive (channel, 0, NULL)), value);
  ck_assert_uint_eq (butler__credits_used (&channel->credits), 0);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    block_never_lets_try_send_wait,
    block_waits_for_room,
    room_made_before_the_senders_come_is_theirs,
    room_made_while_a_sender_waits_is_its_own,
    no_wake_up_is_lost,
    block_ends_when_the_channel_is_closed,
    block_ends_when_the_channel_is_cleared,
    reopened_channel_lets_wait_again,
    reader_does_not_wait_for_itself,
    of_two_that_would_wait_for_each_other_one_is_refused,
    nobody_is_refused_for_who_has_room,
    killed_sender_waits_no_more,
    next_run_waits_as_ever,
    all_that_wait_get_room,
    what_was_held_back_finds_room,
  };
  Suite *suite = suite_create ("block");
  TCase *every = tcase_create ("every capacity and kind");

  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_MAKINGS_THAT_BLOCK);
  suite_add_tcase (suite, every);
  return butler_test_main (suite);
}
