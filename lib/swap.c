/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/swap.h"

#include <threadbutler/error.h>

#include "lib/candidate.h"
#include "lib/halt.h"
#include "lib/names.h"
#include "lib/reaper.h"
#include "lib/tap.h"

/* The way of a swap: load all, plan all, then either publish while messages flow, or let all servers stand still first. Publishing is one
 * point, under the hub's mutex. */

static gboolean
is_wanted (const ButlerModule *module,
           const char *const  *plugins)
{
  return plugins != NULL ? g_strv_contains (plugins, module->name) : module->path != NULL;
}

static gboolean
check_known (GPtrArray         *modules,
             const char *const *plugins,
             GError           **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < modules->len; i++)
    g_ptr_array_add (names, (gpointer) ((ButlerModule *) modules->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  for (guint i = 0; plugins != NULL && plugins[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) names->pdata, plugins[i]))
      {
        g_autofree char *hint = butler__name_hint (plugins[i], (const char *const *) names->pdata);

        g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no plugin named \"%s\" is loaded%s", plugins[i], hint);
        return FALSE;
      }
  return TRUE;
}

/* Of those that nobody named, the ones that have not changed are passed over. */
static gboolean
load_all (GPtrArray         *modules,
          const char *const *plugins,
          GPtrArray         *candidates,
          GError           **error)
{
  for (guint i = 0; i < modules->len; i++)
    {
      GError *failure = NULL;
      ButlerCandidate *candidate = is_wanted (modules->pdata[i], plugins) ? butler__candidate_load (modules->pdata[i], &failure)
                                                                          : NULL;

      if (candidate != NULL)
        g_ptr_array_add (candidates, candidate);
      else if (plugins == NULL && g_error_matches (failure, BUTLER_ERROR, BUTLER_ERROR_UNCHANGED))
        g_clear_error (&failure);
      else if (failure != NULL)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
    }
  return TRUE;
}

/* Planning and publishing. The mutex is held. */

static gboolean
plan_route (ButlerServer             *server,
            const ButlerHandlerEntry *entry,
            GError                  **error)
{
  const ButlerType *type = entry->layout->type;
  const ButlerChannel *channel = butler__routes_get (&server->hub->routes, type);

  if (channel == NULL || channel == server->channel || butler__handlers_find (server->handlers, type) != NULL)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS, "server %s would take %s, which is routed to %s", server->name, type->name,
               channel->name);
  return FALSE;
}

static gboolean
plan_routes (const ButlerMove *move,
             GError          **error)
{
  for (guint i = 0; move->server->routed && !move->server->removed && i < move->handlers->set.n_handlers; i++)
    if (!plan_route (move->server, &move->handlers->entries[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
plan_server (ButlerServer          *server,
             const ButlerCandidate *candidate,
             GPtrArray             *moves,
             GError               **error)
{
  ButlerMove *move = butler__move_new (server, candidate->generation, error);

  if (move != NULL)
    g_ptr_array_add (moves, move);
  if (move != NULL && plan_routes (move, error))
    return TRUE;
  g_prefix_error (error, "%s: ", candidate->module->path);
  return FALSE;
}

static gboolean
plan (ButlerHub       *hub,
      ButlerCandidate *candidate,
      GPtrArray       *moves,
      GError         **error)
{
  candidate->generation->number = ++candidate->module->last_number;
  for (guint i = 0; i < hub->servers->len; i++)
    {
      ButlerServer *server = hub->servers->pdata[i];

      if (server->module == candidate->module && !plan_server (server, candidate, moves, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
plan_all (ButlerHub *hub,
          GPtrArray *candidates,
          GPtrArray *moves,
          GError   **error)
{
  for (guint i = 0; i < candidates->len; i++)
    if (!plan (hub, candidates->pdata[i], moves, error))
      return FALSE;
  return TRUE;
}

static void
take_routes (const ButlerMove *move)
{
  const ButlerServer *server = move->server;

  for (guint i = 0; server->routed && !server->removed && i < move->handlers->set.n_handlers; i++)
    if (butler__handlers_find (server->handlers, move->handlers->entries[i].layout->type) == NULL)
      butler__routes_set (&server->hub->routes, move->handlers->entries[i].layout->type, server->channel);
}

static void
publish (GPtrArray *candidates,
         GPtrArray *moves)
{
  for (guint i = 0; i < moves->len; i++)
    take_routes (moves->pdata[i]);
  for (guint i = 0; i < candidates->len; i++)
    {
      ButlerCandidate *candidate = candidates->pdata[i];

      butler__observers_swapped (candidate->module->hub, candidate->module->name, candidate->module->current->number,
                                 candidate->generation->number);
      candidate->module->current = candidate->generation;
      g_ptr_array_add (candidate->module->generations, g_steal_pointer (&candidate->generation));
    }
}

/* Servers that were made while others came to stand still: they wait with their start. */
static gboolean
plan_late (ButlerHub             *hub,
           const ButlerCandidate *candidate,
           GPtrArray             *moves,
           GError               **error)
{
  for (guint i = 0; i < hub->servers->len; i++)
    {
      ButlerServer *server = hub->servers->pdata[i];

      if (server->module == candidate->module && server->move == NULL && !plan_server (server, candidate, moves, error))
        return FALSE;
    }
  return TRUE;
}

/* What was planned may not be so any more: a program routes types at any time. */
static gboolean
publish_halted (ButlerHub  *hub,
                GPtrArray  *candidates,
                GPtrArray  *moves,
                GError    **error)
{
  for (guint i = 0; i < candidates->len; i++)
    if (!plan_late (hub, candidates->pdata[i], moves, error))
      return FALSE;
  for (guint i = 0; i < moves->len; i++)
    if (!plan_routes (moves->pdata[i], error))
      return FALSE;
  publish (candidates, moves);
  return TRUE;
}

/* While messages flow: each server comes over by itself at its next boundary. All are asked before the mutex is let go, so before any
 * of them can come. */
static void
publish_rolling (GPtrArray *candidates,
                 GPtrArray *moves)
{
  publish (candidates, moves);
  for (guint i = 0; i < moves->len; i++)
    {
      ButlerMove *move = moves->pdata[i];

      /* What an earlier swap has left for its end was planned anew; but one that was given up may not have come out of it yet. */
      if (move->server->halt == NULL)
        g_clear_pointer (&move->server->move, butler__move_free);
      move->server->rolls = butler__server_is_active (move->server);
      if (move->server->rolls)
        butler__channel_request (move->server->channel, BUTLER__REQUEST_SWAP);
      else
        butler__move_apply (move);
    }
}

/* The report */

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

static ButlerSwapReport *
report_new (GPtrArray *candidates,
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
static void
wait_until_over (ButlerHub        *hub,
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

/* All together */

static gboolean
must_halt (GPtrArray *moves)
{
  for (guint i = 0; i < moves->len; i++)
    if (butler__move_changes_state (moves->pdata[i]))
      return TRUE;
  return FALSE;
}

static gboolean
check_alive (ButlerHub    *hub,
             GCancellable *cancellable,
             GError      **error)
{
  if (hub->gone)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "nothing was swapped: the hub ends");
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* (transfer container): a reference of each. The mutex is held. */
static GPtrArray *
list_idle (GPtrArray *moves)
{
  GPtrArray *servers = g_ptr_array_new_with_free_func ((GDestroyNotify) butler_server_unref);

  for (guint i = 0; i < moves->len; i++)
    {
      ButlerServer *server = ((ButlerMove *) moves->pdata[i])->server;

      if (server->loop == NULL)
        g_ptr_array_add (servers, butler_server_ref (server));
    }
  return servers;
}

static ButlerSwapReport *
swap_unlocked (ButlerHub    *hub,
               GPtrArray    *candidates,
               GPtrArray    *moves,
               GPtrArray   **idle,
               GCancellable *cancellable,
               GError      **error)
{
  g_autoptr (ButlerSwapReport) report = NULL;

  if (!check_alive (hub, cancellable, error) || !plan_all (hub, candidates, moves, error))
    return NULL;
  report = report_new (candidates, moves);
  report->stopped = must_halt (moves);
  *idle = list_idle (moves);
  if (!report->stopped)
    publish_rolling (candidates, moves);
  else if (!butler__halt_run (hub, candidates, moves, publish_halted, cancellable, error))
    return NULL;
  return g_steal_pointer (&report);
}

static ButlerSwapReport *
swap_candidates (ButlerHub    *hub,
                 GPtrArray    *candidates,
                 GCancellable *cancellable,
                 GError      **error)
{
  g_autoptr (GPtrArray) moves = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__move_free);
  g_autoptr (GPtrArray) idle = NULL;
  ButlerSwapReport *report;

  butler__hub_lock (hub);
  report = swap_unlocked (hub, candidates, moves, &idle, cancellable, error);
  butler__hub_unlock (hub);
  g_ptr_array_set_size (moves, 0);
  butler__reaper_take (candidates);
  if (report != NULL)
    wait_until_over (hub, idle, report);
  return report;
}

/* Without the mutex. */
static void
look_again (GCancellable *cancellable G_GNUC_UNUSED,
            gpointer      data)
{
  ButlerHub *hub = data;

  butler__hub_lock (hub);
  g_cond_broadcast (&hub->changed);
  butler__hub_unlock (hub);
}

ButlerSwapReport *
butler__swap_run (ButlerHub         *hub,
                  const char *const *plugins,
                  GCancellable      *cancellable,
                  GError           **error)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__candidate_free);
  g_autoptr (GPtrArray) modules = NULL;
  ButlerSwapReport *report = NULL;
  gulong id = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (look_again), hub, NULL) : 0;

  g_mutex_lock (&hub->loading);
  modules = butler__hub_get_modules (hub);
  if (check_known (modules, plugins, error) && load_all (modules, plugins, candidates, error)
      && butler__candidates_check (hub, candidates, error))
    report = swap_candidates (hub, candidates, cancellable, error);
  g_mutex_unlock (&hub->loading);
  g_cancellable_disconnect (cancellable, id);
  return report;
}
