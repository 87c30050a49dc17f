/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/order.h"
#include "lib/switch.h"
#include "lib/watchdog.h"

/* All servers of a hub at once. They stop in the order of lib/order.h, each drained before the next one is closed, so that
 * what an earlier one hands on is still accepted. Each server that ends asks the next one; nobody needs to wait for that. */

static GPtrArray *
get_servers (ButlerHub *hub)
{
  GPtrArray *servers = g_ptr_array_new_with_free_func ((GDestroyNotify) butler_server_unref);

  butler__hub_lock (hub);
  for (guint i = 0; i < hub->servers->len; i++)
    g_ptr_array_add (servers, butler_server_ref (hub->servers->pdata[i]));
  butler__hub_unlock (hub);
  return servers;
}

/* In the order of their end. */
static GPtrArray *
get_in_order (ButlerHub *hub)
{
  GPtrArray *servers;

  butler__hub_lock (hub);
  servers = butler__order_list (hub);
  for (guint i = 0; i < servers->len; i++)
    butler_server_ref (servers->pdata[i]);
  butler__hub_unlock (hub);
  g_ptr_array_set_free_func (servers, (GDestroyNotify) butler_server_unref);
  return servers;
}

gboolean
butler__hub_is_own_thread (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = get_servers (hub);

  for (guint i = 0; i < servers->len; i++)
    if (butler__channel_is_mine (((ButlerServer *) servers->pdata[i])->channel))
      return TRUE;
  return FALSE;
}

gboolean
butler__hub_refuse_own_thread (ButlerHub  *hub,
                               const char *what)
{
  if (!butler__hub_is_own_thread (hub))
    return FALSE;

  g_critical ("a hub cannot be %s by a thread of its own servers", what);
  return TRUE;
}

/* The shutdown is over with the last server, unless butler_hub_start() is about to start others. */
void
butler__hub_go_on_shutting_down (ButlerHub *hub)
{
  ButlerServer *next;

  butler__hub_lock (hub);
  next = hub->shutting_down ? butler__order_find_active (hub) : NULL;
  if (next != NULL)
    butler__server_request_end (next, FALSE);
  else if (hub->starting == 0)
    hub->shutting_down = FALSE;
  butler__hub_unlock (hub);
}

static void
request_shutdown (ButlerHub *hub,
                  GError    *error)
{
  butler__hub_lock (hub);
  if (!hub->shutting_down)
    butler__watchdog_note_shutdown (hub);
  hub->shutting_down = TRUE;
  if (hub->error == NULL)
    hub->error = g_steal_pointer (&error);
  butler__hub_unlock (hub);
  g_clear_error (&error);
  butler__hub_go_on_shutting_down (hub);
}

/* In the order in which they end, as those without a thread may be run to their end here. FALSE at the first that could not be waited
 * for: those after it may not have been asked to end yet. */
static gboolean
wait_for_all (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = get_in_order (hub);

  for (guint i = 0; i < servers->len; i++)
    if (!butler_server_join (servers->pdata[i]))
      return FALSE;
  return TRUE;
}

/* The mutex is held. */
static gboolean
has_thread (ButlerHub           *hub,
            const ButlerChannel *channel)
{
  for (guint i = 0; i < hub->servers->len; i++)
    {
      const ButlerServer *server = hub->servers->pdata[i];

      if (server->channel == channel)
        return server->loop != NULL;
    }
  return FALSE;
}

/* Some server waits for this very thread, such as for room in a channel that it reads. It will read no more: all that is not read by a
 * thread of its own is closed, what that has accepted is handled here, and then the others go on to their end in order. */
static void
end_crosswise (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = get_servers (hub);

  butler__hub_lock (hub);
  for (guint i = 0; i < hub->all_channels->len; i++)
    if (!has_thread (hub, hub->all_channels->pdata[i]))
      butler_channel_close (hub->all_channels->pdata[i]);
  for (guint i = 0; i < servers->len; i++)
    if (((ButlerServer *) servers->pdata[i])->loop == NULL)
      butler__server_request_end (servers->pdata[i], FALSE);
  butler__hub_unlock (hub);
  for (guint i = 0; i < servers->len; i++)
    butler__server_end_here (servers->pdata[i]);
  for (guint i = 0; i < servers->len; i++)
    butler__server_await_end (servers->pdata[i]);
}

static void
end_source (ButlerServer *server)
{
  GSource *source;

  butler__hub_lock (server->hub);
  source = butler__server_steal_source (server);
  butler__hub_unlock (server->hub);
  butler__source_end (source);
}

gboolean
butler__hub_end_servers (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = NULL;

  if (butler__hub_is_own_thread (hub))
    return FALSE;
  butler__hub_lock (hub);
  hub->gone = TRUE;
  g_cond_broadcast (&hub->changed);
  butler__hub_unlock (hub);
  request_shutdown (hub, NULL);
  if (!wait_for_all (hub))
    end_crosswise (hub);
  butler__watchdog_end (hub);

  butler__hub_lock (hub);
  butler__order_changed (hub);
  servers = g_steal_pointer (&hub->servers);
  hub->servers = g_ptr_array_new ();
  g_ptr_array_set_free_func (servers, (GDestroyNotify) butler_server_unref);
  butler__hub_unlock (hub);
  butler__hub_close_channels (hub);
  for (guint i = 0; i < servers->len; i++)
    {
      end_source (servers->pdata[i]);
      butler__timers_cancel_all (servers->pdata[i]);
      butler__server_leave_tasks (servers->pdata[i]);
      butler__hub_lock (hub);
      butler__server_leave_module (servers->pdata[i]);
      butler__hub_unlock (hub);
    }
  return TRUE;
}

/**
 * butler_hub_shutdown:
 * @hub: the hub
 *
 * Stops all servers, in the order in which they were made but for butler_server_add_after(), each when the one before has ended; returns when the last one has. In a
 * handler or an event it only asks for that and returns at once, and so it does where a server waits for the calling thread, such as
 * for room in a channel that this thread reads. butler_hub_start() starts them again.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_hub_shutdown (ButlerHub *hub)
{
  g_return_if_fail (hub != NULL);

  request_shutdown (hub, NULL);
  if (!butler__hub_is_own_thread (hub))
    wait_for_all (hub);
}

/**
 * butler_hub_kill:
 * @hub: the hub
 *
 * Ends all servers at once, as butler_server_kill() does, and waits for it; in a handler or an event it does not wait.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_hub_kill (ButlerHub *hub)
{
  g_return_if_fail (hub != NULL);

  butler__hub_lock (hub);
  if (!hub->shutting_down)
    butler__watchdog_note_shutdown (hub);
  hub->shutting_down = TRUE;
  for (guint i = 0; i < hub->servers->len; i++)
    butler__server_request_end (hub->servers->pdata[i], TRUE);
  butler__hub_unlock (hub);
  butler__hub_go_on_shutting_down (hub);
  if (!butler__hub_is_own_thread (hub))
    wait_for_all (hub);
}

/**
 * butler_hub_fail:
 * @hub: the hub
 * @error: (transfer full) (nullable): why; %NULL to ask for an orderly end
 *
 * Asks for a shutdown as butler_hub_shutdown() does, without waiting for it anywhere, and lets butler_hub_join() return @error. The
 * first error counts. For a server that meets something with which the whole program cannot go on.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_hub_fail (ButlerHub *hub,
                 GError    *error)
{
  g_return_if_fail (hub != NULL);

  request_shutdown (hub, error);
}

/**
 * butler_hub_join:
 * @hub: the hub
 * @error: (nullable): where to put an error
 *
 * Waits until all servers have ended, without asking them to.
 *
 * Errors: what butler_hub_fail() was given; %BUTLER_ERROR_WOULD_DEADLOCK if a server waits for the calling thread.
 *
 * Thread: any but those of the hub's servers.
 *
 * Returns: %TRUE if they ended without an error
 *
 * Since: 1.0
 */
gboolean
butler_hub_join (ButlerHub  *hub,
                 GError    **error)
{
  gboolean ok = FALSE;

  g_return_val_if_fail (hub != NULL, FALSE);
  if (butler__hub_refuse_own_thread (hub, "joined"))
    return FALSE;
  if (!wait_for_all (hub))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_WOULD_DEADLOCK, "a server waits for the thread that wants to join it");
      return FALSE;
    }
  butler__hub_lock (hub);
  if (hub->error != NULL)
    g_propagate_error (error, g_error_copy (hub->error));
  else
    ok = TRUE;
  butler__hub_unlock (hub);
  return ok;
}

/**
 * butler_hub_get_servers:
 * @hub: the hub
 *
 * Lists the servers in the order in which they were made.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (element-type ButlerServer): the servers
 *
 * Since: 1.0
 */
GPtrArray *
butler_hub_get_servers (ButlerHub *hub)
{
  g_return_val_if_fail (hub != NULL, NULL);

  return get_servers (hub);
}

/**
 * butler_hub_get_server:
 * @hub: the hub
 * @name: its name
 *
 * Looks a server up.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the server, or %NULL if there is none of that name
 *
 * Since: 1.0
 */
ButlerServer *
butler_hub_get_server (ButlerHub  *hub,
                       const char *name)
{
  ButlerServer *found = NULL;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  butler__hub_lock (hub);
  for (guint i = 0; found == NULL && i < hub->servers->len; i++)
    if (g_str_equal (((ButlerServer *) hub->servers->pdata[i])->name, name))
      found = hub->servers->pdata[i];
  butler__hub_unlock (hub);
  return found;
}
