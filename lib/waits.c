/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/waits.h"

struct _ButlerWaits
{
  gatomicrefcount ref_count;
  GMutex          mutex;     /* under it: all of this, and what ButlerServed says. Nothing is locked below it but what wake() locks */
  ButlerWait     *first;
  ButlerErrand   *errands;
  ButlerServed   *cancelled; /* those of which cancelled is set */
  GPtrArray      *admitting; /* (owned): ButlerServed (unowned), of which admits is set */
  guint           walk;      /* counts the walks */
};

ButlerWaits *
butler__waits_new (void)
{
  ButlerWaits *waits = g_new0 (ButlerWaits, 1);

  g_atomic_ref_count_init (&waits->ref_count);
  g_mutex_init (&waits->mutex);
  waits->admitting = g_ptr_array_new ();
  return waits;
}

ButlerWaits *
butler__waits_ref (ButlerWaits *waits)
{
  g_atomic_ref_count_inc (&waits->ref_count);
  return waits;
}

void
butler__waits_unref (ButlerWaits *waits)
{
  if (!g_atomic_ref_count_dec (&waits->ref_count))
    return;
  g_mutex_clear (&waits->mutex);
  g_ptr_array_unref (waits->admitting);
  g_free (waits);
}

GThread *
butler__waits_hand_over (ButlerWaits  *waits,
                         ButlerServed *served,
                         GThread      *thread)
{
  GThread *old;

  g_mutex_lock (&waits->mutex);
  old = atomic_exchange_explicit (&served->thread, thread, memory_order_relaxed);
  g_mutex_unlock (&waits->mutex);
  return old;
}

void
butler__waits_serve (ButlerWaits  *waits,
                     ButlerServed *served)
{
  GThread *old = butler__waits_hand_over (waits, served, g_thread_ref (g_thread_self ()));

  g_clear_pointer (&old, g_thread_unref);
}

gboolean
butler__waits_is_mine (ButlerWaits  *waits,
                       ButlerServed *served)
{
  gboolean mine;

  g_mutex_lock (&waits->mutex);
  mine = butler__served_by (served) == g_thread_self ();
  g_mutex_unlock (&waits->mutex);
  return mine;
}

void
butler__waits_forget (ButlerWaits  *waits,
                      ButlerServed *served)
{
  GThread *old = butler__waits_hand_over (waits, served, NULL);

  g_clear_pointer (&old, g_thread_unref);
}

void
butler__served_clear (ButlerWaits  *waits,
                      ButlerServed *served)
{
  butler__waits_allow (waits, served);
  butler__waits_forget (waits, served);
}

static ButlerWait *
find_wait_of (const ButlerWaits *waits,
              const GThread     *thread)
{
  for (ButlerWait *wait = waits->first; wait != NULL; wait = wait->next)
    if (wait->waiter == thread && !atomic_load_explicit (&wait->cancelled, memory_order_relaxed)
        && (wait->blocked == NULL || wait->blocked (wait->data)))
      return wait;
  return NULL;
}

static gboolean walk_to (ButlerWaits *waits, const GThread *from, const GThread *self);

static gboolean
walk_errands_to (ButlerWaits   *waits,
                 const GThread *from,
                 const GThread *self)
{
  for (ButlerErrand *errand = waits->errands; errand != NULL; errand = errand->next)
    {
      if (errand->walk == waits->walk || errand->home == NULL || !errand->home->awaits
          || butler__served_by (errand->home) != from)
        continue;
      errand->walk = waits->walk;
      if (walk_to (waits, errand->thread, self))
        return TRUE;
    }
  return FALSE;
}

static gboolean
walk_to (ButlerWaits   *waits,
         const GThread *from,
         const GThread *self)
{
  while (from != NULL && from != self)
    {
      ButlerWait *wait = find_wait_of (waits, from);

      if (walk_errands_to (waits, from, self))
        return TRUE;
      if (wait == NULL || wait->walk == waits->walk)
        return FALSE;
      wait->walk = waits->walk;
      from = butler__served_by (wait->served);
    }
  return from != NULL;
}

/* A thread sleeps in one wait at most and what is waited for has one thread; but it may also wait for several errands. Of the threads
 * of a cycle the last one that looked found all others in it, as each looks again before each sleep: hence it was refused. A cycle
 * of others may be there until one of them, who is awake already, has looked; a walk goes nowhere twice. */
static gboolean
reaches (ButlerWaits        *waits,
         const ButlerServed *served,
         const GThread      *self)
{
  waits->walk++;
  return walk_to (waits, butler__served_by (served), self);
}

static gboolean
is_cancelled (const ButlerWaits *waits,
              const GThread     *self)
{
  for (const ButlerServed *served = waits->cancelled; served != NULL; served = served->next)
    if (atomic_load_explicit (served->now, memory_order_relaxed) == self)
      return TRUE;
  return FALSE;
}

gboolean
butler__waits_enter (ButlerWaits        *waits,
                     ButlerWait         *wait,
                     const ButlerServed *served,
                     void              (*wake) (gpointer data),
                     gpointer            data)
{
  return butler__waits_enter_while (waits, wait, served, NULL, wake, data);
}

gboolean
butler__waits_enter_while (ButlerWaits        *waits,
                           ButlerWait         *wait,
                           const ButlerServed *served,
                           gboolean          (*blocked) (gpointer data),
                           void              (*wake) (gpointer data),
                           gpointer            data)
{
  gboolean would_deadlock;

  wait->walk = 0;
  wait->waiter = g_thread_self ();
  wait->served = served;
  wait->blocked = blocked;
  wait->wake = wake;
  wait->data = data;

  g_mutex_lock (&waits->mutex);
  atomic_init (&wait->cancelled, is_cancelled (waits, wait->waiter) ? BUTLER__WAIT_CANCELLED : BUTLER__WAIT_GOES_ON);
  would_deadlock = (blocked == NULL || blocked (data)) && reaches (waits, served, wait->waiter);
  if (!would_deadlock)
    {
      wait->next = waits->first;
      waits->first = wait;
    }
  g_mutex_unlock (&waits->mutex);
  return !would_deadlock;
}

void
butler__waits_leave (ButlerWaits *waits,
                     ButlerWait  *wait)
{
  g_mutex_lock (&waits->mutex);
  for (ButlerWait **at = &waits->first; *at != NULL; at = &(*at)->next)
    if (*at == wait)
      {
        *at = wait->next;
        break;
      }
  g_mutex_unlock (&waits->mutex);
}

static void
end_wait (ButlerWait   *wait,
          ButlerWaitEnd how)
{
  atomic_store_explicit (&wait->cancelled, how, memory_order_release);
  wait->wake (wait->data);
}

static void
end_if_cycle (ButlerWaits   *waits,
              const GThread *waiter,
              const GThread *self)
{
  ButlerWait *wait = find_wait_of (waits, waiter);

  if (wait != NULL && wait->wake != NULL && reaches (waits, wait->served, self))
    end_wait (wait, BUTLER__WAIT_REFUSED);
}

/* The errands before the wait itself: it may be that for them. */
void
butler__waits_insist (ButlerWaits        *waits,
                      ButlerWait         *wait,
                      const ButlerServed *served)
{
  *wait = (ButlerWait) { .waiter = g_thread_self (), .served = served };
  g_mutex_lock (&waits->mutex);
  if (served->thread != NULL && served->thread != wait->waiter)
    {
      for (const ButlerErrand *errand = waits->errands; errand != NULL; errand = errand->next)
        if (errand->home != NULL && errand->home->awaits && errand->home->thread == served->thread)
          end_if_cycle (waits, errand->thread, wait->waiter);
      end_if_cycle (waits, served->thread, wait->waiter);
    }
  wait->next = waits->first;
  waits->first = wait;
  g_mutex_unlock (&waits->mutex);
}

/* Who serves @served now, and stands in a wait, does so until it has left: no lock is needed to look at that. */
void
butler__waits_cancel (ButlerWaits  *waits,
                      ButlerServed *served)
{
  g_mutex_lock (&waits->mutex);
  if (!served->cancelled)
    {
      served->cancelled = TRUE;
      served->next = waits->cancelled;
      waits->cancelled = served;
    }
  for (ButlerWait *wait = waits->first; wait != NULL; wait = wait->next)
    if (wait->waiter == atomic_load_explicit (served->now, memory_order_relaxed) && wait->wake != NULL)
      end_wait (wait, BUTLER__WAIT_CANCELLED);
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_allow (ButlerWaits  *waits,
                     ButlerServed *served)
{
  g_mutex_lock (&waits->mutex);
  for (ButlerServed **at = &waits->cancelled; *at != NULL; at = &(*at)->next)
    if (*at == served)
      {
        *at = served->next;
        break;
      }
  served->cancelled = FALSE;
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_admit (ButlerWaits  *waits,
                     ButlerServed *served,
                     ButlerAdmits  why,
                     gboolean      admits)
{
  guint now;

  g_mutex_lock (&waits->mutex);
  now = admits ? served->admits | why : served->admits & ~(guint) why;
  if (now != 0 && served->admits == 0)
    g_ptr_array_add (waits->admitting, served);
  else if (now == 0 && served->admits != 0)
    g_ptr_array_remove_fast (waits->admitting, served);
  served->admits = now;
  g_mutex_unlock (&waits->mutex);
}

gboolean
butler__waits_is_admitted (ButlerWaits        *waits,
                           const ButlerServed *served)
{
  gboolean admitted = FALSE;

  g_mutex_lock (&waits->mutex);
  for (guint i = 0; served->admits != 0 && !admitted && i < waits->admitting->len; i++)
    admitted = butler__served_by (waits->admitting->pdata[i]) == g_thread_self ();
  g_mutex_unlock (&waits->mutex);
  return admitted;
}

/* Errands */

void
butler__waits_begin_errand (ButlerWaits        *waits,
                            ButlerErrand       *errand,
                            const ButlerServed *home)
{
  errand->thread = g_thread_self ();
  errand->home = home;
  errand->walk = 0;
  g_mutex_lock (&waits->mutex);
  errand->next = waits->errands;
  waits->errands = errand;
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_end_errand (ButlerWaits  *waits,
                          ButlerErrand *errand)
{
  g_mutex_lock (&waits->mutex);
  for (ButlerErrand **at = &waits->errands; *at != NULL; at = &(*at)->next)
    if (*at == errand)
      {
        *at = errand->next;
        break;
      }
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_await_errands (ButlerWaits  *waits,
                             ButlerServed *home)
{
  g_mutex_lock (&waits->mutex);
  for (const ButlerErrand *errand = waits->errands; errand != NULL; errand = errand->next)
    {
      ButlerWait *wait = errand->home == home ? find_wait_of (waits, errand->thread) : NULL;

      if (wait != NULL && wait->wake != NULL && reaches (waits, wait->served, butler__served_by (home)))
        end_wait (wait, BUTLER__WAIT_REFUSED);
    }
  home->awaits = TRUE;
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_have_errands (ButlerWaits  *waits,
                            ButlerServed *home)
{
  g_mutex_lock (&waits->mutex);
  home->awaits = FALSE;
  g_mutex_unlock (&waits->mutex);
}

void
butler__waits_forget_errands (ButlerWaits        *waits,
                              const ButlerServed *home)
{
  g_mutex_lock (&waits->mutex);
  for (ButlerErrand *errand = waits->errands; errand != NULL; errand = errand->next)
    if (errand->home == home)
      errand->home = NULL;
  g_mutex_unlock (&waits->mutex);
}
