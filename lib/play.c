/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/play.h"

#include "lib/message.h"
#include "lib/replay-compare.h"
#include "lib/switch.h"

/* Differences */

/* The file's names may be anything. */
static void
make_one_line (char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      *text = ' ';
}

static void
add_difference (gpointer    data,
                const char *what)
{
  ButlerPlay *play = data;
  ButlerReplay *replay = play->replay;
  g_autofree char *where = NULL;
  g_autofree char *line = NULL;

  if (play->type != NULL)
    where = g_strdup_printf ("message %" G_GUINT64_FORMAT " (%s)", play->n, play->type);
  line = g_strdup_printf ("%s: %s: %s", play->name, where != NULL ? where : play->event, what);
  make_one_line (line);
  g_mutex_lock (&replay->lock);
  replay->report->differences++;
  if (replay->options.difference != NULL)
    replay->options.difference (line, replay->options.data);
  g_mutex_unlock (&replay->lock);
}

static void
compare (ButlerPlay   *play,
         const GError *failure)
{
  g_autofree char *got = failure != NULL ? g_utf8_make_valid (failure->message, -1) : g_strdup ("");
  g_autoptr (GVariant) expected = g_steal_pointer (&play->expected);
  g_autoptr (GVariant) sent = NULL;
  const char *recorded;

  if (expected == NULL || play->replay->options.no_compare)
    return;
  g_variant_get_child (expected, 2, "&s", &recorded);
  sent = g_variant_get_child_value (expected, 3);
  butler__compare_sent (sent, play->sent, add_difference, play);
  butler__compare_failure (recorded, got, add_difference, play);
  g_mutex_lock (&play->replay->lock);
  play->replay->report->sent += g_variant_n_children (sent);
  g_mutex_unlock (&play->replay->lock);
}

static void
count_skipped (ButlerPlay *play)
{
  g_mutex_lock (&play->replay->lock);
  play->replay->report->skipped++;
  g_mutex_unlock (&play->replay->lock);
}

/* The tap */

/* What tasks and timers bring is in the file, too: it comes from there. */
static gboolean
begin_call (ButlerTap  *tap,
            ButlerCall *call)
{
  ButlerPlay *play = (ButlerPlay *) tap;

  play->compares = call->message == NULL || play->feeding;
  play->feeding = FALSE;
  if (call->message == NULL)
    {
      g_clear_pointer (&play->type, g_free);
      play->event = call->what;
    }
  if (play->compares)
    g_ptr_array_set_size (play->sent, 0);
  return play->compares;
}

/* There may be room now that was not there then. */
static gboolean
was_refused (const ButlerPlay *play)
{
  g_autoptr (GVariant) sent = play->expected != NULL ? g_variant_get_child_value (play->expected, 3) : NULL;
  gboolean refused = FALSE;

  if (sent != NULL && play->sent->len < g_variant_n_children (sent))
    g_variant_get_child (sent, play->sent->len, "(&sm@a{sv}&sb)", NULL, NULL, NULL, &refused);
  return refused;
}

static ButlerEarVerdict
hear (ButlerTap           *tap,
      ButlerCall          *call G_GNUC_UNUSED,
      const ButlerMessage *message)
{
  ButlerPlay *play = (ButlerPlay *) tap;
  g_autoptr (GVariant) record = butler_message_to_variant (message, NULL);
  gboolean refused = was_refused (play);

  g_ptr_array_add (play->sent,
                   g_variant_ref_sink (g_variant_new ("(sm@a{sv}sb)", message->layout->type->name, record, "", refused)));
  return refused ? BUTLER__EAR_REFUSES : BUTLER__EAR_KEEPS;
}

static ButlerEarVerdict
hear_outside (ButlerEar     *ear G_GNUC_UNUSED,
              ButlerMessage *message)
{
  butler_message_free (message);
  return BUTLER__EAR_KEEPS;
}

static void
end_call (ButlerTap    *tap,
          ButlerCall   *call G_GNUC_UNUSED,
          const GError *failure)
{
  ButlerPlay *play = (ButlerPlay *) tap;

  if (play->compares)
    compare (play, failure);
  play->compares = FALSE;
}

static void
play_free (ButlerTap *tap)
{
  ButlerPlay *play = (ButlerPlay *) tap;

  g_clear_pointer (&play->tape, butler__tape_close);
  butler__frame_clear (&play->next);
  g_clear_pointer (&play->intro, g_variant_unref);
  g_clear_pointer (&play->message, g_variant_unref);
  g_clear_pointer (&play->expected, g_variant_unref);
  g_ptr_array_unref (play->sent);
  g_free (play->type);
  g_free (play->name);
  g_free (play);
}

static const ButlerTapKind play_kind = {
  .begin = begin_call,
  .hear = hear,
  .end = end_call,
  .free = play_free,
};

/* Frames */

/* The whole file was read before, so what fails now is its end. */
static gboolean
next_frame (ButlerPlay *play)
{
  while (butler__tape_next (play->tape, &play->next, NULL))
    if (play->next.server == play->number && play->next.kind != BUTLER__FRAME_SERVER)
      return TRUE;
  return FALSE;
}

static gboolean
is_next (const ButlerPlay *play,
         ButlerFrameKind   kind)
{
  return play->next.body != NULL && play->next.kind == kind;
}

static void
wait_until (ButlerPlay *play,
            gint64      time)
{
  gint64 left = play->replay->since + time - g_get_monotonic_time ();

  if (play->replay->options.real_time && left > 0)
    g_usleep ((gulong) left);
}

/* Feeding */

/* (transfer full) (nullable): after a difference. */
static ButlerMessage *
make_message (ButlerPlay *play,
              const char *type_name,
              GVariant   *record)
{
  const ButlerType *type = butler__type_lookup (type_name);
  const ButlerHandlerEntry *entry = type != NULL ? butler__handlers_find (play->server->handlers, type) : NULL;
  g_autoptr (GError) error = NULL;
  ButlerMessage *message;

  if (entry == NULL || butler__layout_is_opaque (entry->layout))
    {
      add_difference (play, entry == NULL ? "no handler takes it" : "its type is opaque now");
      return NULL;
    }
  message = butler__envelope_new (entry->layout, entry->layout->size);
  if (butler__layout_from_variant (entry->layout, record, butler__envelope_payload (message), &error))
    return message;
  add_difference (play, error->message);
  butler__envelope_free (message);
  return NULL;
}

static void
hand_out (ButlerPlay    *play,
          ButlerMessage *message)
{
  play->feeding = TRUE;
  butler__server_handle_internal (play->server, message);
  play->feeding = FALSE;
  g_mutex_lock (&play->replay->lock);
  play->replay->report->messages++;
  g_mutex_unlock (&play->replay->lock);
}

/* What handlers began comes back between two messages, as in any loop. */
static void
look_after (ButlerPlay *play)
{
  butler__server_dispatch_lane (play->server, BUTLER__BATCH);
  while (g_main_context_iteration (play->server->main_context, FALSE))
    ;
}

/* @expected (transfer full) (nullable): the process had no time to write what the handler did */
static void
feed (ButlerPlay *play,
      GVariant   *expected)
{
  g_autoptr (GVariant) frame = g_steal_pointer (&play->message);
  g_autoptr (GVariant) record = NULL;
  ButlerMessage *message;
  gint64 time;

  g_clear_pointer (&play->expected, g_variant_unref);
  play->expected = expected;
  if (frame == NULL)
    return;
  g_free (play->type);
  g_variant_get (frame, "(uxsm@a{sv}s)", NULL, &time, &play->type, &record, NULL);
  play->n++;
  if (record == NULL)
    {
      count_skipped (play);
      return;
    }
  message = make_message (play, play->type, record);
  if (message == NULL)
    return;
  wait_until (play, time);
  look_after (play);
  hand_out (play, message);
}

/* FALSE: the run ends here. */
static gboolean
take_frame (ButlerPlay *play)
{
  switch (play->next.kind)
    {
    case BUTLER__FRAME_MESSAGE:
      feed (play, NULL);
      play->message = g_variant_ref (play->next.body);
      return TRUE;
    case BUTLER__FRAME_RETURN:
      feed (play, g_variant_ref (play->next.body));
      return TRUE;
    case BUTLER__FRAME_GENERATION:
      g_mutex_lock (&play->replay->lock);
      play->replay->report->swapped = TRUE;
      g_mutex_unlock (&play->replay->lock);
      return TRUE;
    default:
      return FALSE;
    }
}

/* A run that is being stopped ends its start's work first, and its end is compared if the file has it. */
void
butler__play_loop (ButlerServer *server G_GNUC_UNUSED,
                   gpointer      data)
{
  ButlerPlay *play = data;

  play->ear = (ButlerEar) { .hear = hear_outside };
  butler__ear_begin (&play->ear);
  while (play->next.body != NULL && take_frame (play))
    next_frame (play);
  feed (play, NULL);
  look_after (play);
  butler__ear_end (&play->ear);
  if (!is_next (play, BUTLER__FRAME_STOP))
    return;
  play->expected = g_variant_ref (play->next.body);
  next_frame (play);
}

/* One run after the other */

static void
skip_run (ButlerPlay *play)
{
  while (play->next.body != NULL && !is_next (play, BUTLER__FRAME_START))
    {
      if (is_next (play, BUTLER__FRAME_MESSAGE))
        count_skipped (play);
      next_frame (play);
    }
}

void
butler__play_start (ButlerPlay *play)
{
  if (is_next (play, BUTLER__FRAME_START))
    {
      play->expected = g_variant_ref (play->next.body);
      next_frame (play);
    }
  if (!butler_server_start (play->server, NULL)) /* its tap has told of it */
    skip_run (play);
}

/* The server ends by itself, when its part of the file does. */
void
butler__play_go_on (ButlerPlay *play)
{
  butler_server_join (play->server);
  while (play->next.body != NULL)
    {
      butler__play_start (play);
      butler_server_join (play->server);
    }
}

/* What there is */

ButlerPlay *
butler__play_new (ButlerReplay *replay,
                  GVariant     *intro)
{
  ButlerPlay *play = g_new0 (ButlerPlay, 1);

  butler__tap_init (&play->tap, &play_kind, NULL);
  play->replay = replay;
  play->intro = g_variant_ref (intro);
  play->sent = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_variant_get (intro, "(usssum@a{sv})", &play->number, &play->name, NULL, NULL, NULL, NULL);
  return play;
}

void
butler__play_prepare (ButlerPlay   *play,
                      ButlerTape   *tape,
                      ButlerServer *server)
{
  play->tape = tape;
  play->server = butler_server_ref (server);
  server->main_context = g_main_context_new (); /* as the default loop has one: nobody has started it yet */
  g_atomic_ref_count_inc (&play->tap.ref_count);
  butler__taps_add (server, &play->tap);
  next_frame (play);
}

void
butler__play_free (ButlerPlay *play)
{
  if (play->server != NULL)
    butler_server_remove (play->server);
  g_clear_pointer (&play->server, butler_server_unref);
  butler__tap_unref (&play->tap);
}
