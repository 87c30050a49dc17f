/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/server.h>

/* The functions that run once before a server's loop, or once after it, in the order in which they were added. */
typedef struct
{
  GArray *list; /* (owned) (nullable) */
} ButlerEvents;

void butler__events_clear (ButlerEvents *events);

void butler__events_add_startup  (ButlerEvents      *events,
                                  ButlerStartupFunc  func,
                                  gpointer           data,
                                  GDestroyNotify     destroy);
void butler__events_add_shutdown (ButlerEvents       *events,
                                  ButlerShutdownFunc  func,
                                  gpointer            data,
                                  GDestroyNotify      destroy);

guint    butler__events_get_n        (const ButlerEvents *events);

/* butler__events_run_startup() runs the n-th. */
gboolean butler__events_run_startup  (const ButlerEvents *events,
                                      guint               n,
                                      ButlerContext      *context,
                                      GError            **error);
void     butler__events_run_shutdown (const ButlerEvents *events,
                                      ButlerContext      *context);
