/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/leftovers.h"
#include "tests/servers.h"

/* Many writers and one server, which is stopped, killed, closed, cleared and started again all the time. Every message has a number of
 * its writer's and a place of its own where it is counted when it is cleared. What happens when is drawn from a seed, which is
 * printed; BUTLER_TEST_SEED gives it back. BUTLER_TEST_SCALE is small (valgrind) or full (300 rounds). */

#define WRITERS 8

static const ButlerServerOptions makings[] = {
  { .capacity = 0 },
  { .as_queue = TRUE },
  { .capacity = 64, .overflow = BUTLER_OVERFLOW_FAIL },
  { .capacity = 64, .overflow = BUTLER_OVERFLOW_BLOCK },
  { .capacity = 64, .overflow = BUTLER_OVERFLOW_DROP_NEWEST },
  { .capacity = 64, .overflow = BUTLER_OVERFLOW_DROP_OLDEST },
};

static guint32 seed;

/* The server's state, given by the test. */
typedef struct
{
  guint   next[WRITERS]; /* no number of this writer below it may come any more */
  guint64 handled;
  guint   disorder;
} Tally;

BUTLER_OPAQUE_MESSAGE (Tally, tally, NULL, NULL);

#define TALLY_HANDLES(H, S) \
  H (S, parcel)
BUTLER_HANDLERS (tally, TALLY_HANDLES);

static void
tally_on_parcel (Tally         *self,
                 Parcel        *parcel,
                 ButlerContext *context)
{
  self->disorder += parcel->number < self->next[parcel->writer];
  self->next[parcel->writer] = parcel->number + 1;
  self->handled++;
  if (parcel->number % 16 == 3)
    parcel_free (parcel_take (context));
}

static const ButlerHandlerSet tally_set = { BUTLER_HANDLER_SET (tally) };

typedef struct
{
  ButlerServer   *server;
  guint           messages; /* of each writer */
  _Atomic guint8 *cleared;  /* WRITERS * messages */
  GAsyncQueue    *tokens;   /* from the writers: time for the next trouble, or the end of one */
  _Atomic int     writers;  /* how many there were so far */

  GMutex          mutex;
  GCond           opened;
  guint           openings; /* counts up when the channel accepts again */
} Field;

static char trouble;
static char done;

static guint
get_openings (Field *field)
{
  guint openings;

  g_mutex_lock (&field->mutex);
  openings = field->openings;
  g_mutex_unlock (&field->mutex);
  return openings;
}

static void
wait_for_opening (Field *field,
                  guint  openings)
{
  g_mutex_lock (&field->mutex);
  while (field->openings == openings)
    g_cond_wait (&field->opened, &field->mutex);
  g_mutex_unlock (&field->mutex);
}

static void
announce_opening (Field *field)
{
  g_mutex_lock (&field->mutex);
  field->openings++;
  g_cond_broadcast (&field->opened);
  g_mutex_unlock (&field->mutex);
}

/* What is refused is cleared by the library, or by who tried. */
static gboolean
send_parcel (ButlerChannel *channel,
             Parcel         parcel,
             gboolean       patient,
             gboolean      *closed)
{
  g_autoptr (GError) error = NULL;
  gboolean sent = patient ? parcel_send_to (channel, &parcel, &error) : parcel_try_send_to (channel, &parcel, &error);

  *closed = !sent && error->code == BUTLER_ERROR_CLOSED;
  if (!sent)
    g_assert_true (*closed || error->code == BUTLER_ERROR_FULL);
  parcel_clear (&parcel);
  return sent;
}

static gpointer
write_all (gpointer data)
{
  Field *field = data;
  guint who = (guint) atomic_fetch_add (&field->writers, 1);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed + who);
  ButlerChannel *channel = butler_server_get_channel (field->server);
  guint accepted = 0;

  for (guint n = 0; n < field->messages; n++)
    {
      Parcel parcel = { .cleared = &field->cleared[who * field->messages + n], .writer = who, .number = n };
      guint openings = get_openings (field);
      gboolean closed;

      accepted += send_parcel (channel, parcel, g_rand_boolean (rand), &closed);
      if (closed)
        wait_for_opening (field, openings);
      if (n % 4096 == 0)
        g_async_queue_push (field->tokens, &trouble);
    }
  g_async_queue_push (field->tokens, &done);
  return GUINT_TO_POINTER (accepted);
}

static void
make_trouble (Field *field,
              GRand *rand)
{
  ButlerChannel *channel = butler_server_get_channel (field->server);

  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      ck_assert (butler_server_stop (field->server));
      break;
    case 1:
      ck_assert (butler_server_kill (field->server));
      break;
    case 2:
      butler_channel_close (channel);
      ck_assert (butler_server_join (field->server));
      break;
    case 3:
      butler_channel_clear (channel);
      return;
    default:
      butler_channel_close (channel);
      butler_channel_clear (channel);
      ck_assert (butler_server_stop (field->server));
    }
  start (field->server);
  announce_opening (field);
}

static void
trouble_until_done (Field *field)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed + WRITERS);
  int left = WRITERS;

  while (left > 0)
    if (g_async_queue_pop (field->tokens) == &done)
      left--;
    else
      make_trouble (field, rand);
}

static guint64
write_and_trouble (Field *field)
{
  GThread *threads[WRITERS];
  guint64 accepted = 0;

  for (guint i = 0; i < WRITERS; i++)
    threads[i] = g_thread_new ("writes", write_all, field);
  trouble_until_done (field);
  for (guint i = 0; i < WRITERS; i++)
    accepted += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  return accepted;
}

static void
assert_each_cleared_once (const Field *field)
{
  for (guint i = 0; i < WRITERS * field->messages; i++)
    ck_assert_msg (field->cleared[i] == 1, "number %u of writer %u was cleared %u times", i % field->messages,
                   i / field->messages, field->cleared[i]);
}

static void
assert_nothing_lost (ButlerHub   *hub,
                     const Tally *tally,
                     guint64      accepted)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "s");

  ck_assert_uint_eq (stats.received, accepted);
  ck_assert_uint_eq (stats.handled, tally->handled);
  ck_assert_uint_eq (stats.length, 0);
  ck_assert_uint_eq (tally->disorder, 0);
}

static void
play_round (const ButlerServerOptions *making,
            guint                      messages)
{
  Tally tally = { 0 };
  Field field = { .messages = messages, .tokens = g_async_queue_new (), .cleared = g_malloc0 (WRITERS * messages) };
  ButlerServerOptions options = *making;
  ButlerHub *hub = butler_hub_new ();
  guint64 accepted;

  options.options_size = sizeof options;
  options.state = &tally;
  field.server = butler_server_new (hub, "s", &tally_set, &options, NULL);
  start (field.server);
  accepted = write_and_trouble (&field);
  ck_assert (butler_server_stop (field.server));
  assert_nothing_lost (hub, &tally, accepted);
  assert_each_cleared_once (&field);
  butler_hub_unref (hub);
  g_async_queue_unref (field.tokens);
  g_free ((gpointer) field.cleared);
}

/* The kernel takes a thread out of /proc a moment after it was joined, and nothing can be waited for there. */
static guint
count_threads (guint expected)
{
  guint n;

  do
    n = leftovers_count ("/proc/self/task");
  while (n > expected);
  return n;
}

START_TEST (every_message_is_handled_or_dead_and_cleared_once)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");
  guint rounds = g_strcmp0 (scale, "full") == 0 ? 300 / G_N_ELEMENTS (makings) : 1;
  guint messages = g_strcmp0 (scale, "small") == 0 ? 5000 : 100000;
  guint threads;
  guint descriptors;

  play_round (&makings[_i], 10); /* what is made once and stays */
  threads = leftovers_count ("/proc/self/task");
  descriptors = leftovers_count ("/proc/self/fd");
  for (guint round = 0; round < rounds; round++, seed++)
    play_round (&makings[_i], round == 0 ? messages : MIN (messages, 10000));
  ck_assert_uint_eq (count_threads (threads), threads);
  ck_assert_uint_eq (leftovers_count ("/proc/self/fd"), descriptors);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("stress-server");
  TCase *tcase = tcase_create ("stress-server");

  seed = butler_test_seed ();
  tcase_set_timeout (tcase, 3600);
  tcase_add_loop_test (tcase, every_message_is_handled_or_dead_and_cleared_once, 0, G_N_ELEMENTS (makings));
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
