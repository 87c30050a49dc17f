/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

#define RESERVED_FIELDS(F, R) F (R, string, route, "", "the app file has a key of this name")
BUTLER_SETTINGS (Reserved, reserved, RESERVED_FIELDS);

static gboolean
start (Good *self, const Reserved *settings, ButlerContext *context, GError **error)
{
  (void) self;
  (void) settings;
  (void) context;
  (void) error;
  return TRUE;
}

static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (good), BUTLER_START (good, reserved, start) };

BUTLER_PLUGIN (reserved_setting, "1", &set)
