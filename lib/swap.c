/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/swap.h"

#include <threadbutler/error.h>

#include "lib/candidate.h"
#include "lib/halt.h"
#include "lib/names.h"
#include "lib/reaper.h"

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

  if (!check_alive (hub, cancellable, error) || !butler__swap_plan (hub, candidates, moves, error))
    return NULL;
  report = butler__swap_report_new (candidates, moves);
  report->stopped = must_halt (moves);
  *idle = list_idle (moves);
  if (!report->stopped)
    butler__swap_publish_rolling (candidates, moves);
  else if (!butler__halt_run (hub, candidates, moves, butler__swap_publish_halted, cancellable, error))
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
    butler__swap_report_finish (hub, idle, report);
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
