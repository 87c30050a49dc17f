/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>

#include "tests/swap-plays.h"

/* A plugin that does what tests say. By -D: STATE_OTHER: its state has another layout, and either can be made of the other.
 * PLAY_SWAPPED: it has a `swapped` function, which asks the test. PLAY_MESSAGE_OTHER: its messages have another layout.
 * PLAY_SECOND: it is another plugin. */

#define FIRST_ACTOR_FIELDS(F, R) \
  F (R, uint64, count)           \
  F (R, string, gone)            \
  F (R, pointer, data)           \
  F (R, string, text)            \
  F (R, pointer, held)
#define OTHER_ACTOR_FIELDS(F, R) \
  F (R, string, text)            \
  F (R, pointer, held)           \
  F (R, int64, extra)            \
  F (R, pointer, data)           \
  F (R, strv, more)              \
  F (R, uint64, count)

#ifdef STATE_OTHER
BUTLER_RECORD (Actor, actor, OTHER_ACTOR_FIELDS);
#else
BUTLER_RECORD (Actor, actor, FIRST_ACTOR_FIELDS);
#endif

#define ACTOR_HANDLES(H, S) \
  H (S, play)               \
  H (S, deed)
BUTLER_HANDLERS (actor, ACTOR_HANDLES);

static const volatile PlayStamp stamp = { PLAY_MARK, 0 };

static PlayScene
scene_of (Actor *self, ButlerContext *context)
{
  return (PlayScene) { .number = stamp.number, .state = self, .size = sizeof *self, .count = &self->count, .data = &self->data,
                       .text = &self->text, .context = context };
}

static void
actor_on_play (Actor *self, Play *play, ButlerContext *context)
{
  PlayScene scene = scene_of (self, context);

  scene.cue = play->cue;
  scene.writer = (guint32) play->writer;
  scene.nth = play->nth;
  self->count++;
  if (play->func != NULL)
    ((PlayFunc) (guintptr) play->func) (&scene);
}

/* What needs this very file, for some time */

/* An opaque type whose functions lie in it. */
typedef struct
{
  int *cleared; /* counts up when it is freed */
} PlayBlob;

static void
play_blob_let_go (PlayBlob *blob)
{
  if (blob->cleared != NULL)
    g_atomic_int_inc (blob->cleared);
}

static void
play_blob_copy_to (const PlayBlob *blob, PlayBlob *copy)
{
  *copy = *blob;
}
BUTLER_OPAQUE_MESSAGE (PlayBlob, play_blob, play_blob_let_go, play_blob_copy_to);

static void
say (ButlerContext *context, const char *what)
{
  done_send (butler_context_get_hub (context), &(Done) { g_strdup (what), stamp.number }, NULL);
}

static void
has_read (GObject *stream, GAsyncResult *result, gpointer data)
{
  ButlerContext *held = data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL);

  say (held, n == 1 ? "read" : "not read");
  butler_context_release (held);
}

static void
start_reading (GInputStream *stream, ButlerContext *context)
{
  static char letter; /* of this file: what comes later must find it */

  g_input_stream_read_async (stream, &letter, 1, G_PRIORITY_DEFAULT, NULL, has_read, butler_context_hold (context));
}

/* Its result is a Deed, which says the number of the file that the task ran in. */
static void
work (ButlerTask *task, gpointer gate)
{
  Deed deed = { .what = g_strdup ("result") };

  g_async_queue_pop (gate);
  deed.data = GSIZE_TO_POINTER (stamp.number);
  deed_return (task, &deed);
}

static void
send_blob (ButlerChannel *channel, int *cleared)
{
  play_blob_send_to (channel, &(PlayBlob) { cleared }, NULL);
}

/* Answers are not looked at: which code is told of them is. */
static void
has_asked (GObject *nothing, GAsyncResult *result, gpointer data)
{
  ButlerHub *hub = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerMessage) reply = deed_ask_finish (result, &error);

  (void) nothing;
  done_send (hub, &(Done) { g_strdup (reply != NULL ? "answer" : "no answer"), stamp.number }, NULL);
}

static void
ask (ButlerChannel *channel, ButlerContext *context)
{
  deed_ask_async_to (channel, &(Deed) { .what = g_strdup ("asked") }, -1, NULL, has_asked, butler_context_get_hub (context));
}

static void
actor_on_deed (Actor *self, Deed *deed, ButlerContext *context)
{
  g_autofree char *text = NULL;

  if (g_str_equal (deed->what, "hold"))
    self->held = butler_context_hold (context);
  else if (g_str_equal (deed->what, "release"))
    butler_context_release (g_steal_pointer (&self->held));
  else if (g_str_equal (deed->what, "read"))
    start_reading (deed->data, context);
  else if (g_str_equal (deed->what, "task"))
    butler_context_run_task (context, "work", work, deed->data, NULL);
  else if (g_str_equal (deed->what, "wait"))
    g_async_queue_pop (deed->data);
  else if (g_str_equal (deed->what, "ask"))
    ask (deed->data, context);
  else if (g_str_equal (deed->what, "blob"))
    send_blob (((gpointer *) deed->data)[0], ((gpointer *) deed->data)[1]);
  else if (g_str_equal (deed->what, "result"))
    text = g_strdup_printf ("result of %" G_GSIZE_FORMAT, GPOINTER_TO_SIZE (deed->data));
  say (context, text != NULL ? text : deed->what);
}

#ifdef PLAY_SWAPPED
static gboolean
actor_swapped (Actor *self, gconstpointer none, ButlerSwap *swap, ButlerContext *context, GError **error)
{
  PlayScene scene = scene_of (self, context);
  PlayCast *cast = self->data;

  (void) none;
  scene.swap = swap;
  return cast == NULL || cast->swapped (&scene, cast->data, error);
}
#endif

static const ButlerHandlerSet actor_set = {
  BUTLER_HANDLER_SET (actor),
#ifdef PLAY_SWAPPED
  BUTLER_SWAPPED_PLAIN (actor, actor_swapped),
#endif
};

#ifdef PLAY_SECOND
BUTLER_PLUGIN (second, "1.0", &actor_set)
#else
BUTLER_PLUGIN (play, "1.0", &actor_set)
#endif
