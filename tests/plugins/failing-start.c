/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Loads and checks well. */
static gboolean
failing_start (Good *self, gconstpointer none, ButlerContext *context, GError **error)
{
  (void) self;
  (void) none;
  (void) context;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "no mood for it");
  return FALSE;
}

static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (good), BUTLER_START_PLAIN (good, failing_start) };

BUTLER_PLUGIN (failing_start, "1", &set)
