/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/scope.h>

/**
 * ButlerServerScope:
 *
 * A server that runs for as long as a block of code:
 *
 *     g_autoptr (ButlerServerScope) scope = butler_server_scope_new (server, &error);
 *     if (scope == NULL)
 *       return FALSE;
 *     ... the server runs; whichever way this block is left, it is stopped and joined; scopes end in reverse order.
 *
 * Since: 1.0
 */
struct _ButlerServerScope
{
  ButlerServer *server; /* (owned) */
};

/**
 * butler_server_scope_new:
 * @server: a server that does not run
 * @error: (nullable): where to put an error
 *
 * Starts @server for as long as the scope lives.
 *
 * Errors: those of butler_server_start().
 *
 * Thread: any but the server's own.
 *
 * Returns: (transfer full) (nullable): the scope, or %NULL with an error if @server did not start
 *
 * Since: 1.0
 */
ButlerServerScope *
butler_server_scope_new (ButlerServer *server, GError **error)
{
  ButlerServerScope *scope;

  g_return_val_if_fail (server != NULL, NULL);

  if (!butler_server_start (server, error))
    return NULL;
  scope = g_new0 (ButlerServerScope, 1);
  scope->server = butler_server_ref (server);
  return scope;
}

/**
 * butler_server_scope_free:
 * @scope: (transfer full): the scope
 *
 * Ends the scope: stops the server, handles what it accepted, joins its thread. Does nothing more if the server ended before.
 *
 * Thread: any but the server's own.
 *
 * Since: 1.0
 */
void
butler_server_scope_free (ButlerServerScope *scope)
{
  g_return_if_fail (scope != NULL);

  butler_server_stop (scope->server);
  butler_server_unref (scope->server);
  g_free (scope);
}
