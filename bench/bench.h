/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

#include "bench/report.h"

/* How one round is run. What a peer does not have it passes over. */
typedef struct
{
  guint64  n;
  guint    capacity; /* of the library's channels; 0: unbounded */
  gboolean as_queue;
  gboolean lose;     /* one message is left out, or miscounted: the check has to see it */
} BenchArgs;

/* Runs one round of @args->n operations; FALSE if what arrived is not what was sent. */
typedef gboolean (*BenchFunc) (const BenchArgs  *args,
                               BenchRound       *round,
                               GError          **error);

gboolean bench_count_butler    (const BenchArgs  *args,
                                BenchRound       *round,
                                GError          **error);
gboolean bench_count_plain     (const BenchArgs  *args,
                                BenchRound       *round,
                                GError          **error);
gboolean bench_pingpong_butler (const BenchArgs  *args,
                                BenchRound       *round,
                                GError          **error);
gboolean bench_pingpong_plain  (const BenchArgs  *args,
                                BenchRound       *round,
                                GError          **error);

/* What one receiver got. Every peer does the same work for it. On cache lines of its own, as it mostly stands on the sender's stack. */
typedef struct
{
  _Alignas (64) guint64 n; /* how many there are to be */
  guint64     received;
  guint64     sum;
  guint64     disorder; /* how many did not come when it was their turn */
  BenchRound *round;    /* (nullable): ends with the last message */
} BenchTally;

static inline guint64
bench_value (guint64 seq)
{
  return 3 * seq + 1;
}

static inline void
bench_tally_add (BenchTally *tally,
                 guint64     seq,
                 guint64     value)
{
  tally->disorder += seq != tally->received;
  tally->sum += value;
  if (++tally->received == tally->n && tally->round != NULL)
    bench_round_end (tally->round);
}

/* bench_tally_check() is FALSE, with an error, if something is missing, wrong or out of order. */
gboolean bench_tally_check (const BenchTally  *tally,
                            GError           **error);
