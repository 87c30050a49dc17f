/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * The other kernels by hand: bursts, many threads, latency. */

#include "bench/latency.h"
#include "bench/plain.h"

/* burst */

typedef struct
{
  const BenchArgs *args;
  GAsyncQueue     *queue;
  GAsyncQueue     *answers;
} Mirror;

static gpointer
mirror_thread (gpointer data)
{
  Mirror *self = data;
  gpointer message;

  bench_pin (self->args, 1);
  while ((message = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    g_async_queue_push (self->answers, message);
  return NULL;
}

static void
burst_once (Mirror          *mirror,
            BenchTally      *tally,
            const BenchArgs *args)
{
  guint64 first = tally->received, last = first + args->n;

  for (guint64 seq = first; seq < last; seq++)
    {
      guint64 *words = g_malloc (args->size);

      bench_burst_fill (words, args->size, seq, args);
      g_async_queue_push (mirror->queue, words);
    }
  for (guint64 seq = first; seq < last; seq++)
    {
      guint64 *words = g_async_queue_pop (mirror->answers);

      bench_burst_add (tally, words, args);
      g_free (words);
    }
}

gboolean
bench_burst_plain (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  Mirror mirror = { .args = args, .queue = g_async_queue_new (), .answers = g_async_queue_new () };
  GThread *thread = g_thread_new ("mirror", mirror_thread, &mirror);
  BenchTally tally = bench_burst_tally (args);

  bench_pin (args, 0);
  burst_once (&mirror, &tally, args); /* makes the heap as large as it will be */
  bench_round_begin (round);
  for (guint64 i = 0; i < args->rounds; i++)
    burst_once (&mirror, &tally, args);
  bench_round_end (round);
  g_async_queue_push (mirror.queue, &bench_plain_stop);
  g_thread_join (thread);
  g_async_queue_unref (mirror.queue);
  g_async_queue_unref (mirror.answers);
  return bench_tally_check (&tally, error);
}

/* create, idle */

typedef struct
{
  const BenchArgs *args;
  guint            number;
  GAsyncQueue     *queue; /* (owned) */
  GAsyncQueue     *answers;
  GThread         *thread;
} Clerk;

typedef struct
{
  Clerk       *clerks;  /* (owned) */
  guint64      n;
  GAsyncQueue *answers; /* (owned) */
} Office;

static gpointer
clerk_thread (gpointer data)
{
  Clerk *self = data;
  BenchPlainMessage *hello;

  bench_pin (self->args, self->number);
  while ((hello = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    {
      hello->value = bench_value (self->number);
      g_async_queue_push (self->answers, hello);
    }
  return NULL;
}

static void
office_open (Office          *self,
             const BenchArgs *args)
{
  self->n = args->actors;
  self->clerks = g_new0 (Clerk, self->n);
  self->answers = g_async_queue_new ();
  for (guint i = 0; i < self->n; i++)
    {
      Clerk *clerk = &self->clerks[i];

      *clerk = (Clerk) { .args = args, .number = i, .queue = g_async_queue_new (), .answers = self->answers };
      clerk->thread = g_thread_new ("clerk", clerk_thread, clerk);
    }
}

static gboolean
office_ask_all (Office           *self,
                const BenchArgs  *args,
                GError          **error)
{
  BenchTally tally = { .n = self->n };
  guint64 lost = args->lose ? 1 : 0;

  for (guint64 i = lost; i < self->n; i++)
    g_async_queue_push (self->clerks[i].queue, bench_plain_new (0, 0));
  for (guint64 i = lost; i < self->n; i++)
    {
      BenchPlainMessage *answer = g_async_queue_pop (self->answers);

      bench_tally_add (&tally, tally.received, answer->value); /* they come in any order */
      g_free (answer);
    }
  return bench_tally_check (&tally, error);
}

static void
office_close (Office *self)
{
  for (guint64 i = 0; i < self->n; i++)
    g_async_queue_push (self->clerks[i].queue, &bench_plain_stop);
  for (guint64 i = 0; i < self->n; i++)
    {
      g_thread_join (self->clerks[i].thread);
      g_async_queue_unref (self->clerks[i].queue);
    }
  g_async_queue_unref (self->answers);
  g_free (self->clerks);
}

static gboolean
live (const BenchArgs  *args,
      GError          **error)
{
  Office office;
  gboolean ok;

  office_open (&office, args);
  ok = office_ask_all (&office, args, error);
  office_close (&office);
  return ok;
}

gboolean
bench_create_plain (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  return bench_live_through (live, args, round, error);
}

gboolean
bench_idle_plain (const BenchArgs  *args,
                  BenchRound       *round,
                  GError          **error)
{
  Office office;
  gboolean ok;

  office_open (&office, args);
  ok = office_ask_all (&office, args, error);
  if (ok)
    {
      bench_rest (args, round);
      ok = office_ask_all (&office, args, error);
    }
  office_close (&office);
  return ok;
}

/* send-latency */

typedef struct
{
  guint64 seq;
  gint64  planned;
  gint64  sent;
} Probe;

typedef struct
{
  const BenchArgs *args;
  GAsyncQueue     *queue;
  BenchLatency     latency;
} Clocker;

static Probe chore; /* what a busy thread always has to do besides */

static gpointer
clocker_thread (gpointer data)
{
  Clocker *self = data;
  gpointer message;

  bench_pin (self->args, 1);
  while ((message = g_async_queue_pop (self->queue)) != &bench_plain_stop)
    if (message != &chore)
      {
        Probe *probe = message;

        bench_latency_add (&self->latency, probe->seq, probe->planned, probe->sent);
        g_free (probe);
      }
    else if (!bench_latency_is_over (&self->latency))
      g_async_queue_push (self->queue, message);
  return NULL;
}

static void
send_probes (Clocker         *clocker,
             const BenchArgs *args)
{
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n; seq++)
    {
      BenchStamps stamps = bench_latency_wait (&clocker->latency, seq);
      Probe *probe = g_new (Probe, 1);

      *probe = (Probe) { .seq = seq, .planned = stamps.planned, .sent = stamps.sent };
      g_async_queue_push (clocker->queue, probe);
    }
}

gboolean
bench_send_latency_plain (const BenchArgs  *args,
                          BenchRound       *round,
                          GError          **error)
{
  Clocker clocker = { .args = args, .queue = g_async_queue_new () };
  GThread *thread;
  gboolean ok;

  bench_latency_init (&clocker.latency, args, round);
  thread = g_thread_new ("clocker", clocker_thread, &clocker);
  if (args->busy)
    g_async_queue_push (clocker.queue, &chore);
  bench_pin (args, 0);
  bench_latency_begin (&clocker.latency);
  send_probes (&clocker, args);
  g_async_queue_push (clocker.queue, &bench_plain_stop);
  g_thread_join (thread);
  g_async_queue_unref (clocker.queue);
  ok = bench_latency_end (&clocker.latency, round, error);
  bench_latency_clear (&clocker.latency);
  return ok;
}
