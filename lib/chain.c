/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/room.h"

/* The two kinds made of a chain: writers link messages into it, and whoever takes ASLEEP off wakes the reader. The bounded one reserves
 * room for each before. */

static ButlerSendResult
chain_put (ButlerChannel *channel,
           ButlerMessage *message,
           ButlerPatience patience G_GNUC_UNUSED)
{
  guintptr old;

  atomic_fetch_add_explicit (&channel->accepted, 1, memory_order_relaxed);
  old = butler__chain_link (&channel->chain, message);
  if (G_UNLIKELY (old & BUTLER__CLOSED))
    {
      atomic_fetch_sub_explicit (&channel->accepted, 1, memory_order_relaxed);
      return BUTLER__CLOSED_NOW;
    }
  if (G_UNLIKELY (old & BUTLER__ASLEEP))
    butler__channel_wake (channel);
  return BUTLER__SENT;
}

static void
chain_take (ButlerChannel *channel,
            gboolean       all G_GNUC_UNUSED)
{
  ButlerMessage *newest;

  if (G_UNLIKELY (channel->armed))
    butler__channel_disarm (channel); /* as the exchange would take ASLEEP off */
  if (butler__chain_take (&channel->chain, &newest))
    channel->last = TRUE;
  channel->taken.raw = newest;
}

/* All that there is to see is in the word itself. */
static gboolean
chain_is_empty (ButlerChannel *channel G_GNUC_UNUSED)
{
  return TRUE;
}

static void
chain_close (ButlerChannel *channel)
{
  butler__chain_close (&channel->chain);
}

static void
chain_reopen (ButlerChannel *channel)
{
  butler__chain_reopen (&channel->chain);
}

const ButlerChannelKind butler__chain_kind = {
  .put = chain_put,
  .take = chain_take,
  .is_empty = chain_is_empty,
  .close = chain_close,
  .reopen = chain_reopen,
};

/* Bounded. What was reserved is what was accepted, but for what was dropped. */

static ButlerSendResult
link_or_refund (ButlerChannel *channel,
                ButlerMessage *message)
{
  guintptr old = butler__chain_link (&channel->chain, message);

  if (G_UNLIKELY (old & BUTLER__CLOSED))
    {
      butler__credits_refund (&channel->credits);
      return BUTLER__CLOSED_NOW;
    }
  if (G_UNLIKELY (old & BUTLER__ASLEEP))
    butler__channel_wake (channel);
  return BUTLER__SENT;
}

static ButlerSendResult
drop (ButlerChannel *channel,
      ButlerMessage *message)
{
  butler__channel_count_dead (channel, BUTLER_DEAD_DROPPED, 1);
  butler__channel_fail_ask (channel, message, BUTLER_DEAD_DROPPED);
  butler_message_free (message);
  return BUTLER__SENT;
}

static ButlerSendResult
bounded_put (ButlerChannel *channel,
             ButlerMessage *message,
             ButlerPatience patience)
{
  ButlerSendResult result = butler__room_get (channel, patience);

  if (G_LIKELY (result == BUTLER__SENT))
    return link_or_refund (channel, message);
  if (result == BUTLER__FULL_NOW && channel->overflow == BUTLER_OVERFLOW_DROP_NEWEST)
    return drop (channel, message);
  return result;
}

static void
bounded_give (ButlerChannel *channel,
              guint          n)
{
  butler__credits_give (&channel->credits, n);
}

/* Senders that are still about to link when the waiting ones go away see the bit. */
static void
bounded_close (ButlerChannel *channel)
{
  chain_close (channel);
  butler__credits_set_closed (&channel->credits, TRUE);
}

static void
bounded_reopen (ButlerChannel *channel)
{
  butler__credits_set_closed (&channel->credits, FALSE);
  chain_reopen (channel);
}

const ButlerChannelKind butler__bounded_kind = {
  .put = bounded_put,
  .take = chain_take,
  .is_empty = chain_is_empty,
  .give = bounded_give,
  .close = bounded_close,
  .reopen = bounded_reopen,
};
