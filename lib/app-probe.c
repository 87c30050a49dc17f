/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/probe.h>

#include "lib/app.h"

typedef struct
{
  ButlerApp    *app;      /* (unowned) */
  GHashTable   *files;    /* (owned) (element-type filename): those that were probed */
  GStrvBuilder *warnings; /* (owned) */
} Probing;

static gboolean
probe_file (Probing    *self,
            const char *path,
            GError    **error)
{
  g_autoptr (ButlerProbeVerdict) verdict = NULL;

  verdict = butler_module_probe (path, butler__search_get_flags (self->app->search), error);
  if (verdict == NULL)
    return FALSE;

  for (guint i = 0; verdict->warnings != NULL && verdict->warnings[i] != NULL; i++)
    {
      g_autofree char *warning = g_strdup_printf ("%s: %s", path, verdict->warnings[i]);

      g_strv_builder_add (self->warnings, warning);
    }
  return TRUE;
}

/* A server without a plugin is an error that butler_app_load() will find. */
static gboolean
probe_plugin (Probing    *self,
              const char *group,
              GError    **error)
{
  g_autofree char *plugin = g_key_file_get_string (self->app->file, group, "plugin", NULL);
  g_autofree char *path = NULL;

  if (butler__app_server_name (group) == NULL || plugin == NULL || *plugin == '\0')
    return TRUE;

  path = butler__search_find (self->app->search, plugin, error);
  if (path != NULL && g_hash_table_contains (self->files, path))
    return TRUE;
  if (path == NULL || !probe_file (self, path, error))
    {
      g_prefix_error (error, "%s: [%s] plugin: ", self->app->path, group);
      return FALSE;
    }
  return g_hash_table_add (self->files, g_steal_pointer (&path));
}

static gboolean
probe_all (Probing *self,
           GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (self->app->file, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    if (!probe_plugin (self, groups[i], error))
      return FALSE;
  return TRUE;
}

/**
 * butler_app_probe:
 * @app: an app that was not loaded yet
 * @error: (nullable): where to put an error
 *
 * Probes each plugin that butler_app_load() would load, as butler_module_probe() does, and loads none of them.
 *
 * Errors: each names file, group, key and reason: %BUTLER_ERROR_BAD_CONFIG, %BUTLER_ERROR_NOT_FOUND, and those
 * of butler_module_probe().
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: (transfer full) (nullable): the warnings, perhaps none, each behind the name of its file; %NULL on error
 *
 * Since: 1.0
 */
GStrv
butler_app_probe (ButlerApp *app,
                  GError   **error)
{
  g_autoptr (GHashTable)   files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  Probing                  probing = { .app = app, .files = files, .warnings = warnings };
  gboolean                 good;

  g_return_val_if_fail (app != NULL && !app->loaded, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  good = butler__app_prepare (app, error) && probe_all (&probing, error);
  g_clear_pointer (&app->search, butler__search_free);
  return good ? g_strv_builder_end (warnings) : NULL;
}
