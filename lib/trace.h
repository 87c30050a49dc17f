/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/trace.h>

#include "lib/sink.h"
#include "lib/tap.h"
#include "lib/trace-json.h"

typedef struct _ButlerTrace ButlerTrace;

typedef struct
{
  ButlerTap       tap;      /* first */
  ButlerTrace    *trace;    /* (owned) */
  guint           tid;
  char           *name;     /* (owned) */
  gboolean        named;    /* the writer's: the file says what the track is called */

  GMutex          lock;     /* all below; then the trace's */
  GArray         *events;   /* (owned): ButlerTraceEvent */
  gboolean        dirty;    /* the writer was told that there are some */
  guint64         dropped;
  gboolean        ended;    /* nothing is written any more */
} ButlerTrack;

struct _ButlerTrace
{
  ButlerObserver  observer; /* first */
  gatomicrefcount ref_count;
  GThread        *writer;   /* (owned) */
  ButlerTrack    *hub;      /* (owned): of what no server did */

  GMutex          lock;     /* all below */
  GCond           stirred_now;
  gboolean        stirred;  /* some track is dirty */
  gboolean        ending;
  GPtrArray      *tracks;   /* (owned) */

  /* The writer's. */
  ButlerSink      sink;
  GString        *out;
  guint64         dropped;  /* of tracks that are gone */
};

/* butler__trace_unref() gives its memory back; each track has a reference too. */
void butler__trace_unref (ButlerTrace *trace);

/* butler__track_new() adds a track to @trace, which has one reference of it, and the caller has one. */
ButlerTrack *butler__track_new (ButlerTrace *trace,
                                const char  *name);

/* butler__track_push() leaves @event for the writer, whose text it consumes. Any thread. */
void butler__track_push (ButlerTrack      *track,
                         ButlerTraceEvent *event);

/* butler__track_events_new() is a list of events, without any. */
GArray *butler__track_events_new (void);
