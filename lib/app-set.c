/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/app.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/names.h"

/* What `--set` changes. */

/* The group that a user calls @name: "app", "dev", a server's name, or the group as it stands in the file. */
static char *
find_group (ButlerApp  *app,
            const char *name)
{
  g_auto (GStrv) groups = g_key_file_get_groups (app->file, NULL);

  if (g_str_equal (name, BUTLER__APP_GROUP) || g_str_equal (name, BUTLER__APP_DEV_GROUP))
    return g_strdup (name);

  for (guint i = 0; groups[i] != NULL; i++)
    if (g_str_equal (groups[i], name) || g_strcmp0 (butler__app_server_name (groups[i]), name) == 0)
      return g_strdup (groups[i]);
  return NULL;
}

static gboolean
refuse_server (ButlerApp  *app,
               const char *assignment,
               const char *name,
               GError    **error)
{
  g_autoptr (GPtrArray) names = butler__app_list_server_names (app);
  g_autofree char      *hint = butler__name_hint (name, (const char *const *) names->pdata);

  return butler__app_refuse (app, NULL, NULL, error, "\"%s\": there is no server \"%s\"%s", assignment, name, hint);
}

/* What a GKeyFile takes as a key, and a little less: the known ones are made of these. */
static gboolean
is_key (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return FALSE;
  return *text != '\0';
}

/**
 * butler_app_set:
 * @app: an app that was not loaded yet
 * @assignment: GROUP.KEY=VALUE, where GROUP is `app`, `dev` or a server's name, and VALUE is written as in the file
 * @error: (nullable): where to put an error
 *
 * Changes a key of the app file, in memory only, as `threadbutler run --set` does. Whether the key and the value are
 * good butler_app_load() will say.
 *
 * Errors: %BUTLER_ERROR_BAD_CONFIG if @assignment has another form or there is no such server; the nearest is named.
 *
 * Thread: any; an app is used by one thread at a time.
 *
 * Returns: %TRUE if the key was set
 *
 * Since: 1.0
 */
gboolean
butler_app_set (ButlerApp  *app,
                const char *assignment,
                GError    **error)
{
  g_autofree char *name = NULL;
  g_autofree char *group = NULL;
  const char      *value;
  char            *key;

  g_return_val_if_fail (app != NULL && assignment != NULL, FALSE);
  g_return_val_if_fail (!app->loaded, FALSE);

  value = strchr (assignment, '=');
  name = g_strndup (assignment, value != NULL ? (gsize) (value - assignment) : 0);
  key = strrchr (name, '.'); /* keys have none, servers may */
  if (key == NULL || key == name || !is_key (key + 1) || !g_utf8_validate (assignment, -1, NULL))
    {
      g_autofree char *text = g_utf8_make_valid (assignment, -1);

      return butler__app_refuse (app, NULL, NULL, error, "\"%s\" is not of the form GROUP.KEY=VALUE", text);
    }

  *key++ = '\0';
  group = find_group (app, name);
  if (group == NULL)
    return refuse_server (app, assignment, name, error);
  g_key_file_set_value (app->file, group, key, value + 1);
  return TRUE;
}
