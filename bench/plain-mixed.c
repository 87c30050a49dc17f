/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * mixed by hand: the desk and the clients are threads with a GAsyncQueue each; the desk's is bounded by a mutex and a condition; what
 * comes later is a source of a GMainContext whose thread puts it into the desk's queue. */

#include "bench/plain.h"

#define FEW 16 /* of a client, before it looks for answers */

typedef struct
{
  const BenchArgs *args;
  BenchTally      *tallies;
  GAsyncQueue     *queue;
  GMutex           mutex;
  GCond            freed;
  guint            room;   /* under the mutex */
  GMainContext    *timers;
  GMainLoop       *loop;
} Desk;

typedef struct
{
  Desk        *desk;
  guint64      number;
  GAsyncQueue *answers; /* (owned) */
  guint64      answered;
  GThread     *thread;
} Client;

typedef struct
{
  Desk     *desk;
  Client   *client; /* (nullable): a tick */
  BenchKind kind;
  guint64   seq;
  guint64   value;
} Letter;

static gpointer
desk_thread (gpointer data)
{
  Desk *self = data;

  bench_pin (self->args, 0);
  for (guint64 missing = bench_mixed_total (self->args); missing > 0;)
    {
      g_autofree Letter *letter = g_async_queue_pop (self->queue);

      if (letter->client == NULL)
        continue;
      missing--;
      bench_mixed_add (self->tallies, letter->client->number, letter->kind, letter->seq, letter->value);
      if (letter->kind != BENCH_TIMED)
        {
          g_mutex_lock (&self->mutex);
          if (self->room++ == 0)
            g_cond_broadcast (&self->freed);
          g_mutex_unlock (&self->mutex);
        }
      if (letter->kind == BENCH_ASKED)
        {
          GAsyncQueue *answers = letter->client->answers;

          g_async_queue_push (answers, g_steal_pointer (&letter));
        }
    }
  return NULL;
}

static void
wait_for_room (Desk *desk)
{
  g_mutex_lock (&desk->mutex);
  while (desk->room == 0)
    g_cond_wait (&desk->freed, &desk->mutex);
  desk->room--;
  g_mutex_unlock (&desk->mutex);
}

/* Timers */

static gpointer
timers_thread (gpointer data)
{
  Desk *desk = data;

  g_main_context_push_thread_default (desk->timers);
  g_main_loop_run (desk->loop);
  g_main_context_pop_thread_default (desk->timers);
  return NULL;
}

static gboolean
deliver (gpointer data)
{
  Letter *letter = data;

  g_async_queue_push (letter->desk->queue, letter);
  return G_SOURCE_REMOVE;
}

static gboolean
deliver_tick (gpointer data)
{
  Desk *desk = data;

  g_async_queue_push (desk->queue, g_new0 (Letter, 1));
  return G_SOURCE_CONTINUE;
}

static void
attach (Desk       *desk,
        GSource    *source,
        GSourceFunc func,
        gpointer    data)
{
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, desk->timers);
  g_source_unref (source);
}

static void
deliver_later (Letter *letter)
{
  GSource *source = g_timeout_source_new (0);

  g_source_set_ready_time (source, g_get_monotonic_time () + bench_mixed_delay (letter->seq));
  attach (letter->desk, source, deliver, letter);
}

/* The clients */

static void
take_answer (Client *self,
             Letter *answer)
{
  bench_mixed_add (self->desk->tallies, self->number, BENCH_ANSWERED, answer->seq, answer->value);
  self->answered++;
  g_free (answer);
}

static void
send_one (Client    *self,
          BenchKind  kind,
          guint64    seq)
{
  Letter *letter = g_new (Letter, 1);

  *letter = (Letter) { .desk = self->desk, .client = self, .kind = kind, .seq = seq, .value = bench_value (seq) };
  if (kind == BENCH_TIMED)
    {
      deliver_later (letter);
      return;
    }
  wait_for_room (self->desk);
  g_async_queue_push (self->desk->queue, letter);
}

static gpointer
client_thread (gpointer data)
{
  Client *self = data;
  const BenchArgs *args = self->desk->args;
  guint64 seqs[BENCH_KINDS] = { 0 };
  Letter *answer;

  bench_pin (args, 1 + (guint) self->number);
  for (guint64 turn = bench_mixed_first (args, self->number); turn < args->n; turn++)
    {
      BenchKind kind = bench_mixed_kind (turn, args);

      send_one (self, kind, seqs[kind]++);
      while (turn % FEW == 0 && (answer = g_async_queue_try_pop (self->answers)) != NULL)
        take_answer (self, answer);
    }
  while (self->answered < seqs[BENCH_ASKED])
    take_answer (self, g_async_queue_pop (self->answers));
  return NULL;
}

static void
run_clients (Desk *desk)
{
  guint64 n = desk->args->actors;
  g_autofree Client *clients = g_new0 (Client, n);
  GThread *thread;

  for (guint64 i = 0; i < n; i++)
    clients[i] = (Client) { .desk = desk, .number = i, .answers = g_async_queue_new () };
  thread = g_thread_new ("desk", desk_thread, desk);
  for (guint64 i = 0; i < n; i++)
    clients[i].thread = g_thread_new ("client", client_thread, &clients[i]);
  for (guint64 i = 0; i < n; i++)
    g_thread_join (clients[i].thread);
  g_thread_join (thread);
  for (guint64 i = 0; i < n; i++)
    g_async_queue_unref (clients[i].answers);
}

gboolean
bench_mixed_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  g_autofree BenchTally *tallies = bench_mixed_tallies_new (args);
  g_autoptr (GAsyncQueue) queue = g_async_queue_new_full (g_free);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  Desk desk = { .args = args, .tallies = tallies, .queue = queue, .room = args->capacity, .timers = context, .loop = loop };
  GThread *timers;

  attach (&desk, g_timeout_source_new (BENCH_TICK / 1000), deliver_tick, &desk);
  bench_round_begin (round);
  timers = g_thread_new ("timers", timers_thread, &desk);
  run_clients (&desk);
  bench_round_end (round);
  g_main_loop_quit (loop);
  g_thread_join (timers);
  return bench_tally_check_all (tallies, args->actors * BENCH_KINDS, error);
}
