/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#define BUTLER_STATIC

#include <gio/gio.h>

#include "tests/leftovers.h"
#include "tests/servers.h"

/* What handlers do beside sending, in a recording and once more: publish, ask, answer, set timers. Whatever came of it is told to a
 * channel, so that a replay in which something else comes of it differs. */

#define LINE_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (Line, line, LINE_FIELDS);

#define WORKER_FIELDS(F, R) \
  F (R, uint64, timer)      \
  F (R, uint64, ticks)
BUTLER_RECORD (Worker, worker, WORKER_FIELDS);

#define WORKER_HANDLES(H, S) \
  H (S, number)              \
  H (S, line)
BUTLER_HANDLERS (worker, WORKER_HANDLES);

typedef enum
{
  PUBLISH,
  ASK,
  ASK_IN_VAIN,
  ASK_AND_WAIT,
  ASK_TWICE,
  SEND_LATER,
  SEND_EVERY,
  SEND_URGENTLY,
  REPLY,
  REPLY_LATER,
  CLOSED,
} Job;

/* What the plugin does otherwise than before; written while no server runs. */
static struct
{
  gboolean asks_at_start;
  gboolean asks_when_idle;    /* at the start, but not at once */
  gboolean asks_carelessly;   /* at the start, and does not wait */
  gboolean asks_at_end;
  gboolean asks_more;
  gboolean asks_otherwise;
  gboolean publishes_otherwise;
  gboolean sends;             /* where it published */
  gboolean is_slow;           /* its timers */
  gboolean replies_otherwise;
} change;

static void G_GNUC_PRINTF (2, 3)
say (ButlerHub  *hub,
     const char *format,
     ...)
{
  Line line = { 0 };
  va_list args;

  va_start (args, format);
  line.text = g_strdup_vprintf (format, args);
  va_end (args);
  line_send (hub, &line, NULL);
}

static void
say_answer (ButlerContext *context,
            GAsyncResult  *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Note) note = note_from_message (note_ask_finish (result, &error), &error);

  say (butler_context_get_hub (context), "%s", note != NULL ? note->text : error->message);
}

static void
on_answer (GObject      *nobody G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      held)
{
  say_answer (held, result);
  butler_context_release (held);
}

static void
on_answer_reply (GObject      *nobody,
                 GAsyncResult *result,
                 gpointer      held)
{
  say (butler_context_get_hub (held), "counted: %d", note_reply (held, &(Note) { .number = 8 }));
  on_answer (nobody, result, held);
}

static void
ask (ButlerContext       *context,
     int                  number,
     GAsyncReadyCallback  callback)
{
  Note question = { .number = number + (change.asks_otherwise ? 100 : 0), .text = g_strdup ("how much?") };

  note_ask_async (butler_context_get_hub (context), &question, -1, NULL, callback, butler_context_hold (context));
}

static void
on_answer_ask (GObject      *nobody,
               GAsyncResult *result,
               gpointer      held)
{
  ask (held, 3, on_answer);
  on_answer (nobody, result, held);
}

static void
wait_for_answer (ButlerContext *context)
{
  g_autoptr (GError) error = NULL;
  Note question = { .number = 5 };
  g_autoptr (Note) note = note_from_message (note_ask_sync (butler_context_get_hub (context), &question, -1, NULL, &error), &error);

  say (butler_context_get_hub (context), "%s", note != NULL ? note->text : error->message);
}

static void
publish_it (ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  Note note = { .number = change.publishes_otherwise ? 2 : 1 };

  if (change.sends)
    note_send (hub, &note, NULL);
  else
    say (hub, "%u got it", note_publish (hub, &note, NULL));
}

static void
send_to_closed (ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  ButlerChannel *closed = butler_hub_get_channel (hub, "closed");
  g_autoptr (GError) error = NULL;

  if (closed == NULL)
    closed = butler_context_get_channel (context); /* in a replay nothing gets there */
  number_send_to (closed, &(Number) { 1 }, &error);
  say (hub, "closed: %d", g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED));
}

static void
worker_on_number (Worker        *self,
                  Number        *number,
                  ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  ButlerServer *server = butler_context_get_server (context);
  Line line = { .text = g_strdup ("tick") };

  switch ((Job) number->value)
    {
    case PUBLISH:
      publish_it (context);
      break;
    case ASK:
      ask (context, 1, on_answer);
      if (change.asks_more)
        ask (context, 2, on_answer);
      break;
    case ASK_IN_VAIN:
      ask (context, -1, on_answer);
      break;
    case ASK_AND_WAIT:
      wait_for_answer (context);
      break;
    case ASK_TWICE:
      ask (context, 2, on_answer_ask);
      break;
    case SEND_LATER:
      self->timer = line_send_later (server, &line, change.is_slow ? 2 : 1, NULL);
      break;
    case SEND_EVERY:
      self->timer = line_send_every (server, &line, 1, NULL);
      break;
    case SEND_URGENTLY:
      line_send_urgent (hub, &line, NULL);
      break;
    case REPLY:
      say (hub, "asked: %d", butler_context_is_asked (context));
      say (hub, "counted: %d", note_reply (context, &(Note) { .number = change.replies_otherwise ? 7 : 6 }));
      break;
    case REPLY_LATER:
      ask (context, 4, on_answer_reply);
      break;
    case CLOSED:
      send_to_closed (context);
      break;
    }
  line_clear (&line);
}

static void
worker_on_line (Worker        *self,
                Line          *line G_GNUC_UNUSED,
                ButlerContext *context)
{
  ButlerServer *server = butler_context_get_server (context);

  say (butler_context_get_hub (context), "mine: %d", butler_context_get_timer (context) == self->timer);
  if (++self->ticks == 3)
    say (butler_context_get_hub (context), "cancelled: %d", butler_server_cancel_timer (server, self->timer));
}

static gboolean
ask_when_idle (gpointer held)
{
  ask (held, 12, on_answer);
  butler_context_release (held);
  return G_SOURCE_REMOVE;
}

static void
be_idle (ButlerContext *context)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, ask_when_idle, butler_context_hold (context), NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

static gboolean
worker_start (Worker        *self G_GNUC_UNUSED,
              gconstpointer  nothing G_GNUC_UNUSED,
              ButlerContext *context,
              GError       **error G_GNUC_UNUSED)
{
  if (change.asks_at_start)
    ask (context, 10, on_answer_ask);
  if (change.asks_when_idle)
    be_idle (context);
  if (change.asks_carelessly)
    note_ask_async (butler_context_get_hub (context), &(Note) { .number = 10 }, -1, NULL, NULL, NULL);
  return TRUE;
}

static void
worker_stop (Worker        *self G_GNUC_UNUSED,
             ButlerContext *context)
{
  if (change.asks_at_end)
    ask (context, 11, on_answer);
}

static const ButlerHandlerSet worker_set = {
  BUTLER_HANDLER_SET (worker),
  BUTLER_START_PLAIN (worker, worker_start),
  BUTLER_STOP (worker, worker_stop),
};
BUTLER_PLUGIN (worker, "1", &worker_set)

/* Who is asked; of the program, so it is not there in a replay. */

#define ORACLE_FIELDS(F, R) \
  F (R, int32, asked)
BUTLER_RECORD (Oracle, oracle, ORACLE_FIELDS);

#define ORACLE_HANDLES(H, S) \
  H (S, note)
BUTLER_HANDLERS (oracle, ORACLE_HANDLES);

static void
oracle_on_note (Oracle        *self,
                Note          *note,
                ButlerContext *context)
{
  if (note->number < 0)
    butler_context_fail (context, "%d is nothing", note->number);
  else
    note_reply (context, &(Note) { .text = g_strdup_printf ("answer %d to %d", ++self->asked, note->number) });
}

static const ButlerHandlerSet oracle_set = { BUTLER_HANDLER_SET (oracle) };

static Leftovers      left;
static ButlerHub     *hub;
static ButlerModule  *module;
static ButlerChannel *lines;
static ButlerChannel *news;
static ButlerServer  *worker;
static char          *path;
static GPtrArray     *differences;

static void
begin_hub (void)
{
  GError *error = NULL;

  hub = butler_hub_new ();
  module = butler_module_add_static (hub, &butler_plugin_worker, &error);
  butler_assert_no_error (error);
}

static void
begin_others (void)
{
  GError *error = NULL;

  lines = own_channel (hub, "lines", 0, BUTLER_OVERFLOW_FAIL);
  news = own_channel (hub, "news", 0, BUTLER_OVERFLOW_FAIL);
  ck_assert (line_route (hub, lines, NULL));
  ck_assert (note_subscribe (hub, news, NULL));
  butler_channel_close (own_channel (hub, "closed", 0, BUTLER_OVERFLOW_FAIL));
  start (butler_server_new (hub, "oracle", &oracle_set, NULL, &error));
  butler_assert_no_error (error);
}

static void
set_up (void)
{
  leftovers_begin (&left);
  path = g_build_filename (left.folder, "recording", NULL);
  differences = g_ptr_array_new_with_free_func (g_free);
  memset (&change, 0, sizeof change);
  begin_hub ();
  begin_others ();
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&differences, g_ptr_array_unref);
  g_unlink (path);
  g_clear_pointer (&path, g_free);
  leftovers_end (&left);
}

static void
start_worker (void)
{
  GError *error = NULL;

  ck_assert (butler_hub_record_start (hub, path, NULL, &error));
  worker = butler_server_new (hub, "worker", butler_module_get_set (module, "worker", NULL), BUTLER_SERVER_OPTIONS (.no_route = TRUE),
                              &error);
  butler_assert_no_error (error);
  start (worker);
}

static void
stop_worker (void)
{
  GError *error = NULL;

  butler_server_remove (worker);
  ck_assert (butler_hub_record_stop (hub, &error));
  butler_assert_no_error (error);
}

static void
expect_line (const char *text)
{
  g_autoptr (ButlerMessage) message = butler_channel_receive (lines, -1, NULL);

  ck_assert_str_eq (line_get (message)->text, text);
}

static void
keep_difference (const char *difference,
                 gpointer    data)
{
  g_ptr_array_add (data, g_strdup (difference));
}

/* With nobody around, as threadbutler replay does it. */
static ButlerReplayReport *
replay (void)
{
  GError *error = NULL;
  ButlerReplayReport *report;

  g_clear_pointer (&hub, butler_hub_unref);
  begin_hub ();
  g_ptr_array_set_size (differences, 0);
  report = butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.difference = keep_difference, .data = differences), &error);
  butler_assert_no_error (error);
  return report;
}

static void
replay_is_the_same (guint messages,
                    guint sent,
                    guint answers)
{
  g_autoptr (ButlerReplayReport) report = replay ();

  if (differences->len > 0)
    ck_abort_msg ("%s", (char *) differences->pdata[0]);
  ck_assert_uint_eq (report->messages, messages);
  ck_assert_uint_eq (report->sent, sent);
  ck_assert_uint_eq (report->answers, answers);
  ck_assert_uint_eq (report->skipped, 0);
}

static void
replay_differs (const char *first)
{
  g_autoptr (ButlerReplayReport) report = replay ();

  ck_assert_uint_gt (differences->len, 0);
  ck_assert_str_eq (differences->pdata[0], first);
  ck_assert_uint_eq (report->differences, differences->len);
}

/* Jobs one after the other, each with what comes of it. */
static void
do_job (Job         job,
        const char *line)
{
  ck_assert (try_send_number (worker, (int) job));
  expect_line (line);
}

START_TEST (what_is_published_is_one_deed)
{
  start_worker ();
  do_job (PUBLISH, "1 got it");
  note_subscribe (hub, lines, NULL);
  ck_assert (try_send_number (worker, PUBLISH));
  butler_message_free (butler_channel_receive (lines, -1, NULL));
  expect_line ("2 got it");
  stop_worker ();
  replay_is_the_same (2, 4, 0);
  change.publishes_otherwise = TRUE;
  replay_differs ("worker: message 1 (Number): sent 1, published Note: number: expected 1, got 2");
  change.sends = TRUE;
  replay_differs ("worker: message 1 (Number): sent 1: expected published Note {'number': <1>}, got Note {'number': <2>}");
}
END_TEST

START_TEST (answers_come_from_the_file)
{
  expect_warnings ();
  start_worker ();
  do_job (ASK, "answer 1 to 1");
  do_job (ASK_IN_VAIN, "-1 is nothing");
  do_job (ASK_AND_WAIT, "answer 2 to 5");
  do_job (ASK_TWICE, "answer 3 to 2");
  expect_line ("answer 4 to 3");
  stop_worker ();
  assert_warnings (1, "-1 is nothing");
  replay_is_the_same (4, 10, 4);
}
END_TEST

START_TEST (what_is_asked_otherwise_is_a_difference)
{
  start_worker ();
  do_job (ASK, "answer 1 to 1");
  stop_worker ();
  change.asks_otherwise = TRUE;
  replay_differs ("worker: message 1 (Number): sent 1, question Note: number: expected 1, got 101");
  ck_assert_uint_eq (differences->len, 1); /* it has the answer all the same */
  change.asks_otherwise = FALSE;
  change.asks_more = TRUE;
  replay_differs ("worker: message 1 (Number): sent 2: expected nothing, got question Note {'number': <2>, 'text': <'how much?'>}");
  ck_assert_uint_eq (differences->len, 1);
}
END_TEST

START_TEST (a_start_and_a_stop_that_ask_are_replayed)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  change.asks_at_start = TRUE;
  change.asks_at_end = TRUE;
  start_worker ();
  expect_line ("answer 1 to 10");
  expect_line ("answer 2 to 3");
  do_job (PUBLISH, "1 got it");
  stop_worker ();
  replay_is_the_same (1, 8, 3);
  change.asks_at_start = FALSE;
  change.asks_at_end = FALSE;
  report = replay ();
  ck_assert_uint_eq (report->skipped, 3);
  ck_assert_uint_eq (report->differences, 2);
}
END_TEST

START_TEST (a_start_that_asks_when_it_is_idle_is_replayed)
{
  change.asks_when_idle = TRUE;
  start_worker ();
  expect_line ("answer 1 to 12");
  do_job (PUBLISH, "1 got it");
  stop_worker ();
  replay_is_the_same (1, 4, 1);
}
END_TEST

/* The answer came when the start was over: nobody waits for it within. */
START_TEST (a_start_that_waits_in_vain_ends)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  change.asks_carelessly = TRUE;
  start_worker ();
  do_job (PUBLISH, "1 got it");
  stop_worker ();
  replay_is_the_same (1, 3, 1);
  change.asks_carelessly = FALSE;
  change.asks_at_start = TRUE;
  report = replay ();
  ck_assert_uint_eq (report->messages, 1);
  ck_assert_uint_eq (report->skipped, 1);
  ck_assert_uint_eq (report->differences, 1); /* of the question's text */
}
END_TEST

START_TEST (timers_come_from_the_file)
{
  start_worker ();
  do_job (SEND_LATER, "mine: 1");
  do_job (SEND_EVERY, "mine: 1");
  expect_line ("mine: 1");
  expect_line ("cancelled: 1");
  do_job (PUBLISH, "1 got it");
  stop_worker ();
  replay_is_the_same (6, 9, 0);
  change.is_slow = TRUE;
  replay_differs ("worker: message 1 (Number): sent 1, timer Line: time in µs: expected 1, got 2");
}
END_TEST

START_TEST (what_is_urgent_is_so_again)
{
  start_worker ();
  do_job (SEND_URGENTLY, "tick");
  stop_worker ();
  replay_is_the_same (1, 1, 0);
}
END_TEST

START_TEST (what_was_refused_is_so_again)
{
  start_worker ();
  do_job (CLOSED, "closed: 1");
  stop_worker ();
  replay_is_the_same (1, 2, 0);
}
END_TEST

static int
ask_worker (Job job)
{
  GError *error = NULL;
  g_autoptr (Note) note = note_from_message (number_ask_sync_to (butler_server_get_channel (worker), &(Number) { (int) job }, -1, NULL, &error),
                                             &error);

  butler_assert_no_error (error);
  return note->number;
}

START_TEST (replies_are_compared)
{
  start_worker ();
  ck_assert_int_eq (ask_worker (REPLY), 6);
  expect_line ("asked: 1");
  expect_line ("counted: 1");
  do_job (REPLY, "asked: 0");
  expect_line ("counted: 0");
  ck_assert_int_eq (ask_worker (REPLY_LATER), 8);
  expect_line ("counted: 1");
  expect_line ("answer 1 to 4");
  stop_worker ();
  replay_is_the_same (3, 10, 1);
  change.replies_otherwise = TRUE;
  replay_differs ("worker: message 1 (Number): sent 2, reply Note: number: expected 6, got 7");
}
END_TEST

/* The file ends while a question is open: nobody waits for what never comes. */
START_TEST (a_question_without_an_answer_ends)
{
  g_autofree char *bytes = NULL;
  gsize size;

  change.asks_at_start = TRUE;
  start_worker ();
  do_job (ASK, "answer 1 to 10");
  expect_line ("answer 2 to 3");
  expect_line ("answer 3 to 1");
  stop_worker ();
  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize n = 16; n < size; n += 7)
    {
      g_autoptr (ButlerReplayReport) report = NULL;

      ck_assert (g_file_set_contents (path, bytes, (gssize) n, NULL));
      g_clear_pointer (&hub, butler_hub_unref);
      begin_hub ();
      report = butler_module_replay (module, path, NULL, NULL);
      ck_assert (report == NULL || report->differences == 0);
    }
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    what_is_published_is_one_deed,
    answers_come_from_the_file,
    what_is_asked_otherwise_is_a_difference,
    a_start_and_a_stop_that_ask_are_replayed,
    a_start_that_asks_when_it_is_idle_is_replayed,
    a_start_that_waits_in_vain_ends,
    timers_come_from_the_file,
    what_is_urgent_is_so_again,
    what_was_refused_is_so_again,
    replies_are_compared,
    a_question_without_an_answer_ends,
  };
  Suite *suite = suite_create ("replay-deeds");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
