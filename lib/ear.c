/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ear.h"

#include <threadbutler/error.h>

#include "lib/outbox.h"

static GPrivate ear_here;

/* Sends look at one word for outboxes and ears: it says no more than that there is something to look for. */
void
butler__ears_open (void)
{
  atomic_fetch_add_explicit (&butler__outboxes_open, 1, memory_order_relaxed);
}

void
butler__ears_close (void)
{
  atomic_fetch_sub_explicit (&butler__outboxes_open, 1, memory_order_relaxed);
}

void
butler__ear_begin (ButlerEar *ear)
{
  ear->before = g_private_get (&ear_here);
  g_private_set (&ear_here, ear);
}

void
butler__ear_end (ButlerEar *ear)
{
  g_private_set (&ear_here, ear->before);
}

gboolean
butler__ear_hear (ButlerMessage *message)
{
  ButlerEar *ear = g_private_get (&ear_here);
  ButlerEarVerdict verdict = ear != NULL ? ear->hear (ear, message) : BUTLER__EAR_PASSES;

  if (verdict == BUTLER__EAR_REFUSES)
    ear->refuses = TRUE;
  return verdict != BUTLER__EAR_PASSES;
}

/* @message was consumed, unless the ear refuses it. */
gboolean
butler__ear_refuses (const ButlerMessage *message,
                     GError             **error)
{
  ButlerEar *ear = g_private_get (&ear_here);

  if (ear == NULL || !ear->refuses)
    return FALSE;
  ear->refuses = FALSE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FULL, "%s was not sent: its channel was full when this was recorded",
               message->layout->type->name);
  return TRUE;
}

void
butler__ear_refuse (void)
{
  ButlerEar *ear = g_private_get (&ear_here);

  if (ear != NULL && ear->refuse != NULL)
    ear->refuse (ear);
}
