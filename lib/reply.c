/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>

#include "lib/ask.h"
#include "lib/context.h"
#include "lib/ear.h"
#include "lib/message.h"
#include "lib/outbox.h"

/* The side of who was asked. */

/* (nullable) */
static ButlerQuestion *
get_question (const ButlerContext *context)
{
  if (context->held != NULL)
    context = context->held;
  return (ButlerQuestion *) (context->message != NULL ? context->message->ask : context->asked);
}

void
butler__context_keep_ask (ButlerContext *context)
{
  ButlerQuestion *question = get_question (context);

  if (question == NULL)
    return;
  butler__context_drop_ask (context);
  context->asked = &butler__question_ref (question)->header;
}

void
butler__context_drop_ask (ButlerContext *context)
{
  ButlerQuestion *question = (ButlerQuestion *) g_steal_pointer (&context->asked);

  if (question != NULL)
    butler__question_unref (question);
}

void
butler__context_answer_failure (ButlerContext *context)
{
  ButlerQuestion *question = get_question (context);

  if (question != NULL)
    butler__question_end (question, NULL, g_error_copy (context->error));
}

/* Consumes @reply. */
static gboolean
answer (ButlerQuestion *question,
        ButlerMessage  *reply)
{
  ButlerDeed deed = {
    .kind = BUTLER__DEED_REPLY, .layout = reply->layout, .value = butler__envelope_payload (reply), .message = reply
  };
  gboolean taken;
  gboolean counted = FALSE;

  deed.outcome = question != NULL && !atomic_load_explicit (&question->over, memory_order_relaxed);
  taken = butler__deed_begin (&deed);
  if (question != NULL)
    counted = butler__question_end (question, reply, NULL);
  else
    butler_message_free (reply);
  if (taken)
    return deed.outcome != 0;
  deed.outcome = counted;
  butler__deed_end (&deed);
  return counted;
}

/**
 * butler_context_reply:
 * @context: the context of a handler, or a held one
 * @info: the type of @value
 * @value: a record; its fields move into the answer and it is zero afterwards, in every case
 *
 * Answers the message that is being handled: who asked gets @value; NAME_reply() is the typed form. The first answer counts. To answer
 * later, keep a held context; to let another server answer, post the message on: `NAME_post (hub, NAME_take (context), &error)`. Who lets
 * the message go without an answer answers with %BUTLER_ERROR_NO_REPLY, and a handler that fails, with its error.
 *
 * Thread: the server's, in a handler; for a held context any.
 *
 * Returns: %TRUE if somebody waited for it; %FALSE if the message was sent and not asked, or the ask was over
 *
 * Since: 1.0
 */
gboolean
butler_context_reply (ButlerContext          *context,
                      const ButlerRecordInfo *info,
                      gpointer                value)
{
  const ButlerLayout *layout;
  ButlerQuestion *question;
  ButlerMessage *reply;

  g_return_val_if_fail (context != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);
  g_return_val_if_fail (!butler__outbox_is_open (), FALSE); /* in `swapped`: it may yet not happen */

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  question = get_question (context);
  reply = butler__message_new (layout, value);
  memset (value, 0, layout->size);
  return answer (question, reply);
}

/**
 * butler_context_is_asked:
 * @context: the context of a handler, or a held one
 *
 * Tells whether somebody waits for an answer to the message: not if it was sent, was answered, or who asked waits no more. A handler need
 * not look, as an answer that nobody waits for is only freed; it may save itself the work.
 *
 * Thread: the server's, in a handler; for a held context any.
 *
 * Returns: %TRUE if an answer would count now
 *
 * Since: 1.0
 */
gboolean
butler_context_is_asked (ButlerContext *context)
{
  const ButlerQuestion *question;

  g_return_val_if_fail (context != NULL, FALSE);

  question = get_question (context);
  return question != NULL && !atomic_load_explicit (&question->over, memory_order_relaxed);
}
