/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/credits.h"

#include "lib/barrier.h"

void
butler__credits_init (ButlerCredits *credits,
                      guint          capacity)
{
  credits->capacity = capacity;
  credits->fenced = capacity > 0 && !butler__barrier_is_there ();
  atomic_init (&credits->reserved, 0);
  atomic_init (&credits->limit, capacity);
  atomic_init (&credits->handed, 0);
  atomic_init (&credits->waiting, FALSE);
  atomic_init (&credits->given, 0);
  g_mutex_init (&credits->mutex);
  g_cond_init (&credits->more);
}

void
butler__credits_clear (ButlerCredits *credits)
{
  g_mutex_clear (&credits->mutex);
  g_cond_clear (&credits->more);
}

void
butler__credits_overdraw (ButlerCredits *credits)
{
  atomic_fetch_add_explicit (&credits->reserved, 1, memory_order_acq_rel);
}

gboolean
butler__credits_raise_limit (ButlerCredits *credits,
                             gsize          reserved)
{
  gsize limit = butler__credits_gone (credits) + credits->capacity;

  if ((gssize) (limit - reserved) <= 0)
    return FALSE;
  atomic_store_explicit (&credits->limit, limit, memory_order_relaxed);
  return TRUE;
}

static gboolean
is_full (ButlerCredits *credits)
{
  return butler__credits_used (credits) >= credits->capacity;
}

/* WAITING after the generation was read: who sees it counts the generation up after that. The look comes last: who has made room before
 * the barrier is seen by it, and who does so after it sees WAITING. */
gboolean
butler__credits_announce (ButlerCredits *credits,
                          guint         *generation)
{
  g_mutex_lock (&credits->mutex);
  *generation = credits->generation;
  g_mutex_unlock (&credits->mutex);
  atomic_exchange_explicit (&credits->waiting, TRUE, memory_order_seq_cst);
  if (!credits->fenced)
    butler__barrier ();
  return is_full (credits);
}

gboolean
butler__credits_are_gone (ButlerCredits *credits)
{
  gboolean gone;

  g_mutex_lock (&credits->mutex);
  gone = !credits->closed && is_full (credits);
  g_mutex_unlock (&credits->mutex);
  return gone;
}

static gboolean
is_over (const ButlerCredits *credits,
         const ButlerWait    *wait)
{
  return credits->closed || atomic_load_explicit (&wait->cancelled, memory_order_acquire);
}

gboolean
butler__credits_sleep (ButlerCredits    *credits,
                       guint             generation,
                       const ButlerWait *wait)
{
  gboolean go_on;

  g_mutex_lock (&credits->mutex);
  while (generation == credits->generation && !is_over (credits, wait))
    g_cond_wait (&credits->more, &credits->mutex);
  go_on = !is_over (credits, wait);
  g_mutex_unlock (&credits->mutex);
  return go_on;
}

void
butler__credits_wake (ButlerCredits *credits)
{
  g_mutex_lock (&credits->mutex);
  credits->generation++;
  g_cond_broadcast (&credits->more);
  g_mutex_unlock (&credits->mutex);
}

/* Off before the generation counts up: who sets it again in between is woken by that, and one more time. */
void
butler__credits_wake_waiting (ButlerCredits *credits)
{
  if (atomic_exchange_explicit (&credits->waiting, FALSE, memory_order_seq_cst))
    butler__credits_wake (credits);
}

static void
wake_if_waiting (ButlerCredits *credits)
{
  if (atomic_load_explicit (&credits->waiting, memory_order_seq_cst))
    butler__credits_wake_waiting (credits);
}

void
butler__credits_give (ButlerCredits *credits,
                      gsize          n)
{
  if (n == 0)
    return;
  atomic_fetch_add_explicit (&credits->given, n, memory_order_seq_cst);
  wake_if_waiting (credits);
}

void
butler__credits_refund (ButlerCredits *credits)
{
  atomic_fetch_sub_explicit (&credits->reserved, 1, memory_order_seq_cst);
  wake_if_waiting (credits);
}

void
butler__credits_set_closed (ButlerCredits *credits,
                            gboolean       closed)
{
  g_mutex_lock (&credits->mutex);
  credits->closed = closed;
  credits->generation++;
  g_cond_broadcast (&credits->more);
  g_mutex_unlock (&credits->mutex);
}
