/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

#include "bench/report.h"

typedef struct
{
  guint    swaps;
  guint    rate;    /* messages a second, of all writers */
  guint    writers;
  gboolean lose;    /* one message is left out: the check has to see it */
} BenchSwapArgs;

/* What a process has of what must not grow. */
typedef struct
{
  guint   descriptors;
  guint   threads;
  guint   maps;
  guint64 resident; /* KiB */
} BenchHoldings;

/* What all rounds found out. */
typedef struct
{
  GArray       *seen;     /* (owned): double, µs: pauses as messages saw them */
  GArray       *reported; /* (owned): double, µs: as the library tells */
  GArray       *waits;    /* (owned): double, µs: of messages to an idle server, without a swap */
  GArray       *reloads;  /* (owned): double, µs: from a file's close to the first message in the new code */
  gboolean      counted;  /* the holdings are those of the last round */
  BenchHoldings before;
  BenchHoldings after;
} BenchSwapResults;

/* Runs one round of @args->swaps swaps; FALSE if what arrived is not what was sent. */
typedef gboolean (*BenchSwapFunc) (const BenchSwapArgs  *args,
                                   BenchRound           *round,
                                   BenchSwapResults     *results,
                                   GError              **error);

/* Each server comes over by itself, while messages arrive. */
gboolean bench_swap_rolling (const BenchSwapArgs  *args,
                             BenchRound           *round,
                             BenchSwapResults     *results,
                             GError              **error);

/* The same with a state of 1 MiB, whose layout changes each time. */
gboolean bench_swap_migrate (const BenchSwapArgs  *args,
                             BenchRound           *round,
                             BenchSwapResults     *results,
                             GError              **error);

/* A watch sees that the file was written anew: from its close to the first message in the new code. */
gboolean bench_swap_reload  (const BenchSwapArgs  *args,
                             BenchRound           *round,
                             BenchSwapResults     *results,
                             GError              **error);

/* A message or two for each swap; what the process has before and after. */
gboolean bench_swap_endure  (const BenchSwapArgs  *args,
                             BenchRound           *round,
                             BenchSwapResults     *results,
                             GError              **error);
