/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>

#include "lib/envelope.h"
#include "lib/prefetch.h"

/* A lock-free chain of messages: any thread links, one takes all with one exchange, newest first. The low bits of the word:
 *
 *   CLOSED  nothing can be linked any more: whoever takes and sees it has seen the last message. A drain is final.
 *   ASLEEP  only set by the reader (channel.c); whoever clears it wakes the reader, once. On an empty chain, unless the reader
 *           waits for its internal lane alone.
 *
 * Every write of the word is a read-modify-write, so release sequences never break and no fence is needed. */
typedef struct
{
  /* newest message | CLOSED | ASLEEP. Release by who links, acquire by who takes: the payload. The bits are set and
   * taken off acq_rel: who takes ASLEEP off sees how the reader sleeps, and who kicks is seen by who falls asleep. */
  _Atomic guintptr top;
} ButlerChain;

#define BUTLER__CLOSED ((guintptr) 1)
#define BUTLER__ASLEEP ((guintptr) 2)
#define BUTLER__BITS   (BUTLER__CLOSED | BUTLER__ASLEEP)

/* Messages of a chain that was taken, being put in order. The reader only. */
typedef struct
{
  ButlerMessage *raw;   /* not reversed yet, newest first */
  ButlerMessage *done;  /* reversed, oldest of them first */
  guint          count; /* how many are in done */
} ButlerReversal;

/* butler__chain_link() links @message and returns the word that it replaced; if that has CLOSED, nothing was linked. */
static inline guintptr
butler__chain_link (ButlerChain   *chain,
                    ButlerMessage *message)
{
  guintptr old = atomic_load_explicit (&chain->top, memory_order_relaxed);

  do
    {
      if (G_UNLIKELY (old & BUTLER__CLOSED))
        return old;
      message->link = (ButlerMessage *) (old & ~BUTLER__BITS);
    }
  /* Release: publishes the payload to butler__chain_take(). Clears ASLEEP with the same step that links. */
  while (!atomic_compare_exchange_weak_explicit (&chain->top, &old, (guintptr) message, memory_order_release,
                                                 memory_order_relaxed));
  return old;
}

/* butler__chain_take() takes all: newest first, in *newest. TRUE if nothing can come after them. The reader only. */
static inline gboolean
butler__chain_take (ButlerChain    *chain,
                    ButlerMessage **newest)
{
  *newest = NULL;
  if (!(atomic_load_explicit (&chain->top, memory_order_relaxed) & ~BUTLER__ASLEEP))
    return FALSE;
  guintptr old = atomic_fetch_and_explicit (&chain->top, BUTLER__CLOSED, memory_order_acquire);
  *newest = (ButlerMessage *) (old & ~BUTLER__BITS);
  return (old & BUTLER__CLOSED) != 0;
}

static inline void
butler__chain_close (ButlerChain *chain)
{
  atomic_fetch_or_explicit (&chain->top, BUTLER__CLOSED, memory_order_acq_rel);
}

static inline void
butler__chain_reopen (ButlerChain *chain)
{
  atomic_fetch_and_explicit (&chain->top, ~BUTLER__CLOSED, memory_order_acq_rel);
}

/* butler__reversal_step() reverses up to @max messages; TRUE when none is left to reverse. */
static inline gboolean
butler__reversal_step (ButlerReversal *reversal,
                       guint           max)
{
  ButlerMessage *raw = reversal->raw;
  ButlerMessage *done = reversal->done;

  for (; raw != NULL && max > 0; max--)
    {
      ButlerMessage *next = raw->link;

      butler__prefetch_on (raw, next);

      raw->link = done;
      done = raw;
      raw = next;
      reversal->count++;
    }
  reversal->raw = raw;
  reversal->done = done;
  return raw == NULL;
}
