/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/context.h"

#include <threadbutler/error.h>
#include <threadbutler/server.h>

#include "lib/ask.h"

/**
 * ButlerContext:
 *
 * Where a handler stands: its hub, its server, its message. It is valid until the handler or the event returns; what
 * butler_context_hold() returned, until it is released.
 *
 * Since: 1.0
 */

/**
 * butler_context_get_hub:
 * @context: the context
 *
 * Gets the hub, to send by.
 *
 * Thread: the server's, in a handler or an event.
 *
 * Returns: (transfer none): the hub
 *
 * Since: 1.0
 */
ButlerHub *
butler_context_get_hub (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  return context->hub;
}

/**
 * butler_context_get_server:
 * @context: the context
 *
 * Gets the server whose handler runs.
 *
 * Thread: the server's, in a handler or an event.
 *
 * Returns: (transfer none): the server
 *
 * Since: 1.0
 */
ButlerServer *
butler_context_get_server (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  return context->server;
}

/**
 * butler_context_get_channel:
 * @context: the context
 *
 * Gets the channel of the server itself: NAME_send_to() with it is how a server tells itself what to do next.
 *
 * Thread: the server's, in a handler or an event.
 *
 * Returns: (transfer none): the channel
 *
 * Since: 1.0
 */
ButlerChannel *
butler_context_get_channel (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  return butler_server_get_channel (context->server);
}

/**
 * butler_context_get_type_name:
 * @context: the context
 *
 * Gets the name of the type of the message that is being handled.
 *
 * Thread: the server's, in a handler or an event.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL in an event
 *
 * Since: 1.0
 */
const char *
butler_context_get_type_name (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  return context->type;
}

/**
 * butler_context_take:
 * @context: the context
 * @info: the type of the message that is being handled
 *
 * Takes the message over: it is not freed when the handler returns. NAME_take() is the typed form. After butler_context_hold() the held
 * context has the message, and only from that it can be taken. If somebody waits for an answer to it, who has the message now owes it:
 * see butler_context_reply().
 *
 * Thread: the server's, in a handler; of a held context, who holds it, one thread at a time.
 *
 * Returns: (transfer full) (nullable): what the handler was given, to keep, NAME_post() or NAME_free(); %NULL if it was taken
 *   before, which is a programmer error
 *
 * Since: 1.0
 */
gpointer
butler_context_take (ButlerContext          *context,
                     const ButlerRecordInfo *info)
{
  g_return_val_if_fail (context != NULL, NULL);
  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (context->message != NULL, NULL);
  g_return_val_if_fail (butler_message_get (context->message, info) != NULL, NULL);

  butler__context_keep_ask (context);
  return butler__envelope_payload (g_steal_pointer (&context->message));
}

/**
 * butler_context_fail:
 * @context: the context
 * @format: what went wrong, as for printf()
 * @...: the arguments of @format
 *
 * Says that the handler failed on this message. When it returns, the failure is logged and counted; then the server's failure
 * policy decides, which by default means that it goes on with the next message. The first error of a message counts.
 *
 * Thread: the server's, in a handler or an event; for a held context any.
 *
 * Since: 1.0
 */
void
butler_context_fail (ButlerContext *context,
                     const char    *format,
                     ...)
{
  va_list args;

  g_return_if_fail (context != NULL);
  g_return_if_fail (format != NULL);

  va_start (args, format);
  butler_context_take_error (context, g_error_new_valist (BUTLER_ERROR, BUTLER_ERROR_FAILED, format, args));
  va_end (args);
}

/**
 * butler_context_take_error:
 * @context: the context
 * @error: (transfer full): what went wrong
 *
 * As butler_context_fail(), with an error that is there already.
 *
 * Thread: as butler_context_fail().
 *
 * Since: 1.0
 */
void
butler_context_take_error (ButlerContext *context,
                           GError        *error)
{
  g_return_if_fail (context != NULL);
  g_return_if_fail (error != NULL);

  /* Several threads may have holds of the same message; the release brings it to who looks at it. */
  if (!g_atomic_pointer_compare_and_exchange (&context->error, NULL, error))
    g_error_free (error);
}
