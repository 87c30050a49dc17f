/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

typedef enum
{
  BUTLER__EVENT_CALL,   /* a handler, from at to at + lasted */
  BUTLER__EVENT_SEND,
  BUTLER__EVENT_FAILURE,
  BUTLER__EVENT_SWAP,
} ButlerTraceEventKind;

typedef struct
{
  ButlerTraceEventKind kind;
  guint                generation;
  gint64               at;     /* monotonic, ns */
  gint64               lasted; /* ns */
  const char          *name;   /* never freed */
  guint64              id;     /* of a message; 0: none */
  const char          *carried; /* of a call with an id: the type of that; never freed */
  char                *text;   /* (owned) (nullable): what failed, or which plugin was swapped */
  const char          *category; /* of a call; never freed */
} ButlerTraceEvent;

/* Trace events of Chrome, as chrome://tracing and Perfetto read them: an array, one event a line. Each line but the first begins with
 * a comma, so that a file that was cut off at a line is an array without its end, which they accept. */
void butler__trace_json_begin  (GString    *out,
                                const char *program);
void butler__trace_json_thread (GString    *out,
                                guint       tid,
                                const char *name);
void butler__trace_json_event  (GString                *out,
                                guint                   tid,
                                const ButlerTraceEvent *event);
void butler__trace_json_end    (GString    *out,
                                gint64      at,
                                guint64     dropped);
