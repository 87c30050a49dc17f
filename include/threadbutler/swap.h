/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/module.h>
#include <threadbutler/record.h>

G_BEGIN_DECLS

/* What a set's `swapped` function is given of the state as it was. */
BUTLER_AVAILABLE_IN_1_0
gpointer  butler_swap_get_old_pointer (ButlerSwap     *swap,
                                       const char     *field);
BUTLER_AVAILABLE_IN_1_0
GVariant *butler_swap_get_old_variant (ButlerSwap     *swap,
                                       GError        **error);
BUTLER_AVAILABLE_IN_1_0
guint     butler_swap_get_from        (ButlerSwap     *swap);
BUTLER_AVAILABLE_IN_1_0
guint     butler_swap_get_to          (ButlerSwap     *swap);
BUTLER_AVAILABLE_IN_1_0
void      butler_swap_on_commit       (ButlerSwap     *swap,
                                       GDestroyNotify  func,
                                       gpointer        data);

/* How one server came over to the new code. */
#define BUTLER_SWAPPED_SERVER_FIELDS(F, R)                                                                             \
  F (R, string, name)                                                                                                  \
  F (R, string, migrated) /* from which layout of the state to which, as text; NULL: the state stayed as it was */     \
  F (R, boolean, done)    /* FALSE: it is in a handler of the old code still, and comes over when that returns */      \
  F (R, int64, pause)     /* how long it handled nothing because of the swap, ns */
BUTLER_RECORD (ButlerSwappedServer, butler_swapped_server, BUTLER_SWAPPED_SERVER_FIELDS);

#define BUTLER_SWAPPED_PLUGIN_FIELDS(F, R)                                                                             \
  F (R, string, name)                                                                                                  \
  F (R, string, path)                                                                                                  \
  F (R, uint32, from) /* generations */                                                                                \
  F (R, uint32, to)                                                                                                    \
  F (R, strv, warnings) /* what the probe has to say on the new file */                                                \
  F (R, array (record (butler_swapped_server)), servers)
BUTLER_RECORD (ButlerSwappedPlugin, butler_swapped_plugin, BUTLER_SWAPPED_PLUGIN_FIELDS);

#define BUTLER_SWAP_REPORT_FIELDS(F, R)                                                                                \
  F (R, boolean, stopped) /* all servers of these plugins stood still for it; else each came over by itself */         \
  F (R, array (record (butler_swapped_plugin)), plugins)
BUTLER_RECORD (ButlerSwapReport, butler_swap_report, BUTLER_SWAP_REPORT_FIELDS);

BUTLER_AVAILABLE_IN_1_0
ButlerSwapReport *butler_hub_swap        (ButlerHub            *hub,
                                          const char *const    *plugins,
                                          GError              **error);
BUTLER_AVAILABLE_IN_1_0
void              butler_hub_swap_async  (ButlerHub            *hub,
                                          const char *const    *plugins,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
BUTLER_AVAILABLE_IN_1_0
ButlerSwapReport *butler_hub_swap_finish (ButlerHub            *hub,
                                          GAsyncResult         *result,
                                          GError              **error);

BUTLER_AVAILABLE_IN_1_0
void              butler_hub_set_swap_limit (ButlerHub         *hub,
                                             guint              milliseconds);

/* One loaded file of a plugin. */
#define BUTLER_GENERATION_STATUS_FIELDS(F, R)                                                                          \
  F (R, uint32, number)                                                                                                \
  F (R, string, state)    /* "current", "retired" or "resident" */                                                     \
  F (R, string, reason)   /* why it is resident; NULL if it is not */                                                  \
  F (R, string, version)                                                                                               \
  F (R, string, build_id) /* as hexadecimal digits; NULL if the file has none */                                       \
  F (R, string, copy)     /* the private copy that is mapped; NULL: linked into the program */                         \
  F (R, double, age)      /* s */                                                                                      \
  F (R, strv, pins)       /* what still needs it, one line each */
BUTLER_RECORD (ButlerGenerationStatus, butler_generation_status, BUTLER_GENERATION_STATUS_FIELDS);

#define BUTLER_MODULE_STATUS_FIELDS(F, R)                                                                              \
  F (R, string, name)                                                                                                  \
  F (R, string, path)                                                                                                  \
  F (R, array (record (butler_generation_status)), generations) /* the newest first */
BUTLER_RECORD (ButlerModuleStatus, butler_module_status, BUTLER_MODULE_STATUS_FIELDS);

BUTLER_AVAILABLE_IN_1_0
ButlerModuleStatus *butler_module_get_status     (ButlerModule *module);
BUTLER_AVAILABLE_IN_1_0
guint               butler_module_get_generation (ButlerModule *module);

G_END_DECLS
