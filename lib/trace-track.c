/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/trace.h"

#include "lib/switch.h"

/* What a server's handlers leave for the writer of the trace. */

#define EVENTS_MAX 65536 /* that wait in one track: then events are dropped, and counted */
#define TEXT_MAX   256

static void
event_clear (gpointer data)
{
  g_free (((ButlerTraceEvent *) data)->text);
}

GArray *
butler__track_events_new (void)
{
  GArray *events = g_array_new (FALSE, FALSE, sizeof (ButlerTraceEvent));

  g_array_set_clear_func (events, event_clear);
  return events;
}

void
butler__trace_unref (ButlerTrace *trace)
{
  if (!g_atomic_ref_count_dec (&trace->ref_count))
    return;
  g_mutex_clear (&trace->lock);
  g_cond_clear (&trace->stirred_now);
  g_free (trace);
}

static void
stir (ButlerTrace *trace)
{
  g_mutex_lock (&trace->lock);
  trace->stirred = TRUE;
  g_cond_signal (&trace->stirred_now);
  g_mutex_unlock (&trace->lock);
}

/* Only the first event since the writer was here has to tell it. */
void
butler__track_push (ButlerTrack      *track,
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

/* Of what is published or asked, the messages that this becomes are heard, too. */
static gboolean
hear (ButlerTap  *tap,
      ButlerCall *call,
      ButlerDeed *deed)
{
  ButlerTraceEvent event = {
    .kind = BUTLER__EVENT_SEND,
    .generation = get_generation (call),
    .at = butler__now_in_ns (),
    .id = (guint64) (guintptr) deed->message,
  };

  if (deed->message == NULL || deed->kind == BUTLER__DEED_EVERY || (deed->kind == BUTLER__DEED_REPLY && deed->outcome == 0))
    return FALSE;
  event.name = deed->layout->type->name;
  butler__track_push ((ButlerTrack *) tap, &event);
  return FALSE;
}

static const char *
get_category (const ButlerCall *call)
{
  if (call->question != NULL)
    return "answer";
  return call->what == BUTLER__CALL_START || call->what == BUTLER__CALL_STOP ? "event" : "handler";
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
    .carried = call->carried,
    .category = get_category (call),
  };

  butler__track_push ((ButlerTrack *) tap, &event);
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

  butler__track_push ((ButlerTrack *) tap, &event);
}

static void
track_free (ButlerTap *tap)
{
  ButlerTrack *track = (ButlerTrack *) tap;

  butler__trace_unref (track->trace);
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

ButlerTrack *
butler__track_new (ButlerTrace *trace,
                   const char  *name)
{
  ButlerTrack *track = g_new0 (ButlerTrack, 1);

  butler__tap_init (&track->tap, &track_kind, &trace->observer);
  g_atomic_ref_count_inc (&track->tap.ref_count);
  g_atomic_ref_count_inc (&trace->ref_count);
  track->trace = trace;
  track->name = g_strdup (name);
  track->events = butler__track_events_new ();
  g_mutex_init (&track->lock);
  g_mutex_lock (&trace->lock);
  track->tid = trace->tracks->len;
  g_ptr_array_add (trace->tracks, track);
  g_mutex_unlock (&trace->lock);
  return track;
}
