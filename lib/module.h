/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>

#include "lib/handlers.h"

/* butler__module_get_handlers() are the checked handlers of the set @name, made once at load; @name may be NULL if the plugin has
 * one set. (transfer none) */
ButlerHandlers *butler__module_get_handlers (ButlerModule *module,
                                             const char   *name,
                                             GError      **error);
