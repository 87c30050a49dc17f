/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <threadbutler/timer.h>

/* The timers of one server. Any thread sets and cancels them; when one is due, who has the reader's role hands its message to the
 * handler, as it does with the result of a task. */
typedef struct
{
  GMutex      lock;   /* before that of the alarms */
  GHashTable *all;    /* (owned) (nullable): id -> Timer, those that were neither cancelled nor are over */
  guint64     last;   /* the last id */
} ButlerTimers;

void butler__timers_init  (ButlerTimers *timers);
void butler__timers_clear (ButlerTimers *timers); /* nobody runs the server, and butler__timers_cancel_all() was called */

/* butler__timers_cancel_all() is for the end of a run. Its channel is closed, so none is set after it. */
void butler__timers_cancel_all (ButlerServer *server);
