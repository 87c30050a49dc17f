/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"

/* The unbounded kind: writers link messages into the channel's chain and whoever takes ASLEEP off wakes the reader. */

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
