/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/boxed.h"
#include "lib/order.h"
#include "lib/settings.h"
#include "lib/subscribe.h"
#include "lib/supervise.h"
#include "lib/switch.h"
#include "lib/tap.h"

#define DEFAULT_POOL_SIZE 2
#define DEFAULT_END_LIMIT 10000 /* ms */

/**
 * ButlerServer:
 *
 * A name, a channel, a state, a handler set and a loop. Its handlers run on one thread at a time: all that reaches its state
 * are messages.
 *
 * Since: 1.0
 */
BUTLER__DEFINE_BOXED (ButlerServer, butler_server, butler_server_ref, butler_server_unref);

/* @known is what the program has its settings from. */
static gpointer
make_settings (const ButlerHandlers      *handlers,
               const ButlerHandlers      *known,
               const ButlerServerOptions *options,
               GError                   **error)
{
  if (options->settings != NULL && known != NULL && known->settings != handlers->settings)
    return butler__settings_adapt (known->settings, options->settings, handlers->set.settings, error);
  if (options->settings != NULL)
    return butler_record_copy (handlers->set.settings, options->settings);
  return butler_settings_from_key_file (handlers->set.settings, options->settings_file, options->settings_group, error);
}

/* The functions of a set that no module declares may lie in a plugin all the same. */
static void
pin_code (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  butler__pin (&server->pin, butler__generation_of_code (server->hub, (gconstpointer) (guintptr) server->handlers->entries[0].func),
               "server", server->name, NULL);
  butler__hub_unlock (server->hub);
}

static gboolean
make_handlers (ButlerServer           *server,
               const ButlerHandlerSet *set,
               GError                **error)
{
  server->handlers = butler__handlers_new (set, BUTLER__ORIGIN_PROGRAM, error);
  if (server->handlers != NULL)
    pin_code (server);
  return server->handlers != NULL;
}

/* A set of a plugin is taken as the generation that is current now has it; *@known is the one that the program knows. */
static gboolean
take_handlers (ButlerServer           *server,
               const ButlerHandlerSet *set,
               ButlerHandlers        **known,
               GError                **error)
{
  ButlerHub *hub = server->hub;
  ButlerHandlers *handlers = NULL;

  butler__hub_lock (hub);
  server->module = butler__module_of_set (hub, set, known);
  if (*known != NULL)
    butler__handlers_ref (*known);
  if (server->module != NULL)
    handlers = butler__generation_find (server->module->current, set->name);
  if (handlers != NULL)
    {
      server->handlers = butler__handlers_ref (handlers);
      butler__pin (&server->pin, server->module->current, "server", server->name, NULL);
      atomic_init (&server->generation, server->pin.generation->number);
    }
  butler__hub_unlock (hub);
  if (server->module == NULL)
    return make_handlers (server, set, error);
  if (handlers == NULL)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "server %s: plugin %s has no handler set %s any more", server->name,
                 server->module->name, set->name);
  return handlers != NULL;
}

static gboolean
check_given_state (const ButlerServer   *server,
                   const ButlerHandlers *known,
                   GError              **error)
{
  if (server->given_state == NULL || known == NULL || known->state == server->handlers->state)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT,
               "server %s: its state is the program's own, and of another layout than that of generation %u of plugin %s", server->name,
               server->pin.generation->number, server->module->name);
  return FALSE;
}

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
                   "server %s: %s is routed to %s already; with route=false %s takes only what is addressed to it", name,
                   type->name, other->name, name);
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

/* The mutex is held. */
static gboolean
add_to_hub (ButlerServer              *server,
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
  butler__taps_begin (server);
  hub->end.servers = butler__hub_end_servers;
  return TRUE;
}

static ButlerServer *
server_alloc (ButlerHub                 *hub,
              const char                *name,
              const ButlerServerOptions *options)
{
  ButlerServer *server = g_new0 (ButlerServer, 1);

  g_atomic_ref_count_init (&server->ref_count);
  server->hub = butler__hub_hold (hub);
  server->name = g_strdup (name);
  if (options->settings_file != NULL)
    {
      server->settings_file = g_key_file_ref (options->settings_file);
      server->settings_group = g_strdup (options->settings_group);
    }
  server->given_state = options->state;
  if (!options->no_thread)
    server->loop = options->loop != NULL ? options->loop : butler_loop_default;
  server->loop_data = options->loop_data;
  server->pool_size = options->pool_size > 0 ? options->pool_size : DEFAULT_POOL_SIZE;
  server->end_limit = (options->end_limit > 0 ? (gint64) options->end_limit : DEFAULT_END_LIMIT) * 1000;
  server->context = (ButlerContext) { .server = server, .hub = hub };
  g_mutex_init (&server->pending_lock);
  butler__alarms_init (&server->alarms);
  butler__timers_init (&server->timers);
  g_mutex_init (&server->taps_lock);
  return server;
}

static void
server_free (ButlerServer *server)
{
  g_clear_pointer (&server->old_settings, g_ptr_array_unref);
  if (server->settings != NULL)
    butler_record_free (server->settings);
  if (server->clock != NULL)
    g_source_destroy (server->clock);
  g_clear_pointer (&server->clock, g_source_unref);
  g_clear_pointer (&server->main_context, g_main_context_unref);
  butler__timers_cancel_all (server);
  butler__timers_clear (&server->timers);
  butler__alarms_clear (&server->alarms);
  butler__events_clear (&server->startup);
  butler__events_clear (&server->shutdown);
  g_clear_pointer (&server->code, g_ptr_array_unref);
  g_clear_pointer (&server->handlers, butler__handlers_unref);
  butler__unpin (&server->pin);
  g_clear_pointer (&server->settings_file, g_key_file_unref);
  g_free (server->settings_group);
  g_clear_error (&server->start_error);
  g_clear_pointer (&server->followers, g_ptr_array_unref);
  g_clear_error (&server->recovery.cause);
  g_clear_pointer (&server->recovery.monitors, g_array_unref);
  butler__intensity_clear (&server->recovery.restarts);
  butler__intensity_clear (&server->recovery.children);
  butler__hub_drop (server->hub);
  butler__taps_end (server);
  g_mutex_clear (&server->pending_lock);
  g_mutex_clear (&server->taps_lock);
  g_free (server->name);
  g_free (server);
}

static void
pin_free (gpointer pin)
{
  butler__unpin (pin);
  g_free (pin);
}

/* They stay what they are, whichever generation its handlers are of. */
static void
pin_function (ButlerServer *server,
              const char   *kind,
              gconstpointer function)
{
  ButlerGeneration *generation;

  butler__hub_lock (server->hub);
  generation = butler__generation_of_code (server->hub, function);
  if (generation != NULL)
    {
      if (server->code == NULL)
        server->code = g_ptr_array_new_with_free_func (pin_free);
      g_ptr_array_add (server->code, g_new (ButlerPin, 1));
      butler__pin (server->code->pdata[server->code->len - 1], generation, kind, server->name, NULL);
    }
  butler__hub_unlock (server->hub);
}

static ButlerServer *
make (ButlerHub                 *hub,
      const char                *name,
      const ButlerHandlerSet    *set,
      const ButlerServerOptions *options,
      GError                   **error)
{
  g_autoptr (ButlerServer) server = server_alloc (hub, name, options);
  g_autoptr (ButlerHandlers) known = NULL;

  if (options->policy != NULL && !butler__policy_read (options->policy, &server->recovery.own, error))
    {
      g_prefix_error (error, "server %s: ", name);
      return NULL;
    }
  if (!take_handlers (server, set, &known, error) || !check_given_state (server, known, error))
    return NULL;
  if (!butler__subscribe_check (server->handlers, options->subscribes, error))
    {
      g_prefix_error (error, "server %s: ", name);
      return NULL;
    }
  if (server->handlers->settings != NULL && (server->settings = make_settings (server->handlers, known, options, error)) == NULL)
    {
      g_prefix_error (error, "server %s: ", name);
      return NULL;
    }
  if (server->loop != NULL)
    pin_function (server, "the loop of server", (gconstpointer) (guintptr) server->loop);
  return g_steal_pointer (&server);
}

/* Consumes @server, which the hub has a reference of if it was added. @stale: a swap came between, so it is to be made anew. */
static ButlerServer *
add (ButlerServer              *server,
     const ButlerServerOptions *options,
     gboolean                  *stale,
     GError                   **error)
{
  gboolean added;

  butler__hub_lock (server->hub);
  *stale = server->module != NULL && server->module->current != server->pin.generation;
  added = !*stale && add_to_hub (server, options, error);
  butler__hub_unlock (server->hub);
  butler_server_unref (server);
  return added ? server : NULL;
}

/**
 * butler_server_new:
 * @hub: the hub
 * @name: its name, unique in the hub; not empty
 * @set: (transfer none): what it consists of; copied, but for the functions and records that it names
 * @options: (nullable): see BUTLER_SERVER_OPTIONS(); %NULL for the defaults
 * @error: (nullable): where to put an error
 *
 * Makes a server and routes the message types of its set to it. From now on messages to it are accepted; they wait until it
 * is started.
 *
 * A set of a plugin that was swapped since is taken as it is now: settings that @options hold are adapted to it. A plugin may make
 * servers of its own sets: they are swapped with it.
 *
 * Errors: %BUTLER_ERROR_BAD_HANDLERS and %BUTLER_ERROR_BAD_LAYOUT if @set is wrong, the latter also if the state in @options has
 * another layout than the plugin's of now, %BUTLER_ERROR_EXISTS if the name is taken or
 * if a type is routed elsewhere and @options do not say no_route, %BUTLER_ERROR_BAD_VALUE if a default setting or the policy is wrong,
 * %BUTLER_ERROR_NOT_FOUND if @options name a type to subscribe to that the set does not handle, %BUTLER_ERROR_CLOSED if the hub has ended.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the server, which the hub owns, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerServer *
butler_server_new (ButlerHub                  *hub,
                   const char                 *name,
                   const ButlerHandlerSet     *set,
                   const ButlerServerOptions  *options,
                   GError                    **error)
{
  ButlerServerOptions own = { 0 };
  ButlerServer *server = NULL;
  gboolean stale = TRUE;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (set != NULL, NULL);

  if (options != NULL)
    memcpy (&own, options, MIN (options->options_size, sizeof own));
  g_return_val_if_fail (own.settings == NULL || set->settings != NULL, NULL);
  g_return_val_if_fail (own.settings_file == NULL || own.settings_group != NULL, NULL);
  g_return_val_if_fail (!own.no_thread || own.loop == NULL, NULL);
  while (stale && (server = make (hub, name, set, &own, error)) != NULL)
    server = add (server, &own, &stale, error);
  return server;
}

/**
 * butler_server_ref:
 * @server: the server
 *
 * Keeps @server in memory; it ends with its hub, whoever holds it.
 *
 * Thread: any.
 *
 * Returns: (transfer full): @server
 *
 * Since: 1.0
 */
ButlerServer *
butler_server_ref (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, NULL);

  g_atomic_ref_count_inc (&server->ref_count);
  return server;
}

/**
 * butler_server_unref:
 * @server: (transfer full): the server
 *
 * Gives a reference back. This never stops a server.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_server_unref (ButlerServer *server)
{
  g_return_if_fail (server != NULL);

  if (g_atomic_ref_count_dec (&server->ref_count))
    server_free (server);
}

/**
 * butler_server_add_startup:
 * @server: a server that was never started
 * @func: what to run
 * @data: what to give to @func
 * @destroy: (nullable): frees @data with the server
 *
 * Adds a startup event: run at each start on the server's thread, after the set's own start function, in the order in which they
 * were added. If one fails, those after it do not run and the start fails with its error.
 *
 * Thread: the one that made @server.
 *
 * Since: 1.0
 */
void
butler_server_add_startup (ButlerServer      *server,
                           ButlerStartupFunc  func,
                           gpointer           data,
                           GDestroyNotify     destroy)
{
  g_return_if_fail (server != NULL);
  g_return_if_fail (func != NULL);
  g_return_if_fail (butler_server_get_state (server) == BUTLER_SERVER_NEW);

  pin_function (server, "a startup event of server", (gconstpointer) (guintptr) func);
  butler__events_add_startup (&server->startup, func, data, destroy);
}

/**
 * butler_server_add_shutdown:
 * @server: a server that was never started
 * @func: what to run
 * @data: what to give to @func
 * @destroy: (nullable): frees @data with the server
 *
 * Adds a shutdown event: run at the end of each run on the server's thread, when the last message was handled and before the set's
 * own stop function, in the order in which they were added. After a failed start they do not run.
 *
 * Thread: the one that made @server.
 *
 * Since: 1.0
 */
void
butler_server_add_shutdown (ButlerServer       *server,
                            ButlerShutdownFunc  func,
                            gpointer            data,
                            GDestroyNotify      destroy)
{
  g_return_if_fail (server != NULL);
  g_return_if_fail (func != NULL);
  g_return_if_fail (butler_server_get_state (server) == BUTLER_SERVER_NEW);

  pin_function (server, "a shutdown event of server", (gconstpointer) (guintptr) func);
  butler__events_add_shutdown (&server->shutdown, func, data, destroy);
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
  g_return_val_if_fail (!butler__channel_is_mine (server->channel), FALSE);

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

/**
 * butler_server_get_name:
 * @server: the server
 *
 * Gets the name.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_server_get_name (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, NULL);

  return server->name;
}

/**
 * butler_server_get_hub:
 * @server: the server
 *
 * Gets the hub that owns @server.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the hub
 *
 * Since: 1.0
 */
ButlerHub *
butler_server_get_hub (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, NULL);

  return server->hub;
}

/**
 * butler_server_get_channel:
 * @server: the server
 *
 * Gets the channel from which @server reads, to address it with NAME_send_to().
 *
 * Thread: any.
 *
 * Returns: (transfer none): the channel, valid as long as the hub
 *
 * Since: 1.0
 */
ButlerChannel *
butler_server_get_channel (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, NULL);

  return server->channel;
}

/**
 * butler_server_get_state:
 * @server: the server
 *
 * Gets the state of a moment ago.
 *
 * Thread: any.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ButlerServerState
butler_server_get_state (ButlerServer *server)
{
  ButlerServerState state;

  g_return_val_if_fail (server != NULL, BUTLER_SERVER_FAILED);

  butler__hub_lock (server->hub);
  state = server->state;
  butler__hub_unlock (server->hub);
  return state;
}

/**
 * butler_server_state_to_string:
 * @state: a state
 *
 * Names a state, for people.
 *
 * Thread: any.
 *
 * Returns: (transfer none): a word
 *
 * Since: 1.0
 */
const char *
butler_server_state_to_string (ButlerServerState state)
{
  static const char *const names[] = { "new", "starting", "running", "stopping", "stopped", "failed" };

  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (names), NULL);

  return names[state];
}
