/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <stdatomic.h>

/* Where a channel's reader sleeps. */
typedef enum
{
  BUTLER__SLEEP_IN_QUEUE,   /* in g_async_queue_timeout_pop() */
  BUTLER__SLEEP_IN_CONTEXT, /* in the poll of a GMainContext */
  BUTLER__SLEEP_ON_FD,      /* in a foreign loop's poll of a timerfd: one descriptor for both, as to wake is to let it expire */
} ButlerSleep;

/* Wakes one reader, in the way that it sleeps. Late and double wake-ups are harmless: the reader finds nothing and sleeps again. */
typedef struct
{
  GAsyncQueue  *tokens;   /* (owned) */
  _Atomic int   how;      /* a ButlerSleep: the reader, relaxed, before it says that it sleeps, never while it does; read after
                           * that was seen */
  _Atomic int   fd;       /* -1 until the reader asks for it; open till butler__waker_let_go(), so that a late wake-up hits no other file */
  _Atomic (GMainContext *) context; /* the newest of contexts: release by the reader, acquired by who wakes, as fd; a
                                     * wake-up that finds none is so late that the sleep is over */
  GPtrArray    *contexts; /* (owned): every context that was ever slept in, as a late wake-up may still reach it; reader only */
  gboolean      alarm;    /* fd may be set for a deadline; reader only */
  guint         owed;     /* wake-ups that are over, or on their way; reader only */
  _Atomic guint woken;    /* those that are over: sequentially consistent, as leaving: of who leaves and who wakes, one sees the other */
  _Atomic gboolean leaving; /* in butler__waker_let_go(): set before the look at woken, seen after woken was counted */
} ButlerWaker;

/* butler__deadline_after() is -1, for ever, also for what the clock cannot hold. */
static inline gint64
butler__deadline_after (gint64 timeout)
{
  gint64 now;

  if (timeout < 0)
    return -1;
  now = g_get_monotonic_time ();
  return timeout > G_MAXINT64 - now ? -1 : now + timeout;
}

void butler__waker_init  (ButlerWaker *waker);
void butler__waker_clear (ButlerWaker *waker);

/* butler__waker_wake() lets the sleeper look. Any thread. */
void butler__waker_wake (ButlerWaker *waker);

/* butler__waker_wake_owed() is the same for who took the sleeper's ASLEEP bit away, and so owes a wake-up. Any thread. */
void butler__waker_wake_owed (ButlerWaker *waker);

/* The reader only, from here on. */

/* butler__waker_set_context() is the context in which the reader will sleep. */
void butler__waker_set_context (ButlerWaker  *waker,
                                GMainContext *context);

/* butler__waker_get_fd() makes the descriptor when it is asked for first; -1 with an error if there is none to be had. */
int butler__waker_get_fd (ButlerWaker *waker,
                          GError     **error);

/* butler__waker_let_go() waits for wake-ups that are on their way, and closes the descriptor. What it returns (transfer full) is to be
 * freed: all the contexts. For when nobody will sleep for a long time, or ever. */
GPtrArray *butler__waker_let_go (ButlerWaker *waker);

/* butler__waker_set_alarm() lets the descriptor be readable at @deadline (monotonic, µs; -1: not by itself), before the reader says that it
 * sleeps. */
void butler__waker_set_alarm (ButlerWaker *waker,
                              gint64       deadline);

/* butler__waker_drain_fd() takes the wake-ups that lie in the descriptor. */
void butler__waker_drain_fd (ButlerWaker *waker);

/* butler__waker_sleep() sleeps in the queue until a token comes, or @deadline (monotonic, µs; -1: for ever) has passed. */
void butler__waker_sleep (ButlerWaker *waker,
                          gint64       deadline);
