/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* swap PLUGIN.so SET: runs a server of the plugin's set. For each line on standard input it swaps in what is new, and
 * prints how many plugins were swapped, how many generations are loaded then, and what the server was migrated to. */

#include <stdio.h>
#include <threadbutler/threadbutler.h>

static void
swap (ButlerHub *hub, ButlerModule *module)
{
  GError *error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, &error);
  g_autoptr (ButlerSwapReport) nothing = NULL;
  g_autoptr (ButlerModuleStatus) status = NULL;
  const char *migrated = NULL;

  g_assert_no_error (error);
  if (report->plugins->len > 0)
    {
      const ButlerSwappedPlugin *plugin = &g_array_index (report->plugins, ButlerSwappedPlugin, 0);

      migrated = g_array_index (plugin->servers, ButlerSwappedServer, 0).migrated;
    }
  nothing = butler_hub_swap (hub, NULL, &error); /* what the first one left over is unloaded before it */
  g_assert_no_error (error);
  g_assert_cmpuint (nothing->plugins->len, ==, 0);
  status = butler_module_get_status (module);
  g_print ("%u swapped, %u loaded, %s\n", report->plugins->len, status->generations->len,
           migrated != NULL ? migrated : "not migrated");
}

int
main (int argc, char **argv)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  GError *error = NULL;
  ButlerModule *module;
  const ButlerHandlerSet *set;
  char line[80];

  g_assert_cmpint (argc, ==, 3);
  module = butler_module_load (hub, argv[1], BUTLER_MODULE_DEFAULT, &error);
  g_assert_no_error (error);
  set = butler_module_get_set (module, argv[2], &error);
  g_assert_no_error (error);
  butler_server_new (hub, argv[2], set, NULL, &error);
  g_assert_no_error (error);
  butler_hub_start (hub, &error);
  g_assert_no_error (error);
  while (fgets (line, sizeof line, stdin) != NULL)
    swap (hub, module);
  return 0;
}
