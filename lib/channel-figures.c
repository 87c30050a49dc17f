/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/channel.h"

/* What can be asked about a channel. */

/**
 * butler_channel_get_name:
 * @channel: the channel
 *
 * Gets the name, which is unique in the hub; a server's channel has the server's name.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_channel_get_name (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, NULL);

  return channel->name;
}

/**
 * butler_channel_get_capacity:
 * @channel: the channel
 *
 * Gets how many messages may wait at once.
 *
 * Thread: any.
 *
 * Returns: the number, 0 if it is unbounded
 *
 * Since: 1.0
 */
guint
butler_channel_get_capacity (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, 0);

  return channel->credits.capacity;
}

/**
 * butler_channel_get_overflow:
 * @channel: the channel
 *
 * Gets what happens to a message that comes when the capacity is used up.
 *
 * Thread: any.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
ButlerOverflow
butler_channel_get_overflow (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, BUTLER_OVERFLOW_FAIL);

  return channel->overflow;
}

/* What the bounded kind drops takes no room. */
static gsize
count_accepted (ButlerChannel *channel)
{
  gsize accepted = atomic_load_explicit (&channel->accepted, memory_order_relaxed);

  if (channel->kind != &butler__bounded_kind)
    return accepted;
  return accepted + atomic_load_explicit (&channel->credits.reserved, memory_order_relaxed)
         + atomic_load_explicit (&channel->dead[BUTLER_DEAD_DROPPED], memory_order_relaxed);
}

/**
 * butler_channel_get_accepted:
 * @channel: the channel
 *
 * Counts the messages that the channel ever accepted. When nobody sends, it is the sum of those that were handed to the
 * reader, of the dead letters and of the length.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
butler_channel_get_accepted (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, 0);

  return count_accepted (channel);
}

/**
 * butler_channel_get_length:
 * @channel: the channel
 *
 * Counts the messages that wait: accepted, and neither handed to the reader nor dead. While others send and
 * receive it is a figure of a moment ago, and counts messages that are just being sent.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
gsize
butler_channel_get_length (ButlerChannel *channel)
{
  gsize gone;
  gsize accepted;
  gsize length;

  g_return_val_if_fail (channel != NULL, 0);

  /* In this order: what is gone was accepted before. */
  gone = atomic_load_explicit (&channel->consumed, memory_order_relaxed)
         + atomic_load_explicit (&channel->discarded, memory_order_relaxed)
         + atomic_load_explicit (&channel->dead[BUTLER_DEAD_DROPPED], memory_order_relaxed);
  accepted = count_accepted (channel);
  length = accepted > gone ? accepted - gone : 0;

  /* What others dropped between the loads was counted in, and not out. */
  return channel->credits.capacity > 0
           ? MIN (length, (gsize) channel->credits.capacity + atomic_load_explicit (&channel->urgent.waiting, memory_order_relaxed))
           : length;
}

/**
 * butler_channel_get_dead_letters:
 * @channel: the channel
 * @reason: why they reached nobody
 *
 * Counts the channel's dead letters of one kind.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
butler_channel_get_dead_letters (ButlerChannel   *channel,
                                 ButlerDeadReason reason)
{
  g_return_val_if_fail (channel != NULL, 0);
  g_return_val_if_fail ((guint) reason < BUTLER_DEAD_REASONS, 0);

  return atomic_load_explicit (&channel->dead[reason], memory_order_relaxed);
}

static const char *const overflow_names[] = {
  [BUTLER_OVERFLOW_FAIL] = "fail",
  [BUTLER_OVERFLOW_BLOCK] = "block",
  [BUTLER_OVERFLOW_DROP_NEWEST] = "drop-newest",
  [BUTLER_OVERFLOW_DROP_OLDEST] = "drop-oldest",
};

/**
 * butler_overflow_to_string:
 * @overflow: a policy
 *
 * Names a policy as app files do: fail, block, drop-newest, drop-oldest.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_overflow_to_string (ButlerOverflow overflow)
{
  g_return_val_if_fail ((guint) overflow < G_N_ELEMENTS (overflow_names), NULL);

  return overflow_names[overflow];
}

/**
 * butler_overflow_from_string:
 * @text: a name
 * @overflow: (out): the policy of that name
 * @error: (nullable): where to put an error
 *
 * The other way round.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @text is such a name
 *
 * Since: 1.0
 */
gboolean
butler_overflow_from_string (const char     *text,
                             ButlerOverflow *overflow,
                             GError        **error)
{
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (overflow != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (overflow_names); i++)
    if (g_str_equal (text, overflow_names[i]))
      {
        *overflow = (ButlerOverflow) i;
        return TRUE;
      }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE,
               "\"%s\" is no overflow policy: fail, block, drop-newest or drop-oldest is expected", text);
  return FALSE;
}

void
butler__channel_note_high_water (ButlerChannel *channel)
{
  gsize length = butler_channel_get_length (channel);

  if (length > atomic_load_explicit (&channel->high_water, memory_order_relaxed))
    atomic_store_explicit (&channel->high_water, length, memory_order_relaxed);
}
