/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * send-latency: messages are sent at planned times, one after the other, however late the ones before were. What counts is the
 * time from there to the handler: if something holds the sender up, the messages that it kept back are late too. */

#pragma once

#include <time.h>

#include "bench/work.h"

/* What stands in a message, ns. */
typedef struct
{
  gint64 planned;
  gint64 sent;
} BenchStamps;

typedef struct
{
  /* The sender only. */
  gint64     begin;
  double     gap;        /* ns from one message to the next */

  /* The reader only, until it has ended; on cache lines of its own. */
  _Alignas (64) BenchTally tally;
  gint64    *latencies;  /* (owned): ns from the planned time to the handler */
  gint64    *ways;       /* (owned): ns from the send to the handler */
} BenchLatency;

/* bench_latency_init() makes place for a round's samples. */
void bench_latency_init  (BenchLatency    *self,
                          const BenchArgs *args,
                          BenchRound      *round);
void bench_latency_clear (BenchLatency    *self);

/* bench_latency_begin(): the times are planned from now on. */
void bench_latency_begin (BenchLatency *self);

/* bench_latency_wait() returns when it is time for message @seq: it sleeps while that is far away, then spins. */
BenchStamps bench_latency_wait (const BenchLatency *self,
                                guint64             seq);

/* bench_latency_end() checks what came, and adds the quantiles to the round. */
gboolean bench_latency_end (BenchLatency  *self,
                            BenchRound    *round,
                            GError       **error);

static inline gint64
bench_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* The first thing in the handler. */
static inline void
bench_latency_add (BenchLatency *self,
                   guint64       seq,
                   gint64        planned,
                   gint64        sent)
{
  gint64 now = bench_clock ();

  if (self->tally.received < self->tally.n)
    {
      self->latencies[self->tally.received] = now - planned;
      self->ways[self->tally.received] = now - sent;
    }
  bench_tally_add (&self->tally, seq, bench_value (seq));
}

static inline gboolean
bench_latency_is_over (const BenchLatency *self)
{
  return self->tally.received == self->tally.n;
}
