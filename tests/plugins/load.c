/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-load.h"

/* The plugin of tests/stress-hub.c. By -D: STATE_OTHER: its state has another layout; LOAD_OTHER: its messages have; LOAD_SWAPPED: it
 * has a `swapped` function. */

static const volatile PlayStamp stamp = { PLAY_MARK, 0 };

BUTLER_HANDLERS (porter, PORTER_HANDLES);

static void
porter_on_load (Porter        *self,
                Load          *load,
                ButlerContext *context)
{
  load_play (self, load, context, stamp.number);
}

#ifdef LOAD_SWAPPED
static gboolean
porter_swapped (Porter        *self,
                gconstpointer  none,
                ButlerSwap    *swap,
                ButlerContext *context,
                GError       **error)
{
  (void) self, (void) none, (void) context, (void) error;
  return butler_swap_get_to (swap) > butler_swap_get_from (swap);
}
#endif

static const ButlerHandlerSet porter_set = {
  BUTLER_HANDLER_SET (porter),
#ifdef LOAD_SWAPPED
  BUTLER_SWAPPED_PLAIN (porter, porter_swapped),
#endif
};

BUTLER_PLUGIN (load, "1.0", &porter_set)
