/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* Fifty servers, all to all: messages of random sizes by every way of sending, questions, timers, tasks, copies for subscribers, urgent
 * ones; handlers that fail, under every failure policy, with supervisors; and stops, kills, swaps and new servers meanwhile. In the end
 * each message is accounted for, by the library's figures and by the test's own. All is drawn from a seed, which is printed;
 * BUTLER_TEST_SEED gives it back, though not the same order of threads. BUTLER_TEST_SCALE is small, full (10 minutes), or not set;
 * BUTLER_TEST_SECONDS says how long. */

#define ROUND 5    /* s: then another hub begins */
#define TOO_LONG 120 /* s: what takes so long beyond its time has come to a stand */
#define SWAP_LIMIT 300 /* ms: a handler that stops another server of the swap lets it be given up */

static guint32 seed;

static guint
get_seconds (void)
{
  const char *given = g_getenv ("BUTLER_TEST_SECONDS");
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");

  if (given != NULL)
    return (guint) g_ascii_strtoull (given, NULL, 10);
  return g_strcmp0 (scale, "small") == 0 ? 2 : g_strcmp0 (scale, "full") == 0 ? 600 : 10;
}

/* Those who load it from outside */

static gpointer
drive (gpointer data)
{
  Sender *sender = data;
  Field *field = sender->field;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  while (!atomic_load_explicit (&field->stops, memory_order_relaxed))
    {
      tickets_await_room (field);
      act_outside (field, sender);
      if (sender->open > 100)
        g_main_context_iteration (context, FALSE);
    }
  while (sender->open > 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* Beginning and ending */

static void
sender_init (Sender *sender,
             Field  *field,
             guint   id)
{
  sender->field = field;
  sender->id = id;
  sender->rand = g_rand_new_with_seed (field->seed * SENDERS + id);
}

static void
slot_init (Slot  *slot,
           Field *field,
           guint  index)
{
  slot->field = field;
  slot->index = index;
  g_snprintf (slot->name, sizeof slot->name, "s%02u", index);
  g_mutex_init (&slot->gate);
  sender_init (&slot->sender, field, index);
}

static Field *
field_new (guint32 of)
{
  Field *field = g_new0 (Field, 1);
  GError *error = NULL;

  field->seed = of;
  leftovers_begin (&field->left);
  g_mutex_init (&field->mutex);
  g_cond_init (&field->changed);
  field->troubles = g_async_queue_new ();
  field->swaps = g_async_queue_new ();
  field->hub = butler_hub_new ();
  butler_hub_set_swap_limit (field->hub, SWAP_LIMIT);
  field->ends = butler_hub_add_channel (field->hub, "ends", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
  for (guint i = 0; i < SERVERS; i++)
    slot_init (&field->slots[i], field, i);
  for (guint i = 0; i < DRIVERS; i++)
    sender_init (&field->drivers[i], field, SERVERS + i);
  swap_load (field);
  trouble_plant (field);
  return field;
}

/* What servers keep of tickets. */
static void
forget_tickets (Field *field)
{
  for (guint i = 0; i < SERVERS; i++)
    g_clear_pointer (&field->slots[i].timed, g_bytes_unref);
}

static void
field_free (Field *field)
{
  for (guint i = 0; i < SERVERS; i++)
    {
      butler_server_unref (field->slots[i].server);
      g_mutex_clear (&field->slots[i].gate);
      g_rand_free (field->slots[i].sender.rand);
    }
  for (guint i = 0; i < DRIVERS; i++)
    g_rand_free (field->drivers[i].rand);
  butler_hub_unref (field->hub);
  g_unlink (field->plugin);
  g_free (field->plugin);
  leftovers_end (&field->left);
  g_async_queue_unref (field->troubles);
  g_async_queue_unref (field->swaps);
  g_cond_clear (&field->changed);
  g_mutex_clear (&field->mutex);
  g_free (field);
}

/* The clock: a round takes its time, and then it has to come to an end */

typedef struct
{
  Field   *field;
  GMutex   mutex;
  GCond    changed;
  gboolean ended;
} Clock;

/* Until something happens that ends the waiting: TRUE, or the time is over. */
static gboolean
wait_seconds (Clock *clock,
              guint  seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  gboolean ended;

  g_mutex_lock (&clock->mutex);
  while (!clock->ended && g_cond_wait_until (&clock->changed, &clock->mutex, deadline))
    ;
  ended = clock->ended;
  g_mutex_unlock (&clock->mutex);
  return ended;
}

static gpointer
watch_the_end (gpointer data)
{
  Clock *clock = data;

  if (!wait_seconds (clock, ROUND + TOO_LONG))
    audit_hang (clock->field);
  return NULL;
}

static void
say_ended (Clock *clock)
{
  g_mutex_lock (&clock->mutex);
  clock->ended = TRUE;
  g_cond_broadcast (&clock->changed);
  g_mutex_unlock (&clock->mutex);
}

/* A round */

static void
stop_all (Field *field)
{
  atomic_store (&field->stops, TRUE);
  g_mutex_lock (&field->mutex);
  field->is_over = TRUE;
  g_cond_broadcast (&field->changed);
  g_mutex_unlock (&field->mutex);
  g_async_queue_push (field->troubles, field);
  g_async_queue_push (field->swaps, field);
}

static void
load_for (Field *field,
          Clock *time,
          guint  seconds)
{
  GThread *drivers[DRIVERS];
  GThread *doctor = g_thread_new ("doctor", trouble_heal, field);
  GThread *trouble = g_thread_new ("trouble", trouble_make, field);
  GThread *swapper = g_thread_new ("swapper", swap_many, field);

  for (guint i = 0; i < DRIVERS; i++)
    drivers[i] = g_thread_new ("driver", drive, &field->drivers[i]);
  wait_seconds (time, seconds);
  stop_all (field);
  for (guint i = 0; i < DRIVERS; i++)
    g_thread_join (drivers[i]);
  g_thread_join (trouble);
  g_thread_join (swapper);
  butler_channel_close (field->ends);
  g_thread_join (doctor);
}

static void
play_round (guint seconds)
{
  Field *field = field_new (seed);
  Clock clock = { .field = field };
  GThread *watch;

  g_mutex_init (&clock.mutex);
  g_cond_init (&clock.changed);
  watch = g_thread_new ("clock", watch_the_end, &clock);
  load_for (field, &clock, seconds);
  butler_hub_shutdown (field->hub);
  forget_tickets (field);
  audit (field);
  say_ended (&clock);
  g_thread_join (watch);
  audit_tell (field);
  field_free (field);
}

START_TEST (every_message_is_accounted_for)
{
  guint left = get_seconds ();

  g_type_ensure (G_TYPE_TASK); /* GIO makes a thread with its first task, and keeps it */
  g_thread_pool_set_max_unused_threads (0); /* GLib keeps those that ran tasks for a while */
  for (; left > 0; left -= MIN (left, ROUND), seed++)
    play_round (MIN (left, ROUND));
}
END_TEST

/* That handlers fail, and what is dead, is what is to be. */
static GLogWriterOutput
drop_warnings (GLogLevelFlags   level,
               const GLogField *fields,
               gsize            n,
               gpointer         data)
{
  return level & G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED : g_log_writer_default (level, fields, n, data);
}

int
main (void)
{
  Suite *suite = suite_create ("stress-hub");
  TCase *tcase = tcase_create ("stress-hub");

  g_log_set_writer_func (drop_warnings, NULL, NULL);
  seed = butler_test_seed ();
  tcase_set_timeout (tcase, 3600);
  tcase_add_test (tcase, every_message_is_accounted_for);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
