/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/handlers.h>

G_BEGIN_DECLS

#define BUTLER_PLUGIN_MAGIC 0x62746c72u /* "btlr" */
#define BUTLER_PLUGIN_ABI   1u

/* What a plugin's file exports, as butler_plugin. Append-only: plugin_size says what is there. */
struct _ButlerPlugin
{
  guint32                        magic;
  guint32                        abi;
  guint32                        plugin_size;
  guint32                        flags;   /* 0 */
  const char                    *name;
  const char                    *version;
  const ButlerHandlerSet *const *sets;
  guint32                        n_sets;
  guint32                        set_size; /* what one element of sets takes: a pointer */
};

#ifdef BUTLER_STATIC
#define BUTLER__PLUGIN_SYMBOL(name) butler_plugin_##name
#else
#define BUTLER__PLUGIN_SYMBOL(name) butler_plugin
#endif

#ifndef __cplusplus
/* BUTLER_PLUGIN (counter, "1.0", &counter_set, &sampler_set): the last line of a plugin's file. */
#define BUTLER_PLUGIN(plugin_name, plugin_version, ...)                                                                \
  static const ButlerHandlerSet *const butler__plugin_sets[] = { __VA_ARGS__ };                                        \
  BUTLER_API const ButlerPlugin BUTLER__PLUGIN_SYMBOL (plugin_name);                                                   \
  const ButlerPlugin BUTLER__PLUGIN_SYMBOL (plugin_name) = {                                                           \
    .magic = BUTLER_PLUGIN_MAGIC,                                                                                      \
    .abi = BUTLER_PLUGIN_ABI,                                                                                          \
    .plugin_size = sizeof (ButlerPlugin),                                                                              \
    .name = #plugin_name,                                                                                              \
    .version = plugin_version,                                                                                         \
    .sets = butler__plugin_sets,                                                                                       \
    .n_sets = G_N_ELEMENTS (butler__plugin_sets),                                                                      \
    .set_size = sizeof (butler__plugin_sets[0]),                                                                       \
  };
#endif

G_END_DECLS
