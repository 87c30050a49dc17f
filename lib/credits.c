/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/credits.h"

#define WAITERS 1u

void
butler__credits_init (ButlerCredits *credits,
                      guint          capacity)
{
  credits->capacity = capacity;
  atomic_init (&credits->word, 0);
  g_mutex_init (&credits->mutex);
  g_cond_init (&credits->given);
}

void
butler__credits_clear (ButlerCredits *credits)
{
  g_mutex_clear (&credits->mutex);
  g_cond_clear (&credits->given);
}

gboolean
butler__credits_try (ButlerCredits *credits)
{
  guint old = atomic_load_explicit (&credits->word, memory_order_relaxed);

  do
    if ((old >> 1) >= credits->capacity)
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&credits->word, &old, old + 2, memory_order_acq_rel, memory_order_relaxed));
  return TRUE;
}

void
butler__credits_overdraw (ButlerCredits *credits)
{
  atomic_fetch_add_explicit (&credits->word, 2, memory_order_acq_rel);
}

/* Under the mutex. FALSE: there is room now. */
static gboolean
set_waiters (ButlerCredits *credits)
{
  guint old = atomic_load_explicit (&credits->word, memory_order_relaxed);

  do
    if ((old >> 1) < credits->capacity)
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&credits->word, &old, old | WAITERS, memory_order_acq_rel,
                                                 memory_order_relaxed));
  return TRUE;
}

gboolean
butler__credits_announce (ButlerCredits *credits,
                          guint         *generation)
{
  gboolean announced;

  g_mutex_lock (&credits->mutex);
  announced = set_waiters (credits);
  *generation = credits->generation;
  g_mutex_unlock (&credits->mutex);
  return announced;
}

gboolean
butler__credits_are_gone (ButlerCredits *credits)
{
  gboolean gone;

  g_mutex_lock (&credits->mutex);
  gone = !credits->closed && butler__credits_used (credits) >= credits->capacity;
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
    g_cond_wait (&credits->given, &credits->mutex);
  go_on = !is_over (credits, wait);
  g_mutex_unlock (&credits->mutex);
  return go_on;
}

void
butler__credits_wake (ButlerCredits *credits)
{
  g_mutex_lock (&credits->mutex);
  credits->generation++;
  g_cond_broadcast (&credits->given);
  g_mutex_unlock (&credits->mutex);
}

void
butler__credits_give (ButlerCredits *credits,
                      guint          n)
{
  guint old = atomic_load_explicit (&credits->word, memory_order_relaxed);

  while (!atomic_compare_exchange_weak_explicit (&credits->word, &old, (old - 2 * n) & ~WAITERS, memory_order_acq_rel,
                                                 memory_order_relaxed))
    ;
  if (old & WAITERS)
    butler__credits_wake (credits);
}

void
butler__credits_set_closed (ButlerCredits *credits,
                            gboolean       closed)
{
  g_mutex_lock (&credits->mutex);
  credits->closed = closed;
  credits->generation++;
  g_cond_broadcast (&credits->given);
  g_mutex_unlock (&credits->mutex);
}
