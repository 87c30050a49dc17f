/* expect: link-error counter_on_tick */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "counter.h"

#define COUNTER_HANDLES(H, S) \
  H (S, line)                 \
  H (S, tick)
BUTLER_HANDLERS (counter, COUNTER_HANDLES);

static void
counter_on_line (CompileCounter *self, CompileLine *line, ButlerContext *context)
{
  (void) line;
  (void) context;
  self->lines++;
}

static const ButlerHandlerSet counter_set = {
  BUTLER_HANDLER_SET (counter),
};
BUTLER_PLUGIN (counter, "1.0", &counter_set)
