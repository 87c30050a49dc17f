/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/trace.h>

#include "lib/ask.h"
#include "lib/deeds.h"
#include "lib/log.h"
#include "lib/message.h"
#include "lib/sink.h"
#include "lib/switch.h"
#include "lib/tap.h"
#include "lib/tape.h"

/* Every message that enters a server, and what its handler sent, as a file. Each frame is written at once: the message that ends the
 * process is in the file. */

typedef struct
{
  ButlerObserver  observer; /* first */
  gatomicrefcount ref_count;
  GStrv           only;     /* (owned) (nullable): the servers; NULL: all */
  gint64          began;    /* monotonic, ns */
  guint           n_servers; /* under the hub's mutex */
  _Atomic gboolean over;    /* relaxed: nothing is written any more, so nothing need be prepared */

  GMutex          lock;     /* the rest; a leaf lock, held while the disk is waited for */
  ButlerSink      sink;
  gboolean        closed;
  guint64         unknown;  /* how many messages could not be recorded */
} Recording;

/* One call that goes on. */
typedef struct
{
  GArray  *deeds;  /* (owned): see lib/deeds.h */
  gboolean silent; /* nobody can replay it */
} Level;

typedef struct
{
  ButlerTap  tap;        /* first */
  Recording *recording;  /* (owned) */
  guint      number;

  /* Who has the server's reader's role only. */
  gboolean   introduced;
  guint      generation;
  GPtrArray  *levels;    /* (owned): Level: calls, the innermost last */
  GHashTable *questions; /* (owned): ButlerQuestion -> its number; pointers are only compared */
  guint64     asked;
} Track;

static void
recording_unref (Recording *recording)
{
  if (!g_atomic_ref_count_dec (&recording->ref_count))
    return;
  g_strfreev (recording->only);
  g_mutex_clear (&recording->lock);
  g_free (recording);
}

/* Frames */

static void
write_frame (Recording      *recording,
             ButlerFrameKind kind,
             GVariant       *body)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (body);

  g_mutex_lock (&recording->lock);
  if (!recording->closed && !butler__tape_write (&recording->sink, kind, owned))
    atomic_store_explicit (&recording->over, TRUE, memory_order_relaxed);
  g_mutex_unlock (&recording->lock);
}

static gboolean
is_over (Track *track)
{
  return atomic_load_explicit (&track->recording->over, memory_order_relaxed);
}

static gint64
get_time (Track *track)
{
  return (butler__now_in_ns () - track->recording->began) / 1000;
}

/* What the file cannot have is counted. */
static void
note_unknown (Track *track,
              guint  n)
{
  if (n == 0)
    return;
  g_mutex_lock (&track->recording->lock);
  track->recording->unknown += n;
  g_mutex_unlock (&track->recording->lock);
}

/* A setting that cannot leave the process has no text in an app file either. */
static GVariant *
settings_to_variant (ButlerServer *server)
{
  const ButlerLayout *layout = server->handlers->settings;

  return layout != NULL && server->settings != NULL ? butler__layout_to_variant (layout, server->settings, NULL) : NULL;
}

static void
introduce (Track        *track,
           ButlerServer *server)
{
  g_autoptr (GVariant) settings = settings_to_variant (server);
  g_autofree char *name = g_utf8_make_valid (server->name, -1);

  track->introduced = TRUE;
  track->generation = atomic_load_explicit (&server->generation, memory_order_relaxed);
  write_frame (track->recording, BUTLER__FRAME_SERVER,
               g_variant_new ("(usssum@a{sv})", track->number, name, server->handlers->set.name,
                              server->module != NULL ? server->module->name : "", track->generation, settings));
}

static void
note_generation (Track        *track,
                 ButlerServer *server)
{
  guint generation = atomic_load_explicit (&server->generation, memory_order_relaxed);

  if (generation == track->generation)
    return;
  track->generation = generation;
  write_frame (track->recording, BUTLER__FRAME_GENERATION, g_variant_new ("(uu)", track->number, generation));
}

static void
write_message (Track            *track,
               const ButlerCall *call)
{
  const ButlerMessage *message = call->message;
  ButlerTick tick = call->server->context.tick;
  g_autofree char *note = NULL;
  g_autoptr (GVariant) record = butler__deeds_record (message->layout, butler__envelope_payload (message), &note);

  note_unknown (track, record == NULL);
  if (tick.timer != 0)
    tick.deadline -= track->recording->began / 1000;
  write_frame (track->recording, BUTLER__FRAME_MESSAGE,
               g_variant_new ("(uxsm@a{sv}sb(txt))", track->number, get_time (track), message->layout->type->name, record, note,
                              message->ask != NULL, tick.timer, tick.deadline, tick.missed));
}

/* FALSE: who asked was not heard. */
static gboolean
write_answer (Track            *track,
              const ButlerCall *call)
{
  GVariant *answer;
  gpointer number;

  if (!g_hash_table_steal_extended (track->questions, call->question, NULL, &number))
    return FALSE;
  answer = butler__deeds_answer (call->question->reply, call->question->error);
  note_unknown (track, butler__deeds_is_unknown (answer));
  write_frame (track->recording, BUTLER__FRAME_ANSWER,
               g_variant_new ("(uxt@" BUTLER__TAPE_ANSWER ")", track->number, get_time (track), (guint64) GPOINTER_TO_SIZE (number),
                              answer));
  return TRUE;
}

static gboolean
write_begin (Track            *track,
             const ButlerCall *call)
{
  if (!track->introduced)
    introduce (track, call->server);
  note_generation (track, call->server);
  if (call->question != NULL)
    return write_answer (track, call);
  if (call->message != NULL)
    write_message (track, call);
  else
    write_frame (track->recording, call->what == BUTLER__CALL_START ? BUTLER__FRAME_START : BUTLER__FRAME_STOP,
                 g_variant_new ("(ux)", track->number, get_time (track)));
  return TRUE;
}

static void
level_free (gpointer data)
{
  Level *level = data;

  g_array_unref (level->deeds);
  g_free (level);
}

static Level *
get_level (Track *track)
{
  return track->levels->pdata[track->levels->len - 1];
}

static gboolean
begin_call (ButlerTap  *tap,
            ButlerCall *call)
{
  Track *track = (Track *) tap;
  Level *level = g_new0 (Level, 1);

  level->deeds = butler__deeds_new ();
  g_ptr_array_add (track->levels, level);
  level->silent = is_over (track) || !write_begin (track, call);
  return TRUE;
}

static gboolean
hear (ButlerTap  *tap,
      ButlerCall *call G_GNUC_UNUSED,
      ButlerDeed *deed)
{
  Track *track = (Track *) tap;
  gint64 number = 0;

  if (deed->kind == BUTLER__DEED_COPY || get_level (track)->silent || is_over (track))
    return FALSE;
  if (deed->question != NULL)
    {
      number = (gint64) ++track->asked;
      g_hash_table_insert (track->questions, deed->question, GSIZE_TO_POINTER (track->asked));
    }
  note_unknown (track, !butler__deeds_add (get_level (track)->deeds, deed, number));
  return FALSE;
}

static void
told (ButlerTap        *tap,
      ButlerCall       *call G_GNUC_UNUSED,
      const ButlerDeed *deed)
{
  Track *track = (Track *) tap;

  if (!is_over (track))
    note_unknown (track, !butler__deeds_told (get_level (track)->deeds, deed));
}

static void
end_call (ButlerTap    *tap,
          ButlerCall   *call G_GNUC_UNUSED,
          const GError *failure)
{
  Track *track = (Track *) tap;
  Level *level = g_ptr_array_steal_index (track->levels, track->levels->len - 1);
  g_autofree char *text = failure != NULL ? g_utf8_make_valid (failure->message, -1) : g_strdup ("");

  if (!level->silent && !is_over (track))
    write_frame (track->recording, BUTLER__FRAME_RETURN,
                 g_variant_new ("(uxs@a" BUTLER__TAPE_DEED ")", track->number, get_time (track), text, butler__deeds_to_variant (level->deeds)));
  level_free (level);
}

static void
track_free (ButlerTap *tap)
{
  Track *track = (Track *) tap;

  g_ptr_array_unref (track->levels);
  g_hash_table_unref (track->questions);
  recording_unref (track->recording);
  g_free (track);
}

static const ButlerTapKind track_kind = {
  .begin = begin_call,
  .hear = hear,
  .told = told,
  .end = end_call,
  .free = track_free,
};

static ButlerTap *
make_tap (ButlerObserver *observer,
          ButlerServer   *server)
{
  Recording *recording = (Recording *) observer;
  Track *track;

  if (recording->only != NULL && !g_strv_contains ((const char *const *) recording->only, server->name))
    return NULL;
  track = g_new0 (Track, 1);
  butler__tap_init (&track->tap, &track_kind, observer);
  g_atomic_ref_count_inc (&recording->ref_count);
  track->recording = recording;
  track->number = recording->n_servers++;
  track->levels = g_ptr_array_new_with_free_func (level_free);
  track->questions = g_hash_table_new (NULL, NULL);
  return &track->tap;
}

/* Start and stop */

static gboolean
finish (ButlerObserver *observer,
        GError        **error)
{
  Recording *recording = (Recording *) observer;
  gboolean ok;

  g_mutex_lock (&recording->lock);
  atomic_store_explicit (&recording->over, TRUE, memory_order_relaxed);
  recording->closed = TRUE;
  if (recording->unknown > 0)
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL,
                 "%s: of %" G_GUINT64_FORMAT " messages it has only the type: they hold what cannot leave the process",
                 recording->sink.what, recording->unknown);
  ok = butler__sink_close (&recording->sink, error);
  g_mutex_unlock (&recording->lock);
  recording_unref (recording);
  return ok;
}

static const ButlerObserverKind recording_kind = {
  .make_tap = make_tap,
  .finish = finish,
};

static Recording *
recording_new (const char        *path,
               const char *const *only,
               GError           **error)
{
  ButlerSink sink;
  Recording *recording;

  if (!butler__sink_open (&sink, "recording", path, 0600, error))
    return NULL;
  recording = g_new0 (Recording, 1);
  recording->observer.kind = &recording_kind;
  g_atomic_ref_count_init (&recording->ref_count);
  g_mutex_init (&recording->lock);
  recording->only = g_strdupv ((GStrv) only);
  recording->began = butler__now_in_ns ();
  recording->sink = sink;
  if (!butler__tape_begin (&recording->sink))
    recording->over = TRUE;
  return recording;
}

/**
 * butler_hub_record_start:
 * @hub: the hub
 * @path: the file to write, which is made or emptied; others than its owner cannot read a new one
 * @servers: (nullable) (array zero-terminated=1): the names of the servers to record; %NULL: all
 * @error: (nullable): where to put an error
 *
 * Writes to @path from now on what enters @hub's servers, and what their handlers do meanwhile: type and record of each message, and of
 * what they send, publish, ask, answer and set timers for, when it was, what came of it, and how the handler failed if it did. What their
 * asks are answered is there, too. butler_module_replay() lets it happen again. Records are written as #GVariant, by
 * butler_message_to_variant(); of those that cannot leave the process only the type and the reason are written.
 *
 * A message is in the file before its handler runs, also if that ends the process. So handlers wait for the disk, by write(2). What
 * is done outside of handlers, events and callbacks of asks is not recorded. If the disk is full, recording ends, the
 * log has a warning, and butler_hub_record_stop() an error.
 *
 * To be replayed in full, servers are recorded from before their start: what their state was in between, no file says.
 *
 * Errors: a #GIOErrorEnum if the file cannot be made, %BUTLER_ERROR_BUSY if @hub is being recorded, %BUTLER_ERROR_CLOSED if it ends.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the recording has begun
 *
 * Since: 1.0
 */
gboolean
butler_hub_record_start (ButlerHub          *hub,
                         const char         *path,
                         const char *const  *servers,
                         GError            **error)
{
  Recording *recording;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  if (!butler__observer_is_free (hub, &recording_kind, "recording", error))
    return FALSE;
  recording = recording_new (path, servers, error);
  if (recording == NULL)
    return FALSE;
  if (butler__observer_add (hub, &recording->observer, "recording", error))
    return TRUE;
  finish (&recording->observer, NULL);
  return FALSE;
}

/**
 * butler_hub_record_stop:
 * @hub: the hub
 * @error: (nullable): where to put an error
 *
 * Ends what butler_hub_record_start() began. The end of the hub does the same, and logs the error. Handlers that are running now are
 * in the file without what they sent.
 *
 * Errors: a #GIOErrorEnum that names the file, if not all of it could be written.
 *
 * Thread: any.
 *
 * Returns: %FALSE if the file is incomplete; %TRUE also if there was no recording
 *
 * Since: 1.0
 */
gboolean
butler_hub_record_stop (ButlerHub  *hub,
                        GError    **error)
{
  g_return_val_if_fail (hub != NULL, FALSE);

  return butler__observer_finish (hub, &recording_kind, error);
}
