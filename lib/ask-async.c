/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ask.h"
#include "lib/ear.h"
#include "lib/here.h"
#include "lib/outbox.h"
#include "lib/pending.h"
#include "lib/tap.h"

/* Asking without waiting. On a server's thread the question is pending, as what a handler holds: the answer comes by the internal lane,
 * the time-out is an alarm of the server, and a server that ends cancels what is left. Elsewhere it is a source of the thread-default
 * GMainContext, whose ready time is the time-out, and once it is answered: now. */

typedef struct
{
  ButlerQuestion      question; /* first */
  ButlerPending       pending;  /* on a server's thread */
  ButlerAlarm         alarm;    /* the same */
  GMutex              gate;     /* of source */
  GSource            *source;   /* (owned) (nullable): elsewhere; its callback has the reference of who asked. NULL again when that is
                                 * gone: its context may be freed then, and only that thread lets go of it */
  ButlerPin           pin;      /* elsewhere: of the callback's code */
  _Atomic gboolean    answered; /* elsewhere. Release before the ready time is set, acquire after it was unset */

  /* Written before the question has begun. */
  GAsyncReadyCallback callback; /* (nullable) */
  gpointer            data;
  GCancellable       *cancellable; /* (owned) (nullable) */
  gulong              watch;
} Ask;

#define ASK_OF(part, member) ((Ask *) (gpointer) ((char *) (part) - G_STRUCT_OFFSET (Ask, member)))

static void
ask_free (ButlerQuestion *question)
{
  Ask *self = (Ask *) question;

  butler__question_clear (question);
  g_mutex_clear (&self->gate);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static Ask *
ask_new (const ButlerLayout  *layout,
         void               (*deliver) (ButlerQuestion *question),
         GCancellable        *cancellable,
         GAsyncReadyCallback  callback,
         gpointer             data)
{
  Ask *self = g_new0 (Ask, 1);

  butler__question_init (&self->question, layout, deliver, ask_free);
  g_mutex_init (&self->gate);
  self->callback = callback;
  self->data = data;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  return self;
}

static void
call_back (ButlerQuestion *question)
{
  Ask *self = (Ask *) question;
  GAsyncResult *result = butler__ask_result_new (g_steal_pointer (&self->question.reply), g_steal_pointer (&self->question.error),
                                                 self->data);

  if (self->callback != NULL)
    self->callback (NULL, result, self->data);
  g_object_unref (result);
}

/* On a server's thread */

static void
deliver_by_lane (ButlerQuestion *question)
{
  butler__pending_done (&((Ask *) question)->pending);
}

static void
ring (ButlerAlarm  *alarm,
      ButlerServer *server G_GNUC_UNUSED)
{
  butler__question_fail (&ASK_OF (alarm, alarm)->question, BUTLER_ERROR_TIMED_OUT, "nobody did in time");
}

static void
cancel (ButlerPending *pending)
{
  butler__question_fail (&ASK_OF (pending, pending)->question, BUTLER_ERROR_CANCELLED, "the server that asked ends");
}

/* @server is NULL only if it came too late even after it was cancelled; then no thread is left on which to call back. */
static void
come_home (ButlerPending *pending,
           ButlerServer  *server)
{
  Ask *self = ASK_OF (pending, pending);
  ButlerServer *owner = pending->server;

  butler__alarms_take_away (&owner->alarms, &self->alarm);
  g_cancellable_disconnect (self->cancellable, self->watch);
  if (server != NULL)
    {
      server->busy = TRUE;
      butler__call_answer (server, &self->question, call_back);
      server->busy = FALSE;
    }
  butler__question_unref (&self->question);
  butler_server_unref (owner);
}

/* The one that runs is pinned; a callback may lie elsewhere. */
static ButlerGeneration *
find_generation (ButlerServer        *server,
                 GAsyncReadyCallback  callback)
{
  gconstpointer code = (gconstpointer) (guintptr) callback;
  ButlerGeneration *generation = server->pin.generation;

  if (generation != NULL && butler__image_has (&generation->image, code))
    return generation;
  return butler__generation_of_code (server->hub, code);
}

static void
wait_on_server (Ask          *self,
                ButlerServer *server,
                gint64        deadline)
{
  self->pending.end = come_home;
  self->pending.cancel = cancel;
  self->pending.is_ask = TRUE;
  butler__hub_lock (server->hub);
  butler__pending_begin (&self->pending, server, find_generation (server, self->callback), "ask of", self->question.type);
  butler__hub_unlock (server->hub);
  if (deadline < 0)
    return;
  self->alarm.deadline = deadline;
  self->alarm.ring = ring;
  if (butler__alarms_set (&server->alarms, &self->alarm))
    butler__server_tell_alarm (server);
}

/* Elsewhere */

static void
deliver_by_source (ButlerQuestion *question)
{
  Ask *self = (Ask *) question;

  atomic_store_explicit (&self->answered, TRUE, memory_order_release);
  g_mutex_lock (&self->gate);
  if (self->source != NULL)
    g_source_set_ready_time (self->source, 0);
  g_mutex_unlock (&self->gate);
}

/* The ready time has come: it is answered, or time is over. Unset first, so that an answer after the look sets it again. */
static gboolean
on_ready (gpointer data)
{
  Ask *self = data;

  g_source_set_ready_time (self->source, -1);
  if (!atomic_load_explicit (&self->answered, memory_order_acquire))
    butler__question_fail (&self->question, BUTLER_ERROR_TIMED_OUT, "nobody did in time");
  if (!atomic_load_explicit (&self->answered, memory_order_acquire))
    return G_SOURCE_CONTINUE;
  g_cancellable_disconnect (self->cancellable, self->watch);
  call_back (&self->question);
  return G_SOURCE_REMOVE;
}

/* After the callback, or with a context in which nobody waits any more. */
static void
leave_source (gpointer data)
{
  Ask *self = data;
  GSource *source;

  g_mutex_lock (&self->gate);
  source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->gate);
  g_source_unref (source);
  butler__unpin (&self->pin);
  butler__question_unref (&self->question);
}

static gboolean
ask_source_dispatch (GSource    *source G_GNUC_UNUSED,
                     GSourceFunc callback,
                     gpointer    data)
{
  return callback (data);
}

static GSourceFuncs ask_source_funcs = { .dispatch = ask_source_dispatch };

static void
wait_in_context (Ask       *self,
                 ButlerHub *hub,
                 gint64     deadline)
{
  GMainContext *context = g_main_context_ref_thread_default ();

  if (hub != NULL && self->callback != NULL)
    {
      butler__hub_lock (hub);
      butler__pin (&self->pin, butler__generation_of_code (hub, (gconstpointer) (guintptr) self->callback), "ask of",
                   self->question.type, NULL);
      butler__hub_unlock (hub);
    }
  self->source = g_source_new (&ask_source_funcs, sizeof (GSource));
  g_source_set_name (self->source, self->question.type);
  g_source_set_callback (self->source, on_ready, self, leave_source);
  g_source_set_ready_time (self->source, deadline);
  g_source_attach (self->source, context);
  g_main_context_unref (context);
}

/* Both */

/* In a `swapped` function: the code of the callback goes if the swap does not happen, so it is called here and now. */
static void
refuse (const ButlerLayout *layout,
        gpointer             value,
        GAsyncReadyCallback  callback,
        gpointer             data)
{
  GError *error = g_error_new (BUTLER_ERROR, BUTLER_ERROR_SWAPPING, "%s was not asked: whether the swap happens is not certain yet",
                               layout->type->name);
  g_autoptr (GAsyncResult) result = butler__ask_result_new (NULL, error, data);

  butler__layout_clear (layout, value);
  if (callback != NULL)
    callback (NULL, result, data);
}

/* Who has taken the deed ends the question, and nobody else does. */
static void
leave_to_ear (Ask          *self,
              ButlerServer *server)
{
  if (server != NULL)
    butler__alarms_take_away (&server->alarms, &self->alarm);
  else
    g_source_set_ready_time (self->source, -1);
  g_cancellable_disconnect (self->cancellable, self->watch);
  self->watch = 0;
}

static void
begin (Ask                *self,
       ButlerServer       *server,
       ButlerChannel      *channel,
       const ButlerLayout *layout,
       gpointer            value)
{
  ButlerQuestion *question = butler__question_ref (&self->question);
  ButlerDeed deed = { .kind = BUTLER__DEED_ASK, .layout = layout, .value = value, .question = question };

  self->watch = butler__question_watch (question, self->cancellable);
  if (server != NULL && g_cancellable_is_cancelled (server->cancellable))
    cancel (&self->pending);
  if (butler__deed_begin (&deed))
    leave_to_ear (self, server);
  else if (!atomic_load_explicit (&question->over, memory_order_acquire))
    butler__question_send (question, channel, layout, value);
  butler__deed_end (&deed);
  butler__question_begun (question);
  butler__question_unref (question);
}

/* (nullable): a channel knows of its hub only as long as that lives, and that closes it when it ends. */
static ButlerHub *
get_hub (const ButlerChannel *channel)
{
  return channel != NULL && !butler_channel_is_closed ((ButlerChannel *) channel) ? channel->hub : NULL;
}

static void
ask_async (ButlerHub           *hub,
           ButlerChannel       *channel,
           const ButlerLayout  *layout,
           gpointer             value,
           int                  timeout_ms,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             data)
{
  gint64 deadline = butler__ask_deadline (timeout_ms);
  ButlerServer *server = butler__here_get ();
  Ask *self;

  if (butler__outbox_is_open ())
    {
      refuse (layout, value, callback, data);
      return;
    }
  self = ask_new (layout, server != NULL ? deliver_by_lane : deliver_by_source, cancellable, callback, data);
  if (server != NULL)
    wait_on_server (self, server, deadline);
  else
    wait_in_context (self, hub, deadline);
  begin (self, server, channel, layout, value);
  butler__layout_clear (layout, value);
}

/**
 * butler_hub_ask_async:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, in every case
 * @timeout_ms: how long to wait for the answer, in milliseconds; -1: for ever
 * @cancellable: (nullable): ends the wait
 * @callback: (nullable) (scope async) (closure data): what to call with the answer, once, whatever happens
 * @data: (nullable): what to give to @callback
 *
 * Asks whoever takes this type; NAME_ask_async() is the typed form. The handler there answers by butler_context_reply(). The ask ends
 * exactly once, by that, by an error, by the time-out or by a cancel; then @callback is called, never before this returns, and fetches the
 * answer by butler_ask_finish(). Its source object is %NULL.
 *
 * In a handler, an event, or a callback on a server's own thread, @callback runs there between two messages, never beside a handler,
 * whatever the loop. To get at the state, @data is a held context: see butler_context_hold(). The ask is pending as such a context is: a
 * server that is stopped waits for it, 10 seconds at the most, and then cancels it; a kill cancels at once. On other threads @callback is
 * called in the thread-default #GMainContext.
 *
 * The callback is a function of the code that asked, also if that was swapped meanwhile; it stays loaded for that. In a `swapped`
 * function, and only there, @callback is called at once, with %BUTLER_ERROR_SWAPPING.
 *
 * Like a send it waits for room if that channel's overflow policy is %BUTLER_OVERFLOW_BLOCK and it is full. All other errors, also those
 * of the send, come by @callback.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_hub_ask_async (ButlerHub              *hub,
                      const ButlerRecordInfo *info,
                      gpointer                value,
                      int                     timeout_ms,
                      GCancellable           *cancellable,
                      GAsyncReadyCallback     callback,
                      gpointer                data)
{
  const ButlerLayout *layout;

  g_return_if_fail (hub != NULL);
  g_return_if_fail (info != NULL && value != NULL);
  g_return_if_fail (timeout_ms >= -1);

  layout = butler__layout_of (info);
  g_return_if_fail (layout != NULL);
  ask_async (hub, butler__routes_get (&hub->routes, layout->type), layout, value, timeout_ms, cancellable, callback, data);
}

/**
 * butler_channel_ask_async:
 * @channel: the channel
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, in every case
 * @timeout_ms: how long to wait for the answer, in milliseconds; -1: for ever
 * @cancellable: (nullable): ends the wait
 * @callback: (nullable) (scope async) (closure data): what to call with the answer, once, whatever happens
 * @data: (nullable): what to give to @callback
 *
 * As butler_hub_ask_async(), of whoever reads from @channel. NAME_ask_async_to() is the typed form.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_channel_ask_async (ButlerChannel          *channel,
                          const ButlerRecordInfo *info,
                          gpointer                value,
                          int                     timeout_ms,
                          GCancellable           *cancellable,
                          GAsyncReadyCallback     callback,
                          gpointer                data)
{
  const ButlerLayout *layout;

  g_return_if_fail (channel != NULL);
  g_return_if_fail (info != NULL && value != NULL);
  g_return_if_fail (timeout_ms >= -1);

  layout = butler__layout_of (info);
  g_return_if_fail (layout != NULL);
  ask_async (get_hub (channel), channel, layout, value, timeout_ms, cancellable, callback, data);
}
