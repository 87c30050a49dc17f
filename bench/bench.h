/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

#include "bench/report.h"

#define BENCH_CPUS_MAX 64

/* How one round is run. What a kernel or a peer does not have it passes over. */
typedef struct
{
  guint64        n;         /* messages, round trips, hops */
  guint64        actors;    /* servers or producers */
  guint64        rounds;    /* bursts */
  guint64        size;      /* bytes of a burst's message */
  guint64        ends_only; /* the sender writes its first word and its last one alone */
  guint64        rate;      /* messages a second */
  guint64        busy;      /* the reader always has something else to do */
  guint64        seconds;
  guint64        every;     /* one of so many messages is sent by a timer */

  /* The library's channels and servers. */
  guint          capacity;  /* 0: unbounded */
  gboolean       as_queue;
  ButlerLoopFunc loop;

  int            cpus[BENCH_CPUS_MAX]; /* the nth thread runs on the nth of them, and so round */
  guint          n_cpus;               /* 0: where the kernel puts it */

  gboolean       lose;      /* one message is left out, or miscounted: the check has to see it */
} BenchArgs;

/* Runs one round; FALSE if what arrived is not what was sent. */
typedef gboolean (*BenchFunc) (const BenchArgs  *args,
                               BenchRound       *round,
                               GError          **error);

#define BENCH_DECLARE(kernel)                                                                                          \
  gboolean bench_##kernel##_butler (const BenchArgs *args, BenchRound *round, GError **error);                         \
  gboolean bench_##kernel##_plain (const BenchArgs *args, BenchRound *round, GError **error)

BENCH_DECLARE (count);
BENCH_DECLARE (alone);
BENCH_DECLARE (fanin);
BENCH_DECLARE (pingpong);
BENCH_DECLARE (ring);
BENCH_DECLARE (burst);
BENCH_DECLARE (create);
BENCH_DECLARE (idle);
BENCH_DECLARE (send_latency);
BENCH_DECLARE (mixed);

/* bench_run_apart() runs a round in a process of its own, as if it were the first thing that the program does: what other
 * rounds left in the heap would be missing in the memory that it uses. Nothing in this process may have used the library
 * or a thread before. */
gboolean bench_run_apart (BenchFunc         func,
                          const BenchArgs  *args,
                          BenchRound       *round,
                          GError          **error);

/* bench_server_new() makes a server as @args have it, the @nth thread of the round; @no_route as in its options. */
ButlerServer *bench_server_new (ButlerHub              *hub,
                                const char             *name,
                                const ButlerHandlerSet *set,
                                gpointer                state,
                                guint                   nth,
                                gboolean                no_route,
                                const BenchArgs        *args,
                                GError                **error);

/* bench_pin() puts the calling thread, the @nth of the round, on its CPU, if it has one. */
void bench_pin (const BenchArgs *args,
                guint            nth);

/* bench_unpin() lets the calling thread run on all of them, and those that it makes: the library counts the CPUs that it
 * may use. FALSE, with errno, if they are not there. */
gboolean bench_unpin (const BenchArgs *args);
