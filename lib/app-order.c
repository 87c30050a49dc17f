/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/app.h"

/* What an app file says of the end, its order and its time, and of the time of handlers. */

static gboolean
add_after (ButlerApp    *app,
           const char   *group,
           ButlerServer *server,
           const char   *name,
           GError      **error)
{
  ButlerServer *other = butler__app_find_server (app, group, "after", name, error);

  if (other == NULL)
    return FALSE;
  if (butler_server_add_after (server, other, error))
    return TRUE;
  g_prefix_error (error, "%s: [%s] after: ", app->path, group);
  return FALSE;
}

gboolean
butler__app_set_order (ButlerApp  *app,
                       const char *group,
                       GError    **error)
{
  g_auto (GStrv) names = g_key_file_get_string_list (app->file, group, "after", NULL, NULL);
  ButlerServer  *server = butler_hub_get_server (app->hub, butler__app_server_name (group));

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!add_after (app, group, server, g_strstrip (names[i]), error))
      return FALSE;
  return TRUE;
}

gboolean
butler__app_set_limits (ButlerApp *app,
                        GError   **error)
{
  guint end_limit;
  guint handler_limit;

  if (!butler__app_read_number (app, BUTLER__APP_GROUP, "end-limit", 0, &end_limit, error)
      || !butler__app_read_number (app, BUTLER__APP_GROUP, "handler-limit", 0, &handler_limit, error))
    return FALSE;
  butler_hub_set_end_limit (app->hub, end_limit);
  butler_hub_set_handler_limit (app->hub, handler_limit);
  return TRUE;
}
