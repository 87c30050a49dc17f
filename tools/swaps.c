/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/swaps.h"

#include <string.h>

#include "tools/common.h"

/* The fields of a layout's text, "Type{kind name;kind name;}": name -> kind. Kinds can have braces of their own. */
static GHashTable *
parse_layout (const char *text)
{
  GHashTable *fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *open = strchr (text, '{');
  int         depth = 0;

  for (const char *at = open != NULL ? open + 1 : "", *field = at; *at != '\0' && depth >= 0; at++)
    {
      depth += (*at == '{') - (*at == '}');
      if (*at == ';' && depth == 0)
        {
          g_autofree char *declaration = g_strndup (field, (gsize) (at - field));
          char            *name = strrchr (declaration, ' ');

          if (name != NULL)
            g_hash_table_insert (fields, g_strdup (name + 1), g_strndup (declaration, (gsize) (name - declaration)));
          field = at + 1;
        }
    }
  return fields;
}

static int
compare_texts (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* "x: uint32 -> uint64", and, by the mark, what only @fields has. */
static void
list_differences (GHashTable *fields,
                  GHashTable *others,
                  char        mark,
                  GPtrArray  *list)
{
  GHashTableIter iter;
  gpointer       name;
  gpointer       kind;

  g_hash_table_iter_init (&iter, fields);
  while (g_hash_table_iter_next (&iter, &name, &kind))
    {
      const char *other = g_hash_table_lookup (others, name);

      if (other == NULL)
        g_ptr_array_add (list, g_strdup_printf ("%c%s", mark, (char *) name));
      else if (mark == '-' && !g_str_equal (other, kind))
        g_ptr_array_add (list, g_strdup_printf ("%s: %s -> %s", (char *) name, (char *) kind, other));
    }
}

/* "state kept", or what became of its fields. @migrated (nullable): "LAYOUT -> LAYOUT" */
static char *
describe_state (const char *migrated)
{
  g_auto (GStrv)         layouts = g_strsplit (migrated != NULL ? migrated : "", " -> ", 2);
  g_autoptr (GPtrArray)  list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) before = NULL;
  g_autoptr (GHashTable) after = NULL;
  g_autofree char       *text = NULL;

  if (g_strv_length (layouts) != 2)
    return g_strdup ("state kept");

  before = parse_layout (layouts[0]);
  after = parse_layout (layouts[1]);
  list_differences (before, after, '-', list);
  list_differences (after, before, '+', list);
  if (list->len == 0)
    return g_strdup ("state moved");

  g_ptr_array_sort (list, compare_texts);
  g_ptr_array_add (list, NULL);
  text = g_strjoinv (", ", (char **) list->pdata);
  return g_strdup_printf ("state %s", text);
}

/* What its servers say, each thing once: they can be of several sets. */
static void
append_states (GString                   *line,
               const ButlerSwappedPlugin *plugin)
{
  g_autoptr (GHashTable) said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < plugin->servers->len; i++)
    {
      char *text = describe_state (g_array_index (plugin->servers, ButlerSwappedServer, i).migrated);

      if (!g_hash_table_contains (said, text))
        g_string_append_printf (line, ", %s", text);
      g_hash_table_add (said, text);
    }
}

static void
append_pauses (GString                   *line,
               const ButlerSwappedPlugin *plugin)
{
  for (guint i = 0; i < plugin->servers->len; i++)
    {
      const ButlerSwappedServer *server = &g_array_index (plugin->servers, ButlerSwappedServer, i);

      g_string_append_printf (line, "%s %s ", i == 0 ? ", paused:" : ",", server->name);
      if (server->done)
        g_string_append_printf (line, "%.3f ms", (double) server->pause / 1e6);
      else
        g_string_append (line, "not yet, it is in a handler of the old code");
    }
}

static void
tell_plugin (const ButlerSwappedPlugin *plugin,
             double                     built)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%s %u -> %u", plugin->name, plugin->from, plugin->to);
  append_states (line, plugin);
  if (built >= 0)
    g_string_append_printf (line, ", built in %.2f s", built);
  append_pauses (line, plugin);
  tool_say ("%s", line->str);
  for (guint i = 0; plugin->warnings != NULL && plugin->warnings[i] != NULL; i++)
    tool_say ("%s: %s", plugin->name, plugin->warnings[i]);
}

void
tool_tell_swap (const ButlerSwapReport *report,
                const GError           *error,
                double                  built)
{
  if (error != NULL)
    tool_say ("nothing was swapped: %s", error->message);
  else if (report->plugins->len == 0 && built >= 0)
    tool_say ("built in %.2f s, no plugin has changed", built);
  else if (report->plugins->len == 0)
    tool_say ("no plugin has changed");
  for (guint i = 0; report != NULL && i < report->plugins->len; i++)
    tell_plugin (&g_array_index (report->plugins, ButlerSwappedPlugin, i), built);
}

typedef struct
{
  ButlerHub *hub; /* (unowned): the main loop does not run any more when it is gone */
  double     built;
} Swap;

static void
on_swapped (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  g_autofree Swap             *swap = data;
  g_autoptr (GError)           error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap_finish (swap->hub, result, &error);

  (void) source;
  tool_tell_swap (report, error, swap->built);
}

void
tool_swap (ButlerHub *hub,
           double     built)
{
  Swap *swap = g_new (Swap, 1);

  *swap = (Swap) { hub, built };
  butler_hub_swap_async (hub, NULL, NULL, on_swapped, swap);
}

static void
on_watched (ButlerHub              *hub,
            const ButlerSwapReport *report,
            const GError           *error,
            gpointer                data)
{
  (void) hub;
  (void) data;
  tool_tell_swap (report, error, TOOL_NOT_BUILT);
}

ButlerHubWatch *
tool_watch (ButlerHub *hub)
{
  g_autoptr (GError) error = NULL;
  ButlerHubWatch    *watch = butler_hub_watch (hub, on_watched, NULL, &error);

  if (watch == NULL)
    tool_say ("%s", error->message);
  return watch;
}
