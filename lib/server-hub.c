/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

#include <threadbutler/error.h>

#include "lib/order.h"
#include "lib/subscribe.h"
#include "lib/supervise.h"
#include "lib/switch.h"
#include "lib/tap.h"

/* A server comes to its hub, with its channel and its routes, and leaves it. */

/* All or none: a server whose types go elsewhere must not take half of them. The mutex is held. */
static gboolean
check_routes (ButlerHub                 *hub,
              const char                *name,
              const ButlerHandlers      *handlers,
              const ButlerServerOptions *options,
              GError                   **error)
{
  for (guint i = 0; i < handlers->set.n_handlers; i++)
    {
      const ButlerType *type = handlers->entries[i].layout->type;
      const ButlerChannel *other = butler__routes_get (&hub->routes, type);

      if (other == NULL || g_str_equal (other->name, name) || butler__subscribe_names (options->subscribes, type))
        continue;
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS,
                   "server %s: %s is routed to %s already; with route=false (.no_route in its options) %s takes only what is "
                   "addressed to it", name, type->name, other->name, name);
      return FALSE;
    }
  return TRUE;
}

static void
set_routes (const ButlerServer        *server,
            const ButlerServerOptions *options)
{
  for (guint i = 0; i < server->handlers->set.n_handlers; i++)
    {
      const ButlerType *type = server->handlers->entries[i].layout->type;

      if (!butler__subscribe_names (options->subscribes, type))
        butler__routes_set (&server->hub->routes, type, server->channel);
    }
}

/* The channel may be one that a removed server left, with figures of its own. It is closed and empty, so all that it ever accepted
 * was consumed, discarded or dropped; "accepted" itself may be ahead for a moment. */
static void
note_figures (ButlerServer *server)
{
  server->received_before = atomic_load_explicit (&server->channel->consumed, memory_order_relaxed)
                            + atomic_load_explicit (&server->channel->discarded, memory_order_relaxed)
                            + atomic_load_explicit (&server->channel->dead[BUTLER_DEAD_DROPPED], memory_order_relaxed);
  for (guint reason = 0; reason < BUTLER_DEAD_REASONS; reason++)
    server->dead_before[reason] = butler_channel_get_dead_letters (server->channel, (ButlerDeadReason) reason);
}

gboolean
butler__server_add_to_hub (ButlerServer              *server,
                           const ButlerServerOptions *options,
                           GError                   **error)
{
  ButlerHub *hub = server->hub;

  if (hub->gone)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "server %s: the hub has ended", server->name);
      return FALSE;
    }
  if (!options->no_route && !check_routes (hub, server->name, server->handlers, options, error))
    return FALSE;
  server->channel = butler__hub_make_channel (hub, server->name, options->capacity, options->overflow, options->as_queue, error);
  if (server->channel == NULL)
    return FALSE;
  note_figures (server);
  server->routed = !options->no_route;
  if (server->routed)
    set_routes (server, options);
  butler__subscribe_all (server, options->subscribes);
  g_ptr_array_add (hub->servers, butler_server_ref (server));
  butler__order_changed (hub);
  butler__taps_begin (server);
  hub->end.servers = butler__hub_end_servers;
  return TRUE;
}

/* Another server may have the channel then. */
static void
let_go_of_channel (ButlerServer *server)
{
  g_autoptr (GMainContext) context = NULL;

  butler__channel_let_go (server->channel);
  butler__hub_lock (server->hub);
  context = g_steal_pointer (&server->main_context);
  server->channel->abandoned = TRUE;
  butler__hub_unlock (server->hub);
}

/**
 * butler_server_remove:
 * @server: the server
 *
 * Stops @server and takes it out of its hub: its routes and subscriptions end and its name is free. Messages that waited for it are dead letters. A
 * descriptor of butler_server_get_fd() is closed. Tasks for which the stop did not wait go on; the end of the hub waits for them.
 *
 * Thread: any but its own.
 *
 * Returns: %FALSE if it could not be waited for: see butler_server_stop()
 *
 * Since: 1.0
 */
gboolean
butler_server_remove (ButlerServer *server)
{
  ButlerHub *hub;
  gboolean found = FALSE;

  g_return_val_if_fail (server != NULL, FALSE);
  if (butler__server_refuse_here (server, "removed"))
    return FALSE;
  if (!butler_server_stop (server))
    return FALSE;
  hub = server->hub;
  butler__hub_lock (hub);
  if (!server->removed && !butler__server_is_active (server))
    {
      server->removed = TRUE;
      butler__supervise_forget (server);
      butler__order_forget (server);
      butler__server_leave_module (server);
      butler__routes_end (&hub->routes, server->channel);
      butler__topics_end (&hub->topics, server->channel);
      butler_channel_close (server->channel);
      found = g_ptr_array_remove (hub->servers, server);
    }
  butler__hub_unlock (hub);
  if (!found)
    return server->removed;

  butler_channel_clear (server->channel);
  butler__timers_cancel_all (server); /* of a server that never ran */
  butler__server_leave_tasks (server);
  let_go_of_channel (server);
  butler_server_unref (server);
  return TRUE;
}

/**
 * butler_server_route:
 * @server: the server
 * @info: a type that @server handles
 * @error: (nullable): where to put an error
 *
 * Lets NAME_send() bring messages of a type to @server, which was made with no_route; for a type that another server had before it
 * was removed.
 *
 * Errors: %BUTLER_ERROR_EXISTS if the type is routed elsewhere, %BUTLER_ERROR_NOT_FOUND if @server has no handler for it.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the type is routed to @server now
 *
 * Since: 1.0
 */
gboolean
butler_server_route (ButlerServer           *server,
                     const ButlerRecordInfo *info,
                     GError                **error)
{
  const ButlerLayout *layout;
  gboolean found;

  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (info != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  butler__hub_lock (server->hub);
  found = butler__handlers_find (server->handlers, layout->type) != NULL;
  butler__hub_unlock (server->hub);
  if (!found)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "server %s has no handler for %s", server->name,
                   layout->type->name);
      return FALSE;
    }
  return butler_hub_route (server->hub, info, server->channel, error);
}
