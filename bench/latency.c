/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/latency.h"

#include <stdlib.h>
#include <string.h>

#define SPIN 100000 /* ns: so late at the most a sleep ends */

/* The bytes are written, so that no page is touched for the first time in a handler. */
static gint64 *
make_samples (guint64 n)
{
  gint64 *samples = g_new (gint64, n);

  memset (samples, 0xff, n * sizeof *samples);
  return samples;
}

void
bench_latency_init (BenchLatency    *self,
                    const BenchArgs *args,
                    BenchRound      *round)
{
  *self = (BenchLatency) {
    .gap = 1e9 / (double) args->rate,
    .tally = { .n = args->n, .round = round },
    .latencies = make_samples (args->n),
    .ways = make_samples (args->n),
  };
}

void
bench_latency_clear (BenchLatency *self)
{
  g_free (self->latencies);
  g_free (self->ways);
}

void
bench_latency_begin (BenchLatency *self)
{
  bench_round_begin (self->tally.round);
  self->begin = bench_clock () + SPIN;
}

static void
sleep_until (gint64 when)
{
  struct timespec time = { .tv_sec = (time_t) (when / 1000000000), .tv_nsec = (long) (when % 1000000000) };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

BenchStamps
bench_latency_wait (const BenchLatency *self,
                    guint64             seq)
{
  gint64 planned = self->begin + (gint64) ((double) seq * self->gap);
  gint64 now = bench_clock ();

  if (planned - now > 2 * SPIN)
    sleep_until (planned - SPIN);
  while (now < planned)
    now = bench_clock ();
  return (BenchStamps) { .planned = planned, .sent = now };
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

/* The smallest one that so many of a thousand are not above, µs. */
static double
quantile (const gint64 *sorted,
          guint64       n,
          guint         of_a_thousand)
{
  return (double) sorted[(n * of_a_thousand + 999) / 1000 - 1] / 1e3;
}

gboolean
bench_latency_end (BenchLatency  *self,
                   BenchRound    *round,
                   GError       **error)
{
  guint64 n = self->tally.n;

  if (!bench_tally_check (&self->tally, error))
    return FALSE;
  qsort (self->latencies, n, sizeof *self->latencies, compare_times);
  qsort (self->ways, n, sizeof *self->ways, compare_times);
  bench_round_add (round, "p50_us", quantile (self->latencies, n, 500));
  bench_round_add (round, "p99_us", quantile (self->latencies, n, 990));
  bench_round_add (round, "p999_us", quantile (self->latencies, n, 999));
  bench_round_add (round, "max_us", quantile (self->latencies, n, 1000));
  bench_round_add (round, "sent_p50_us", quantile (self->ways, n, 500));
  bench_round_add (round, "sent_p99_us", quantile (self->ways, n, 990));
  return TRUE;
}
