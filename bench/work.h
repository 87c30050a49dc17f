/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * The work that every peer does alike: what is sent, and the checks of what arrives. */

#pragma once

#include "bench/bench.h"

/* What one receiver got. Apart from all else by a cache line, as it mostly stands on the sender's stack. */
typedef struct
{
  char        before[64];
  guint64     n;        /* how many there are to be */
  guint64     received;
  guint64     sum;
  guint64     disorder; /* how many did not come when it was their turn */
  BenchRound *round;    /* (nullable): ends with the last message */
  char        behind[64];
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

/* bench_tally_check_all() checks @n of them. */
gboolean bench_tally_check_all (const BenchTally  *tallies,
                                guint64            n,
                                GError           **error);

/* fanin: a tally for each producer, whose number stands in the upper 16 bits of seq. */
#define BENCH_PRODUCERS_MAX 65535

BenchTally *bench_fan_tallies_new (const BenchArgs *args);

static inline guint64
bench_fan_seq (guint   producer,
               guint64 turn)
{
  return (guint64) producer << 48 | turn;
}

static inline guint
bench_fan_producer (guint64 seq)
{
  return (guint) (seq >> 48);
}

static inline guint64
bench_fan_turn (guint64 seq)
{
  return seq & ((G_GUINT64_CONSTANT (1) << 48) - 1);
}

static inline guint64
bench_fan_first (const BenchArgs *args,
                 guint            producer)
{
  return args->lose && producer == 0 ? 1 : 0;
}

/* ring: a tally for each actor, of how often the token comes by in n hops. The actor with the last hop ends @round. */
BenchTally *bench_ring_tallies_new (const BenchArgs *args,
                                    BenchRound      *round);

/* burst: messages of @size bytes, which is one of two. */
#define BENCH_BURST_SMALL 24
#define BENCH_BURST_LARGE 81264

void       bench_burst_fill  (guint64         *words,
                              gsize            size,
                              guint64          seq,
                              const BenchArgs *args);
BenchTally bench_burst_tally (const BenchArgs *args);
void       bench_burst_add   (BenchTally      *tally,
                              const guint64   *words,
                              const BenchArgs *args);

/* mixed: what clients send to a desk, and get from it; a tally of each client's for each kind, client by client. */
typedef enum
{
  BENCH_TOLD,
  BENCH_ASKED,
  BENCH_TIMED,
  BENCH_ANSWERED, /* what was asked, at the client */
  BENCH_KINDS,
} BenchKind;

#define BENCH_MIXED_CAPACITY 256
#define BENCH_TICK 1000 /* µs: how often the desk is called beside all that */

BenchTally *bench_mixed_tallies_new (const BenchArgs *args);

/* What a client sends for the @turn-th time: it asks and tells in turns, but for each @args->every-th, which comes later. */
static inline BenchKind
bench_mixed_kind (guint64          turn,
                  const BenchArgs *args)
{
  if (turn % args->every == args->every - 1)
    return BENCH_TIMED;
  return turn % 2 == 0 ? BENCH_TOLD : BENCH_ASKED;
}

/* How much later, µs: 0 to 1 ms. */
static inline gint64
bench_mixed_delay (guint64 seq)
{
  return (gint64) (seq * 137 % 1001);
}

static inline guint64
bench_mixed_first (const BenchArgs *args,
                   guint64          client)
{
  return args->lose && client == 0 ? 1 : 0;
}

/* How many come to the desk in all. */
static inline guint64
bench_mixed_total (const BenchArgs *args)
{
  return args->actors * args->n - (args->lose ? 1 : 0);
}

/* Those that come later overtake each other: only how many they are, and what they say, is known. */
static inline void
bench_mixed_add (BenchTally *tallies,
                 guint64     client,
                 BenchKind   kind,
                 guint64     seq,
                 guint64     value)
{
  BenchTally *tally = &tallies[client * BENCH_KINDS + kind];

  bench_tally_add (tally, kind == BENCH_TIMED ? tally->received : seq, value);
}

/* idle: the calling thread sleeps for as long as @args say, which is what is measured. */
void bench_rest (const BenchArgs *args,
                 BenchRound      *round);

/* create: @live makes the actors of @args, asks each of them, and ends them. It does so with one actor first, so that the code itself
 * is in memory by then; how much more memory the process has had after it than before is told, for each actor. */
gboolean bench_live_through (gboolean  (*live) (const BenchArgs *args, GError **error),
                             const BenchArgs  *args,
                             BenchRound       *round,
                             GError          **error);
