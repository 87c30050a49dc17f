/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

#include "lib/boxed.h"
#include "lib/tap.h"

/* What a server is made of, and what can be asked about it. */

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

ButlerServer *
butler__server_alloc (ButlerHub                 *hub,
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
void
butler__server_pin_function (ButlerServer *server,
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
 * @func: (scope notified) (closure data) (destroy destroy): what to run
 * @data: (nullable): what to give to @func
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

  butler__server_pin_function (server, "a startup event of server", (gconstpointer) (guintptr) func);
  butler__events_add_startup (&server->startup, func, data, destroy);
}

/**
 * butler_server_add_shutdown:
 * @server: a server that was never started
 * @func: (scope notified) (closure data) (destroy destroy): what to run
 * @data: (nullable): what to give to @func
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

  butler__server_pin_function (server, "a shutdown event of server", (gconstpointer) (guintptr) func);
  butler__events_add_shutdown (&server->shutdown, func, data, destroy);
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
