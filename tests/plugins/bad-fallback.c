/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

#define BAD_FALLBACK_FIELDS(F, R) F (R, uint8, level, "loud", "is no number")
BUTLER_SETTINGS (BadFallback, bad_fallback, BAD_FALLBACK_FIELDS);

static gboolean
start (Good *self, const BadFallback *settings, ButlerContext *context, GError **error)
{
  (void) self;
  (void) settings;
  (void) context;
  (void) error;
  return TRUE;
}

static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (good), BUTLER_START (good, bad_fallback, start) };

BUTLER_PLUGIN (bad_fallback, "1", &set)
