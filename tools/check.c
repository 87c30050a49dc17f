/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>

#include "tools/common.h"

int
tool_check (int    argc,
            char **argv)
{
  g_autofree char       *path = NULL;
  g_autoptr (GPtrArray)  servers = NULL;
  g_autoptr (ButlerApp)  app = NULL;
  guint                  n_plugins;

  app = tool_load_app ("check", "Loads everything that an app file names and checks it; runs nothing.", NULL, TRUE, argc,
                       argv, &path);
  if (app == NULL)
    return TOOL_REFUSED;

  servers = butler_hub_get_servers (butler_app_get_hub (app));
  n_plugins = butler_app_get_n_plugins (app);
  printf ("%s: ok, %u server%s, %u plugin%s\n", path, servers->len, tool_plural (servers->len), n_plugins,
          tool_plural (n_plugins));
  return tool_finish ();
}
