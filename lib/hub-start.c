/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

/* All servers of a hub start at once, or none. */

static void
close_if_idle (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  if (!butler__server_is_active (server))
    butler_channel_close (server->channel);
  butler__hub_unlock (server->hub);
}

/* Those that never ran are closed first: a started one that waits for room in such a channel would not end. */
static void
undo_start (GPtrArray *servers,
            GPtrArray *started)
{
  for (guint i = 0; i < servers->len; i++)
    if (!g_ptr_array_find (started, servers->pdata[i], NULL))
      close_if_idle (servers->pdata[i]);
  for (guint i = 0; i < started->len; i++)
    butler_server_stop (started->pdata[i]);
}

/* Who waits for one of them waits for this thread, which will start it: so a startup event that fills the channel of a server that comes
 * later is refused, where it would wait for ever. */
static void
answer_for (GPtrArray *servers)
{
  for (guint i = 0; i < servers->len; i++)
    if (butler_server_get_state (servers->pdata[i]) == BUTLER_SERVER_NEW)
      butler__channel_answer_for (((ButlerServer *) servers->pdata[i])->channel);
}

static gboolean
start_all (ButlerHub  *hub,
           GError    **error)
{
  g_autoptr (GPtrArray) servers = butler_hub_get_servers (hub);
  g_autoptr (GPtrArray) started = g_ptr_array_new ();

  answer_for (servers);
  for (guint i = 0; i < servers->len; i++)
    {
      ButlerServer *server = servers->pdata[i];

      if (butler_server_get_state (server) == BUTLER_SERVER_RUNNING)
        continue;
      if (!butler_server_start (server, error))
        {
          undo_start (servers, started);
          return FALSE;
        }
      g_ptr_array_add (started, server);
    }
  return TRUE;
}

/**
 * butler_hub_start:
 * @hub: the hub
 * @error: (nullable): where to put an error
 *
 * Starts all servers that do not run, in the order in which they were made. If one does not start, those that were started are
 * stopped again. What an earlier one sends to a later one in its startup events waits there; in a channel that blocks and is full it is
 * refused with %BUTLER_ERROR_WOULD_DEADLOCK.
 *
 * Errors: those of butler_server_start().
 *
 * Thread: any but those of the hub's servers.
 *
 * Returns: %TRUE if all run
 *
 * Since: 1.0
 */
gboolean
butler_hub_start (ButlerHub  *hub,
                  GError    **error)
{
  gboolean ok;

  g_return_val_if_fail (hub != NULL, FALSE);
  if (butler__hub_refuse_own_thread (hub, "started"))
    return FALSE;
  butler__hub_lock (hub);
  hub->starting++;
  hub->shutting_down = FALSE;
  g_clear_error (&hub->error);
  butler__hub_unlock (hub);

  ok = start_all (hub, error);

  /* A shutdown that was asked for meanwhile went past those that did not run yet. */
  butler__hub_lock (hub);
  hub->starting--;
  butler__hub_unlock (hub);
  butler__hub_go_on_shutting_down (hub);
  return ok;
}
