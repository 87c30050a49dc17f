/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/swap.h"

#include "lib/candidate.h"
#include "lib/halt.h"

/* What comes of a swap. */

static char *
describe_migration (const ButlerMove *move)
{
  const ButlerLayout *from = move->server->handlers->state;
  const ButlerLayout *to = move->handlers->state;

  if (move->conversion == NULL || from == to)
    return NULL;
  return g_strdup_printf ("%s -> %s", from->fingerprint, to->fingerprint);
}

static GArray *
report_servers (ButlerModule *module,
                GPtrArray    *moves)
{
  GArray *servers = butler_swapped_server_array_new (moves->len);

  for (guint i = 0; i < moves->len; i++)
    {
      const ButlerMove *move = moves->pdata[i];
      ButlerSwappedServer server = { 0 };

      if (move->server->module != module)
        continue;
      server.name = g_strdup (move->server->name);
      server.migrated = describe_migration (move);
      g_array_append_val (servers, server);
    }
  return servers;
}

ButlerSwapReport *
butler__swap_report_new (GPtrArray *candidates,
                         GPtrArray *moves)
{
  ButlerSwapReport *report = butler_swap_report_new ();

  report->plugins = butler_swapped_plugin_array_new (candidates->len);
  for (guint i = 0; i < candidates->len; i++)
    {
      const ButlerCandidate *candidate = candidates->pdata[i];
      ButlerSwappedPlugin plugin = { 0 };

      plugin.name = g_strdup (candidate->module->name);
      plugin.path = g_strdup (candidate->module->path);
      plugin.from = candidate->old->number;
      plugin.to = candidate->generation->number;
      plugin.warnings = g_strdupv (butler__loaded_of (candidate->generation)->verdict->warnings);
      plugin.servers = report_servers (candidate->module, moves);
      g_array_append_val (report->plugins, plugin);
    }
  return report;
}

/* The mutex is held. */
static ButlerServer *
find_server (ButlerHub  *hub,
             const char *name)
{
  for (guint i = 0; i < hub->servers->len; i++)
    if (g_str_equal (((ButlerServer *) hub->servers->pdata[i])->name, name))
      return hub->servers->pdata[i];
  return NULL;
}

static gboolean
complete_server (ButlerHub           *hub,
                 ButlerSwappedServer *line,
                 guint                number)
{
  ButlerServer *server = find_server (hub, line->name);
  gboolean active = server != NULL && butler__server_is_active (server);

  line->done = !active || atomic_load_explicit (&server->generation, memory_order_relaxed) >= number;
  line->pause = active && line->done ? server->pause : 0;
  return line->done;
}

/* TRUE when all servers have come over. The mutex is held. */
static gboolean
complete (ButlerHub        *hub,
          ButlerSwapReport *report)
{
  gboolean done = TRUE;

  for (guint i = 0; i < report->plugins->len; i++)
    {
      ButlerSwappedPlugin *plugin = &g_array_index (report->plugins, ButlerSwappedPlugin, i);

      for (guint n = 0; n < plugin->servers->len; n++)
        done &= complete_server (hub, &g_array_index (plugin->servers, ButlerSwappedServer, n), plugin->to);
    }
  return done;
}

/* How long a report waits for servers that are in a handler, µs. */
#define PATIENCE (100 * 1000)

/* A server without a thread that nobody dispatches comes over here. */
void
butler__swap_report_finish (ButlerHub        *hub,
                            GPtrArray        *idle,
                            ButlerSwapReport *report)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gboolean in_time = TRUE;

  butler__hub_lock (hub);
  while (!complete (hub, report) && in_time)
    if (!butler__halt_bring_over (hub, idle))
      in_time = g_cond_wait_until (&hub->changed, &hub->mutex, deadline);
  butler__hub_unlock (hub);
}
