/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"

/* Model-checked: tests/models/lanes.pml. */

gboolean
butler__urgent_try (ButlerUrgent *lane,
                    gboolean      above_limit)
{
  guint old = atomic_load_explicit (&lane->waiting, memory_order_relaxed);

  if (lane->limit == 0)
    return TRUE;
  do
    if (old >= lane->limit && !above_limit)
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&lane->waiting, &old, old + 1, memory_order_relaxed, memory_order_relaxed));
  return TRUE;
}

void
butler__urgent_give (ButlerUrgent *lane,
                     guint         n)
{
  if (lane->limit != 0)
    atomic_fetch_sub_explicit (&lane->waiting, n, memory_order_relaxed);
}

ButlerSendResult
butler__channel_put_urgent (ButlerChannel *channel,
                            ButlerMessage *message,
                            ButlerPatience patience)
{
  ButlerUrgent *lane = &channel->urgent;

  if (!butler__urgent_try (lane, patience == BUTLER__ABOVE_CAPACITY))
    return butler_channel_is_closed (channel) ? BUTLER__CLOSED_NOW : BUTLER__FULL_NOW;
  atomic_fetch_add_explicit (&channel->accepted, 1, memory_order_relaxed);
  if (butler__chain_link (&lane->chain, message) & BUTLER__CLOSED)
    {
      atomic_fetch_sub_explicit (&channel->accepted, 1, memory_order_relaxed);
      butler__urgent_give (lane, 1);
      return BUTLER__CLOSED_NOW;
    }
  /* Each time: who found others there cannot know whether they have asked already. */
  butler__channel_request (channel, BUTLER__REQUEST_URGENT);
  return BUTLER__SENT;
}

/* The request goes before the look: who links after the look sets it again. It stays set while anything is left. */
static gboolean
take (ButlerChannel *channel)
{
  ButlerReversal taken = { 0 };

  butler__channel_drop_request (channel, BUTLER__REQUEST_URGENT);
  butler__chain_take (&channel->urgent.chain, &taken.raw);
  if (taken.raw == NULL)
    return FALSE;
  butler__reversal_step (&taken, G_MAXUINT);
  channel->urgent.taken = taken.done;
  atomic_fetch_or_explicit (&channel->control, BUTLER__REQUEST_URGENT, memory_order_relaxed);
  return TRUE;
}

ButlerMessage *
butler__channel_next_urgent (ButlerChannel *channel)
{
  ButlerUrgent *lane = &channel->urgent;

  if (lane->taken == NULL && !take (channel))
    return NULL;

  ButlerMessage *message = lane->taken;
  lane->taken = message->link;
  message->link = NULL;
  butler__urgent_give (lane, 1);
  return message;
}
