/* expect: ok */
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

static void
counter_on_tick (CompileCounter *self, CompileTick *tick, ButlerContext *context)
{
  (void) self;
  (void) tick;
  (void) context;
}

static gboolean
counter_start (CompileCounter *self, const CompileCounterSettings *settings, ButlerContext *context, GError **error)
{
  (void) context;
  (void) error;
  self->lines = (guint64) settings->limit;
  return TRUE;
}

static void
counter_stop (CompileCounter *self, ButlerContext *context)
{
  (void) self;
  (void) context;
}

static const ButlerHandlerSet counter_set = {
  BUTLER_HANDLER_SET (counter),
  BUTLER_START (counter, counter_settings, counter_start),
  BUTLER_STOP (counter, counter_stop),
};
BUTLER_PLUGIN (counter, "1.0", &counter_set)
