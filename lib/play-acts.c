/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/play.h"

/* The part of the file that one server has, as acts. */

/* The whole file was read before, so what fails now is its end. */
gboolean
butler__play_next_frame (ButlerPlay *play)
{
  while (butler__tape_next (play->tape, &play->next, NULL))
    if (play->next.server == play->number && play->next.kind != BUTLER__FRAME_SERVER)
      return TRUE;
  return FALSE;
}

gboolean
butler__play_is_next (const ButlerPlay *play,
                      ButlerFrameKind   kind)
{
  return play->next.body != NULL && play->next.kind == kind;
}

gboolean
butler__play_is_event_next (const ButlerPlay *play)
{
  return butler__play_is_next (play, BUTLER__FRAME_START) || butler__play_is_next (play, BUTLER__FRAME_STOP);
}

void
butler__act_free (gpointer data)
{
  ButlerAct *act = data;

  g_variant_unref (act->body);
  g_clear_pointer (&act->result, g_variant_unref);
  g_ptr_array_unref (act->nested);
  g_free (act);
}

static gboolean
take_result (ButlerPlay *play,
             ButlerAct  *act)
{
  if (!butler__play_is_next (play, BUTLER__FRAME_RETURN))
    return FALSE;
  act->result = g_variant_ref (play->next.body);
  butler__play_next_frame (play);
  return TRUE;
}

/* The one that is next, whatever it is. */
static ButlerAct *
begin_act (ButlerPlay *play)
{
  ButlerAct *act = g_new0 (ButlerAct, 1);

  act->kind = play->next.kind;
  act->body = g_variant_ref (play->next.body);
  act->nested = g_ptr_array_new_with_free_func (butler__act_free);
  butler__play_next_frame (play);
  return act;
}

ButlerAct *
butler__play_read_act (ButlerPlay *play)
{
  ButlerAct *act = begin_act (play);

  if (act->kind == BUTLER__FRAME_MESSAGE || act->kind == BUTLER__FRAME_ANSWER)
    take_result (play, act);
  return act;
}

/* A start or a stop, with what lies within. */
ButlerAct *
butler__play_read_event (ButlerPlay *play)
{
  ButlerAct *act = begin_act (play);

  while (play->next.body != NULL && !butler__play_is_event_next (play) && !take_result (play, act))
    g_ptr_array_add (act->nested, butler__play_read_act (play));
  return act;
}
