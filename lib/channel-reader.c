/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/message.h"

/* How the role of the reader passes from one thread to another, and what is done with it at once: clearing, opening again. */

/* Stands where the reader would, for who has the role for a moment only. */
static char borrower;
#define BORROWER ((GThread *) (gpointer) &borrower)

/* Stands where the reader will, for whom the role is kept. */
static char successor;
#define SUCCESSOR ((GThread *) (gpointer) &successor)

/* NULL: @who has it now; else who has it. Sequentially consistent also if it fails: see butler__channel_request(). */
static GThread *
take_role (ButlerChannel *channel,
           GThread       *who)
{
  GThread *other = NULL;

  atomic_compare_exchange_strong_explicit (&channel->reader, &other, who, memory_order_seq_cst, memory_order_seq_cst);
  return other;
}

/* FALSE if somebody has it; who has it for a moment is waited for. */
static gboolean
claim_for (ButlerChannel *channel,
           GThread       *who)
{
  GThread *other;

  while ((other = take_role (channel, who)) == BORROWER)
    {
      g_mutex_lock (&channel->borrowing);
      g_mutex_unlock (&channel->borrowing);
    }
  return other == NULL;
}

static gboolean
claim (ButlerChannel *channel)
{
  return claim_for (channel, g_thread_self ());
}

gboolean
butler__channel_claim (ButlerChannel *channel)
{
  if (!claim (channel))
    return FALSE;
  /* Without the lock: only this thread makes it this thread. A start that forgets it meanwhile is refused, as there
   * is a reader. */
  if (butler__served_by (&channel->served) != g_thread_self ())
    butler__waits_serve (channel->waits, &channel->served);
  return TRUE;
}

gboolean
butler__channel_claim_from (ButlerChannel *channel,
                            GThread      **before)
{
  if (!claim (channel))
    return FALSE;
  *before = butler__waits_hand_over (channel->waits, &channel->served, g_thread_ref (g_thread_self ()));
  return TRUE;
}

gboolean
butler__channel_reserve (ButlerChannel *channel)
{
  return claim_for (channel, SUCCESSOR);
}

void
butler__channel_unreserve (ButlerChannel *channel)
{
  atomic_store_explicit (&channel->reader, NULL, memory_order_seq_cst);
}

void
butler__channel_claim_reserved (ButlerChannel *channel)
{
  atomic_store_explicit (&channel->reader, g_thread_self (), memory_order_seq_cst);
  butler__waits_serve (channel->waits, &channel->served);
}

static gboolean
borrow (ButlerChannel *channel)
{
  g_mutex_lock (&channel->borrowing);
  if (take_role (channel, BORROWER) == NULL)
    return TRUE;
  g_mutex_unlock (&channel->borrowing);
  return FALSE;
}

static void
give_back (ButlerChannel *channel)
{
  atomic_store_explicit (&channel->reader, NULL, memory_order_seq_cst);
  g_mutex_unlock (&channel->borrowing);
}

void
butler__channel_answer_for (ButlerChannel *channel)
{
  if (!borrow (channel))
    return;
  butler__waits_serve (channel->waits, &channel->served);
  give_back (channel);
}

gboolean
butler__channel_has_reader (ButlerChannel *channel)
{
  GThread *reader = atomic_load_explicit (&channel->reader, memory_order_acquire);

  return reader != NULL && reader != BORROWER;
}

gboolean
butler__channel_is_mine (ButlerChannel *channel)
{
  return atomic_load_explicit (&channel->reader, memory_order_relaxed) == g_thread_self ();
}

/* Clearing */

/* All that waits, out of the channel but not freed yet. */
typedef struct
{
  ButlerMessage *lists[4];
  ButlerMessage *urgent[2];
} Remains;

static Remains
take_all (ButlerChannel *channel)
{
  ButlerReversal taken = channel->taken;
  ButlerMessage *ready = g_steal_pointer (&channel->ready);
  ButlerMessage *urgent;

  butler__channel_note_high_water (channel);
  channel->taken = (ButlerReversal) { 0 };
  channel->kind->take (channel, TRUE);
  butler__chain_take (&channel->urgent.chain, &urgent);
  return (Remains) { { ready, taken.done, taken.raw, g_steal_pointer (&channel->taken.raw) },
                     { g_steal_pointer (&channel->urgent.taken), urgent } };
}

static gsize
free_list (ButlerChannel   *channel,
           ButlerMessage   *message,
           ButlerDeadReason reason)
{
  gsize n = 0;

  for (; message != NULL; n++)
    {
      ButlerMessage *next = message->link;

      butler__channel_fail_ask (channel, message, reason);
      butler_message_free (message);
      message = next;
    }
  return n;
}

/* Any thread: what the messages own may have functions of its own, which may send to, or clear, this very channel. */
static void
bury (ButlerChannel   *channel,
      const Remains   *remains,
      ButlerDeadReason reason)
{
  gsize n = 0;
  gsize urgent = free_list (channel, remains->urgent[0], reason) + free_list (channel, remains->urgent[1], reason);

  for (guint i = 0; i < G_N_ELEMENTS (remains->lists); i++)
    n += free_list (channel, remains->lists[i], reason);
  atomic_fetch_add_explicit (&channel->discarded, n + urgent, memory_order_relaxed);
  if (channel->kind->give != NULL)
    channel->kind->give (channel, (guint) n);
  butler__urgent_give (&channel->urgent, (guint) urgent);
  butler__channel_count_dead (channel, reason, n + urgent);
}

void
butler__channel_discard (ButlerChannel   *channel,
                         ButlerDeadReason reason)
{
  Remains remains = take_all (channel);

  bury (channel, &remains, reason);
}

static void
take_clear_request (ButlerChannel *channel)
{
  atomic_fetch_and_explicit (&channel->control, ~(guint) BUTLER__REQUEST_CLEAR, memory_order_acq_rel);
}

void
butler__channel_clear_if_asked (ButlerChannel *channel)
{
  if (!(atomic_load_explicit (&channel->control, memory_order_acquire) & BUTLER__REQUEST_CLEAR))
    return;
  take_clear_request (channel);
  butler__channel_discard (channel, BUTLER_DEAD_CLEARED);
}

/* If there is a reader, it sees the request. */
static void
clear_unless_read (ButlerChannel *channel)
{
  Remains remains;

  if (!borrow (channel))
    return;
  take_clear_request (channel);
  remains = take_all (channel);
  give_back (channel);
  bury (channel, &remains, BUTLER_DEAD_CLEARED);
}

void
butler__channel_release (ButlerChannel *channel)
{
  butler__channel_clear_if_asked (channel);
  atomic_store_explicit (&channel->reader, NULL, memory_order_seq_cst);
  if (atomic_load_explicit (&channel->control, memory_order_seq_cst) & BUTLER__REQUEST_CLEAR)
    clear_unless_read (channel);
}

/* Opening and clearing */

/* The contexts are freed when the role was given back: what is attached to them may have functions of its own. */
void
butler__channel_let_go (ButlerChannel *channel)
{
  g_autoptr (GPtrArray) contexts = NULL;

  if (!borrow (channel))
    return;
  butler__channel_disarm (channel);
  contexts = butler__waker_let_go (&channel->waker);
  give_back (channel);
}

gboolean
butler__channel_reopen (ButlerChannel *channel)
{
  if (!borrow (channel))
    return FALSE;
  atomic_fetch_and_explicit (&channel->control, ~(guint) BUTLER__REQUEST_KILL, memory_order_acq_rel);
  butler__chain_reopen (&channel->internal);
  butler__chain_reopen (&channel->urgent.chain);
  channel->kind->reopen (channel);
  channel->last = FALSE;
  give_back (channel);
  butler__waits_allow (channel->waits, &channel->served);
  return TRUE;
}

/**
 * butler_channel_clear:
 * @channel: the channel
 *
 * Makes everything that waits in @channel dead letters. If another thread reads from it, that thread does so before it
 * looks at its next message; else it is done on return. What is sent meanwhile may be cleared, or not.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_channel_clear (ButlerChannel *channel)
{
  g_return_if_fail (channel != NULL);

  if (butler__channel_is_mine (channel))
    {
      butler__channel_discard (channel, BUTLER_DEAD_CLEARED);
      return;
    }
  butler__channel_request (channel, BUTLER__REQUEST_CLEAR);
  clear_unless_read (channel);
}
