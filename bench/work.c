/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/work.h"

#include <stdlib.h>
#include <string.h>

/* Tallies */

static guint64
expected_sum (guint64 n)
{
  guint64 sum = 0;

  for (guint64 seq = 0; seq < n; seq++)
    sum += bench_value (seq);
  return sum;
}

gboolean
bench_tally_check (const BenchTally  *tally,
                   GError           **error)
{
  guint64 sum = expected_sum (tally->n);

  if (tally->received == tally->n && tally->disorder == 0 && tally->sum == sum)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED,
               "wrong: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
               " out of order, sum %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT,
               tally->received, tally->n, tally->disorder, tally->sum, sum);
  return FALSE;
}

gboolean
bench_tally_check_all (const BenchTally  *tallies,
                       guint64            n,
                       GError           **error)
{
  for (guint64 i = 0; i < n; i++)
    if (!bench_tally_check (&tallies[i], error))
      return FALSE;
  return TRUE;
}

BenchTally *
bench_fan_tallies_new (const BenchArgs *args)
{
  BenchTally *tallies = g_new0 (BenchTally, args->actors);

  for (guint64 i = 0; i < args->actors; i++)
    tallies[i].n = args->n;
  return tallies;
}

BenchTally *
bench_ring_tallies_new (const BenchArgs *args,
                        BenchRound      *round)
{
  BenchTally *tallies = g_new0 (BenchTally, args->actors);

  for (guint64 i = 0; i < args->actors; i++)
    tallies[i].n = args->n / args->actors + (i < args->n % args->actors ? 1 : 0);
  tallies[(args->n - 1) % args->actors].round = round;
  return tallies;
}

BenchTally *
bench_mixed_tallies_new (const BenchArgs *args)
{
  BenchTally *tallies = g_new0 (BenchTally, args->actors * BENCH_KINDS);

  for (guint64 turn = 0; turn < args->n; turn++)
    tallies[bench_mixed_kind (turn, args)].n++;
  tallies[BENCH_ANSWERED].n = tallies[BENCH_ASKED].n;
  for (guint64 i = BENCH_KINDS; i < args->actors * BENCH_KINDS; i++)
    tallies[i].n = tallies[i % BENCH_KINDS].n;
  return tallies;
}

/* Bursts */

void
bench_burst_fill (guint64         *words,
                  gsize            size,
                  guint64          seq,
                  const BenchArgs *args)
{
  gsize last = size / sizeof *words - 1;

  words[0] = seq;
  if (!args->ends_only)
    for (gsize i = 1; i < last; i++)
      words[i] = seq + i;
  words[last] = bench_value (seq);
}

/* One burst more than are asked for: the first is not measured. */
BenchTally
bench_burst_tally (const BenchArgs *args)
{
  return (BenchTally) { .n = args->n * (args->rounds + 1) };
}

/* One that is to be lost comes with another one's number. */
void
bench_burst_add (BenchTally      *tally,
                 const guint64   *words,
                 const BenchArgs *args)
{
  guint64 seq = args->lose && words[0] == 0 ? 1 : words[0];

  bench_tally_add (tally, seq, words[args->size / sizeof *words - 1]);
}

/* Time and memory */

void
bench_rest (const BenchArgs *args,
            BenchRound      *round)
{
  bench_round_begin (round);
  g_usleep ((gulong) args->seconds * G_USEC_PER_SEC);
  bench_round_end (round);
  bench_round_add (round, "cpu_ms_per_second",
                   (round->end.cpu_seconds - round->begin.cpu_seconds) * 1e3 / (round->end.seconds - round->begin.seconds));
}

/* The most memory that the process had so far, KiB. */
static gsize
get_peak (void)
{
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  line = strstr (status, "VmHWM:");
  return line != NULL ? strtoul (line + strlen ("VmHWM:"), NULL, 10) : 0;
}

gboolean
bench_live_through (gboolean  (*live) (const BenchArgs *args, GError **error),
                    const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  BenchArgs one = *args;
  gsize before;

  one.actors = 1;
  one.lose = FALSE;
  if (!live (&one, error))
    return FALSE;
  before = get_peak ();
  bench_round_begin (round);
  if (!live (args, error))
    return FALSE;
  bench_round_end (round);
  bench_round_add (round, "rss_kib", (double) (get_peak () - before) / (double) args->actors);
  return TRUE;
}
