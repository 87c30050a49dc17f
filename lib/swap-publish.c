/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/swap.h"

#include <threadbutler/error.h>

#include "lib/candidate.h"
#include "lib/switch.h"
#include "lib/tap.h"

/* Planning and publishing. The hub's mutex is held. */

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

gboolean
butler__swap_plan (ButlerHub *hub,
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
gboolean
butler__swap_publish_halted (ButlerHub  *hub,
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
void
butler__swap_publish_rolling (GPtrArray *candidates,
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
