/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * What butler-swap and the plugin that it swaps know of each other. */

#pragma once

#include <threadbutler/threadbutler.h>
#include <time.h>

#define BENCH_WRITERS_MAX 8
#define BENCH_SAMPLE      16
#define BENCH_BLOCK_WORDS 131072 /* the array of the large state: 1 MiB */

/* What the plugin's server saw; it lies in the program, and so outlives all variants of the plugin. */
typedef struct
{
  /* The server's thread; the program when it has ended. */
  guint64 next[BENCH_WRITERS_MAX]; /* the number of each writer's next message */
  guint64 disorder;                /* how many came when it was not their turn */
  guint64 broken;                  /* how many blocks were not as they had been */
  guint   variant;                 /* the one that handled the last message; 0: none did */
  gint64  last;                    /* when that was done, ns */
  guint64 found_idle;              /* how many messages came when there was nothing to do */
  GArray *waits;                   /* (owned): double, µs: how long one of BENCH_SAMPLE of them waited */

  /* Under the mutex, but in their thread's own hands otherwise. */
  GMutex  mutex;
  GCond   came;
  guint   switches;                /* how often a variant began to handle messages */
  gint64  switched;                /* when the last variant began, ns */
  GArray *pauses;                  /* (owned): double, µs: of each switch but the first */
} BenchSwapTally;

/* The first message to a server: where its tally is. */
#define BENCH_ATTACH_FIELDS(F, R) \
  F (R, pointer, tally)           \
  F (R, boolean, with_block)
BUTLER_MESSAGE (BenchAttach, bench_attach, BENCH_ATTACH_FIELDS);

#define BENCH_TICK_FIELDS(F, R) \
  F (R, uint64, seq)            \
  F (R, int64,  sent) /* ns */  \
  F (R, uint32, writer)
BUTLER_MESSAGE (BenchTick, bench_tick, BENCH_TICK_FIELDS);

static inline gint64
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static inline guint64
bench_block_word (guint64 at)
{
  return at * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
}
