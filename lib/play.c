/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/play.h"

#include "lib/ask.h"
#include "lib/message.h"
#include "lib/pending.h"
#include "lib/switch.h"

static void
wait_until (ButlerPlay *play,
            gint64      time)
{
  gint64 left = play->replay->since + time - g_get_monotonic_time ();

  if (play->replay->options.real_time && left > 0)
    g_usleep ((gulong) left);
}

/* Feeding */

/* What concerns all messages of a type is one difference. */
static void
say_once (ButlerPlay *play,
          const char *type,
          const char *what)
{
  g_autofree char *line = g_strdup_printf ("%s, and so for all of its type", what);

  butler__play_count_skipped (play, 1);
  if (g_hash_table_add (play->strange, g_strdup (type)))
    butler__play_differ (play, play->where, line);
}

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
      say_once (play, type_name, entry == NULL ? "no handler takes it" : "its type is opaque now");
      return NULL;
    }
  message = butler__envelope_new (entry->layout, entry->layout->size);
  if (butler__layout_from_variant (entry->layout, record, butler__envelope_payload (message), &error))
    return message;
  butler__play_differ (play, play->where, error->message);
  butler__envelope_free (message);
  return NULL;
}

/* Who asked is not here, but a handler may look whether somebody did. */
static void
forget_question (ButlerQuestion *question)
{
  butler__question_clear (question);
  g_free (question);
}

static void
drop_answer (ButlerQuestion *question G_GNUC_UNUSED)
{
}

static void
ask_message (ButlerMessage *message)
{
  ButlerQuestion *question = g_new0 (ButlerQuestion, 1);

  butler__question_init (question, message->layout, drop_answer, forget_question);
  butler__question_begun (question);
  message->ask = &question->header;
}

static void
hand_out (ButlerPlay    *play,
          ButlerMessage *message)
{
  play->feeding = TRUE;
  butler__server_handle_internal (play->server, message);
  play->feeding = FALSE;
}

static void
count (ButlerPlay *play,
       guint64    *figure)
{
  g_mutex_lock (&play->replay->lock);
  ++*figure;
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

static void
set_next (ButlerPlay *play,
          ButlerAct  *act,
          char       *where)
{
  g_free (play->where);
  play->where = where;
  g_clear_pointer (&play->expected, g_variant_unref);
  play->expected = act->result != NULL ? g_variant_ref (act->result) : NULL;
}

static void
feed_message (ButlerPlay *play,
              ButlerAct  *act)
{
  ButlerTick *tick = &play->server->context.tick;
  g_autoptr (GVariant) record = NULL;
  ButlerMessage *message;
  const char *type;
  gboolean asked;
  ButlerTick was = { 0 };
  gint64 time;

  g_variant_get (act->body, "(ux&sm@a{sv}sb(txt))", NULL, &time, &type, &record, NULL, &asked, &was.timer, &was.deadline, &was.missed);
  set_next (play, act, g_strdup_printf ("message %" G_GUINT64_FORMAT " (%s)", ++play->messages, type));
  if (record == NULL)
    {
      butler__play_count_skipped (play, 1);
      return;
    }
  message = make_message (play, type, record);
  if (message == NULL)
    return;
  if (asked)
    ask_message (message);
  wait_until (play, time);
  look_after (play);
  if (was.timer != 0)
    was.deadline += play->replay->since;
  *tick = was;
  hand_out (play, message);
  *tick = (ButlerTick) { 0 };
  count (play, &play->replay->report->messages);
}

/* The callback runs as it comes back by the lane. */
static void
give_answer (ButlerPlay     *play,
             ButlerQuestion *question,
             ButlerAct      *act)
{
  g_autoptr (GVariant) answer = g_variant_get_child_value (act->body, 3);
  GError *error = NULL;
  ButlerMessage *reply = butler__play_make_answer (answer, &error);

  set_next (play, act, g_strdup_printf ("answer %" G_GUINT64_FORMAT " (to %s)", ++play->answers, question->type));
  look_after (play);
  play->answered = question;
  if (butler__question_end (question, reply, error))
    {
      look_after (play);
      count (play, &play->replay->report->answers);
    }
  play->answered = NULL;
}

static void
feed_answer (ButlerPlay *play,
             ButlerAct  *act)
{
  ButlerQuestion *question = NULL;
  gpointer key = NULL;
  gpointer found = NULL;
  guint64 number;
  gint64 time;

  g_variant_get (act->body, "(uxt@" BUTLER__TAPE_ANSWER ")", NULL, &time, &number, NULL);
  if (!g_hash_table_steal_extended (play->asked, &number, &key, &found))
    {
      play->answers++;
      butler__play_count_skipped (play, 1);
      return;
    }
  g_free (key);
  question = found;
  wait_until (play, time);
  give_answer (play, question, act);
  butler__question_unref (question);
}

static void
feed (ButlerPlay *play,
      ButlerAct  *act)
{
  if (act->kind == BUTLER__FRAME_MESSAGE)
    feed_message (play, act);
  else if (act->kind == BUTLER__FRAME_ANSWER)
    feed_answer (play, act);
  else if (act->kind == BUTLER__FRAME_GENERATION)
    {
      g_mutex_lock (&play->replay->lock);
      play->replay->report->swapped = TRUE;
      g_mutex_unlock (&play->replay->lock);
    }
}

/* Nothing is asked yet, but what is held, such as the reading of a file, may ask. */
static gboolean
is_too_early (ButlerPlay      *play,
              const ButlerAct *act)
{
  return act->kind == BUTLER__FRAME_ANSWER && g_hash_table_size (play->asked) == 0 && butler__pending_is_held (play->server);
}

/* Its server waits, or will not. What it asked, and the file has no answer to within, it may wait for in vain. */
void
butler__play_feed_nested (ButlerPlay *play)
{
  ButlerAct *act = play->act;

  if (act == NULL)
    return;
  while (act->nested->len > 0)
    {
      ButlerAct *one = act->nested->pdata[0];

      if (is_too_early (play, one))
        return;
      g_ptr_array_steal_index (act->nested, 0);
      feed (play, one);
      butler__act_free (one);
    }
  if (act->kind == BUTLER__FRAME_STOP || act->result == NULL || butler__pending_is_held (play->server))
    butler__play_end_questions (play);
}

void
butler__play_end_act (ButlerPlay *play)
{
  if (play->act != NULL)
    butler__play_count_skipped (play, play->act->nested->len);
  g_clear_pointer (&play->act, butler__act_free);
}

/* A run that is being stopped ends its start's work first, and its end is compared if the file has it. */
void
butler__play_loop (ButlerServer *server G_GNUC_UNUSED,
                   gpointer      data)
{
  ButlerPlay *play = data;

  butler__ear_begin (&play->ear);
  while (play->next.body != NULL && !butler__play_is_event_next (play))
    {
      ButlerAct *act = butler__play_read_act (play);

      feed (play, act);
      butler__act_free (act);
    }
  butler__play_end_questions (play);
  look_after (play);
  butler__ear_end (&play->ear);
  if (butler__play_is_next (play, BUTLER__FRAME_STOP))
    play->act = butler__play_read_event (play);
}

/* One run after the other */

static void
skip_run (ButlerPlay *play)
{
  while (play->next.body != NULL && !butler__play_is_next (play, BUTLER__FRAME_START))
    {
      if (butler__play_is_next (play, BUTLER__FRAME_MESSAGE) || butler__play_is_next (play, BUTLER__FRAME_ANSWER))
        butler__play_count_skipped (play, 1);
      butler__play_next_frame (play);
    }
}

void
butler__play_start (ButlerPlay *play)
{
  if (butler__play_is_next (play, BUTLER__FRAME_START))
    play->act = butler__play_read_event (play);
  if (!butler_server_start (play->server, NULL)) /* its tap has told of it */
    {
      butler__play_end_act (play);
      skip_run (play);
    }
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

  butler__play_init (play);
  play->replay = replay;
  play->intro = g_variant_ref (intro);
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
  butler__play_next_frame (play);
}

void
butler__play_clear (ButlerPlay *play)
{
  g_clear_pointer (&play->tape, butler__tape_close);
  g_clear_pointer (&play->act, butler__act_free);
  butler__frame_clear (&play->next);
  g_clear_pointer (&play->intro, g_variant_unref);
  g_free (play->name);
}

void
butler__play_free (ButlerPlay *play)
{
  if (play->server != NULL)
    butler_server_remove (play->server);
  g_clear_pointer (&play->server, butler_server_unref);
  butler__tap_unref (&play->tap);
}
