/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/entry.h"
#include "lib/message.h"
#include "lib/pause.h"
#include "lib/pool.h"

/* What only the reader does: taking, sleeping, clearing; and how the role of the reader passes from one thread to another. */

/* How many messages are put in order before control is looked at again: reversing 10^7 that lie all over memory takes seconds. */
#define REVERSE_AT_ONCE 4096

/* For how many turns of a loop a reader lets messages come together, and how many of them are enough. */
#define GATHER 100
#define ENOUGH 64

/* The reader's role */

/* Stands where the reader would, for who has the role for a moment only. */
static char borrower;
#define BORROWER ((GThread *) (gpointer) &borrower)

/* NULL: @who has it now; else who has it. Sequentially consistent also if it fails: see butler__channel_request(). */
static GThread *
take_role (ButlerChannel *channel,
           GThread       *who)
{
  GThread *other = NULL;

  atomic_compare_exchange_strong_explicit (&channel->reader, &other, who, memory_order_seq_cst, memory_order_seq_cst);
  return other;
}

static gboolean
claim (ButlerChannel *channel)
{
  GThread *self = g_thread_self ();
  GThread *other;

  while ((other = take_role (channel, self)) == BORROWER)
    {
      g_mutex_lock (&channel->borrowing);
      g_mutex_unlock (&channel->borrowing);
    }
  return other == NULL;
}

gboolean
butler__channel_claim (ButlerChannel *channel)
{
  if (!claim (channel))
    return FALSE;
  /* Only a reader writes served.thread, so it may look at it without the lock. */
  if (channel->served.thread != g_thread_self ())
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

static void
note_high_water (ButlerChannel *channel)
{
  gsize length = butler_channel_get_length (channel);

  if (length > atomic_load_explicit (&channel->high_water, memory_order_relaxed))
    atomic_store_explicit (&channel->high_water, length, memory_order_relaxed);
}

gboolean
butler__channel_has_taken (ButlerChannel *channel)
{
  return channel->ready != NULL || channel->taken.raw != NULL || channel->taken.done != NULL || channel->urgent.taken != NULL;
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

  note_high_water (channel);
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

/* Reading */

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
        note_high_water (channel);
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
butler__channel_is_final (ButlerChannel *channel)
{
  return channel->last && !butler__channel_has_taken (channel) && butler__urgent_is_empty (&channel->urgent);
}

/* Sleeping */

/* What was published beside the public lane; CLOSED alone is nothing to do. */
static gboolean
is_asked_for (ButlerChannel *channel)
{
  return atomic_load_explicit (&channel->control, memory_order_acquire) != 0 || butler__channel_has_internal (channel)
         || !channel->kind->is_empty (channel);
}

gboolean
butler__channel_has_work (ButlerChannel *channel)
{
  return butler__channel_has_taken (channel) || is_asked_for (channel)
         || (atomic_load_explicit (&channel->chain.top, memory_order_relaxed) & ~BUTLER__ASLEEP) != 0;
}

static gboolean
has_work (gpointer channel)
{
  return butler__channel_has_work (channel);
}

gboolean
butler__channel_arm (ButlerChannel *channel,
                     ButlerSleep    how)
{
  guintptr empty = 0;

  butler__pool_tidy (has_work, channel);

  /* Who took ASLEEP off reads what was written before it was set: written while it is set, the new way might not be seen. */
  butler__channel_disarm (channel);
  atomic_store_explicit (&channel->waker.how, how, memory_order_relaxed);
  if (butler__channel_has_taken (channel))
    return FALSE;
  if (!atomic_compare_exchange_strong_explicit (&channel->chain.top, &empty, BUTLER__ASLEEP, memory_order_acq_rel,
                                                memory_order_acquire))
    return FALSE;
  channel->armed = TRUE;

  /* A kick before our CAS: we read its release sequence, so we see its word here. A kick after it sees ASLEEP, and wakes. */
  if (is_asked_for (channel))
    {
      butler__channel_disarm (channel);
      return FALSE;
    }
  return TRUE;
}

gboolean
butler__channel_arm_internal (ButlerChannel *channel,
                              ButlerSleep    how,
                              gboolean       unless_closed)
{
  guintptr old;

  butler__channel_disarm (channel);
  atomic_store_explicit (&channel->waker.how, how, memory_order_relaxed);
  old = atomic_fetch_or_explicit (&channel->chain.top, BUTLER__ASLEEP, memory_order_acq_rel);
  channel->armed = TRUE;

  /* As in butler__channel_arm(): a kick before our RMW is seen here, one after it wakes. Who closes has closed before its kick. */
  if (!(unless_closed && (old & BUTLER__CLOSED)) && !butler__channel_has_internal (channel)
      && (atomic_load_explicit (&channel->control, memory_order_acquire) & ~(guint) BUTLER__REQUEST_URGENT) == 0)
    return TRUE;
  butler__channel_disarm (channel);
  return FALSE;
}

void
butler__channel_drop_request (ButlerChannel *channel,
                              ButlerRequest  request)
{
  atomic_fetch_and_explicit (&channel->control, ~(guint) request, memory_order_acq_rel);
}

void
butler__channel_disarm (ButlerChannel *channel)
{
  if (!channel->armed)
    return;
  channel->armed = FALSE;
  if (!(atomic_fetch_and_explicit (&channel->chain.top, ~BUTLER__ASLEEP, memory_order_acq_rel) & BUTLER__ASLEEP))
    channel->waker.owed++;
}

/* Not for a queue, whose lock each look would take. */
gboolean
butler__channel_spin (ButlerChannel *channel,
                      gint64         deadline)
{
  return channel->queue == NULL && butler__spin (&channel->spinner, deadline, has_work, channel);
}

void
butler__channel_wait (ButlerChannel *channel,
                      gint64         deadline)
{
  if (butler__channel_spin (channel, deadline))
    return;
  if (!butler__channel_arm (channel, BUTLER__SLEEP_IN_QUEUE))
    return;
  butler__waker_sleep (&channel->waker, deadline);
  butler__channel_disarm (channel);
}

void
butler__channel_wait_internal (ButlerChannel *channel,
                               gint64         deadline,
                               gboolean       unless_closed)
{
  if (!butler__channel_arm_internal (channel, BUTLER__SLEEP_IN_QUEUE, unless_closed))
    return;
  butler__waker_sleep (&channel->waker, deadline);
  butler__channel_disarm (channel);
}

void
butler__channel_wait_control (ButlerChannel *channel,
                              gint64         deadline)
{
  const guint wanted = BUTLER__REQUEST_CLEAR | BUTLER__REQUEST_KILL | BUTLER__REQUEST_SWAP | BUTLER__REQUEST_RESTART;
  guintptr old;

  butler__channel_disarm (channel);
  atomic_store_explicit (&channel->waker.how, BUTLER__SLEEP_IN_QUEUE, memory_order_relaxed);
  old = atomic_fetch_or_explicit (&channel->chain.top, BUTLER__ASLEEP, memory_order_acq_rel);
  channel->armed = TRUE;

  /* As in butler__channel_arm(). */
  if (!(old & BUTLER__CLOSED) && !butler__channel_is_asked (channel, wanted))
    butler__waker_sleep (&channel->waker, deadline);
  butler__channel_disarm (channel);
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
