/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* What a new plugin is to consist of. All names have been checked, and no two are the same. */
typedef struct
{
  char      *name;     /* (owned): in C, as my_set */
  char      *type;     /* (owned): of its state, as MyPluginMySet */
  GPtrArray *messages; /* (owned): char *, types as MyMessage; at least one */
} NewSet;

typedef struct
{
  char      *name; /* (owned): as my_plugin */
  GPtrArray *sets; /* (owned): NewSet; at least one */
} NewPlugin;

/* new_name_of_type() is LogLine as C names have it: log_line, (transfer full). */
char *new_name_of_type (const char *type);

/* new_plugin_write() writes the plugin's files into a folder that must not be there yet. Either all of it is there in
 * the end or nothing. BUTLER_ERROR_EXISTS if there is something already; else what the system says. */
gboolean new_plugin_write (const NewPlugin *plugin,
                           const char      *folder,
                           GError         **error);
