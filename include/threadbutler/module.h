/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/plugin.h>

G_BEGIN_DECLS

typedef enum
{
  BUTLER_MODULE_DEFAULT   = 0,
  BUTLER_MODULE_ANY_OWNER = 1 << 0, /* files of other users, or that others can write, are loaded too */
} ButlerModuleFlags;

BUTLER_AVAILABLE_IN_1_0
ButlerModule            *butler_module_load        (ButlerHub          *hub,
                                                    const char         *path,
                                                    ButlerModuleFlags   flags,
                                                    GError            **error);
BUTLER_AVAILABLE_IN_1_0
ButlerModule            *butler_module_add_static  (ButlerHub          *hub,
                                                    const ButlerPlugin *plugin,
                                                    GError            **error);
BUTLER_AVAILABLE_IN_1_0
const char              *butler_module_get_name    (ButlerModule       *module);
BUTLER_AVAILABLE_IN_1_0
const char              *butler_module_get_version (ButlerModule       *module);
BUTLER_AVAILABLE_IN_1_0
const char              *butler_module_get_path    (ButlerModule       *module);
BUTLER_AVAILABLE_IN_1_0
guint                    butler_module_get_abi     (ButlerModule       *module);
BUTLER_AVAILABLE_IN_1_0
guint                    butler_module_get_n_sets  (ButlerModule       *module);
BUTLER_AVAILABLE_IN_1_0
const ButlerHandlerSet  *butler_module_get_nth_set (ButlerModule       *module,
                                                    guint               n);
BUTLER_AVAILABLE_IN_1_0
const ButlerHandlerSet  *butler_module_get_set     (ButlerModule       *module,
                                                    const char         *name,
                                                    GError            **error);

G_END_DECLS
