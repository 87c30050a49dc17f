/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * stdin-three: three threads. The terminal's reads lines, in a loop of its own, and asks the worker's about each;
 * the worker answers the terminal; the main thread, which is no server, waits in its own channel until the terminal
 * says good-bye.
 *
 *     printf 'live\ndrawer\n' | examples/stdin-three */

#include <stdio.h>
#include <threadbutler/threadbutler.h>

#define QUESTION_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (ThreeQuestion, question, QUESTION_FIELDS);

#define ANSWER_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (ThreeAnswer, answer, ANSWER_FIELDS);

#define GOOD_BYE_FIELDS(F, R) \
  F (R, uint64, answers)
BUTLER_MESSAGE (ThreeGoodBye, good_bye, GOOD_BYE_FIELDS);

/* The worker */

#define WORKER_FIELDS(F, R) \
  F (R, uint64, asked)
BUTLER_RECORD (ThreeWorker, worker, WORKER_FIELDS);

#define WORKER_HANDLES(H, S) \
  H (S, question)
BUTLER_HANDLERS (worker, WORKER_HANDLES);

static void
worker_on_question (ThreeWorker *self, ThreeQuestion *message, ButlerContext *context)
{
  ThreeAnswer reply = { .text = g_utf8_strreverse (message->text, -1) };
  GError *error = NULL;

  self->asked++;
  if (!answer_send (butler_context_get_hub (context), &reply, &error))
    butler_context_take_error (context, error);
}

static const ButlerHandlerSet worker_set = { BUTLER_HANDLER_SET (worker) };

/* The terminal */

#define TERMINAL_FIELDS(F, R) \
  F (R, uint64, answers)
BUTLER_RECORD (ThreeTerminal, terminal, TERMINAL_FIELDS);

#define TERMINAL_HANDLES(H, S) \
  H (S, answer)
BUTLER_HANDLERS (terminal, TERMINAL_HANDLES);

static void
terminal_on_answer (ThreeTerminal *self, ThreeAnswer *message, ButlerContext *context G_GNUC_UNUSED)
{
  self->answers++;
  g_print ("> %s\n", message->text);
}

static void
terminal_stop (ThreeTerminal *self, ButlerContext *context)
{
  good_bye_send (butler_context_get_hub (context), &(ThreeGoodBye) { self->answers }, NULL);
}

static const ButlerHandlerSet terminal_set = { BUTLER_HANDLER_SET (terminal), BUTLER_STOP (terminal, terminal_stop) };

static gboolean
ask (ButlerServer *server)
{
  g_autofree char *text = NULL;
  gsize size = 0;

  return getline (&text, &size, stdin) >= 0
         && question_send (butler_server_get_hub (server), &(ThreeQuestion) { g_strdup (g_strchomp (text)) }, NULL);
}

/* Takes turns: a line, its answer, the next line. A loop that returns lets its server stop. */
static void
terminal_loop (ButlerServer *server, gpointer data)
{
  ThreeTerminal *self = data;

  for (guint64 lines = 1; ask (server); lines++)
    while (self->answers < lines && butler_server_keep_running (server))
      {
        butler_server_wait (server, -1);
        butler_server_dispatch (server, 1);
      }
}

/* The main thread */

static gboolean
wait_for_good_bye (ButlerChannel *channel, GError **error)
{
  g_autoptr (ButlerMessage) message = butler_channel_receive (channel, -1, error);

  if (message != NULL)
    g_print ("%" G_GUINT64_FORMAT " answers\n", good_bye_get (message)->answers);
  return message != NULL;
}

static gboolean
run (ButlerHub *hub, ThreeTerminal *state, GError **error)
{
  const ButlerServerOptions *options =
      BUTLER_SERVER_OPTIONS (.loop = terminal_loop, .loop_data = state, .state = state);
  ButlerChannel *own = butler_hub_add_channel (hub, "main", 0, BUTLER_OVERFLOW_FAIL, error);

  return own != NULL && good_bye_route (hub, own, error)
         && butler_server_new (hub, "terminal", &terminal_set, options, error) != NULL
         && butler_server_new (hub, "worker", &worker_set, NULL, error) != NULL && butler_hub_start (hub, error)
         && wait_for_good_bye (own, error);
}

int
main (void)
{
  ThreeTerminal state = { 0 };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (run (hub, &state, &error))
    return 0;
  g_printerr ("stdin-three: %s\n", error->message);
  return 1;
}
