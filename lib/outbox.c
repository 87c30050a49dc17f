/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/outbox.h"

#include "lib/ear.h"
#include "lib/log.h"

typedef struct
{
  ButlerChannel *channel; /* (owned) */
  ButlerMessage *message; /* (owned) */
  gboolean       urgent;

  /* (nullable): of something else than a message */
  void         (*post) (gpointer data);
  void         (*drop) (gpointer data);
  gpointer       data;
} Letter;

_Atomic guint butler__outboxes_open;

static GPrivate outbox_here;

static void
letter_free (gpointer data)
{
  Letter *letter = data;

  if (letter->drop != NULL)
    letter->drop (letter->data);
  g_clear_pointer (&letter->message, butler_message_free);
  g_clear_pointer (&letter->channel, butler_channel_unref);
  g_free (letter);
}

void
butler__outbox_open (ButlerOutbox *outbox)
{
  g_queue_init (&outbox->letters);
  atomic_fetch_add_explicit (&butler__outboxes_open, 1, memory_order_relaxed);
  g_private_set (&outbox_here, outbox);
}

void
butler__outbox_close (ButlerOutbox *outbox G_GNUC_UNUSED)
{
  g_private_set (&outbox_here, NULL);
  atomic_fetch_sub_explicit (&butler__outboxes_open, 1, memory_order_relaxed);
}

gboolean
butler__outbox_is_open (void)
{
  return g_private_get (&outbox_here) != NULL;
}

gboolean
butler__outbox_take_slow (ButlerChannel *channel,
                          ButlerMessage *message,
                          gboolean       urgent)
{
  ButlerOutbox *outbox = g_private_get (&outbox_here);
  Letter *letter;

  if (outbox == NULL)
    return butler__ear_hear (message, urgent);
  if (channel == NULL)
    return FALSE;
  letter = g_new (Letter, 1);
  *letter = (Letter) { .channel = butler_channel_ref (channel), .message = message, .urgent = urgent };
  g_queue_push_tail (&outbox->letters, letter);
  return TRUE;
}

static gboolean
message_post (Letter  *letter,
              GError **error)
{
  ButlerMessage *message = g_steal_pointer (&letter->message);

  return letter->urgent ? butler__channel_post_urgent (letter->channel, message, TRUE, error)
                        : butler__channel_post_accepted (letter->channel, message, error);
}

void
butler__outbox_put (void   (*post) (gpointer data),
                    void   (*drop) (gpointer data),
                    gpointer data)
{
  ButlerOutbox *outbox = g_private_get (&outbox_here);
  Letter *letter = g_new (Letter, 1);

  *letter = (Letter) { .post = post, .drop = drop, .data = data };
  g_queue_push_tail (&outbox->letters, letter);
}

static void
letter_post (Letter *letter)
{
  g_autoptr (GError) error = NULL;

  if (letter->post != NULL)
    {
      letter->drop = NULL;
      letter->post (letter->data);
    }
  else if (!message_post (letter, &error))
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "what a swap held back was lost: %s", error->message);
  letter_free (letter);
}

void
butler__outbox_post (ButlerOutbox *outbox)
{
  Letter *letter;

  while ((letter = g_queue_pop_head (&outbox->letters)) != NULL)
    letter_post (letter);
}

void
butler__outbox_drop (ButlerOutbox *outbox)
{
  g_queue_clear_full (&outbox->letters, letter_free);
}
