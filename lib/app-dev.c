/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/app.h"
#include "lib/hub.h"

#define DEV BUTLER__APP_DEV_GROUP

static gboolean
read_build (ButlerApp    *app,
            ButlerAppDev *dev,
            GError      **error)
{
  g_autoptr (GError) reason = NULL;

  if (!g_key_file_has_key (app->file, DEV, "build", NULL))
    return TRUE;

  dev->build = g_key_file_get_string (app->file, DEV, "build", &reason); /* also beside an error */
  if (reason != NULL)
    return butler__app_refuse (app, DEV, "build", error, "%s", reason->message);
  if (g_shell_parse_argv (dev->build, NULL, NULL, &reason))
    return TRUE;
  return butler__app_refuse (app, DEV, "build", error, "this is no command: %s", reason->message);
}

static gboolean
read_sources (ButlerApp    *app,
              ButlerAppDev *dev,
              GError      **error)
{
  g_autoptr (GError) reason = NULL;

  if (!g_key_file_has_key (app->file, DEV, "sources", NULL))
    return TRUE;

  dev->sources = g_key_file_get_string_list (app->file, DEV, "sources", NULL, &reason);
  if (reason != NULL)
    return butler__app_refuse (app, DEV, "sources", error, "%s", reason->message);
  for (guint i = 0; dev->sources != NULL && dev->sources[i] != NULL; i++)
    {
      char *path = g_canonicalize_filename (dev->sources[i], dev->folder);

      g_free (dev->sources[i]);
      dev->sources[i] = path;
    }
  return TRUE;
}

/* The folder of the app file, and those of the plugins that are loaded by now; each once. */
static GStrv
guess_sources (ButlerApp  *app,
               const char *folder)
{
  g_autoptr (GPtrArray) modules = butler__hub_get_modules (app->hub);
  GPtrArray            *folders = g_ptr_array_new ();

  g_ptr_array_add (folders, g_strdup (folder));
  for (guint i = 0; i < modules->len; i++)
    {
      const char      *path = butler_module_get_path (g_ptr_array_index (modules, i));
      g_autofree char *absolute = path != NULL ? g_canonicalize_filename (path, NULL) : NULL;
      g_autofree char *of_plugin = absolute != NULL ? g_path_get_dirname (absolute) : NULL;

      if (of_plugin != NULL && !g_ptr_array_find_with_equal_func (folders, of_plugin, g_str_equal, NULL))
        g_ptr_array_add (folders, g_steal_pointer (&of_plugin));
    }
  g_ptr_array_add (folders, NULL);
  return (GStrv) g_ptr_array_free (folders, FALSE);
}

/**
 * butler_app_get_dev:
 * @app: an app
 * @error: (nullable): where to put an error
 *
 * Reads the group [dev], which `threadbutler dev` goes by: how the plugins are built, and of which sources. Where the file
 * names no sources, they are looked for in its own folder and, once the app is loaded, in those of its plugins.
 *
 * Errors: %BUTLER_ERROR_BAD_CONFIG, which names file, key and reason. butler_app_load() fails with the same.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: (transfer full) (nullable): what it says, for butler_app_dev_free(), or %NULL on error
 *
 * Since: 1.0
 */
ButlerAppDev *
butler_app_get_dev (ButlerApp *app,
                    GError   **error)
{
  static const char *const known[] = { "build", "sources", NULL };
  g_autoptr (ButlerAppDev) dev = NULL;

  g_return_val_if_fail (app != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  dev = butler_app_dev_new ();
  dev->folder = g_canonicalize_filename (app->folder, NULL);
  if (!butler__app_check_keys (app, DEV, known, error) || !read_build (app, dev, error)
      || !read_sources (app, dev, error))
    return NULL;
  if (dev->sources == NULL)
    dev->sources = guess_sources (app, dev->folder);
  return g_steal_pointer (&dev);
}
