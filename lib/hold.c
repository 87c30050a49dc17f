/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/context.h>

#include "lib/ask.h"
#include "lib/pending.h"

/* Contexts that outlive their handler: how a handler starts work and ends it later. */

typedef struct
{
  ButlerPending   pending;   /* first: it comes home as one */
  ButlerContext   context;   /* what the program holds */
  gatomicrefcount ref_count;
} Hold;

static Hold *
hold_of (ButlerContext *context)
{
  return (Hold *) (gpointer) ((char *) context - G_STRUCT_OFFSET (Hold, context));
}

static void
hold_end (ButlerPending *pending,
          ButlerServer  *server)
{
  Hold *hold = (Hold *) pending;

  if (hold->context.error != NULL)
    butler__context_answer_failure (&hold->context);
  if (server != NULL)
    butler__server_note_failure (server, &hold->context);
  g_clear_error (&hold->context.error);
  butler__context_drop_ask (&hold->context);
  g_clear_pointer (&hold->context.message, butler_message_free);
  g_object_unref (hold->context.cancellable);
  butler_server_unref (pending->server);
  g_free (hold);
}

static const char *
get_event (const ButlerServer *server)
{
  return server->starting ? "startup" : "shutdown";
}

/* With two references: the caller's, and until butler__context_leave() that of @context, so that it can be held again till then. */
static Hold *
hold_new (ButlerContext *context)
{
  Hold *hold = g_new0 (Hold, 1);

  g_atomic_ref_count_init (&hold->ref_count);
  g_atomic_ref_count_inc (&hold->ref_count);
  hold->pending.end = hold_end;
  butler__pending_get_cancellable (context->server);
  hold->context = *context;
  hold->context.is_held = TRUE;
  hold->context.error = NULL;
  hold->context.held = NULL;
  context->asked = NULL; /* goes with the message */
  g_object_ref (hold->context.cancellable);
  context->message = NULL;
  hold->pending.is_held = TRUE;
  butler__pending_begin (&hold->pending, context->server, context->server->pin.generation,
                         context->type != NULL ? "handler of" : "event",
                         context->type != NULL ? context->type : get_event (context->server));
  return hold;
}

static void
leave (ButlerContext *context)
{
  ButlerContext *held = g_steal_pointer (&context->held);

  if (held != NULL)
    butler_context_release (held);
  butler__context_drop_ask (context);
}

void
butler__context_leave (ButlerContext *context)
{
  if (G_UNLIKELY (((guintptr) context->held | (guintptr) context->asked) != 0))
    leave (context);
}

gboolean
butler__context_is_over (ButlerContext *context)
{
  return context->is_held && hold_of (context)->pending.orphaned;
}

/**
 * butler_context_hold:
 * @context: the context of a handler or of an event, or a held one
 *
 * Says that the work on this message goes on after the handler has returned: in a callback of GIO, in another thread. The message
 * stays alive until each hold is released; an asynchronous startup event is finished then. A server that is stopped waits for its
 * holds, 10 seconds at the most; then they are named in the log, cancelled by butler_context_get_cancellable(), and at last orphaned:
 * releasing them only frees them.
 *
 * Thread: the server's, in a handler or an event; for a held context any.
 *
 * Returns: (transfer full): a context to keep, and to give to butler_context_release()
 *
 * Since: 1.0
 */
ButlerContext *
butler_context_hold (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  g_return_val_if_fail (!context->is_swapping, NULL); /* it may yet not happen */
  if (context->is_held)
    {
      g_atomic_ref_count_inc (&hold_of (context)->ref_count);
      return context;
    }
  g_return_val_if_fail (butler__channel_is_mine (context->server->channel) && context->server->busy, NULL);
  if (context->held != NULL)
    return butler_context_hold (context->held);
  context->held = &hold_new (context)->context;
  return context->held;
}

/**
 * butler_context_release:
 * @held: (transfer full): what butler_context_hold() returned
 *
 * Ends a hold. With the last one of a message the work on it is over: an error that @held was given is logged and counted as the
 * failure of its handler, and the message is freed.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_context_release (ButlerContext *held)
{
  g_return_if_fail (held != NULL);
  g_return_if_fail (held->is_held);

  if (g_atomic_ref_count_dec (&hold_of (held)->ref_count))
    butler__pending_done (&hold_of (held)->pending);
}

/**
 * butler_context_state:
 * @context: the context, held or not
 *
 * Gets the server's state. After the handler has returned this is the only way to it, as a server may have been stopped, and
 * started anew, meanwhile.
 *
 * Thread: the server's.
 *
 * Returns: (transfer none) (nullable): the state, or %NULL if the run in which @context was held is over
 *
 * Since: 1.0
 */
gpointer
butler_context_state (ButlerContext *context)
{
  ButlerServer *server;

  g_return_val_if_fail (context != NULL, NULL);

  server = context->server;
  if (butler__context_is_over (context))
    return NULL;
  g_return_val_if_fail (butler__server_is_here (server), NULL);
  return server->record;
}

/**
 * butler_context_get_cancellable:
 * @context: the context, held or not
 *
 * Gets what to give to GIO's asynchronous functions: it is cancelled when the server is killed, or was stopped and did not end in time.
 *
 * Thread: the server's; for a held context any.
 *
 * Returns: (transfer none): the cancellable of this run of the server
 *
 * Since: 1.0
 */
GCancellable *
butler_context_get_cancellable (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, NULL);

  return context->is_held ? context->cancellable : butler__pending_get_cancellable (context->server);
}

/**
 * butler_context_stop_server:
 * @context: the context, held or not
 *
 * Lets the server of this handler stop: it accepts nothing more, handles what it has accepted, and ends. Does not wait. A run that
 * began after that of a held context is left alone.
 *
 * Thread: the server's, in a handler or an event; for a held context any.
 *
 * Since: 1.0
 */
void
butler_context_stop_server (ButlerContext *context)
{
  ButlerServer *server;

  g_return_if_fail (context != NULL);

  server = context->server;
  butler__hub_lock (server->hub);
  if (!context->is_held || hold_of (context)->pending.run == server->run)
    butler__server_request_end (server, FALSE);
  butler__hub_unlock (server->hub);
}
