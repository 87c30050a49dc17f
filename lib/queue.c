/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"

/* The bounded kind: each message is a node of a GAsyncQueue. Room is reserved before the push and given back when the reader hands
 * the message out, so the capacity counts what was accepted and not yet dispatched. Under drop-oldest all is decided under the
 * queue's lock instead: the reader takes one message at a time, so the queue itself is what waits. */

#define TAKE_AT_ONCE 64

static gboolean
drops_oldest (const ButlerChannel *channel)
{
  return channel->credits.capacity > 0 && channel->overflow == BUTLER_OVERFLOW_DROP_OLDEST;
}

static gboolean
needs_credit (const ButlerChannel *channel)
{
  return channel->credits.capacity > 0 && channel->overflow != BUTLER_OVERFLOW_DROP_OLDEST;
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

static void
wake_waiters (gpointer credits)
{
  butler__credits_wake (credits);
}

static gboolean
is_full (gpointer credits)
{
  return butler__credits_are_gone (credits);
}

/* Announced before the graph is looked at, and looked at before each sleep: who gives room after the announcement ends the sleep, so
 * those who sleep have all seen each other, and room that a waiter has not come to see yet is no edge. */
static ButlerSendResult
sleep_for_room (ButlerChannel *channel,
                guint          generation)
{
  static const ButlerSendResult results[] = {
    [BUTLER__WAIT_GOES_ON] = BUTLER__CLOSED_NOW,
    [BUTLER__WAIT_CANCELLED] = BUTLER__CANCELLED,
    [BUTLER__WAIT_REFUSED] = BUTLER__WOULD_DEADLOCK,
  };
  ButlerCredits *credits = &channel->credits;
  ButlerWait wait;
  gboolean go_on;

  if (!butler__waits_enter_while (channel->waits, &wait, &channel->served, is_full, wake_waiters, credits))
    return BUTLER__WOULD_DEADLOCK;
  go_on = butler__credits_sleep (credits, generation, &wait);
  butler__waits_leave (channel->waits, &wait);
  return go_on ? BUTLER__SENT : results[atomic_load_explicit (&wait.cancelled, memory_order_acquire)];
}

static ButlerSendResult
wait_for_room (ButlerChannel *channel)
{
  ButlerSendResult result = BUTLER__SENT;
  guint generation;

  while (result == BUTLER__SENT && !butler__credits_try (&channel->credits))
    if (butler__waits_is_admitted (channel->waits, &channel->served))
      {
        butler__credits_overdraw (&channel->credits);
        break;
      }
    else if (butler__credits_announce (&channel->credits, &generation))
      result = sleep_for_room (channel, generation);
  return result;
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
  butler_message_free (message);
  return BUTLER__SENT;
}

/* Room was reserved for it. */
static ButlerSendResult
push_or_give_back (ButlerChannel *channel,
                   ButlerMessage *message)
{
  if (push (channel, message))
    return BUTLER__SENT;
  butler__credits_give (&channel->credits, 1);
  return BUTLER__CLOSED_NOW;
}

static ButlerSendResult
put_when_room (ButlerChannel *channel,
               ButlerMessage *message)
{
  ButlerSendResult result = wait_for_room (channel);

  return result == BUTLER__SENT ? push_or_give_back (channel, message) : result;
}

static ButlerSendResult
overflow (ButlerChannel *channel,
          ButlerMessage *message,
          ButlerPatience patience)
{
  if (butler_channel_is_closed (channel))
    return BUTLER__CLOSED_NOW;
  if (channel->overflow == BUTLER_OVERFLOW_DROP_NEWEST)
    return drop (channel, message);
  if (patience == BUTLER__ABOVE_CAPACITY)
    {
      butler__credits_overdraw (&channel->credits);
      return push_or_give_back (channel, message);
    }
  if (channel->overflow == BUTLER_OVERFLOW_BLOCK && patience == BUTLER__MAY_WAIT)
    return put_when_room (channel, message);
  return BUTLER__FULL_NOW;
}

static ButlerSendResult
queue_put (ButlerChannel *channel,
           ButlerMessage *message,
           ButlerPatience patience)
{
  if (drops_oldest (channel))
    return put_and_drop_oldest (channel, message);
  if (needs_credit (channel) && !butler__credits_try (&channel->credits))
    return overflow (channel, message, patience);
  if (push (channel, message))
    return BUTLER__SENT;
  if (needs_credit (channel))
    butler__credits_give (&channel->credits, 1);
  return BUTLER__CLOSED_NOW;
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
  if (needs_credit (channel))
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
