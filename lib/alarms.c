/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/alarms.h"

void
butler__alarms_init (ButlerAlarms *alarms)
{
  g_mutex_init (&alarms->lock);
  atomic_init (&alarms->next, BUTLER__NO_ALARM);
}

void
butler__alarms_clear (ButlerAlarms *alarms)
{
  g_clear_pointer (&alarms->set, g_sequence_free);
  g_mutex_clear (&alarms->lock);
}

static int
compare (gconstpointer a,
         gconstpointer b,
         gpointer      nothing G_GNUC_UNUSED)
{
  const ButlerAlarm *left = a;
  const ButlerAlarm *right = b;

  if (left->deadline != right->deadline)
    return left->deadline < right->deadline ? -1 : 1;
  return left->number < right->number ? -1 : left->number > right->number;
}

/* The lock is held. (nullable) */
static ButlerAlarm *
get_first (const ButlerAlarms *alarms)
{
  GSequenceIter *first;

  if (alarms->set == NULL)
    return NULL;
  first = g_sequence_get_begin_iter (alarms->set);
  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

/* The lock is held. */
static void
note_next (ButlerAlarms *alarms)
{
  const ButlerAlarm *first = get_first (alarms);

  atomic_store_explicit (&alarms->next, first != NULL ? first->deadline : BUTLER__NO_ALARM, memory_order_relaxed);
}

/* The lock is held. */
static void
take_out (ButlerAlarms *alarms,
          ButlerAlarm  *alarm)
{
  g_sequence_remove (g_steal_pointer (&alarm->place));
  note_next (alarms);
}

gboolean
butler__alarms_set (ButlerAlarms *alarms,
                    ButlerAlarm  *alarm)
{
  gboolean first;

  g_mutex_lock (&alarms->lock);
  if (alarms->set == NULL)
    alarms->set = g_sequence_new (NULL);
  alarm->number = ++alarms->number;
  alarm->place = g_sequence_insert_sorted (alarms->set, alarm, compare, NULL);
  first = get_first (alarms) == alarm;
  note_next (alarms);
  g_mutex_unlock (&alarms->lock);
  return first;
}

gboolean
butler__alarms_take_away (ButlerAlarms *alarms,
                          ButlerAlarm  *alarm)
{
  gboolean was_set;

  g_mutex_lock (&alarms->lock);
  was_set = alarm->place != NULL;
  if (was_set)
    take_out (alarms, alarm);
  g_mutex_unlock (&alarms->lock);
  return was_set;
}

ButlerAlarm *
butler__alarms_take_due (ButlerAlarms *alarms,
                         gint64        now)
{
  ButlerAlarm *first;

  g_mutex_lock (&alarms->lock);
  first = get_first (alarms);
  if (first != NULL && first->deadline <= now)
    take_out (alarms, first);
  else
    first = NULL;
  g_mutex_unlock (&alarms->lock);
  return first;
}

int
butler__alarms_get_timeout (ButlerAlarms *alarms)
{
  gint64 next = butler__alarms_get_next (alarms);
  gint64 left;

  if (next == BUTLER__NO_ALARM)
    return -1;
  left = next - g_get_monotonic_time ();
  return left <= 0 ? 0 : (int) MIN ((left + 999) / 1000, G_MAXINT);
}
