/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>

#include "tools/client.h"
#include "tools/common.h"
#include "tools/table.h"

/* status and stats: what a running program is doing. */

#define NTH(array, Type, i) (&g_array_index (array, Type, i))

/* A record's array may be missing: it is from another process. */
static guint
length_of (const GArray *array)
{
  return array != NULL ? array->len : 0;
}

static void
print_head (GVariant *answer)
{
  const char *name = "?";
  guint32     pid = 0;

  g_variant_lookup (answer, "name", "&s", &name);
  g_variant_lookup (answer, "pid", "u", &pid);
  printf ("%s, process %u", name, pid);
}

static void
print_count (const GArray *array,
             const char   *what)
{
  printf (", %u %s%s", length_of (array), what, length_of (array) == 1 ? "" : "s");
}

static void
add_bound (ToolTable                *table,
           const ButlerServerStatus *server)
{
  if (server->capacity > 0)
    tool_table_add_format (table, "%u %s", server->capacity, server->overflow);
  else
    tool_table_add (table, "-");
}

static void
add_plugin (ToolTable                *table,
            const ButlerServerStatus *server)
{
  if (server->plugin == NULL)
    tool_table_add (table, "-");
  else
    tool_table_add_format (table, "%s.%u", server->plugin, server->generation);
}

static void
add_what_it_does (ToolTable                *table,
                  const ButlerServerStatus *server)
{
  GString *text = g_string_new (NULL);

  if (server->reason != NULL)
    g_string_append (text, server->reason);
  if (server->handling != NULL)
    g_string_append_printf (text, "in handler of %s", server->handling);
  if (server->handling_for > 0)
    g_string_append_printf (text, " for %.1f s", server->handling_for);
  for (guint i = 0; i < length_of (server->pending); i++)
    {
      const ButlerPendingStatus *one = NTH (server->pending, ButlerPendingStatus, i);

      g_string_append_printf (text, "%swaits for %s since %.1f s", text->len > 0 ? ", " : "", one->what, one->age);
    }
  tool_table_add (table, text->str);
  g_string_free (text, TRUE);
}

static void
print_servers (const GArray *servers)
{
  ToolTable *table = tool_table_new ("SERVER", "STATE", "PLUGIN", "SET", "LOOP", ">WAITING", ">MOST", "BOUND",
                                     ">HANDLED", ">FAILED", ">RESTARTS", ">OVERRUNS", ">DEAD", "NOW", NULL);

  for (guint i = 0; i < length_of (servers); i++)
    {
      const ButlerServerStatus *server = NTH (servers, ButlerServerStatus, i);

      tool_table_add (table, server->name);
      tool_table_add (table, server->state);
      add_plugin (table, server);
      tool_table_add (table, server->set);
      tool_table_add (table, server->loop);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->length);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->high_water);
      add_bound (table, server);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->handled);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->failed);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->restarts);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->overruns);
      tool_table_add_format (table, "%" G_GUINT64_FORMAT, server->dead);
      add_what_it_does (table, server);
    }
  tool_table_print (table);
}

static void
print_subscriptions (const GArray *servers)
{
  ToolTable *table = tool_table_new ("SERVER", "SUBSCRIBES TO", ">MISSED", NULL);
  guint n = 0;

  for (guint i = 0; i < length_of (servers); i++)
    {
      const ButlerServerStatus *server = NTH (servers, ButlerServerStatus, i);

      for (guint k = 0; k < length_of (server->subscriptions); k++, n++)
        {
          const ButlerSubscriptionStatus *one = NTH (server->subscriptions, ButlerSubscriptionStatus, k);

          tool_table_add (table, k == 0 ? server->name : NULL);
          tool_table_add (table, one->type);
          tool_table_add_format (table, "%" G_GUINT64_FORMAT, one->missed);
        }
    }
  if (n > 0)
    puts ("");
  tool_table_print (table);
}

/* One line for each pin, the first beside its generation. */
static void
add_generation (ToolTable                    *table,
                const char                   *plugin,
                const ButlerGenerationStatus *generation)
{
  guint n_pins = generation->pins != NULL ? g_strv_length (generation->pins) : 0;

  tool_table_add (table, plugin);
  tool_table_add_format (table, "%u", generation->number);
  tool_table_add (table, generation->state);
  tool_table_add (table, generation->version);
  tool_table_add_format (table, "%.1f s", generation->age);
  tool_table_add (table, n_pins > 0 ? generation->pins[0] : NULL);
  tool_table_add (table, generation->reason);
  for (guint i = 1; i < n_pins; i++)
    {
      for (guint column = 0; column < 5; column++)
        tool_table_add (table, NULL);
      tool_table_add (table, generation->pins[i]);
      tool_table_add (table, NULL);
    }
}

static void
print_modules (const GArray *modules)
{
  ToolTable *table = tool_table_new ("PLUGIN", ">GENERATION", "STATE", "VERSION", ">AGE", "NEEDED BY",
                                     "RESIDENT BECAUSE", NULL);

  if (length_of (modules) > 0)
    puts ("");
  for (guint i = 0; i < length_of (modules); i++)
    {
      const ButlerModuleStatus *module = NTH (modules, ButlerModuleStatus, i);

      for (guint n = 0; n < length_of (module->generations); n++)
        add_generation (table, n == 0 ? module->name : NULL, NTH (module->generations, ButlerGenerationStatus, n));
    }
  tool_table_print (table);
}

static int
print_status (GVariant *answer)
{
  g_autoptr (GError)          error = NULL;
  g_autoptr (ButlerHubStatus) status = butler_hub_status_from_variant (answer, &error);

  if (status == NULL)
    {
      tool_say ("its answer cannot be read: %s", error->message);
      return TOOL_FAILED;
    }
  print_head (answer);
  print_count (status->servers, "server");
  print_count (status->modules, "plugin");
  puts (status->stopping ? ", stopping" : "");
  print_servers (status->servers);
  print_subscriptions (status->servers);
  print_modules (status->modules);
  return tool_finish ();
}

static gboolean
add_stats (ToolTable *table,
           GVariant  *record,
           GError   **error)
{
  g_autoptr (ButlerServerStats) stats = butler_server_stats_from_variant (record, error);

  if (stats == NULL)
    return FALSE;

  const guint64 figures[] = { stats->received, stats->handled, stats->failed,
                              stats->restarts, stats->overruns, stats->dead, stats->length, stats->high_water };

  tool_table_add (table, stats->name);
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    tool_table_add_format (table, "%" G_GUINT64_FORMAT, figures[i]);
  return TRUE;
}

static int
print_stats (GVariant *answer)
{
  g_autoptr (GVariant) servers = g_variant_lookup_value (answer, "servers", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GError)   error = NULL;
  ToolTable           *table;

  table = tool_table_new ("SERVER", ">RECEIVED", ">HANDLED", ">FAILED", ">RESTARTS", ">OVERRUNS", ">DEAD", ">WAITING",
                          ">MOST", NULL);
  for (gsize i = 0; servers != NULL && error == NULL && i < g_variant_n_children (servers); i++)
    {
      g_autoptr (GVariant) one = g_variant_get_child_value (servers, i);

      add_stats (table, one, &error);
    }
  tool_table_print (table);
  if (error == NULL)
    return tool_finish ();

  tool_say ("its answer cannot be read: %s", error->message);
  return TOOL_FAILED;
}

static int
ask (const char *command,
     const char *summary,
     const char *method,
     int       (*print) (GVariant *answer),
     int         argc,
     char      **argv)
{
  gboolean             json = FALSE;
  const GOptionEntry   entries[] = {
    { "json", 'j', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &json, "Print JSON, for scripts", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv)       operands = tool_parse_all (command, "[NAME|PID]", summary, entries, argc, argv);
  g_autoptr (GVariant) answer = NULL;

  if (operands == NULL || !tool_at_most_one (command, operands))
    return TOOL_REFUSED;
  answer = tool_ask (operands[0], method);
  if (answer == NULL)
    return TOOL_FAILED;
  return json ? tool_print_json (answer) : print (answer);
}

int
tool_status (int    argc,
             char **argv)
{
  return ask ("status",
              "Prints what a running program is doing: its servers, what waits for them, the generations of its\n"
              "plugins and what needs each of them.",
              "GetStatus", print_status, argc, argv);
}

int
tool_stats (int    argc,
            char **argv)
{
  return ask ("stats", "Prints the figures of a running program's servers.", "GetStats", print_stats, argc, argv);
}
