/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/app.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/hub.h"
#include "lib/keyfile.h"
#include "lib/names.h"

#define SERVER_PREFIX "server "

gboolean
butler__app_refuse (ButlerApp  *app,
                    const char *group,
                    const char *key,
                    GError    **error,
                    const char *format,
                    ...)
{
  g_autofree char *reason = NULL;
  va_list          args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_CONFIG, "%s: %s%s%s%s%s%s", app->path, group != NULL ? "[" : "",
               group != NULL ? group : "", group != NULL ? "] " : "", key != NULL ? key : "", key != NULL ? ": " : "",
               reason);
  return FALSE;
}

const char *
butler__app_server_name (const char *group)
{
  const char *name;

  if (!g_str_has_prefix (group, SERVER_PREFIX))
    return NULL;

  for (name = group + strlen (SERVER_PREFIX); *name == ' '; name++)
    ;
  return *name != '\0' ? name : NULL;
}

/**
 * butler_app_new:
 * @path: (type filename): a key file
 * @error: (nullable): where to put an error
 *
 * Reads an app file: what `threadbutler run` runs. Its format is described in threadbutler(1). Nothing in it is looked
 * at yet but that it is a key file.
 *
 * Errors: %BUTLER_ERROR_NOT_FOUND if it cannot be read, %BUTLER_ERROR_BAD_CONFIG, with the line, if it does not parse
 * or has a group or a key twice.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: (transfer full) (nullable): the app, for butler_app_free(), or %NULL with an error
 *
 * Since: 1.0
 */
ButlerApp *
butler_app_new (const char *path,
                GError    **error)
{
  g_autoptr (GKeyFile) file = NULL;
  ButlerApp           *app;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  file = butler__keyfile_load (path, error);
  if (file == NULL)
    return NULL;

  app = g_new0 (ButlerApp, 1);
  app->path = g_strdup (path);
  app->folder = g_path_get_dirname (path);
  app->file = g_steal_pointer (&file);
  app->folders = g_ptr_array_new_with_free_func (g_free);
  app->hub = butler_hub_new ();
  return app;
}

/**
 * butler_app_free:
 * @app: (transfer full): an app
 *
 * Frees @app and gives its hub back, which stops and joins the servers and unloads the plugins unless somebody else
 * holds it.
 *
 * Thread: any but those of its servers.
 *
 * Since: 1.0
 */
void
butler_app_free (ButlerApp *app)
{
  g_return_if_fail (app != NULL);

  butler_hub_unref (app->hub);
  g_clear_pointer (&app->search, butler__search_free);
  g_ptr_array_unref (app->folders);
  g_key_file_unref (app->file);
  g_free (app->folder);
  g_free (app->path);
  g_free (app);
}

GPtrArray *
butler__app_list_server_names (ButlerApp *app)
{
  g_auto (GStrv) groups = g_key_file_get_groups (app->file, NULL);
  GPtrArray     *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; groups[i] != NULL; i++)
    if (butler__app_server_name (groups[i]) != NULL)
      g_ptr_array_add (names, g_strdup (butler__app_server_name (groups[i])));
  g_ptr_array_add (names, NULL);
  return names;
}

/**
 * butler_app_add_plugin_path:
 * @app: an app that was not loaded yet
 * @folder: (type filename): a folder with plugins; relative to the current one
 *
 * Lets plugins be looked for in @folder, before those of the app file, of the environment variable BUTLER_PLUGIN_PATH
 * and the installed ones; behind those that were added earlier.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Since: 1.0
 */
void
butler_app_add_plugin_path (ButlerApp  *app,
                            const char *folder)
{
  g_return_if_fail (app != NULL && folder != NULL);
  g_return_if_fail (!app->loaded);

  g_ptr_array_add (app->folders, g_canonicalize_filename (folder, NULL));
}

/* The groups, all before anything is loaded: a misspelt one would otherwise show as something else. */
static gboolean
check_groups (ButlerApp *app,
              GError   **error)
{
  static const char *const known[] = { BUTLER__APP_GROUP, BUTLER__APP_DEV_GROUP, "server", NULL };
  g_auto (GStrv)           groups = g_key_file_get_groups (app->file, NULL);
  g_autoptr (GHashTable)   names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      const char *name = butler__app_server_name (groups[i]);

      if (name == NULL && !g_str_equal (groups[i], BUTLER__APP_GROUP) && !g_str_equal (groups[i], BUTLER__APP_DEV_GROUP))
        {
          g_auto (GStrv)   words = g_strsplit (groups[i], " ", 2);
          g_autofree char *hint = butler__name_hint (words[0] != NULL ? words[0] : "", known);

          if (g_strcmp0 (words[0], "server") == 0)
            return butler__app_refuse (app, groups[i], NULL, error, "the server's name is missing: [server NAME]");
          return butler__app_refuse (app, groups[i], NULL, error, "groups are [app], [dev] and [server NAME]%s", hint);
        }
      if (name != NULL && !g_hash_table_add (names, (gpointer) name))
        return butler__app_refuse (app, groups[i], NULL, error, "there are two servers of this name");
    }
  if (g_hash_table_size (names) == 0)
    return butler__app_refuse (app, NULL, NULL, error, "there is no [server NAME] in it");
  return TRUE;
}

gboolean
butler__app_check_keys (ButlerApp         *app,
                        const char        *group,
                        const char *const *known,
                        GError           **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (app->file, group, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (!g_strv_contains (known, keys[i]))
      {
        g_autofree char *hint = butler__name_hint (keys[i], known);

        return butler__app_refuse (app, group, keys[i], error, "there is no such key%s", hint);
      }
  return TRUE;
}

static gboolean
check_app_keys (ButlerApp *app,
                GError   **error)
{
  static const char *const known[] = { "plugin-path", "trust", "end-limit", "handler-limit", NULL };

  return butler__app_check_keys (app, BUTLER__APP_GROUP, known, error);
}

static gboolean
check_dev (ButlerApp *app,
           GError   **error)
{
  g_autoptr (ButlerAppDev) dev = butler_app_get_dev (app, error);

  return dev != NULL;
}

static gboolean
read_trust (ButlerApp         *app,
            ButlerModuleFlags *flags,
            GError           **error)
{
  g_autofree char *trust = g_key_file_get_string (app->file, BUTLER__APP_GROUP, "trust", NULL);

  *flags = g_strcmp0 (trust, "any") == 0 ? BUTLER_MODULE_ANY_OWNER : BUTLER_MODULE_DEFAULT;
  if (trust == NULL || g_str_equal (trust, "any") || g_str_equal (trust, "owner"))
    return TRUE;
  return butler__app_refuse (app, BUTLER__APP_GROUP, "trust", error, "\"%s\" is neither any nor owner", trust);
}

static void
add_all (ButlerSearch *search,
         GStrv         folders)
{
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    butler__search_add (search, folders[i]);
}

static gboolean
make_search (ButlerApp *app,
             GError   **error)
{
  const char       *environment = g_getenv ("BUTLER_PLUGIN_PATH");
  g_auto (GStrv)    of_user = g_strsplit (environment != NULL ? environment : "", G_SEARCHPATH_SEPARATOR_S, -1);
  g_auto (GStrv)    of_file = g_key_file_get_string_list (app->file, BUTLER__APP_GROUP, "plugin-path", NULL, NULL);
  ButlerModuleFlags flags;

  if (!read_trust (app, &flags, error))
    return FALSE;

  app->search = butler__search_new (app->hub, app->folder, flags);
  for (guint i = 0; i < app->folders->len; i++)
    butler__search_add (app->search, g_ptr_array_index (app->folders, i));
  add_all (app->search, of_file);
  add_all (app->search, of_user);
  butler__search_add (app->search, BUTLER_PLUGINDIR);
  return TRUE;
}

static gboolean
make_servers (ButlerApp *app,
              GError   **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (app->file, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    if (butler__app_server_name (groups[i]) != NULL && !butler__app_make_server (app, groups[i], error))
      return FALSE;
  for (guint i = 0; groups[i] != NULL; i++)
    if (butler__app_server_name (groups[i]) != NULL
        && (!butler__app_set_supervisor (app, groups[i], error) || !butler__app_set_order (app, groups[i], error)))
      return FALSE;
  return TRUE;
}

gboolean
butler__app_prepare (ButlerApp *app,
                     GError   **error)
{
  return check_groups (app, error) && check_app_keys (app, error) && check_dev (app, error) && make_search (app, error);
}

/**
 * butler_app_load:
 * @app: an app that was not loaded yet
 * @error: (nullable): where to put an error
 *
 * Loads the plugins and makes the servers in the order of the file, with their settings. Everything is checked; no
 * function of a plugin runs. On error nothing is left behind, and the app can be changed with butler_app_set() and
 * loaded again.
 *
 * Errors: each names file, group, key and reason: %BUTLER_ERROR_BAD_CONFIG, %BUTLER_ERROR_NOT_FOUND,
 * %BUTLER_ERROR_BAD_VALUE, %BUTLER_ERROR_EXISTS (two servers take one message type), and those of butler_module_load().
 *
 * Thread: any but a server's; an app is used by one thread at a time.
 *
 * Returns: %TRUE if everything is ready to be started
 *
 * Since: 1.0
 */
gboolean
butler_app_load (ButlerApp *app,
                 GError   **error)
{
  g_return_val_if_fail (app != NULL && !app->loaded, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  app->loaded = butler__app_prepare (app, error) && butler__app_set_limits (app, error) && make_servers (app, error);
  g_clear_pointer (&app->search, butler__search_free);
  if (!app->loaded)
    {
      butler_hub_unref (app->hub);
      app->hub = butler_hub_new ();
    }
  return app->loaded;
}

/**
 * butler_app_start:
 * @app: an app that was loaded
 * @error: (nullable): where to put an error
 *
 * Starts all servers, as butler_hub_start() of its hub.
 *
 * Errors: those of butler_hub_start().
 *
 * Thread: any but a server's.
 *
 * Returns: %TRUE if all run
 *
 * Since: 1.0
 */
gboolean
butler_app_start (ButlerApp *app,
                  GError   **error)
{
  g_return_val_if_fail (app != NULL && app->loaded, FALSE);

  return butler_hub_start (app->hub, error);
}

/**
 * butler_app_get_hub:
 * @app: an app
 *
 * The hub in which its servers live. butler_app_load() that fails puts a new one in its place.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: (transfer none): the hub
 *
 * Since: 1.0
 */
ButlerHub *
butler_app_get_hub (ButlerApp *app)
{
  g_return_val_if_fail (app != NULL, NULL);

  return app->hub;
}

/**
 * butler_app_get_n_plugins:
 * @app: an app
 *
 * How many plugins butler_app_load() loaded: files, not servers.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
butler_app_get_n_plugins (ButlerApp *app)
{
  g_autoptr (GPtrArray) modules = NULL;

  g_return_val_if_fail (app != NULL, 0);

  modules = butler__hub_get_modules (app->hub);
  return modules->len;
}
