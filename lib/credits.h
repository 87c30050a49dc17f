/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stdatomic.h>

#include "lib/waits.h"

/* The capacity of a bounded channel. Model-checked (capacity.pml): one word holds how many are used and whether anybody waits; WAITERS
 * is only set by the CAS that sees the word still full, so a credit that is given back either is seen by that CAS or sees WAITERS. */
typedef struct
{
  guint         capacity; /* set when made */
  _Atomic guint word;     /* used << 1 | WAITERS. All writes are RMW, acq_rel */

  GMutex        mutex;    /* under it: generation, closed; the WAITERS CAS too, so that each give() after it counts generation up */
  GCond         given;
  guint         generation; /* counts up when somebody may have got room */
  gboolean      closed;
} ButlerCredits;

void butler__credits_init  (ButlerCredits *credits,
                            guint          capacity);
void butler__credits_clear (ButlerCredits *credits);

/* butler__credits_try() takes one credit if there is one. */
gboolean butler__credits_try (ButlerCredits *credits);

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

/* butler__credits_give() gives @n credits back. */
void butler__credits_give (ButlerCredits *credits,
                           guint          n);

/* butler__credits_set_closed() sends the waiters away, or lets new ones come. */
void butler__credits_set_closed (ButlerCredits *credits,
                                 gboolean       closed);

/* butler__credits_wake() lets every waiter look at its wait again. */
void butler__credits_wake (ButlerCredits *credits);

static inline guint
butler__credits_used (ButlerCredits *credits)
{
  return atomic_load_explicit (&credits->word, memory_order_relaxed) >> 1;
}
