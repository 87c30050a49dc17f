/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <threadbutler/types.h>

/* What a server is to do at a given time, in the order of those times: timers, and the time-outs of what it asked. Any thread sets and
 * takes away; who has the reader's role looks at the clock now and then, and sleeps no longer than until the next one. No thread, no
 * descriptor: each step is O(log n). */
typedef struct _ButlerAlarm ButlerAlarm;
struct _ButlerAlarm
{
  gint64         deadline; /* monotonic, µs */
  guint64        number;   /* of those with one deadline the one that was set first rings first */
  GSequenceIter *place;    /* (nullable): NULL: it is not set. Under the lock */

  /* Who has the reader's role, which has taken it out before; without the lock. */
  void         (*ring) (ButlerAlarm *alarm, ButlerServer *server);
};

#define BUTLER__NO_ALARM G_MAXINT64

typedef struct
{
  GMutex         lock;   /* a leaf lock */
  GSequence     *set;    /* (owned) (nullable): made for the first; ButlerAlarm (unowned) */
  guint64        number; /* of the last that was set */
  _Atomic gint64 next;   /* the earliest deadline. Relaxed: who makes it earlier on another thread kicks the channel then */
} ButlerAlarms;

void butler__alarms_init  (ButlerAlarms *alarms);
void butler__alarms_clear (ButlerAlarms *alarms);

/* butler__alarms_set() sets it for its deadline; TRUE if it is the earliest now. The reader, if it is another thread, has to be told. */
gboolean butler__alarms_set (ButlerAlarms *alarms,
                             ButlerAlarm  *alarm);

/* butler__alarms_take_away() is FALSE if it was not set, or has begun to ring. */
gboolean butler__alarms_take_away (ButlerAlarms *alarms,
                                   ButlerAlarm  *alarm);

/* butler__alarms_take_due() is (nullable): the first whose deadline is not after @now, which is not set any more. */
ButlerAlarm *butler__alarms_take_due (ButlerAlarms *alarms,
                                      gint64        now);

static inline gint64
butler__alarms_get_next (ButlerAlarms *alarms)
{
  return atomic_load_explicit (&alarms->next, memory_order_relaxed);
}

/* butler__alarms_limit() is when to wake up at the latest: @deadline (-1: never), or the next alarm. */
static inline gint64
butler__alarms_limit (ButlerAlarms *alarms,
                      gint64        deadline)
{
  gint64 next = butler__alarms_get_next (alarms);

  return next != BUTLER__NO_ALARM && (deadline < 0 || next < deadline) ? next : deadline;
}

/* butler__alarms_get_timeout() is for poll(2): ms, rounded up; -1: there is none. */
int butler__alarms_get_timeout (ButlerAlarms *alarms);

static inline gboolean
butler__alarms_are_due (ButlerAlarms *alarms)
{
  gint64 next = butler__alarms_get_next (alarms);

  return next != BUTLER__NO_ALARM && next <= g_get_monotonic_time ();
}
