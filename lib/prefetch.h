/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdint.h>

/* How many steps ahead. */
#define BUTLER__PREFETCH_STEPS 6

/* Lists of envelopes go through memory in steps of the same length for a while, as the pool cuts and exchanges them in order; but the
 * CPU sees only pointers, of which it knows none before the one ahead has come from another CPU's cache. So the guess is made here:
 * from @from to @to is one step. A wrong one costs a line of the cache, and never faults. */
static inline uintptr_t
butler__guess (const void *from,
               const void *to)
{
  uintptr_t step = (uintptr_t) to - (uintptr_t) from;

  return (uintptr_t) to + BUTLER__PREFETCH_STEPS * step;
}

/* butler__prefetch_on() is for who reads on, butler__prefetch_on_for_write() for who writes. */
static inline void
butler__prefetch_on (const void *from,
                     const void *to)
{
  __builtin_prefetch ((const void *) butler__guess (from, to), 0);
}

static inline void
butler__prefetch_on_for_write (const void *from,
                               const void *to)
{
  __builtin_prefetch ((const void *) butler__guess (from, to), 1);
}
