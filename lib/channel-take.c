/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/entry.h"
#include "lib/pause.h"

/* What the reader takes out, and in which order it hands that out. */

/* How many messages are put in order before control is looked at again: reversing 10^7 that lie all over memory takes seconds. */
#define REVERSE_AT_ONCE 4096

/* For how many turns of a loop a reader lets messages come together, and how many of them are enough. */
#define GATHER 100
#define ENOUGH 64

/* A reader that is faster than its senders would fetch each message by itself, and each time take the cache line of the chain away from
 * them, which costs both more than the message. So after a small catch it lets some more come together, for less than a microsecond. */
static void
let_gather (ButlerChannel *channel)
{
  if (channel->hasty)
    for (guint i = 0; i < GATHER; i++)
      butler__pause ();
}

/* Of a chain all that waited is in one catch; what was admitted above the capacity does not count. A queue is asked before. */
static void
note_most (ButlerChannel *channel,
           gsize          n)
{
  if (channel->bounded)
    n = MIN (n, channel->credits.capacity);
  if (n > atomic_load_explicit (&channel->high_water, memory_order_relaxed))
    atomic_store_explicit (&channel->high_water, n, memory_order_relaxed);
}

/* How many there were; with that many in one catch it is not worth while to wait for more. */
static void
note_catch (ButlerChannel *channel,
            guint          n)
{
  channel->hasty = n > 1 && n < ENOUGH;
  note_most (channel, n);
}

/* FALSE: nothing is there, or control wants to be looked at before all is in order. */
static gboolean
refill (ButlerChannel *channel)
{
  ButlerReversal *taken = &channel->taken;

  if (taken->raw == NULL && taken->done == NULL)
    {
      let_gather (channel);
      if (channel->queue != NULL)
        butler__channel_note_high_water (channel);
      channel->kind->take (channel, FALSE);
    }
  while (!butler__reversal_step (taken, REVERSE_AT_ONCE))
    if (atomic_load_explicit (&channel->control, memory_order_acquire) != 0)
      return FALSE;
  note_catch (channel, taken->count);
  channel->ready = taken->done;
  *taken = (ButlerReversal) { 0 };
  return channel->ready != NULL;
}

static ButlerMessage *
take_urgent (ButlerChannel *channel)
{
  ButlerMessage *message = butler__channel_next_urgent (channel);

  if (message != NULL)
    butler__channel_count_consumed (channel);
  return message;
}

/* Nothing follows on the public lane: what the urgent one has then is the last of it, whether it was asked for yet or not. */
static inline ButlerMessage *
next_public (ButlerChannel *channel)
{
  if (channel->ready == NULL && !refill (channel))
    return channel->last ? take_urgent (channel) : NULL;
  return butler__channel_pop (channel);
}

/* Both lanes: the urgent one first, but a flood of it lets one of the others through now and then. */
static ButlerMessage *
next_in_turn (ButlerChannel *channel)
{
  ButlerUrgent *lane = &channel->urgent;
  ButlerMessage *message = NULL;

  if (lane->in_a_row >= BUTLER__URGENT_IN_A_ROW)
    {
      message = next_public (channel);
      if (message != NULL || channel->taken.raw == NULL) /* else they are still being put in order: it is their turn again soon */
        lane->in_a_row = 0;
    }
  if (message != NULL)
    return message;
  message = take_urgent (channel);
  lane->in_a_row = message != NULL ? lane->in_a_row + 1 : 0;
  return message != NULL ? message : next_public (channel);
}

ButlerMessage *
butler__channel_next (ButlerChannel *channel)
{
  if (G_UNLIKELY (atomic_load_explicit (&channel->control, memory_order_acquire) != 0))
    {
      guint control;

      butler__channel_clear_if_asked (channel);
      if (butler__channel_is_asked (channel, BUTLER__REQUEST_TIMER)) /* whoever sleeps next looks at the alarms before */
        butler__channel_drop_request (channel, BUTLER__REQUEST_TIMER);
      control = atomic_load_explicit (&channel->control, memory_order_acquire);
      if (control != 0)
        return control == BUTLER__REQUEST_URGENT ? next_in_turn (channel) : NULL;
    }
  return next_public (channel);
}

ButlerMessage *
butler__channel_next_internal (ButlerChannel *channel)
{
  ButlerReversal *lane = &channel->internal_taken;

  if (lane->done == NULL)
    {
      butler__chain_take (&channel->internal, &lane->raw);
      butler__reversal_step (lane, G_MAXUINT);
    }
  ButlerMessage *message = lane->done;
  if (message == NULL)
    return NULL;
  lane->done = message->link;
  message->link = NULL;
  return message;
}

gboolean
butler__channel_has_internal (ButlerChannel *channel)
{
  return channel->internal_taken.done != NULL
         || (atomic_load_explicit (&channel->internal.top, memory_order_acquire) & ~BUTLER__CLOSED) != 0;
}

void
butler__channel_close_internal (ButlerChannel *channel)
{
  ButlerMessage *message;

  butler__chain_close (&channel->internal);
  while ((message = butler__channel_next_internal (channel)) != NULL)
    {
      if (butler__entry_of (message) == NULL)
        butler__channel_count_dead (channel, BUTLER_DEAD_LATE, 1);
      butler__entry_drop (message);
    }
}

gboolean
butler__channel_has_taken (ButlerChannel *channel)
{
  return channel->ready != NULL || channel->taken.raw != NULL || channel->taken.done != NULL || channel->urgent.taken != NULL;
}

gboolean
butler__channel_is_final (ButlerChannel *channel)
{
  return channel->last && !butler__channel_has_taken (channel) && butler__urgent_is_empty (&channel->urgent);
}
