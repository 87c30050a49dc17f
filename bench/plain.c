/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * Kernels by hand, as a program without this library has them: GThread, GAsyncQueue, one g_new() for each message. */

#include "bench/plain.h"

#define FEW 64 /* of alone, each time */

BenchPlainMessage bench_plain_stop;

typedef struct
{
  const BenchArgs *args;
  GAsyncQueue     *queue;
  BenchTally      *tallies;
  BenchRound      *round;   /* fanin only */
  guint64          missing; /* fanin only */
} Receiver;

/* count */

static gpointer
counter_thread (gpointer data)
{
  Receiver *self = data;
  BenchPlainMessage *message;

  bench_pin (self->args, 1);
  while ((message = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    {
      bench_tally_add (self->tallies, message->seq, message->value);
      g_free (message);
    }
  return NULL;
}

gboolean
bench_count_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  BenchTally tally = { .n = args->n, .round = round };
  Receiver counter = { .args = args, .queue = g_async_queue_new (), .tallies = &tally };
  GThread *thread = g_thread_new ("counter", counter_thread, &counter);

  bench_pin (args, 0);
  bench_round_begin (round);
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n; seq++)
    g_async_queue_push (counter.queue, bench_plain_new (seq, bench_value (seq)));
  g_async_queue_push (counter.queue, &bench_plain_stop);
  g_thread_join (thread);
  g_async_queue_unref (counter.queue);
  return bench_tally_check (&tally, error);
}

/* alone */

gboolean
bench_alone_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  BenchTally tally = { .n = args->n, .round = round };
  GAsyncQueue *queue = g_async_queue_new ();
  BenchPlainMessage *message;

  bench_pin (args, 0);
  bench_round_begin (round);
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n;)
    {
      for (guint64 end = MIN (seq + FEW, args->n); seq < end; seq++)
        g_async_queue_push (queue, bench_plain_new (seq, bench_value (seq)));
      while ((message = g_async_queue_try_pop (queue)) != NULL)
        {
          bench_tally_add (&tally, message->seq, message->value);
          g_free (message);
        }
    }
  g_async_queue_unref (queue);
  return bench_tally_check (&tally, error);
}

/* fanin */

typedef struct
{
  const BenchArgs *args;
  GAsyncQueue     *queue;
  guint            number;
  GThread         *thread;
} Producer;

static gpointer
sink_thread (gpointer data)
{
  Receiver *self = data;
  BenchPlainMessage *message;

  bench_pin (self->args, 0);
  while ((message = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    {
      BenchTally *tally = &self->tallies[bench_fan_producer (message->seq)];

      bench_tally_add (tally, bench_fan_turn (message->seq), message->value);
      g_free (message);
      if (--self->missing == 0)
        bench_round_end (self->round);
    }
  return NULL;
}

static gpointer
produce (gpointer data)
{
  Producer *self = data;

  bench_pin (self->args, 1 + self->number);
  for (guint64 turn = bench_fan_first (self->args, self->number); turn < self->args->n; turn++)
    g_async_queue_push (self->queue, bench_plain_new (bench_fan_seq (self->number, turn), bench_value (turn)));
  return NULL;
}

gboolean
bench_fanin_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  g_autofree BenchTally *tallies = bench_fan_tallies_new (args);
  g_autofree Producer *producers = g_new0 (Producer, args->actors);
  Receiver sink = { .args = args, .queue = g_async_queue_new (), .tallies = tallies, .round = round,
                    .missing = args->actors * args->n };
  GThread *thread = g_thread_new ("sink", sink_thread, &sink);

  bench_round_begin (round);
  for (guint i = 0; i < args->actors; i++)
    {
      producers[i] = (Producer) { .args = args, .queue = sink.queue, .number = i };
      producers[i].thread = g_thread_new ("producer", produce, &producers[i]);
    }
  for (guint i = 0; i < args->actors; i++)
    g_thread_join (producers[i].thread);
  g_async_queue_push (sink.queue, &bench_plain_stop);
  g_thread_join (thread);
  g_async_queue_unref (sink.queue);
  return bench_tally_check_all (tallies, args->actors, error);
}

/* ring, and pingpong, which is a ring of two */

typedef struct
{
  const BenchArgs *args;
  guint            number;
  GAsyncQueue     *queue;   /* (owned) */
  GAsyncQueue     *next;
  BenchTally      *tally;
  gboolean         closes_round;
  gboolean         ends_it;
  GThread         *thread;
} Player;

/* Who gets stop passes it on; who had the token last may be gone by then, its queue is not. */
static gpointer
player_thread (gpointer data)
{
  Player *self = data;
  BenchPlainMessage *token;

  bench_pin (self->args, self->number);
  while ((token = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    {
      bench_tally_add (self->tally, token->seq, token->value);
      if (self->closes_round)
        {
          token->seq++;
          token->value = bench_value (token->seq);
        }
      if (self->ends_it && self->tally->received == self->tally->n)
        {
          g_free (token);
          break;
        }
      g_async_queue_push (self->next, token);
    }
  g_async_queue_push (self->next, &bench_plain_stop);
  return NULL;
}

static Player *
players_new (const BenchArgs *args,
             BenchTally      *tallies)
{
  guint n = (guint) args->actors;
  Player *players = g_new0 (Player, n);

  for (guint i = 0; i < n; i++)
    players[i] = (Player) { .args = args,
                            .number = i,
                            .queue = g_async_queue_new (),
                            .tally = &tallies[i],
                            .closes_round = i == n - 1,
                            .ends_it = i == (args->n - 1) % n };
  for (guint i = 0; i < n; i++)
    {
      players[i].next = players[(i + 1) % n].queue;
      players[i].thread = g_thread_new ("player", player_thread, &players[i]);
    }
  return players;
}

static void
players_free (Player *players,
              guint64 n)
{
  for (guint64 i = 0; i < n; i++)
    g_thread_join (players[i].thread);
  for (guint64 i = 0; i < n; i++)
    g_async_queue_unref (players[i].queue);
  g_free (players);
}

gboolean
bench_ring_plain (const BenchArgs  *args,
                  BenchRound       *round,
                  GError          **error)
{
  g_autofree BenchTally *tallies = bench_ring_tallies_new (args, round);
  Player *players = players_new (args, tallies);
  guint64 seq = args->lose ? 1 : 0;

  bench_round_begin (round);
  g_async_queue_push (players[0].queue, bench_plain_new (seq, bench_value (seq)));
  players_free (players, args->actors);
  return bench_tally_check_all (tallies, args->actors, error);
}

gboolean
bench_pingpong_plain (const BenchArgs  *args,
                      BenchRound       *round,
                      GError          **error)
{
  BenchArgs two = *args;

  two.actors = 2;
  two.n *= 2;
  return bench_ring_plain (&two, round, error);
}
