/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <sys/resource.h>

/* What the process, or the thread, has used of the CPUs so far, in µs. */
static inline gint64
cpu_of (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (gint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

/* What the process uses while this thread waits for what does not come, µs. */
static inline gint64
cpu_over (gint64 wall)
{
  g_autoptr (GAsyncQueue) nothing = g_async_queue_new ();
  gint64 before = cpu_of (RUSAGE_SELF);

  g_async_queue_timeout_pop (nothing, (guint64) wall);
  return cpu_of (RUSAGE_SELF) - before;
}
