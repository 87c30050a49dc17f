/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/trace.h>

#include "lib/log.h"
#include "lib/sink.h"
#include "lib/switch.h"
#include "lib/tap.h"
#include "lib/trace-json.h"

/* What all handlers did, as a file for a trace viewer. Handlers leave events in their server's track; a thread of the trace's own takes
 * them from there and writes. */

#define EVENTS_MAX 65536 /* that wait in one track: then events are dropped, and counted */
#define TEXT_MAX   256
#define WRITE_AT   65536 /* bytes */

typedef struct
{
  ButlerTap tap;              /* first */
  struct _Trace *trace;       /* (owned) */
  guint          tid;
  char          *name;        /* (owned) */
  gboolean       named;       /* the writer's: the file says what the track is called */

  GMutex         lock;        /* all below; then the trace's */
  GArray        *events;      /* (owned): ButlerTraceEvent */
  gboolean       dirty;       /* the writer was told that there are some */
  guint64        dropped;
  gboolean       ended;       /* nothing is written any more */
} Track;

typedef struct _Trace
{
  ButlerObserver  observer; /* first */
  gatomicrefcount ref_count;
  GThread        *writer;   /* (owned) */
  Track          *hub;      /* (owned): of what no server did */

  GMutex          lock;     /* all below */
  GCond           stirred_now;
  gboolean        stirred;  /* some track is dirty */
  gboolean        ending;
  GPtrArray      *tracks;   /* (owned) */

  /* The writer's. */
  ButlerSink      sink;
  GString        *out;
  guint64         dropped;  /* of tracks that are gone */
} Trace;

static void
event_clear (gpointer data)
{
  g_free (((ButlerTraceEvent *) data)->text);
}

static GArray *
events_new (void)
{
  GArray *events = g_array_new (FALSE, FALSE, sizeof (ButlerTraceEvent));

  g_array_set_clear_func (events, event_clear);
  return events;
}

static void
trace_unref (Trace *trace)
{
  if (!g_atomic_ref_count_dec (&trace->ref_count))
    return;
  g_mutex_clear (&trace->lock);
  g_cond_clear (&trace->stirred_now);
  g_free (trace);
}

/* Tracks */

static void
stir (Trace *trace)
{
  g_mutex_lock (&trace->lock);
  trace->stirred = TRUE;
  g_cond_signal (&trace->stirred_now);
  g_mutex_unlock (&trace->lock);
}

/* Only the first event since the writer was here has to tell it. @event's text is consumed. */
static void
push (Track            *track,
      ButlerTraceEvent *event)
{
  gboolean first = FALSE;

  g_mutex_lock (&track->lock);
  if (track->ended || track->events->len >= EVENTS_MAX)
    {
      track->dropped += track->ended ? 0 : 1;
      event_clear (event);
    }
  else
    {
      first = !track->dirty;
      track->dirty = TRUE;
      g_array_append_vals (track->events, event, 1);
    }
  g_mutex_unlock (&track->lock);
  if (first)
    stir (track->trace);
}

static gboolean
begin_call (ButlerTap  *tap G_GNUC_UNUSED,
            ButlerCall *call G_GNUC_UNUSED)
{
  return TRUE;
}

static guint
get_generation (const ButlerCall *call)
{
  return atomic_load_explicit (&call->server->generation, memory_order_relaxed);
}

static ButlerEarVerdict
hear (ButlerTap           *tap,
      ButlerCall          *call,
      const ButlerMessage *message)
{
  ButlerTraceEvent event = {
    .kind = BUTLER__EVENT_SEND,
    .generation = get_generation (call),
    .at = butler__now_in_ns (),
    .name = message->layout->type->name,
    .id = (guint64) (guintptr) message,
  };

  push ((Track *) tap, &event);
  return BUTLER__EAR_PASSES;
}

static void
end_call (ButlerTap    *tap,
          ButlerCall   *call,
          const GError *failure G_GNUC_UNUSED)
{
  ButlerTraceEvent event = {
    .kind = BUTLER__EVENT_CALL,
    .generation = get_generation (call),
    .at = call->began,
    .lasted = call->ended - call->began,
    .name = call->what,
    .id = call->id,
    .is_event = call->what == BUTLER__CALL_START || call->what == BUTLER__CALL_STOP,
  };

  push ((Track *) tap, &event);
}

static void
fail (ButlerTap    *tap,
      const char   *what,
      const GError *failure)
{
  ButlerTraceEvent event = {
    .kind = BUTLER__EVENT_FAILURE,
    .at = butler__now_in_ns (),
    .name = what,
    .text = g_strndup (failure->message, TEXT_MAX),
  };

  push ((Track *) tap, &event);
}

static void
track_free (ButlerTap *tap)
{
  Track *track = (Track *) tap;

  trace_unref (track->trace);
  g_array_unref (track->events);
  g_mutex_clear (&track->lock);
  g_free (track->name);
  g_free (track);
}

static const ButlerTapKind track_kind = {
  .begin = begin_call,
  .hear = hear,
  .end = end_call,
  .fail = fail,
  .free = track_free,
};

/* The trace has one reference, and the caller has one. */
static Track *
track_new (Trace      *trace,
           const char *name)
{
  Track *track = g_new0 (Track, 1);

  butler__tap_init (&track->tap, &track_kind, &trace->observer);
  g_atomic_ref_count_inc (&track->tap.ref_count);
  g_atomic_ref_count_inc (&trace->ref_count);
  track->trace = trace;
  track->name = g_strdup (name);
  track->events = events_new ();
  g_mutex_init (&track->lock);
  g_mutex_lock (&trace->lock);
  track->tid = trace->tracks->len;
  g_ptr_array_add (trace->tracks, track);
  g_mutex_unlock (&trace->lock);
  return track;
}

static ButlerTap *
make_tap (ButlerObserver *observer,
          ButlerServer   *server)
{
  return &track_new ((Trace *) observer, server->name)->tap;
}

static void
swapped (ButlerObserver *observer,
         const char     *plugin,
         guint           from G_GNUC_UNUSED,
         guint           to)
{
  ButlerTraceEvent event = {
    .kind = BUTLER__EVENT_SWAP,
    .generation = to,
    .at = butler__now_in_ns (),
    .name = "swap",
    .text = g_strdup (plugin),
  };

  push (((Trace *) observer)->hub, &event);
}

/* The writer */

static void
flush (Trace *trace)
{
  butler__sink_write (&trace->sink, trace->out->str, trace->out->len);
  g_string_truncate (trace->out, 0);
}

static void
write_events (Trace        *trace,
              Track        *track,
              const GArray *events)
{
  if (events->len > 0 && !track->named)
    butler__trace_json_thread (trace->out, track->tid, track->name);
  track->named |= events->len > 0;
  for (guint i = 0; i < events->len && trace->sink.error == NULL; i++)
    {
      butler__trace_json_event (trace->out, track->tid, &g_array_index (events, ButlerTraceEvent, i));
      if (trace->out->len >= WRITE_AT)
        flush (trace);
    }
}

static void
drain_track (Trace *trace,
             Track *track)
{
  GArray *events = events_new ();

  g_mutex_lock (&track->lock);
  GArray *full = track->events;
  track->events = events;
  track->dirty = FALSE;
  track->ended |= trace->sink.error != NULL;
  g_mutex_unlock (&track->lock);
  write_events (trace, track, full);
  g_array_unref (full);
}

/* (nullable) (transfer full). Tracks are only added, so a number stays what it is. */
static Track *
get_track (Trace *trace,
           guint  n)
{
  Track *track = NULL;

  g_mutex_lock (&trace->lock);
  if (n < trace->tracks->len)
    {
      track = trace->tracks->pdata[n];
      g_atomic_ref_count_inc (&track->tap.ref_count);
    }
  g_mutex_unlock (&trace->lock);
  return track;
}

static void
drain (Trace *trace)
{
  Track *track;

  for (guint n = 0; (track = get_track (trace, n)) != NULL; n++)
    {
      drain_track (trace, track);
      butler__tap_unref (&track->tap);
    }
  flush (trace);
}

/* FALSE: the trace is to end. */
static gboolean
wait_for_events (Trace *trace)
{
  gboolean ending;

  g_mutex_lock (&trace->lock);
  while (!trace->stirred && !trace->ending)
    g_cond_wait (&trace->stirred_now, &trace->lock);
  trace->stirred = FALSE;
  ending = trace->ending;
  g_mutex_unlock (&trace->lock);
  return !ending;
}

/* A handler that is still running has its track, and may be late. */
static guint64
end_tracks (Trace *trace)
{
  guint64 dropped = 0;
  Track *track;

  for (guint n = 0; (track = get_track (trace, n)) != NULL; n++)
    {
      g_mutex_lock (&track->lock);
      track->ended = TRUE;
      dropped += track->dropped;
      g_mutex_unlock (&track->lock);
      butler__tap_unref (&track->tap);
    }
  return dropped;
}

static gpointer
write_trace (gpointer data)
{
  Trace *trace = data;

  butler__trace_json_begin (trace->out, g_get_prgname () != NULL ? g_get_prgname () : "program");
  flush (trace);
  while (wait_for_events (trace))
    drain (trace);
  drain (trace);
  trace->dropped = end_tracks (trace);
  butler__trace_json_end (trace->out, butler__now_in_ns (), trace->dropped);
  flush (trace);
  return NULL;
}

/* Start and stop */

static void
trace_clear (Trace *trace)
{
  butler__tap_unref (&trace->hub->tap);
  for (guint i = 0; i < trace->tracks->len; i++)
    butler__tap_unref (trace->tracks->pdata[i]);
  g_ptr_array_unref (trace->tracks);
  g_string_free (trace->out, TRUE);
  trace_unref (trace);
}

static gboolean
finish (ButlerObserver *observer,
        GError        **error)
{
  Trace *trace = (Trace *) observer;
  gboolean ok;

  g_mutex_lock (&trace->lock);
  trace->ending = TRUE;
  g_cond_signal (&trace->stirred_now);
  g_mutex_unlock (&trace->lock);
  g_thread_join (trace->writer);
  if (trace->dropped > 0)
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "%s: %" G_GUINT64_FORMAT " events were dropped: the disk was too slow",
                 trace->sink.what, trace->dropped);
  ok = butler__sink_close (&trace->sink, error);
  trace_clear (trace);
  return ok;
}

static const ButlerObserverKind trace_kind = {
  .make_tap = make_tap,
  .swapped = swapped,
  .finish = finish,
};

static Trace *
trace_new (const char *path,
           GError    **error)
{
  ButlerSink sink;
  Trace *trace;

  if (!butler__sink_open (&sink, "trace", path, 0666, error))
    return NULL;
  trace = g_new0 (Trace, 1);
  trace->observer.kind = &trace_kind;
  g_atomic_ref_count_init (&trace->ref_count);
  g_mutex_init (&trace->lock);
  g_cond_init (&trace->stirred_now);
  trace->tracks = g_ptr_array_new ();
  trace->sink = sink;
  trace->out = g_string_new (NULL);
  trace->hub = track_new (trace, "hub");
  trace->hub->named = TRUE;
  trace->writer = g_thread_try_new ("trace", write_trace, trace, error);
  if (trace->writer != NULL)
    return trace;
  butler__sink_close (&trace->sink, NULL);
  trace_clear (trace);
  return NULL;
}

/**
 * butler_hub_trace_start:
 * @hub: the hub
 * @path: the file to write, which is made or emptied
 * @error: (nullable): where to put an error
 *
 * Writes what the handlers of @hub's servers do from now on to @path, as trace events of Chrome in JSON, for chrome://tracing or
 * ui.perfetto.dev: each call of a handler, and the start and the end of each run, with its duration and the generation of its code; what
 * it sends, as an arrow to the handler that gets it; failures and swaps.
 *
 * A thread of its own writes; handlers never wait for the disk. Where it is too slow, events are dropped, and the end of the file
 * says how many. If the disk is full, tracing ends, the log has a warning, and butler_hub_trace_stop() an error. A file whose end is
 * missing, since the program crashed, can be opened all the same.
 *
 * Errors: a #GIOErrorEnum if the file cannot be made, a #GThreadError, %BUTLER_ERROR_BUSY if @hub is being traced, %BUTLER_ERROR_CLOSED
 * if it ends.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the trace has begun
 *
 * Since: 1.0
 */
gboolean
butler_hub_trace_start (ButlerHub   *hub,
                        const char  *path,
                        GError     **error)
{
  Trace *trace;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  if (!butler__observer_is_free (hub, &trace_kind, "trace", error))
    return FALSE;
  trace = trace_new (path, error);
  if (trace == NULL)
    return FALSE;
  if (butler__observer_add (hub, &trace->observer, "trace", error))
    return TRUE;
  finish (&trace->observer, NULL);
  return FALSE;
}

/**
 * butler_hub_trace_stop:
 * @hub: the hub
 * @error: (nullable): where to put an error
 *
 * Ends what butler_hub_trace_start() began, and waits until all of it is written. Handlers that are running now are not in the file. The end
 * of the hub does the same, and logs the error.
 *
 * Errors: a #GIOErrorEnum that names the file, if not all of it could be written.
 *
 * Thread: any.
 *
 * Returns: %FALSE if the file is incomplete; %TRUE also if there was no trace
 *
 * Since: 1.0
 */
gboolean
butler_hub_trace_stop (ButlerHub   *hub,
                       GError     **error)
{
  g_return_val_if_fail (hub != NULL, FALSE);

  return butler__observer_finish (hub, &trace_kind, error);
}
