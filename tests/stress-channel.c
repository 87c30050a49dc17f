/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/ways-to-sleep.h"

/* Many writers, one reader that sleeps now in this way and now in that one, and one who meddles: what is accepted is received in order
 * or dead, and each payload is cleared once, whatever happens. BUTLER_TEST_SCALE is small, full, or not set; BUTLER_TEST_SEED chooses
 * the same steps again, though not the same order of threads. */
#define WRITERS 8

typedef enum
{
  MEDDLE_NOT,
  MEDDLE_CLOSE,
  MEDDLE_CLEAR,
  N_MEDDLINGS
} Meddling;

static const struct
{
  gboolean       as_queue;
  guint          capacity;
  ButlerOverflow overflow;
} stressed[] = {
  { FALSE, 0, BUTLER_OVERFLOW_FAIL },
  { TRUE, 0, BUTLER_OVERFLOW_FAIL },
  { FALSE, 100, BUTLER_OVERFLOW_FAIL },
  { FALSE, 100, BUTLER_OVERFLOW_BLOCK },
  { TRUE, 100, BUTLER_OVERFLOW_BLOCK },
  { FALSE, 1, BUTLER_OVERFLOW_BLOCK },
  { FALSE, 2, BUTLER_OVERFLOW_BLOCK },
  { FALSE, 1, BUTLER_OVERFLOW_FAIL },
  { FALSE, 100, BUTLER_OVERFLOW_DROP_NEWEST },
  { FALSE, 100, BUTLER_OVERFLOW_DROP_OLDEST },
};

#define N_VARIANTS ((int) G_N_ELEMENTS (stressed) * N_MEDDLINGS)

static guint32 seed;
static guint   rounds;   /* of each variant */
static guint   messages; /* of each writer, in the first round of a variant */
static guint   fewer;    /* in those that follow */

static void
set_scale (void)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");

  rounds = 1;
  messages = 10000;
  if (g_strcmp0 (scale, "small") == 0)
    messages = 200;
  else if (g_strcmp0 (scale, "full") == 0)
    {
      rounds = (300 + N_VARIANTS - 1) / N_VARIANTS;
      messages = 100000;
    }
  fewer = MIN (messages, 10000);
}

typedef struct _Round Round;

typedef struct
{
  Round   *round;
  guint    id;
  GRand   *rand;
  guint    tried, accepted;
  GThread *thread;
} Writer;

struct _Round
{
  ButlerChannel  *channel;
  Meddling        meddling;
  gboolean        is_gapless; /* each message of a writer is received, up to some last one */
  _Atomic guint8 *cleared;    /* of each payload */
  Writer          writers[WRITERS];
  GAsyncQueue    *wishes;     /* to the meddler */
  GThread        *meddler, *closer;

  /* The reader. */
  GRand          *rand;
  guint           next[WRITERS];
  guint64         received;
};

/* Writers */

static gboolean
post (ButlerChannel *channel,
      const Parcel  *parcel,
      GError       **error)
{
  Parcel *record = parcel_new ();

  *record = *parcel;
  return parcel_post_to (channel, record, error);
}

static gboolean
send_or_try (ButlerChannel *channel,
             Parcel        *parcel,
             GRand         *rand,
             GError       **error)
{
  switch (g_rand_int_range (rand, 0, 3))
    {
    case 0:
      return parcel_send_to (channel, parcel, error);
    case 1:
      return post (channel, parcel, error);
    default:
      return parcel_try_send_to (channel, parcel, NULL) || parcel_send_to (channel, parcel, error);
    }
}

static gpointer
write_all (gpointer data)
{
  Writer *writer = data;
  Round *round = writer->round;
  gboolean closed = FALSE;

  while (writer->tried < messages && !closed)
    {
      g_autoptr (GError) error = NULL;
      Parcel parcel = { .writer = writer->id, .number = writer->tried };

      parcel.cleared = &round->cleared[writer->id * messages + writer->tried++];
      if (send_or_try (round->channel, &parcel, writer->rand, &error))
        writer->accepted++;
      else
        closed = g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED);
    }
  return NULL;
}

static gpointer
close_when_all_is_written (gpointer data)
{
  Round *round = data;

  for (guint i = 0; i < WRITERS; i++)
    g_thread_join (round->writers[i].thread);
  butler_channel_close (round->channel);
  return NULL;
}

/* Who meddles */

static char wish, no_more_wishes;

static gpointer
meddle (gpointer data)
{
  Round *round = data;

  while (g_async_queue_pop (round->wishes) == &wish)
    if (round->meddling == MEDDLE_CLOSE)
      butler_channel_close (round->channel);
    else
      butler_channel_clear (round->channel);
  return NULL;
}

/* Some ten times while all is written; once is enough for closing, which comes in the middle. */
static void
make_wish (Round *round)
{
  guint64 each = messages * WRITERS / (round->meddling == MEDDLE_CLOSE ? 2 : 10);

  if (round->meddling != MEDDLE_NOT && (guint64) g_rand_int_range (round->rand, 0, (gint32) each) == 0)
    g_async_queue_push (round->wishes, &wish);
}

/* The reader */

static void
check (Round         *round,
       ButlerMessage *message)
{
  const Parcel *parcel = parcel_get (message);
  guint *next = &round->next[parcel->writer];

  g_assert_cmpuint (parcel->number, >=, *next); /* Check's own writes to a file each time */
  if (round->is_gapless)
    g_assert_cmpuint (parcel->number, ==, *next);
  *next = parcel->number + 1;
  round->received++;
  butler_message_free (message);
  make_wish (round);
}

/* A sleep whose time is over at once leaves a wake-up for later. */
static void
sleep_somehow (Round *round)
{
  sleep_if_idle (round->channel, &ways[g_rand_int_range (round->rand, 0, N_WAYS)], g_rand_int_range (round->rand, 0, 4) > 0);
}

/* The role is had without it being refused ever, whoever clears. FALSE: nothing comes any more. */
static gboolean
read_with_a_role (Round *round)
{
  gint32 n = g_rand_int_range (round->rand, 1, 2000);
  gboolean is_final;

  ck_assert (butler__channel_claim (round->channel));
  while (!(is_final = butler__channel_is_final (round->channel)) && n-- > 0)
    {
      ButlerMessage *message = butler__channel_next (round->channel);

      if (message != NULL)
        check (round, message);
      else
        sleep_somehow (round);
    }
  butler__channel_release (round->channel);
  return !is_final;
}

static void
receive_some (Round *round)
{
  ButlerMessage *message = NULL;

  for (gint32 n = g_rand_int_range (round->rand, 1, 100); n > 0; n--)
    {
      g_autoptr (GError) error = NULL;

      message = butler_channel_receive (round->channel, g_rand_int_range (round->rand, -1, 20), &error);
      if (message != NULL)
        check (round, message);
      else
        g_assert_false (g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_BUSY));
    }
}

static void
read_all (Round *round)
{
  while (read_with_a_role (round))
    receive_some (round);
}

/* A round */

static void
begin (Round *round,
       int    variant,
       guint  number)
{
  guint making = (guint) variant / N_MEDDLINGS;
  guint32 seeds[] = { seed, (guint32) variant, number };

  round->rand = g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
  round->meddling = variant % N_MEDDLINGS;
  round->channel = channel_new (stressed[making].capacity, stressed[making].overflow, stressed[making].as_queue);
  round->is_gapless = round->meddling != MEDDLE_CLEAR
                      && (stressed[making].capacity == 0 || stressed[making].overflow == BUTLER_OVERFLOW_BLOCK);
  round->cleared = g_malloc0 (WRITERS * messages);
  round->wishes = g_async_queue_new ();
  prepare_to_sleep (round->channel);
}

static void
start_threads (Round *round)
{
  for (guint i = 0; i < WRITERS; i++)
    round->writers[i] = (Writer) { .round = round, .id = i, .rand = g_rand_new_with_seed (g_rand_int (round->rand)) };
  for (guint i = 0; i < WRITERS; i++)
    round->writers[i].thread = g_thread_new ("writer", write_all, &round->writers[i]);
  round->closer = g_thread_new ("closer", close_when_all_is_written, round);
  round->meddler = g_thread_new ("meddler", meddle, round);
}

static void
join_threads (Round *round)
{
  g_thread_join (round->closer);
  g_async_queue_push (round->wishes, &no_more_wishes);
  g_thread_join (round->meddler);
}

static void
assert_that_all_adds_up (Round *round)
{
  ButlerChannel *channel = round->channel;
  guint64 accepted = 0;

  for (guint i = 0; i < WRITERS; i++)
    accepted += round->writers[i].accepted;
  ck_assert_uint_eq (butler_channel_get_accepted (channel), accepted);
  ck_assert_uint_eq (round->received + count_dead (channel), accepted);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  ck_assert_uint_eq (butler__credits_used (&channel->credits), 0);
  if (channel->credits.capacity > 0)
    ck_assert_uint_le (channel->high_water, channel->credits.capacity);
}

static void
assert_that_each_was_cleared_once (Round *round)
{
  for (guint i = 0; i < WRITERS; i++)
    for (guint n = 0; n < messages; n++)
      g_assert_cmpuint (round->cleared[i * messages + n], ==, n < round->writers[i].tried);
}

static void
end (Round *round)
{
  for (guint i = 0; i < WRITERS; i++)
    g_rand_free (round->writers[i].rand);
  g_rand_free (round->rand);
  g_async_queue_unref (round->wishes);
  butler_channel_unref (round->channel);
  g_free ((gpointer) round->cleared);
}

START_TEST (everything_arrives_once_and_in_order)
{
  for (guint number = 0; number < rounds; number++)
    {
      Round round = { 0 };

      if (number > 0)
        messages = fewer;
      begin (&round, _i, number);
      start_threads (&round);
      read_all (&round);
      join_threads (&round);
      assert_that_all_adds_up (&round);
      assert_that_each_was_cleared_once (&round);
      end (&round);
    }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("stress-channel");
  TCase *variants = tcase_create ("every making and meddling");

  seed = butler_test_seed ();
  set_scale ();
  tcase_set_timeout (variants, rounds == 1 ? 300 : 3600);
  tcase_add_loop_test (variants, everything_arrives_once_and_in_order, 0, N_VARIANTS);
  suite_add_tcase (suite, variants);
  return butler_test_main (suite);
}
