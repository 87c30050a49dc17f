/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/plugins/good.h"

/* A plugin that is good but for what spring() does, which its server calls when it starts. */

static void spring (void);

static gboolean
trap_start (Good *self, gconstpointer none, ButlerContext *context, GError **error)
{
  (void) self;
  (void) none;
  (void) context;
  (void) error;
  spring ();
  return TRUE;
}

static const ButlerHandlerSet trap_set = { BUTLER_HANDLER_SET (good), BUTLER_START_PLAIN (good, trap_start) };

#define TRAP(name) BUTLER_PLUGIN (name, "1", &trap_set)
