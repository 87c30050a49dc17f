/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"

#include <threadbutler/error.h>

#include "lib/boxed.h"
#include "lib/entry.h"
#include "lib/log.h"
#include "lib/message.h"

/**
 * ButlerChannel:
 *
 * A queue of messages with one reader. Any thread sends; the messages of one sender arrive in the order in which it sent them,
 * none is lost and none comes twice. Every message that a channel accepted is handed to its reader or becomes a dead
 * letter, which is counted by reason and logged.
 *
 * Since: 1.0
 */
BUTLER__DEFINE_BOXED (ButlerChannel, butler_channel, butler_channel_ref, butler_channel_unref);

const ButlerChannelKind *
butler__channel_kind_for (guint          capacity,
                          ButlerOverflow overflow,
                          gboolean       as_queue)
{
  if (as_queue || (capacity > 0 && overflow == BUTLER_OVERFLOW_DROP_OLDEST))
    return &butler__queue_kind;
  return capacity > 0 ? &butler__bounded_kind : &butler__chain_kind;
}

ButlerChannel *
butler__channel_new (const char    *name,
                     guint          capacity,
                     ButlerOverflow overflow,
                     gboolean       as_queue,
                     ButlerWaits   *waits)
{
  ButlerChannel *channel = g_aligned_alloc0 (1, sizeof (ButlerChannel), _Alignof (ButlerChannel));

  g_atomic_ref_count_init (&channel->ref_count);
  channel->name = g_strdup (name);
  channel->kind = butler__channel_kind_for (capacity, overflow, as_queue);
  channel->overflow = overflow;
  channel->bounded = capacity > 0 && overflow != BUTLER_OVERFLOW_DROP_OLDEST;
  channel->waits = butler__waits_ref (waits);
  channel->served.now = &channel->reader;
  g_mutex_init (&channel->borrowing);
  butler__waker_init (&channel->waker);
  butler__credits_init (&channel->credits, capacity);
  channel->urgent.limit = capacity;
  if (channel->kind == &butler__queue_kind)
    channel->queue = g_async_queue_new ();
  return channel;
}

static void
channel_free (ButlerChannel *channel)
{
  ButlerMessage *message;

  butler__channel_discard (channel, BUTLER_DEAD_HUB_GONE);
  while ((message = butler__channel_next_internal (channel)) != NULL)
    butler__entry_drop (message);
  g_clear_pointer (&channel->queue, g_async_queue_unref);
  butler__waker_clear (&channel->waker);
  butler__credits_clear (&channel->credits);
  butler__served_clear (channel->waits, &channel->served);
  g_mutex_clear (&channel->borrowing);
  butler__waits_unref (channel->waits);
  g_free (channel->name);
  g_aligned_free (channel);
}

/**
 * butler_channel_ref:
 * @channel: the channel
 *
 * Keeps @channel in memory; it is closed when its hub goes, whoever holds it.
 *
 * Thread: any.
 *
 * Returns: (transfer full): @channel
 *
 * Since: 1.0
 */
ButlerChannel *
butler_channel_ref (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, NULL);

  g_atomic_ref_count_inc (&channel->ref_count);
  return channel;
}

/**
 * butler_channel_unref:
 * @channel: (transfer full): the channel
 *
 * Gives a reference back.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_channel_unref (ButlerChannel *channel)
{
  g_return_if_fail (channel != NULL);

  if (g_atomic_ref_count_dec (&channel->ref_count))
    channel_free (channel);
}

/* Waking */

void
butler__channel_wake (ButlerChannel *channel)
{
  /* Acquire: whoever took ASLEEP off stands in the release sequence of the reader's CAS, so this load brings what the reader wrote
   * before it, and the CAS of each send need not. */
  (void) atomic_load_explicit (&channel->chain.top, memory_order_acquire);
  butler__waker_wake_owed (&channel->waker);
}

void
butler__channel_kick (ButlerChannel *channel)
{
  /* Always this RMW, never a load first: see butler__channel_arm(). */
  if (atomic_fetch_and_explicit (&channel->chain.top, ~BUTLER__ASLEEP, memory_order_acq_rel) & BUTLER__ASLEEP)
    butler__channel_wake (channel);
}

void
butler__channel_request (ButlerChannel *channel,
                         ButlerRequest  request)
{
  /* Sequentially consistent, as in butler__channel_release() and take_role(): of a reader that leaves and a request that comes, one
   * sees the other. */
  atomic_fetch_or_explicit (&channel->control, request, memory_order_seq_cst);
  butler__channel_kick (channel);
}

void
butler__channel_drop_request (ButlerChannel *channel,
                              ButlerRequest  request)
{
  atomic_fetch_and_explicit (&channel->control, ~(guint) request, memory_order_acq_rel);
}

gboolean
butler__channel_put_internal (ButlerChannel *channel,
                              ButlerMessage *message)
{
  if (butler__chain_link (&channel->internal, message) & BUTLER__CLOSED)
    return FALSE;
  butler__channel_kick (channel);
  return TRUE;
}

/* Dead letters */

static const char *const reason_names[] = {
  [BUTLER_DEAD_DROPPED] = "dropped by a full channel",
  [BUTLER_DEAD_CLEARED] = "cleared",
  [BUTLER_DEAD_KILLED] = "killed",
  [BUTLER_DEAD_UNHANDLED] = "no handler",
  [BUTLER_DEAD_LAYOUT] = "layout not convertible",
  [BUTLER_DEAD_UNSTARTED] = "server failed to start",
  [BUTLER_DEAD_LATE] = "too late",
  [BUTLER_DEAD_HUB_GONE] = "hub freed",
  [BUTLER_DEAD_FAILED] = "server failed",
  [BUTLER_DEAD_POISON] = "poison",
};

G_STATIC_ASSERT (G_N_ELEMENTS (reason_names) == BUTLER_DEAD_REASONS);

/**
 * butler_dead_reason_to_string:
 * @reason: a reason
 *
 * Names a reason, for people.
 *
 * Thread: any.
 *
 * Returns: (transfer none): a few words
 *
 * Since: 1.0
 */
const char *
butler_dead_reason_to_string (ButlerDeadReason reason)
{
  g_return_val_if_fail ((guint) reason < BUTLER_DEAD_REASONS, NULL);

  return reason_names[reason];
}

void
butler__channel_count_dead (ButlerChannel   *channel,
                            ButlerDeadReason reason,
                            gsize            n)
{
  gsize before;

  if (n == 0)
    return;
  before = atomic_fetch_add_explicit (&channel->dead[reason], n, memory_order_relaxed);

  /* One line for the first, and then each time that the number doubles: a flood of drops must not become a flood of lines. */
  if (before == 0 || g_bit_storage (before) != g_bit_storage (before + n))
    butler__log (G_LOG_LEVEL_INFO, channel->name, NULL, "channel %s: %" G_GSIZE_FORMAT " dead letters so far: %s",
                 channel->name, before + n, reason_names[reason]);
}

static ButlerError
get_ask_error (ButlerDeadReason reason)
{
  switch (reason)
    {
    case BUTLER_DEAD_DROPPED:
      return BUTLER_ERROR_FULL;
    case BUTLER_DEAD_CLEARED:
      return BUTLER_ERROR_CANCELLED;
    case BUTLER_DEAD_UNHANDLED:
      return BUTLER_ERROR_NO_ROUTE;
    case BUTLER_DEAD_LAYOUT:
      return BUTLER_ERROR_BAD_LAYOUT;
    case BUTLER_DEAD_KILLED:
    case BUTLER_DEAD_UNSTARTED:
    case BUTLER_DEAD_LATE:
    case BUTLER_DEAD_HUB_GONE:
      return BUTLER_ERROR_CLOSED;
    default:
      return BUTLER_ERROR_NO_REPLY;
    }
}

void
butler__channel_fail_ask_slow (ButlerChannel   *channel,
                               ButlerMessage   *message,
                               ButlerDeadReason reason)
{
  butler__message_fail (message, g_error_new (BUTLER_ERROR, (int) get_ask_error (reason),
                                              "%s was not answered: it is a dead letter of channel %s: %s",
                                              message->layout->type->name, channel->name, reason_names[reason]));
}

/* Closing */

/**
 * butler_channel_close:
 * @channel: the channel
 *
 * Lets nothing more in: sends are refused with %BUTLER_ERROR_CLOSED, senders that wait for room return with it. What was
 * accepted before is still handed to the reader. Closing twice does nothing; closing a server's channel lets the server end.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_channel_close (ButlerChannel *channel)
{
  g_return_if_fail (channel != NULL);

  butler__chain_close (&channel->urgent.chain); /* first: see lib/urgent.h */
  channel->kind->close (channel);
  butler__channel_kick (channel);
}

/**
 * butler_channel_is_closed:
 * @channel: the channel
 *
 * Tells whether sends are refused.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @channel takes nothing more
 *
 * Since: 1.0
 */
gboolean
butler_channel_is_closed (ButlerChannel *channel)
{
  g_return_val_if_fail (channel != NULL, TRUE);

  return (atomic_load_explicit (&channel->chain.top, memory_order_relaxed) & BUTLER__CLOSED) != 0;
}
