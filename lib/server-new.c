/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/settings.h"
#include "lib/subscribe.h"

/* A server is made of a handler set, settings and options. */

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

static ButlerServer *
make (ButlerHub                 *hub,
      const char                *name,
      const ButlerHandlerSet    *set,
      const ButlerServerOptions *options,
      GError                   **error)
{
  g_autoptr (ButlerServer) server = butler__server_alloc (hub, name, options);
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
    butler__server_pin_function (server, "the loop of server", (gconstpointer) (guintptr) server->loop);
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
  added = !*stale && butler__server_add_to_hub (server, options, error);
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
  g_return_val_if_fail (options == NULL || options->options_size > 0, NULL); /* BUTLER_SERVER_OPTIONS() was forgotten */

  if (options != NULL)
    memcpy (&own, options, MIN (options->options_size, sizeof own));
  g_return_val_if_fail (own.settings == NULL || set->settings != NULL, NULL);
  g_return_val_if_fail (own.settings_file == NULL || own.settings_group != NULL, NULL);
  g_return_val_if_fail (!own.no_thread || own.loop == NULL, NULL);
  g_return_val_if_fail ((guint) own.overflow <= BUTLER_OVERFLOW_DROP_OLDEST, NULL);
  while (stale && (server = make (hub, name, set, &own, error)) != NULL)
    server = add (server, &own, &stale, error);
  return server;
}
