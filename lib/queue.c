/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/room.h"

/* Each message is a node of a GAsyncQueue: where the oldest is dropped, or on request. Under drop-oldest all is decided under the queue's
 * lock: the reader takes one message at a time, so the queue itself is what waits. Under the other policies room is reserved before the
 * push (room.h). */

#define TAKE_AT_ONCE 64

static gboolean
drops_oldest (const ButlerChannel *channel)
{
  return channel->credits.capacity > 0 && channel->overflow == BUTLER_OVERFLOW_DROP_OLDEST;
}

static gboolean
push (ButlerChannel *channel,
      ButlerMessage *message)
{
  gboolean open;

  g_async_queue_lock (channel->queue);
  open = !channel->shut;
  if (open)
    {
      atomic_fetch_add_explicit (&channel->accepted, 1, memory_order_relaxed);
      g_async_queue_push_unlocked (channel->queue, message);
    }
  g_async_queue_unlock (channel->queue);
  if (open)
    butler__channel_kick (channel);
  return open;
}

static ButlerSendResult
put_and_drop_oldest (ButlerChannel *channel,
                     ButlerMessage *message)
{
  ButlerMessage *oldest = NULL;
  gboolean open;

  g_async_queue_lock (channel->queue);
  open = !channel->shut;
  if (open)
    {
      if ((guint) g_async_queue_length_unlocked (channel->queue) >= channel->credits.capacity)
        oldest = g_async_queue_try_pop_unlocked (channel->queue);
      atomic_fetch_add_explicit (&channel->accepted, 1, memory_order_relaxed);
      g_async_queue_push_unlocked (channel->queue, message);
    }
  g_async_queue_unlock (channel->queue);
  if (!open)
    return BUTLER__CLOSED_NOW;
  butler__channel_kick (channel);
  if (oldest != NULL)
    {
      butler__channel_count_dead (channel, BUTLER_DEAD_DROPPED, 1);
      butler__channel_fail_ask (channel, oldest, BUTLER_DEAD_DROPPED);
      butler_message_free (oldest);
    }
  return BUTLER__SENT;
}

static ButlerSendResult
drop (ButlerChannel *channel,
      ButlerMessage *message)
{
  gboolean open;

  g_async_queue_lock (channel->queue);
  open = !channel->shut;
  g_async_queue_unlock (channel->queue);
  if (!open)
    return BUTLER__CLOSED_NOW;
  atomic_fetch_add_explicit (&channel->accepted, 1, memory_order_relaxed);
  butler__channel_count_dead (channel, BUTLER_DEAD_DROPPED, 1);
  butler__channel_fail_ask (channel, message, BUTLER_DEAD_DROPPED);
  butler_message_free (message);
  return BUTLER__SENT;
}

/* Room was reserved for it. */
static ButlerSendResult
push_or_refund (ButlerChannel *channel,
                ButlerMessage *message)
{
  if (push (channel, message))
    return BUTLER__SENT;
  butler__credits_refund (&channel->credits);
  return BUTLER__CLOSED_NOW;
}

static ButlerSendResult
put_when_room (ButlerChannel *channel,
               ButlerMessage *message,
               ButlerPatience patience)
{
  ButlerSendResult result = butler__room_get (channel, patience);

  if (result == BUTLER__SENT)
    return push_or_refund (channel, message);
  if (result == BUTLER__FULL_NOW && channel->overflow == BUTLER_OVERFLOW_DROP_NEWEST)
    return drop (channel, message);
  return result;
}

static ButlerSendResult
queue_put (ButlerChannel *channel,
           ButlerMessage *message,
           ButlerPatience patience)
{
  if (channel->bounded)
    return put_when_room (channel, message, patience);
  if (drops_oldest (channel))
    return put_and_drop_oldest (channel, message);
  return push (channel, message) ? BUTLER__SENT : BUTLER__CLOSED_NOW;
}

static guint
take_at_once (const ButlerChannel *channel)
{
  return drops_oldest (channel) ? 1 : TAKE_AT_ONCE;
}

/* Newest first, as a chain is taken. That the lane is shut is seen under the same lock as that it is empty: a drain is final. */
static void
queue_take (ButlerChannel *channel,
            gboolean       all)
{
  g_async_queue_lock (channel->queue);
  for (guint n = all ? G_MAXUINT : take_at_once (channel); n > 0; n--)
    {
      ButlerMessage *message = g_async_queue_try_pop_unlocked (channel->queue);

      if (message == NULL)
        {
          channel->last = channel->shut;
          break;
        }
      message->link = channel->taken.raw;
      channel->taken.raw = message;
    }
  g_async_queue_unlock (channel->queue);
}

static gboolean
queue_is_empty (ButlerChannel *channel)
{
  return g_async_queue_length (channel->queue) == 0;
}

static void
queue_give (ButlerChannel *channel,
            guint          n)
{
  if (channel->bounded)
    butler__credits_give (&channel->credits, n);
}

/* The flag before the bit: once the bit lets the reader look, the flag is there. */
static void
queue_close (ButlerChannel *channel)
{
  g_async_queue_lock (channel->queue);
  channel->shut = TRUE;
  g_async_queue_unlock (channel->queue);
  butler__credits_set_closed (&channel->credits, TRUE);
  butler__chain_close (&channel->chain);
}

static void
queue_reopen (ButlerChannel *channel)
{
  butler__chain_reopen (&channel->chain);
  butler__credits_set_closed (&channel->credits, FALSE);
  g_async_queue_lock (channel->queue);
  channel->shut = FALSE;
  g_async_queue_unlock (channel->queue);
}

const ButlerChannelKind butler__queue_kind = {
  .put = queue_put,
  .take = queue_take,
  .is_empty = queue_is_empty,
  .give = queue_give,
  .close = queue_close,
  .reopen = queue_reopen,
};
