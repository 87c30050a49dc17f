/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/ask.h"

#include <string.h>

#include "lib/message.h"

/* What all questions have, however they are asked. */

static void
message_fails (ButlerAsk *ask,
               GError    *error)
{
  butler__question_end ((ButlerQuestion *) ask, NULL, error);
}

static void
message_leaves (ButlerAsk *ask)
{
  ButlerQuestion *question = (ButlerQuestion *) ask;

  if (!atomic_load_explicit (&question->over, memory_order_relaxed))
    butler__question_fail (question, BUTLER_ERROR_NO_REPLY, "who had it let it go without a reply");
  butler__question_unref (question);
}

void
butler__question_init (ButlerQuestion     *question,
                       const ButlerLayout *layout,
                       void              (*deliver) (ButlerQuestion *question),
                       void              (*free_func) (ButlerQuestion *question))
{
  question->header = (ButlerAsk) { .fail = message_fails, .leave = message_leaves, .move = butler__question_move };
  g_atomic_ref_count_init (&question->ref_count);
  question->type = layout->type->name;
  question->deliver = deliver;
  question->free = free_func;
  atomic_init (&question->place, NULL);
  atomic_init (&question->over, FALSE);
  atomic_init (&question->parts, 2);
}

void
butler__question_move (ButlerAsk     *ask,
                       ButlerChannel *channel)
{
  atomic_store_explicit (&((ButlerQuestion *) ask)->place, channel, memory_order_relaxed);
}

void
butler__question_clear (ButlerQuestion *question)
{
  g_clear_pointer (&question->reply, butler_message_free);
  g_clear_error (&question->error);
}

ButlerQuestion *
butler__question_ref (ButlerQuestion *question)
{
  g_atomic_ref_count_inc (&question->ref_count);
  return question;
}

void
butler__question_unref (ButlerQuestion *question)
{
  if (g_atomic_ref_count_dec (&question->ref_count))
    question->free (question);
}

static void
part_done (ButlerQuestion *question)
{
  if (atomic_fetch_sub_explicit (&question->parts, 1, memory_order_acq_rel) == 1)
    question->deliver (question);
}

gboolean
butler__question_end (ButlerQuestion *question,
                      ButlerMessage  *reply,
                      GError         *error)
{
  if (atomic_exchange_explicit (&question->over, TRUE, memory_order_acq_rel))
    {
      g_clear_pointer (&reply, butler_message_free);
      g_clear_error (&error);
      return FALSE;
    }
  question->reply = reply;
  question->error = error;
  part_done (question);
  return TRUE;
}

gboolean
butler__question_fail (ButlerQuestion *question,
                       ButlerError     code,
                       const char     *why)
{
  return butler__question_end (question, NULL, g_error_new (BUTLER_ERROR, (int) code, "%s was not answered: %s", question->type, why));
}

void
butler__question_begun (ButlerQuestion *question)
{
  part_done (question);
}

void
butler__question_send (ButlerQuestion     *question,
                       ButlerChannel      *channel,
                       const ButlerLayout *layout,
                       gpointer            value)
{
  ButlerMessage *message = butler__message_new (layout, value);
  GError *error = NULL;

  memset (value, 0, layout->size);
  butler__question_move (&question->header, channel);
  message->ask = &butler__question_ref (question)->header;
  if (butler__channel_put_unowned (channel, message, &error))
    return;
  butler__question_end (question, NULL, error);
  butler_message_free (message);
}

static void
on_cancelled (GCancellable *cancellable G_GNUC_UNUSED,
              gpointer      question)
{
  butler__question_fail (question, BUTLER_ERROR_CANCELLED, "it was cancelled");
}

static void
unref_question (gpointer question)
{
  butler__question_unref (question);
}

gulong
butler__question_watch (ButlerQuestion *question,
                        GCancellable   *cancellable)
{
  if (cancellable == NULL)
    return 0;
  return g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), butler__question_ref (question), unref_question);
}

gint64
butler__ask_deadline (int timeout_ms)
{
  return timeout_ms < 0 ? -1 : butler__deadline_after ((gint64) timeout_ms * 1000);
}
