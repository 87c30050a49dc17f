/* expect: compile-error BUTLER_C_uint65 */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "counter.h"

#define TOCK_FIELDS(F, R) F (R, uint65, at)
BUTLER_MESSAGE (CompileTock, tock, TOCK_FIELDS);

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

static void
counter_on_tick (CompileCounter *self, CompileTick *tick, ButlerContext *context)
{
  (void) self;
  (void) tick;
  (void) context;
}

static const ButlerHandlerSet counter_set = {
  BUTLER_HANDLER_SET (counter),
};
BUTLER_PLUGIN (counter, "1.0", &counter_set)
