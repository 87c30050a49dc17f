/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ear.h"

#include "lib/outbox.h"

static GPrivate ear_here;

/* All look at one word for outboxes and ears: it says no more than that there is something to look for. */
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

/* (nullable) */
static ButlerEar *
get_ear (void)
{
  return atomic_load_explicit (&butler__outboxes_open, memory_order_relaxed) != 0 ? g_private_get (&ear_here) : NULL;
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
butler__ear_hear (ButlerMessage *message,
                  gboolean       urgent)
{
  ButlerEar *ear = get_ear ();
  ButlerDeed deed = {
    .kind = urgent ? BUTLER__DEED_URGENT : BUTLER__DEED_SEND,
    .layout = message->layout,
    .value = butler__envelope_payload (message),
    .message = message,
  };

  if (ear == NULL)
    return FALSE;
  if (ear->inside > 0)
    deed.kind = BUTLER__DEED_COPY;
  if (!ear->hear (ear, &deed))
    return FALSE;
  ear->refusal = deed.error;
  if (ear->refusal == NULL)
    butler_message_free (message);
  return TRUE;
}

gboolean
butler__ear_refuses (GError **error)
{
  ButlerEar *ear = get_ear ();

  if (ear == NULL || ear->refusal == NULL)
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&ear->refusal));
  return TRUE;
}

void
butler__ear_tell (int code)
{
  ButlerEar *ear = get_ear ();
  ButlerDeed deed = { .kind = BUTLER__DEED_SEND, .outcome = 1 + code };

  if (ear != NULL && ear->inside == 0 && ear->told != NULL)
    ear->told (ear, &deed);
}

/* What an outbox holds back is not certain to happen. */
gboolean
butler__deed_begin (ButlerDeed *deed)
{
  ButlerEar *ear = get_ear ();

  if (ear == NULL || butler__outbox_is_open ())
    return FALSE;
  if (ear->hear (ear, deed))
    return TRUE;
  ear->inside++;
  deed->ear = ear;
  return FALSE;
}

void
butler__deed_end (ButlerDeed *deed)
{
  if (deed->ear == NULL)
    return;
  deed->ear->inside--;
  if (deed->ear->told != NULL)
    deed->ear->told (deed->ear, deed);
}
