/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ask.h"
#include "lib/ear.h"
#include "lib/hub.h"
#include "lib/outbox.h"

/* Asking by a thread that does nothing else until the answer is there. */

typedef struct
{
  ButlerQuestion question; /* first */
  GMutex         mutex;    /* a leaf lock: of who waits for whom it may be held */
  GCond          cond;
  gboolean       ended;    /* under the mutex: it was delivered */
  ButlerChannel *channel;  /* (owned), under the mutex: where the message is, or has been last; it may be
                            * one of another hub, which ends */
  ButlerChannel *awaited;  /* (owned) (nullable): what the graph has it wait for; who waits only */
} Waiter;

static void
waiter_deliver (ButlerQuestion *question)
{
  Waiter *self = (Waiter *) question;

  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
waiter_free (ButlerQuestion *question)
{
  Waiter *self = (Waiter *) question;

  butler__question_clear (question);
  g_clear_pointer (&self->channel, butler_channel_unref);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* Who waits for somebody else now looks anew whether that is a cycle. */
static void
waiter_move (ButlerAsk     *ask,
             ButlerChannel *channel)
{
  Waiter *self = (Waiter *) ask;
  ButlerChannel *before;

  butler__question_move (ask, channel);
  g_mutex_lock (&self->mutex);
  before = self->channel;
  self->channel = butler_channel_ref (channel);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  butler_channel_unref (before);
}

static Waiter *
waiter_new (const ButlerLayout *layout,
            ButlerChannel      *channel)
{
  Waiter *self = g_new0 (Waiter, 1);

  butler__question_init (&self->question, layout, waiter_deliver, waiter_free);
  self->question.header.move = waiter_move;
  self->channel = channel != NULL ? butler_channel_ref (channel) : NULL;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

/* FALSE when the answer is under way, and who waits has only not come to see it. */
static gboolean
is_open (gpointer data)
{
  Waiter *self = data;

  return !atomic_load_explicit (&self->question.over, memory_order_acquire);
}

static void
wake_waiter (gpointer data)
{
  Waiter *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* Once, as each sleep is entered anew in the graph. TRUE if it has ended. */
static gboolean
sleep_once (Waiter           *self,
            const ButlerWait *wait,
            gint64            deadline)
{
  gboolean ended;

  g_mutex_lock (&self->mutex);
  if (!self->ended && self->awaited == self->channel && !atomic_load_explicit (&wait->cancelled, memory_order_acquire))
    {
      if (deadline < 0 || !is_open (self))
        g_cond_wait (&self->cond, &self->mutex);
      else
        g_cond_wait_until (&self->cond, &self->mutex, deadline);
    }
  ended = self->ended;
  g_mutex_unlock (&self->mutex);
  return ended;
}

/* A wait that was refused while it slept is found again when it is entered anew. */
static void
end_if_due (Waiter           *self,
            const ButlerWait *wait,
            gint64            deadline)
{
  int how = atomic_load_explicit (&wait->cancelled, memory_order_acquire);

  if (how == BUTLER__WAIT_CANCELLED)
    butler__question_fail (&self->question, BUTLER_ERROR_CANCELLED, "who asked was killed");
  else if (deadline >= 0 && is_open (self) && g_get_monotonic_time () >= deadline)
    butler__question_fail (&self->question, BUTLER_ERROR_TIMED_OUT, "nobody did in time");
}

/* In the graph of the hub that was asked, also if the message came into another one. */
static gboolean
enter (Waiter      *self,
       ButlerWait  *wait,
       ButlerWaits *waits)
{
  g_mutex_lock (&self->mutex);
  self->awaited = butler_channel_ref (self->channel);
  g_mutex_unlock (&self->mutex);
  if (butler__waits_enter_while (waits, wait, &self->awaited->served, is_open, wake_waiter, self))
    return TRUE;
  g_clear_pointer (&self->awaited, butler_channel_unref);
  return FALSE;
}

static void
leave (Waiter      *self,
       ButlerWait  *wait,
       ButlerWaits *waits)
{
  butler__waits_leave (waits, wait);
  g_clear_pointer (&self->awaited, butler_channel_unref);
}

/* The caller has entered the graph. A cycle is found by the last of its threads, as each looks before each sleep; once it has ended by
 * that, who asked has still to wait for who might be about to end it too. */
static void
wait_for_end (Waiter      *self,
              ButlerWait  *wait,
              ButlerWaits *waits,
              gint64       deadline)
{
  gboolean ended;
  gboolean entered;

  do
    {
      ended = sleep_once (self, wait, deadline);
      leave (self, wait, waits);
      if (ended)
        return;
      end_if_due (self, wait, deadline);
      entered = enter (self, wait, waits);
      if (!entered)
        butler__question_fail (&self->question, BUTLER_ERROR_WOULD_DEADLOCK, "who was asked waits for this very thread");
    }
  while (entered);

  /* Whoever ended it is on its way to say so, and waits for nothing. */
  g_mutex_lock (&self->mutex);
  while (!self->ended)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
ask (Waiter             *self,
     ButlerWait         *wait,
     ButlerChannel      *channel,
     const ButlerLayout *layout,
     gpointer            value,
     gint64              deadline,
     GCancellable       *cancellable)
{
  gulong watch;

  butler__question_begun (&self->question);
  watch = butler__question_watch (&self->question, cancellable);
  if (is_open (self))
    butler__question_send (&self->question, channel, layout, value);
  wait_for_end (self, wait, channel->waits, deadline);
  g_cancellable_disconnect (cancellable, watch);
}

static ButlerMessage *
ask_really (ButlerChannel      *channel,
            const ButlerLayout *layout,
            gpointer            value,
            int                 timeout_ms,
            GCancellable       *cancellable,
            GError            **error)
{
  gint64 deadline = butler__ask_deadline (timeout_ms);
  Waiter *self = waiter_new (layout, channel);
  ButlerMessage *reply;
  ButlerWait wait;

  if (butler__outbox_is_open ())
    butler__question_fail (&self->question, BUTLER_ERROR_SWAPPING, "whether the swap happens is not certain yet");
  else if (channel == NULL)
    butler__question_fail (&self->question, BUTLER_ERROR_NO_ROUTE, "no server or channel takes it");
  else if (!enter (self, &wait, channel->waits))
    butler__question_fail (&self->question, BUTLER_ERROR_WOULD_DEADLOCK, "who was asked waits for this very thread");
  else
    ask (self, &wait, channel, layout, value, deadline, cancellable);
  if (self->question.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->question.error));
  reply = g_steal_pointer (&self->question.reply);
  butler__question_unref (&self->question);
  return reply;
}

static ButlerMessage *
ask_sync (ButlerChannel      *channel,
          const ButlerLayout *layout,
          gpointer            value,
          int                 timeout_ms,
          GCancellable       *cancellable,
          GError            **error)
{
  ButlerDeed deed = { .kind = BUTLER__DEED_WAIT, .layout = layout, .value = value };

  if (!butler__deed_begin (&deed))
    deed.reply = ask_really (channel, layout, value, timeout_ms, cancellable, &deed.error);
  butler__deed_end (&deed);
  butler__layout_clear (layout, value);
  if (deed.error != NULL)
    g_propagate_error (error, deed.error);
  return deed.reply;
}

/**
 * butler_hub_ask_sync:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @timeout_ms: how long to wait for the answer, in milliseconds; -1: for ever
 * @cancellable: (nullable): ends the wait
 * @error: (nullable): where to put an error
 *
 * Asks whoever takes this type, and waits for the answer; NAME_ask_sync() is the typed form. Meanwhile the calling thread does nothing
 * else: it is for threads that are no servers. In a handler it works too as long as nobody who is asked waits for the asking server: if
 * that is found, %BUTLER_ERROR_WOULD_DEADLOCK is the answer. What is not found is a cycle that goes by way of butler_hub_ask_async(), a
 * held context or another hub; the time-out ends that.
 *
 * If the send itself has to wait for room, as with %BUTLER_OVERFLOW_BLOCK, it does so beyond the time-out.
 *
 * Errors: those of butler_ask_finish().
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerMessage *
butler_hub_ask_sync (ButlerHub               *hub,
                     const ButlerRecordInfo  *info,
                     gpointer                 value,
                     int                      timeout_ms,
                     GCancellable            *cancellable,
                     GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (info != NULL && value != NULL, NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, NULL);
  return ask_sync (butler__routes_get (&hub->routes, layout->type), layout, value, timeout_ms, cancellable, error);
}

/**
 * butler_channel_ask_sync:
 * @channel: the channel
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @timeout_ms: how long to wait for the answer, in milliseconds; -1: for ever
 * @cancellable: (nullable): ends the wait
 * @error: (nullable): where to put an error
 *
 * As butler_hub_ask_sync(), of whoever reads from @channel. NAME_ask_sync_to() is the typed form.
 *
 * Errors: those of butler_ask_finish().
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerMessage *
butler_channel_ask_sync (ButlerChannel           *channel,
                         const ButlerRecordInfo  *info,
                         gpointer                 value,
                         int                      timeout_ms,
                         GCancellable            *cancellable,
                         GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (channel != NULL, NULL);
  g_return_val_if_fail (info != NULL && value != NULL, NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, NULL);
  return ask_sync (channel, layout, value, timeout_ms, cancellable, error);
}
