/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/trace.h"

#include "lib/log.h"
#include "lib/switch.h"

/* What all handlers did, as a file for a trace viewer. Handlers leave events in their server's track; a thread of the trace's own takes
 * them from there and writes. */

#define WRITE_AT 65536 /* bytes */

static ButlerTap *
make_tap (ButlerObserver *observer,
          ButlerServer   *server)
{
  return &butler__track_new ((ButlerTrace *) observer, server->name)->tap;
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

  butler__track_push (((ButlerTrace *) observer)->hub, &event);
}

/* The writer */

static void
flush (ButlerTrace *trace)
{
  butler__sink_write (&trace->sink, trace->out->str, trace->out->len);
  g_string_truncate (trace->out, 0);
}

static void
write_events (ButlerTrace  *trace,
              ButlerTrack  *track,
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
drain_track (ButlerTrace *trace,
             ButlerTrack *track)
{
  GArray *events = butler__track_events_new ();

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
static ButlerTrack *
get_track (ButlerTrace *trace,
           guint        n)
{
  ButlerTrack *track = NULL;

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
drain (ButlerTrace *trace)
{
  ButlerTrack *track;

  for (guint n = 0; (track = get_track (trace, n)) != NULL; n++)
    {
      drain_track (trace, track);
      butler__tap_unref (&track->tap);
    }
  flush (trace);
}

/* FALSE: the trace is to end. */
static gboolean
wait_for_events (ButlerTrace *trace)
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
end_tracks (ButlerTrace *trace)
{
  guint64 dropped = 0;
  ButlerTrack *track;

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
  ButlerTrace *trace = data;

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
trace_clear (ButlerTrace *trace)
{
  butler__tap_unref (&trace->hub->tap);
  for (guint i = 0; i < trace->tracks->len; i++)
    butler__tap_unref (trace->tracks->pdata[i]);
  g_ptr_array_unref (trace->tracks);
  g_string_free (trace->out, TRUE);
  butler__trace_unref (trace);
}

static gboolean
finish (ButlerObserver *observer,
        GError        **error)
{
  ButlerTrace *trace = (ButlerTrace *) observer;
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

static ButlerTrace *
trace_new (const char *path,
           GError    **error)
{
  ButlerSink sink;
  ButlerTrace *trace;

  if (!butler__sink_open (&sink, "trace", path, 0666, error))
    return NULL;
  trace = g_new0 (ButlerTrace, 1);
  trace->observer.kind = &trace_kind;
  g_atomic_ref_count_init (&trace->ref_count);
  g_mutex_init (&trace->lock);
  g_cond_init (&trace->stirred_now);
  trace->tracks = g_ptr_array_new ();
  trace->sink = sink;
  trace->out = g_string_new (NULL);
  trace->hub = butler__track_new (trace, "hub");
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
  ButlerTrace *trace;

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
