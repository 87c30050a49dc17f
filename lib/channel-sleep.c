/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/channel.h"
#include "lib/pool.h"

/* How a reader goes to sleep, and what it looks at before. */

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

void
butler__channel_disarm (ButlerChannel *channel)
{
  if (!channel->armed)
    return;
  channel->armed = FALSE;
  if (!(atomic_fetch_and_explicit (&channel->chain.top, ~BUTLER__ASLEEP, memory_order_acq_rel) & BUTLER__ASLEEP))
    channel->waker.owed++;
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
                              gint64         deadline,
                              gboolean       unless_closed)
{
  const guint wanted = BUTLER__REQUEST_CLEAR | BUTLER__REQUEST_KILL | BUTLER__REQUEST_SWAP | BUTLER__REQUEST_RESTART;
  guintptr old;

  butler__channel_disarm (channel);
  atomic_store_explicit (&channel->waker.how, BUTLER__SLEEP_IN_QUEUE, memory_order_relaxed);
  old = atomic_fetch_or_explicit (&channel->chain.top, BUTLER__ASLEEP, memory_order_acq_rel);
  channel->armed = TRUE;

  /* As in butler__channel_arm(). */
  if (!(unless_closed && (old & BUTLER__CLOSED)) && !butler__channel_is_asked (channel, wanted))
    butler__waker_sleep (&channel->waker, deadline);
  butler__channel_disarm (channel);
}
