/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/chain.h"

/* How many urgent messages are handed out in a row while others wait. */
#define BUTLER__URGENT_IN_A_ROW 64

/* The lane of messages that overtake those of the public lane. Who links one sets BUTLER__REQUEST_URGENT and kicks; the reader looks at
 * the control word before each message anyway, so the lane costs the others nothing. Closed before the public lane is, so that who has
 * seen the last message of that one finds here all that will ever be.
 *
 * Of a bounded channel it has a bound of its own: there is never more than twice the capacity. */
typedef struct
{
  /* Set when made, read-only afterwards. */
  guint          limit;    /* how many may wait; 0: any number */

  /* Any thread. */
  ButlerChain    chain;    /* link (release), then the request (release): who drops it (acquire) takes what was linked before */
  _Atomic guint  waiting;  /* relaxed: accepted, and neither handed out nor discarded; stays 0 without a limit */

  /* The reader only. */
  ButlerMessage *taken;    /* in order */
  guint          in_a_row; /* handed out since a message of the public lane was, or none waited */
} ButlerUrgent;

/* butler__urgent_try() reserves room for one message; FALSE if there is none. butler__urgent_give() gives it back for @n. */
gboolean butler__urgent_try  (ButlerUrgent *lane,
                              gboolean      above_limit);
void     butler__urgent_give (ButlerUrgent *lane,
                              guint         n);

/* butler__urgent_is_empty() is TRUE if nothing lies there, taken or not. The reader only. */
static inline gboolean
butler__urgent_is_empty (ButlerUrgent *lane)
{
  return lane->taken == NULL && (atomic_load_explicit (&lane->chain.top, memory_order_acquire) & ~BUTLER__CLOSED) == 0;
}
