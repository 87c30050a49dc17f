/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "lib/waits.h"

/* The capacity of a bounded channel, in three counts that only grow, but for butler__credits_refund(): of what was reserved by senders, what
 * the reader handed out, and what others gave back. Senders reserve by CAS below a limit that they work out anew only when it is reached,
 * so what the reader hands out comes to them in groups; and the reader does no RMW for it, as it alone writes its count. Nothing
 * is held back by it: whoever finds all used up looks at its count.
 *
 * Model-checked (tests/models/credits.pml), with the reader's store buffer: who waits sets WAITING before it looks again, the reader
 * counts before it looks whether anybody waits, and one of them sees the other. For that the waiter makes a barrier in the reader, too. */
typedef struct
{
  /* Set when made. */
  guint         capacity;
  gboolean      fenced;   /* there is no such barrier: the reader makes its own with each message */

  /* Any thread. */
  _Atomic gsize reserved; /* all writes are RMW. Sequentially consistent, as waiting, where one is taken back and where
                           * it is asked whether all is used up; else only its own order counts */
  _Atomic gsize limit;    /* relaxed: reserved may go up to here. A sum of capacity, handed and given that was once true: it may be too
                           * small by now, never too large */
  char          apart[64]; /* the reader and the senders each write to a cache line of their own */

  /* The reader writes the first and reads the second with each message; the others seldom do. */
  _Atomic gsize handed;   /* release by the reader; acquired by who works out the limit */
  _Atomic guint waiting;  /* sequentially consistent: see butler__credits_announce() */
  _Atomic gsize given;    /* RMW, by any thread: what nobody was handed. Sequentially consistent, as waiting: of who
                           * gives and who waits, one sees the other */

  GMutex        mutex;    /* under it: generation, closed */
  GCond         more;
  guint         generation; /* counts up when somebody may have got room */
  gboolean      closed;
} ButlerCredits;

void butler__credits_init  (ButlerCredits *credits,
                            guint          capacity);
void butler__credits_clear (ButlerCredits *credits);

/* butler__credits_overdraw() reserves room that is not there. */
void butler__credits_overdraw (ButlerCredits *credits);

/* butler__credits_announce() says that the caller is going to sleep until @generation is over; FALSE if there is room now. */
gboolean butler__credits_announce (ButlerCredits *credits,
                                   guint         *generation);

/* butler__credits_sleep() returns when it may be worth to try again; FALSE if closed, or if @wait was cancelled. */
gboolean butler__credits_sleep (ButlerCredits    *credits,
                                guint             generation,
                                const ButlerWait *wait);

/* butler__credits_are_gone() is FALSE when who waits for room goes on as soon as it is awake. */
gboolean butler__credits_are_gone (ButlerCredits *credits);

/* butler__credits_give() gives @n credits back, of messages that were not handed out. */
void butler__credits_give (ButlerCredits *credits,
                           gsize          n);

/* butler__credits_refund() takes a reservation back, as if it had never been. */
void butler__credits_refund (ButlerCredits *credits);

/* butler__credits_set_closed() sends the waiters away, or lets new ones come. */
void butler__credits_set_closed (ButlerCredits *credits,
                                 gboolean       closed);

/* butler__credits_wake() lets every waiter look at its wait again. */
void butler__credits_wake (ButlerCredits *credits);

/* butler__credits_wake_waiting() is for who has made room and seen WAITING. */
void butler__credits_wake_waiting (ButlerCredits *credits);

static inline gsize
butler__credits_gone (ButlerCredits *credits)
{
  return atomic_load_explicit (&credits->handed, memory_order_seq_cst)
         + atomic_load_explicit (&credits->given, memory_order_seq_cst);
}

/* butler__credits_used() may be too small while others reserve and the reader reads, never too large: reserved is read first. */
static inline gsize
butler__credits_used (ButlerCredits *credits)
{
  gsize reserved = atomic_load_explicit (&credits->reserved, memory_order_seq_cst);
  gsize gone = butler__credits_gone (credits);

  return (gssize) (reserved - gone) > 0 ? reserved - gone : 0;
}

/* butler__credits_raise_limit() works the limit out anew; FALSE if @reserved have used it up. */
gboolean butler__credits_raise_limit (ButlerCredits *credits,
                                      gsize          reserved);

/* butler__credits_try() takes one credit if there is one. Any thread. */
static inline gboolean
butler__credits_try (ButlerCredits *credits)
{
  gsize old = atomic_load_explicit (&credits->reserved, memory_order_relaxed);

  do
    if (G_UNLIKELY ((gssize) (atomic_load_explicit (&credits->limit, memory_order_relaxed) - old) <= 0)
        && !butler__credits_raise_limit (credits, old))
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&credits->reserved, &old, old + 1, memory_order_acq_rel, memory_order_relaxed));
  return TRUE;
}

/* butler__credits_hand_out() gives one credit back as the reader takes its message out. The reader only. */
static inline void
butler__credits_hand_out (ButlerCredits *credits)
{
  gsize handed = atomic_load_explicit (&credits->handed, memory_order_relaxed) + 1;

  if (G_UNLIKELY (credits->fenced))
    atomic_exchange_explicit (&credits->handed, handed, memory_order_seq_cst);
  else
    atomic_store_explicit (&credits->handed, handed, memory_order_release);

  /* The compiler keeps the order, butler__barrier() of who waits makes the processor keep it. */
  atomic_signal_fence (memory_order_seq_cst);
  if (G_UNLIKELY (atomic_load_explicit (&credits->waiting, memory_order_seq_cst)))
    butler__credits_wake_waiting (credits);
}
