/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>

#include "tools/client.h"
#include "tools/common.h"

static void
print_server (const ButlerSwappedServer *server)
{
  printf ("  server %s: ", server->name);
  if (!server->done)
    printf ("it is in a handler of the old code still");
  else
    printf ("paused %.3f ms", (double) server->pause / 1e6);
  if (server->migrated != NULL)
    printf (", %s", server->migrated);
  puts ("");
}

static void
print_plugin (const ButlerSwappedPlugin *plugin)
{
  printf ("%s: generation %u -> %u\n", plugin->name, plugin->from, plugin->to);
  for (guint i = 0; plugin->warnings != NULL && plugin->warnings[i] != NULL; i++)
    printf ("  warning: %s\n", plugin->warnings[i]);
  for (guint i = 0; plugin->servers != NULL && i < plugin->servers->len; i++)
    print_server (&g_array_index (plugin->servers, ButlerSwappedServer, i));
}

static int
print_report (GVariant *answer)
{
  g_autoptr (GError)           error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_swap_report_from_variant (answer, &error);

  if (report == NULL)
    {
      tool_say ("it reloaded, but its answer cannot be read: %s", error->message);
      return TOOL_FAILED;
    }
  if (report->plugins == NULL || report->plugins->len == 0)
    puts ("no plugin's file has changed");
  for (guint i = 0; report->plugins != NULL && i < report->plugins->len; i++)
    print_plugin (&g_array_index (report->plugins, ButlerSwappedPlugin, i));
  return tool_finish ();
}

/* What is no text is the name of no plugin, and cannot be sent. */
static GVariant *
to_arguments (GStrv plugins)
{
  for (guint i = 0; plugins[i] != NULL; i++)
    {
      char *text = g_utf8_make_valid (plugins[i], -1);

      g_free (plugins[i]);
      plugins[i] = text;
    }
  return g_variant_new ("(^as)", plugins);
}

int
tool_reload (int    argc,
             char **argv)
{
  g_autofree char            *name = NULL;
  gboolean                    json = FALSE;
  g_auto (GStrv)              plugins = NULL;
  g_autoptr (GError)          error = NULL;
  g_autoptr (GVariant)        answer = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  const GOptionEntry          entries[] = {
    { "app", 'a', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &name, "Which program; default: the only one that runs",
      "NAME|PID" },
    { "json", 'j', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &json, "Print JSON, for scripts", NULL },
    G_OPTION_ENTRY_NULL,
  };

  plugins = tool_parse_all ("reload", "[PLUGIN]...",
                            "Lets a running program replace plugins by what their files are now, all of them or none;\n"
                            "without a name those whose file has changed.",
                            entries, argc, argv);
  if (plugins == NULL)
    return TOOL_REFUSED;
  connection = tool_connect (name);
  if (connection == NULL)
    return TOOL_FAILED;
  answer = tool_call (connection, "Reload", to_arguments (plugins), &error);
  if (answer != NULL)
    return json ? tool_print_json (answer) : print_report (answer);

  tool_say ("%s", error->message);
  return TOOL_FAILED;
}
