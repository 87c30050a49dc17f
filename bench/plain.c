/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * The same kernels by hand, as a program without this library has them: GThread, GAsyncQueue, one g_new() for each
 * message. */

#include "bench/bench.h"

typedef struct
{
  guint64 seq;
  guint64 value;
} Message;

typedef struct
{
  GAsyncQueue *queue;   /* (owned) */
  BenchTally   tally;
  GAsyncQueue *other;   /* pingpong only */
  gboolean     ends_it; /* pingpong only */
} Worker;

static Message stop; /* what a worker gets when nothing more will come */

static Message *
message_new (guint64 seq)
{
  Message *message = g_new (Message, 1);

  message->seq = seq;
  message->value = bench_value (seq);
  return message;
}

/* count */

static gpointer
counter_thread (gpointer data)
{
  Worker *self = data;
  Message *message;

  while ((message = g_async_queue_pop (self->queue)) != &stop)
    {
      bench_tally_add (&self->tally, message->seq, message->value);
      g_free (message);
    }
  return NULL;
}

gboolean
bench_count_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  Worker worker = { .queue = g_async_queue_new (), .tally = { .n = args->n, .round = round } };
  GThread *thread = g_thread_new ("counter", counter_thread, &worker);

  bench_round_begin (round);
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n; seq++)
    g_async_queue_push (worker.queue, message_new (seq));
  g_async_queue_push (worker.queue, &stop);
  g_thread_join (thread);
  g_async_queue_unref (worker.queue);
  return bench_tally_check (&worker.tally, error);
}

/* pingpong */

static gpointer
player_thread (gpointer data)
{
  Worker *self = data;
  Message *ball;

  while ((ball = g_async_queue_pop (self->queue)) != &stop)
    {
      bench_tally_add (&self->tally, ball->seq, ball->value);
      if (self->ends_it)
        {
          ball->seq++;
          ball->value = bench_value (ball->seq);
        }
      if (self->ends_it && self->tally.received == self->tally.n)
        {
          g_free (ball);
          g_async_queue_push (self->other, &stop);
          return NULL;
        }
      g_async_queue_push (self->other, ball);
    }
  return NULL;
}

gboolean
bench_pingpong_plain (const BenchArgs  *args,
                      BenchRound       *round,
                      GError          **error)
{
  Worker ping = { .queue = g_async_queue_new (), .tally = { .n = args->n, .round = round }, .ends_it = TRUE };
  Worker pong = { .queue = g_async_queue_new (), .tally = { .n = args->n }, .other = ping.queue };
  GThread *threads[2];

  ping.other = pong.queue;
  threads[0] = g_thread_new ("ping", player_thread, &ping);
  threads[1] = g_thread_new ("pong", player_thread, &pong);
  bench_round_begin (round);
  g_async_queue_push (pong.queue, message_new (args->lose ? 1 : 0));
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_async_queue_unref (ping.queue);
  g_async_queue_unref (pong.queue);
  return bench_tally_check (&ping.tally, error) && bench_tally_check (&pong.tally, error);
}
