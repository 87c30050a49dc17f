/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ask.h"

/* What a callback is given. It is no GTask, as that calls back from a GMainContext alone, and not every server has one. */

typedef struct
{
  GObject        object;
  ButlerMessage *reply; /* (owned) (nullable): until it is fetched */
  GError        *error; /* (owned) (nullable): as the reply */
  gpointer       data;
} AskResult;

typedef struct
{
  GObjectClass object_class;
} AskResultClass;

static GType ask_result_get_type (void);
static void  ask_result_init_async (GAsyncResultIface *iface);

G_DEFINE_TYPE_WITH_CODE (AskResult, ask_result, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, ask_result_init_async))

static gpointer
ask_result_get_user_data (GAsyncResult *result)
{
  return ((AskResult *) result)->data;
}

static GObject *
ask_result_get_source_object (GAsyncResult *result G_GNUC_UNUSED)
{
  return NULL;
}

static gboolean
ask_result_is_tagged (GAsyncResult *result G_GNUC_UNUSED,
                      gpointer      tag)
{
  return tag == (gpointer) (guintptr) butler_ask_finish;
}

static void
ask_result_init_async (GAsyncResultIface *iface)
{
  iface->get_user_data = ask_result_get_user_data;
  iface->get_source_object = ask_result_get_source_object;
  iface->is_tagged = ask_result_is_tagged;
}

static void
ask_result_finalize (GObject *object)
{
  AskResult *self = (AskResult *) object;

  g_clear_pointer (&self->reply, butler_message_free);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (ask_result_parent_class)->finalize (object);
}

static void
ask_result_class_init (AskResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ask_result_finalize;
}

static void
ask_result_init (AskResult *self G_GNUC_UNUSED)
{
}

GAsyncResult *
butler__ask_result_new (ButlerMessage *reply,
                        GError        *error,
                        gpointer       data)
{
  AskResult *self = g_object_new (ask_result_get_type (), NULL);

  self->reply = reply;
  self->error = error;
  self->data = data;
  return G_ASYNC_RESULT (self);
}

/**
 * butler_ask_finish:
 * @result: what the callback of butler_hub_ask_async() or butler_channel_ask_async() was given
 * @error: (nullable): where to put an error
 *
 * Fetches the answer, once; NAME_ask_finish() is the same under the name of the question. NAME_from_message() of the answer's type makes
 * the record of it.
 *
 * Errors: %BUTLER_ERROR_TIMED_OUT, %BUTLER_ERROR_CANCELLED if it was cancelled, by its cancellable, by the end of the server that asked, or
 * as the channel was cleared; %BUTLER_ERROR_NO_REPLY if the handler, and whoever had the message after it, let it go without an answer;
 * %BUTLER_ERROR_CLOSED if the server that was asked has ended; %BUTLER_ERROR_FULL, %BUTLER_ERROR_NO_ROUTE, %BUTLER_ERROR_BAD_LAYOUT,
 * %BUTLER_ERROR_WOULD_DEADLOCK as for a send, also if the message was dropped after that, or nobody has a handler for it;
 * %BUTLER_ERROR_SWAPPING in a `swapped` function; or the error with which the handler failed, whatever its domain.
 *
 * Thread: that of the callback.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerMessage *
butler_ask_finish (GAsyncResult  *result,
                   GError       **error)
{
  AskResult *self = (AskResult *) result;

  g_return_val_if_fail (G_TYPE_CHECK_INSTANCE_TYPE (result, ask_result_get_type ()), NULL);
  g_return_val_if_fail (self->reply != NULL || self->error != NULL, NULL);

  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return g_steal_pointer (&self->reply);
}
