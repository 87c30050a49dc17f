/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* Questions: each ends once. */

typedef struct
{
  Sender *sender;
  guint   ends;
} Question;

static int
draw_limit (Sender *sender)
{
  return dice (sender, 3) == 0 ? -1 : (int) dice (sender, 50);
}

static void
check_end (Field         *field,
           ButlerMessage *answer,
           GError        *error)
{
  g_assert_true ((answer == NULL) == (error != NULL));
  add (&field->tally.answers, 1);
  add (&field->tally.replies, answer != NULL);
  if (error != NULL)
    g_assert_true (error->domain == BUTLER_ERROR);
  g_clear_pointer (&answer, butler_message_free);
  g_clear_error (&error);
}

static void
on_answer (GObject      *nothing G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      data)
{
  Question *question = data;
  GError *error = NULL;
  ButlerMessage *answer = load_ask_finish (result, &error);

  g_assert_cmpuint (++question->ends, ==, 1);
  question->sender->open--;
  check_end (question->sender->field, answer, error);
  g_free (question);
}

void
ask_async (Field  *field,
           Sender *sender,
           guint   to)
{
  g_autoptr (GCancellable) cancellable = dice (sender, 4) == 0 ? g_cancellable_new () : NULL;
  Load load = ticket_new (field, sender, TICKET_ASKED, to, 0, dice (sender, 3));
  Question *question = g_new0 (Question, 1);

  question->sender = sender;
  sender->open++;
  add (&field->tally.asks, 1);
  load_ask_async_to (atomic_load (&field->slots[to].channel), &load, draw_limit (sender), cancellable, on_answer, question);
  if (cancellable != NULL && dice (sender, 2) == 0)
    g_cancellable_cancel (cancellable);
}

void
ask_sync (Field  *field,
          Sender *sender,
          guint   to)
{
  Load load = ticket_new (field, sender, TICKET_ASKED, to, 0, dice (sender, 3));
  GError *error = NULL;
  ButlerMessage *answer;

  add (&field->tally.asks, 1);
  answer = load_ask_sync_to (atomic_load (&field->slots[to].channel), &load, draw_limit (sender), NULL, &error);
  check_end (field, answer, error);
}

/* Answering */

static Load
answer_of (Slot *slot)
{
  return ticket_new (slot->field, &slot->sender, TICKET_REPLY, slot->index, 0, 0);
}

/* On a thread of the pool: nothing of the server's may be touched there. */
typedef struct
{
  Slot          *slot;
  ButlerContext *held;
  Load           answer;
  Load           result; /* comes back to the server as a message of its own */
} Errand;

static void
run_errand (ButlerTask *task,
            gpointer    data)
{
  Errand *errand = data;

  load_reply (errand->held, &errand->answer);
  butler_context_release (g_steal_pointer (&errand->held));
  if (errand->result.ticket != NULL)
    load_return (task, &errand->result);
  else
    butler_task_fail (task, "as it was asked to");
}

/* Also of one that has not run, as its server is ended. */
static void
errand_free (gpointer data)
{
  Errand *errand = data;

  if (errand->held != NULL)
    butler_context_release (errand->held);
  load_clear (&errand->answer);
  load_clear (&errand->result);
  add (&errand->slot->field->tally.tasks_ended, 1);
  g_free (errand);
}

static void
send_errand (Slot          *slot,
             ButlerContext *context)
{
  Errand *errand = g_new0 (Errand, 1);

  errand->slot = slot;
  errand->held = butler_context_hold (context);
  errand->answer = answer_of (slot);
  if (dice (&slot->sender, 2) == 0)
    errand->result = ticket_new (slot->field, &slot->sender, TICKET_RESULT, slot->index, 0, 0);
  add (&slot->field->tally.tasks, 1);
  butler_context_run_task (context, "errand", run_errand, errand, errand_free);
}

void
ask_answer (Slot          *slot,
            ButlerContext *context)
{
  guint way = dice (&slot->sender, 10);

  if (way < 6)
    {
      Load answer = answer_of (slot);

      load_reply (context, &answer);
    }
  else if (way < 8)
    send_errand (slot, context);
}
