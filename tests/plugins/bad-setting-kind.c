/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

#define BAD_KIND_FIELDS(F, R) F (R, object, thing, NULL, "no key file holds one")
BUTLER_SETTINGS (BadKind, bad_kind, BAD_KIND_FIELDS);

static gboolean
start (Good *self, const BadKind *settings, ButlerContext *context, GError **error)
{
  (void) self;
  (void) settings;
  (void) context;
  (void) error;
  return TRUE;
}

static const ButlerHandlerSet set = { BUTLER_HANDLER_SET (good), BUTLER_START (good, bad_kind, start) };

BUTLER_PLUGIN (bad_setting_kind, "1", &set)
