/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/keeper.h"

/* Questions and answers. The keeper is asked for Numbers and answers with Notes; who asks is the test, or a server of a script. Whatever
 * ends a question, it ends once: callbacks are counted. */

#define SOON 1 /* ms: for what is to run out of time */
#define LATE 600000 /* ms: no test gets there */

/* The asked */

static void
answer (Keeper        *self G_GNUC_UNUSED,
        Number        *number,
        ButlerContext *context)
{
  g_assert_true (butler_context_is_asked (context));
  g_assert_true (note_reply (context, &(Note) { .number = number->value + 1, .text = g_strdup ("as you wish") }));
  g_assert_false (butler_context_is_asked (context));
  g_assert_false (note_reply (context, &(Note) { .text = g_strdup ("once more") }));
}

static void
be_silent (Keeper        *self G_GNUC_UNUSED,
           Number        *number G_GNUC_UNUSED,
           ButlerContext *context G_GNUC_UNUSED)
{
}

static void
fail_it (Keeper        *self G_GNUC_UNUSED,
         Number        *number,
         ButlerContext *context)
{
  butler_context_fail (context, "%d is not to be asked for", number->value);
}

static void
hold_all (Keeper        *self G_GNUC_UNUSED,
          Number        *number G_GNUC_UNUSED,
          ButlerContext *context)
{
  g_async_queue_push (held, butler_context_hold (context));
}

static void
take_and_free (Keeper        *self G_GNUC_UNUSED,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context)
{
  number_free (number_take (context));
}

static void
take_and_answer (Keeper        *self,
                 Number        *number,
                 ButlerContext *context)
{
  g_autoptr (Number) taken = number_take (context);

  answer (self, number, context);
  g_assert_true (taken == number);
}

static void
hold_and_answer (Keeper        *self,
                 Number        *number,
                 ButlerContext *context)
{
  ButlerContext *kept = butler_context_hold (context);

  answer (self, number, context);
  butler_context_release (kept);
}

/* Those that come behind it are there when the gate opens. */
static void
kill_at_gate (Keeper        *self,
              Number        *number,
              ButlerContext *context)
{
  tell (news, number->value);
  g_async_queue_pop (gate);
  answer (self, number, context);
  g_assert_true (butler_server_kill (butler_context_get_server (context)));
}

/* Asking by the test */

static ButlerMessage *
ask_sync (int      value,
          int      timeout_ms,
          GError **error)
{
  Number number = { value };

  return number_ask_sync (hub, &number, timeout_ms, NULL, error);
}

static void
assert_answered (int value)
{
  GError *error = NULL;
  g_autoptr (Note) note = note_from_message (ask_sync (value, LATE, &error), &error);

  butler_assert_no_error (error);
  ck_assert_int_eq (note->number, value + 1);
  ck_assert_str_eq (note->text, "as you wish");
}

static void
assert_refused (int         value,
                int         timeout_ms,
                ButlerError code,
                const char *part)
{
  GError *error = NULL;

  ck_assert_ptr_null (ask_sync (value, timeout_ms, &error));
  butler_assert_error (&error, (int) code, part, NULL);
}

/* What callbacks saw; of one thread at a time. */
typedef struct
{
  guint         called;
  guint         answered;
  int           last;     /* of an answer */
  GThread      *thread;   /* of the last callback */
  GError       *error;    /* (owned) (nullable): of the last callback */
  ButlerChannel *tell;    /* (nullable): each callback tells how many there were */
} Calls;

static void
note_call (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  Calls *calls = data;
  g_autoptr (Note) note = NULL;

  g_assert_null (source);
  g_assert_true (g_async_result_get_user_data (result) == data);
  g_clear_error (&calls->error);
  note = note_from_message (number_ask_finish (result, &calls->error), &calls->error);
  g_assert_true ((note == NULL) == (calls->error != NULL));
  calls->called++;
  calls->thread = g_thread_self ();
  if (note != NULL)
    {
      calls->answered++;
      calls->last = note->number;
    }
  if (calls->tell != NULL)
    tell (calls->tell, (int) calls->called);
}

static void
ask_async (Calls        *calls,
           int           value,
           int           timeout_ms,
           GCancellable *cancellable)
{
  Number number = { value };

  number_ask_async (hub, &number, timeout_ms, cancellable, note_call, calls);
}

static void
iterate_until (const Calls *calls,
               guint        called)
{
  while (calls->called < called)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (calls->called, called);
}

static void
set_up_keeper (void)
{
  set_up (NO_OPTIONS);
  on_number = answer;
}

static void
set_up_queue (void)
{
  set_up (OPTIONS (.loop = butler_loop_queue));
  on_number = answer;
}

START_TEST (handler_answers)
{
  start (server);
  for (int i = 0; i < 100; i++)
    assert_answered (i);
}
END_TEST

START_TEST (answer_may_come_by_a_channel)
{
  ButlerChannel *channel = butler_server_get_channel (server);
  GError *error = NULL;
  g_autoptr (ButlerMessage) reply = NULL;

  start (server);
  reply = number_ask_sync_to (channel, &(Number) { 3 }, -1, NULL, &error);
  butler_assert_no_error (error);
  ck_assert_int_eq (note_get (reply)->number, 4);
}
END_TEST

START_TEST (answer_of_another_type_is_an_error)
{
  GError *error = NULL;

  start (server);
  ck_assert_ptr_null (number_from_message (ask_sync (1, LATE, &error), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Note is no Number", NULL);
}
END_TEST

START_TEST (message_that_was_sent_is_answered_to_nobody)
{
  on_number = hold_all;
  start (server);
  send_to_server (server, 1, 1);
  ButlerContext *context = next_held ();
  ck_assert (!butler_context_is_asked (context));
  ck_assert (!note_reply (context, &(Note) { .text = g_strdup ("to whom?") }));
  butler_context_release (context);
}
END_TEST

START_TEST (held_context_answers_later)
{
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  ask_async (&calls, 1, LATE, NULL);
  ButlerContext *context = next_held ();
  ck_assert (butler_context_is_asked (context));
  ck_assert (note_reply (context, &(Note) { .number = 42 }));
  butler_context_release (context);
  iterate_until (&calls, 1);
  ck_assert_int_eq (calls.last, 42);
  ck_assert_ptr_eq (calls.thread, g_thread_self ());
}
END_TEST

START_TEST (context_answers_after_it_was_held_or_its_message_taken)
{
  start (server);
  on_number = hold_and_answer;
  assert_answered (1);
  on_number = take_and_answer;
  assert_answered (2);
}
END_TEST

START_TEST (failure_of_the_handler_is_the_answer)
{
  expect_warnings ();
  on_number = fail_it;
  start (server);
  assert_refused (13, LATE, BUTLER_ERROR_FAILED, "13 is not to be asked for");
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "13 is not to be asked for");
  ck_assert_uint_eq (failures (), 1);
}
END_TEST

START_TEST (failure_of_a_held_context_is_the_answer)
{
  Calls calls = { 0 };

  expect_warnings ();
  on_number = hold_all;
  start (server);
  ask_async (&calls, 1, LATE, NULL);
  ButlerContext *context = next_held ();
  butler_context_fail (context, "lost");
  butler_context_release (context);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_FAILED, "lost", NULL);
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "lost");
}
END_TEST

START_TEST (who_lets_the_message_go_answers_with_an_error)
{
  start (server);
  on_number = be_silent;
  assert_refused (1, LATE, BUTLER_ERROR_NO_REPLY, "Number was not answered");
  on_number = take_and_free;
  assert_refused (2, LATE, BUTLER_ERROR_NO_REPLY, "Number was not answered");
}
END_TEST

START_TEST (held_context_that_is_released_without_an_answer_is_an_error)
{
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  ask_async (&calls, 1, LATE, NULL);
  butler_context_release (next_held ());
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_NO_REPLY, "Number", NULL);
}
END_TEST

/* Another server answers */

static void
pass_on (Keeper        *self G_GNUC_UNUSED,
         Number        *number G_GNUC_UNUSED,
         ButlerContext *context)
{
  g_assert_true (number_post_to (butler_hub_get_channel (butler_context_get_hub (context), "second"), number_take (context), NULL));
}

static void
answer_as_script (Script        *self G_GNUC_UNUSED,
                  Number        *number,
                  ButlerContext *context)
{
  g_assert_true (note_reply (context, &(Note) { .number = number->value * 2 }));
}

START_TEST (message_is_posted_on_with_its_question)
{
  Script script = { .on_number = answer_as_script };
  ButlerServer *second = script_server (hub, "second", &script, OPTIONS (.no_route = TRUE));
  GError *error = NULL;
  g_autoptr (Note) note = NULL;

  on_number = pass_on;
  start (server);
  start (second);
  note = note_from_message (ask_sync (21, LATE, &error), &error);
  butler_assert_no_error (error);
  ck_assert_int_eq (note->number, 42);
  g_clear_pointer (&hub, butler_hub_unref);
}
END_TEST

/* What nobody takes */

START_TEST (refused_send_ends_it)
{
  GError *error = NULL;
  Calls calls = { 0 };

  start (server);
  ck_assert_ptr_null (parcel_ask_sync_to (news, &(Parcel) { 0 }, SOON, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "Parcel", NULL);
  ck_assert_ptr_null (note_ask_sync (hub, &(Note) { .text = g_strdup ("x") }, LATE, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Note", NULL);
  ck_assert (butler_server_stop (server));
  assert_refused (1, LATE, BUTLER_ERROR_CLOSED, "keeper");
  ask_async (&calls, 1, LATE, NULL);
  ck_assert_uint_eq (calls.called, 0);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_CLOSED, "keeper", NULL);
}
END_TEST

static void
set_up_full (ButlerOverflow overflow)
{
  set_up (OPTIONS (.capacity = 1, .overflow = overflow));
  on_number = answer;
}

static void
set_up_fail (void)
{
  set_up_full (BUTLER_OVERFLOW_FAIL);
}

START_TEST (full_channel_refuses_it)
{
  send_to_server (server, 1, 1);
  assert_refused (2, LATE, BUTLER_ERROR_FULL, "capacity 1");
}
END_TEST

static void
set_up_drop_newest (void)
{
  set_up_full (BUTLER_OVERFLOW_DROP_NEWEST);
}

START_TEST (dropped_newest_ends_it)
{
  send_to_server (server, 1, 1);
  assert_refused (2, LATE, BUTLER_ERROR_FULL, "dropped by a full channel");
}
END_TEST

static void
set_up_drop_oldest (void)
{
  set_up_full (BUTLER_OVERFLOW_DROP_OLDEST);
}

START_TEST (dropped_oldest_ends_it)
{
  Calls calls = { 0 };

  ask_async (&calls, 1, LATE, NULL);
  send_to_server (server, 2, 2);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_FULL, "dropped by a full channel", NULL);
}
END_TEST

START_TEST (clearing_ends_all)
{
  Calls calls = { 0 };

  for (int i = 0; i < 100; i++)
    ask_async (&calls, i, LATE, NULL);
  butler_channel_clear (butler_server_get_channel (server));
  iterate_until (&calls, 100);
  butler_assert_error (&calls.error, BUTLER_ERROR_CANCELLED, "cleared", NULL);
}
END_TEST

START_TEST (type_without_a_handler_ends_it)
{
  GError *error = NULL;

  expect_warnings ();
  start (server);
  ck_assert_ptr_null (note_ask_sync_to (butler_server_get_channel (server), &(Note) { 0 }, LATE, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "no handler", NULL);
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "no handler");
}
END_TEST

START_TEST (kill_of_the_asked_ends_all)
{
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  ask_async (&calls, 0, LATE, NULL);
  ButlerContext *context = next_held ();
  on_number = kill_at_gate;
  for (int i = 1; i < 10; i++)
    ask_async (&calls, i, LATE, NULL);
  ck_assert_int_eq (wait_for_number (news), 1);

  expect_warnings ();
  g_async_queue_push (gate, gate);
  ck_assert (butler_server_join (server));
  iterate_until (&calls, 9);
  ck_assert_uint_eq (calls.answered, 1);
  butler_context_release (context);
  iterate_until (&calls, 10);
  ck_assert_uint_eq (calls.answered, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_NO_REPLY, "Number", NULL);
  assert_warnings (2, "handler of Number");
}
END_TEST

START_TEST (end_of_the_hub_ends_all)
{
  Calls calls = { 0 };

  for (int i = 0; i < 10; i++)
    ask_async (&calls, i, LATE, NULL);
  tear_down ();
  iterate_until (&calls, 10);
  butler_assert_error (&calls.error, BUTLER_ERROR_CLOSED, "hub freed", NULL);
}
END_TEST

START_TEST (program_may_receive_it_and_let_it_go)
{
  Calls calls = { 0 };
  GError *error = NULL;

  parcel_ask_async_to (news, &(Parcel) { 0 }, LATE, NULL, note_call, &calls);
  butler_message_free (butler_channel_receive (news, -1, &error));
  butler_assert_no_error (error);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_NO_REPLY, "Parcel", NULL);
}
END_TEST

static gboolean
fail_to_start (ButlerContext *context G_GNUC_UNUSED,
               gpointer       data G_GNUC_UNUSED,
               GError       **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
  return FALSE;
}

START_TEST (failed_start_of_the_asked_ends_all)
{
  Calls calls = { 0 };
  GError *error = NULL;

  butler_server_add_startup (server, fail_to_start, NULL, NULL);
  ask_async (&calls, 1, LATE, NULL);
  ck_assert (!butler_server_start (server, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "not today", NULL);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_CLOSED, "server failed to start", NULL);
}
END_TEST

/* Time-outs and cancels */

START_TEST (time_out_ends_it)
{
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  assert_refused (1, SOON, BUTLER_ERROR_TIMED_OUT, "in time");
  assert_refused (1, 0, BUTLER_ERROR_TIMED_OUT, "in time");
  ask_async (&calls, 1, SOON, NULL);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_TIMED_OUT, "in time", NULL);

  /* Too late. */
  for (int i = 0; i < 3; i++)
    {
      ButlerContext *context = next_held ();

      ck_assert (!butler_context_is_asked (context));
      ck_assert (!note_reply (context, &(Note) { .text = g_strdup ("late") }));
      butler_context_release (context);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (calls.called, 1);
}
END_TEST

START_TEST (cancel_ends_it)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  ask_async (&calls, 1, LATE, cancellable);
  ButlerContext *context = next_held ();
  g_cancellable_cancel (cancellable);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_CANCELLED, "cancelled", NULL);
  ck_assert (!note_reply (context, &(Note) { 0 }));
  butler_context_release (context);
}
END_TEST

START_TEST (what_was_cancelled_before_is_not_sent)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  Calls calls = { 0 };

  g_cancellable_cancel (cancellable);
  ask_async (&calls, 1, LATE, cancellable);
  ck_assert_ptr_null (number_ask_sync (hub, &(Number) { 1 }, LATE, cancellable, &error));
  butler_assert_error (&error, BUTLER_ERROR_CANCELLED, "cancelled", NULL);
  iterate_until (&calls, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_CANCELLED, "cancelled", NULL);
  ck_assert_uint_eq (butler_channel_get_accepted (butler_server_get_channel (server)), 0);
}
END_TEST

/* Cancels and replies of one question at once, of 10^4: each ends once, and who was told that the answer counted is right. */

static _Atomic guint accepted;

static void
answer_if_asked (Keeper        *self G_GNUC_UNUSED,
                 Number        *number,
                 ButlerContext *context)
{
  if (note_reply (context, &(Note) { .number = number->value, .text = g_strdup ("raced") }))
    atomic_fetch_add (&accepted, 1);
}

static gpointer
cancel_all (gpointer queue)
{
  gpointer cancellable;

  while ((cancellable = g_async_queue_pop (queue)) != queue)
    {
      g_cancellable_cancel (cancellable);
      g_object_unref (cancellable);
    }
  return NULL;
}

START_TEST (cancel_and_reply_race)
{
  guint n = butler_test_rounds (10000);
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("cancel", cancel_all, queue);
  Calls calls = { 0 };

  atomic_store (&accepted, 0);
  on_number = answer_if_asked;
  start (server);
  for (guint i = 0; i < n; i++)
    {
      GCancellable *cancellable = g_cancellable_new ();

      g_async_queue_push (queue, g_object_ref (cancellable));
      ask_async (&calls, (int) i, i % 3 == 0 ? SOON : LATE, cancellable);
      g_object_unref (cancellable);
      g_main_context_iteration (NULL, FALSE);
    }
  g_async_queue_push (queue, queue);
  g_thread_join (thread);
  iterate_until (&calls, n);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (calls.answered, atomic_load (&accepted));
  g_clear_error (&calls.error);
  g_async_queue_unref (queue);
}
END_TEST

static gpointer
ask_many (gpointer answered)
{
  for (int i = 0; i < (int) butler_test_rounds (2000); i++)
    {
      g_autoptr (ButlerMessage) reply = ask_sync (i, i % 2 == 0 ? 0 : LATE, NULL);

      if (reply != NULL)
        atomic_fetch_add ((_Atomic guint *) answered, 1);
    }
  return NULL;
}

START_TEST (time_out_and_reply_race)
{
  GThread *threads[4];
  _Atomic guint answered = 0;

  atomic_store (&accepted, 0);
  on_number = answer_if_asked;
  start (server);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ask", ask_many, &answered);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (atomic_load (&answered), atomic_load (&accepted));
}
END_TEST

START_TEST (context_that_nobody_iterates_any_more_leaves_nothing_behind)
{
  GMainContext *context = g_main_context_new ();
  Calls calls = { 0 };

  on_number = hold_all;
  start (server);
  g_main_context_push_thread_default (context);
  ask_async (&calls, 1, LATE, NULL);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  ButlerContext *kept = next_held ();
  ck_assert (note_reply (kept, &(Note) { .text = g_strdup ("is anybody there?") }));
  butler_context_release (kept);
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (calls.called, 0);
}
END_TEST

static void
stay (Keeper        *self G_GNUC_UNUSED,
      Number        *number G_GNUC_UNUSED,
      ButlerContext *context G_GNUC_UNUSED)
{
  g_async_queue_pop (gate);
}

/* The server lets go of the question meanwhile. */
START_TEST (context_may_go_as_soon_as_it_was_called_back)
{
  on_number = stay;
  start (server);
  for (guint i = 0; i < butler_test_rounds (2000); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GMainContext *context = g_main_context_new ();
      Calls calls = { 0 };

      g_main_context_push_thread_default (context);
      ask_async (&calls, (int) i, LATE, cancellable);
      g_cancellable_cancel (cancellable);
      while (calls.called == 0)
        g_main_context_iteration (context, TRUE);
      g_main_context_pop_thread_default (context);
      g_async_queue_push (gate, gate);
      g_main_context_unref (context);
      ck_assert (g_error_matches (calls.error, BUTLER_ERROR, BUTLER_ERROR_CANCELLED)
                 || g_error_matches (calls.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
      g_clear_error (&calls.error);
    }
}
END_TEST

/* Asked by a server */

typedef struct
{
  Script        script; /* first */
  ButlerServer *server;
  Calls         calls;
  int           timeout_ms;
  GCancellable *cancellable;
  GThread      *thread; /* of the handler */
  gboolean      inside;  /* a handler */
} Asker;

static void
ask_as_server (Script        *script,
               Number        *number,
               ButlerContext *context G_GNUC_UNUSED)
{
  Asker *self = (Asker *) script;

  self->inside = TRUE;
  self->thread = g_thread_self ();
  ask_async (&self->calls, number->value, self->timeout_ms, self->cancellable);
  self->inside = FALSE;
}

static void
make_asker (Asker              *self,
            ButlerServerOptions options)
{
  options.no_route = TRUE;
  self->script.on_number = ask_as_server;
  self->calls.tell = news;
  if (self->timeout_ms == 0)
    self->timeout_ms = LATE;
  self->server = script_server (hub, "asker", &self->script, options);
}

static ButlerServerOptions
asker_options (int i)
{
  return i == 0 ? NO_OPTIONS : OPTIONS (.loop = butler_loop_queue);
}

START_TEST (callback_runs_on_the_servers_thread)
{
  Asker asker = { .server = NULL };

  make_asker (&asker, asker_options (_i));
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 100);
  for (int i = 1; i <= 100; i++)
    ck_assert_int_eq (wait_for_number (news), i);
  ck_assert (butler_server_stop (asker.server));
  ck_assert_uint_eq (asker.calls.answered, 100);
  ck_assert_int_eq (asker.calls.last, 101);
  ck_assert_ptr_eq (asker.calls.thread, asker.thread);
  tear_down ();
}
END_TEST

/* A state whose end is not silent. */
typedef struct
{
  ButlerChannel *asked;
  Calls         *calls;
} Farewell;

static void
ask_at_last (Farewell *farewell)
{
  if (farewell->asked != NULL)
    number_ask_async_to (farewell->asked, &(Number) { 1 }, LATE, NULL, note_call, farewell->calls);
}

BUTLER_OPAQUE_MESSAGE (Farewell, farewell, ask_at_last, NULL);

#define FAREWELL_HANDLES(H, S) \
  H (S, number)
BUTLER_HANDLERS (farewell, FAREWELL_HANDLES);

static Farewell farewell_words;

static void
farewell_on_number (Farewell      *self,
                    Number        *number G_GNUC_UNUSED,
                    ButlerContext *context G_GNUC_UNUSED)
{
  *self = farewell_words;
}

static const ButlerHandlerSet farewell_set = { BUTLER_HANDLER_SET (farewell) };

/* It belongs to the run, and must not be left to the next one, nor to who answers when the server has gone. */
START_TEST (what_the_end_of_a_state_asks_ends_with_the_server)
{
  ButlerServerOptions options = OPTIONS (.options_size = sizeof options, .no_route = TRUE);
  ButlerServer *own = butler_server_new (hub, "own", &farewell_set, &options, NULL);
  ButlerChannel *asked = own_channel (hub, "asked", 0, BUTLER_OVERFLOW_FAIL);
  Calls calls = { 0 };

  farewell_words = (Farewell) { asked, &calls };
  start (own);
  send_to_server (own, 1, 1);
  expect_warnings ();
  ck_assert (butler_server_stop (own));
  ck_assert_uint_eq (calls.called, 1);
  butler_assert_error (&calls.error, BUTLER_ERROR_CANCELLED, "Number", NULL);
  ck_assert (!butler_server_has_pending (own));
  assert_warnings (1, "cancels its ask of Number");
  butler_message_free (butler_channel_receive (asked, -1, NULL));
  start (own);
  ck_assert (butler_server_stop (own));
  ck_assert_uint_eq (calls.called, 1);
  tear_down ();
}
END_TEST

/* No handler begins in a callback, and no callback in a handler, while a server asks itself. */
static void
ask_myself (Script        *script,
            Number        *number,
            ButlerContext *context)
{
  Asker *self = (Asker *) script;

  g_assert_false (self->inside);
  self->inside = TRUE;
  if (butler_context_is_asked (context))
    g_assert_true (note_reply (context, &(Note) { .number = number->value }));
  else
    number_ask_async_to (butler_context_get_channel (context), number, LATE, NULL, note_call, &self->calls);
  self->inside = FALSE;
}

START_TEST (server_asks_itself_without_waiting)
{
  Asker asker = { .server = NULL };

  make_asker (&asker, asker_options (_i));
  asker.script.on_number = ask_myself;
  start (asker.server);
  send_to_server (asker.server, 1, 100);
  for (int i = 1; i <= 100; i++)
    ck_assert_int_eq (wait_for_number (news), i);
  ck_assert (butler_server_stop (asker.server));
  ck_assert_uint_eq (asker.calls.answered, 100);
  tear_down ();
}
END_TEST

START_TEST (time_out_comes_by_the_servers_clock)
{
  Asker asker = { .timeout_ms = SOON };

  on_number = hold_all;
  make_asker (&asker, asker_options (_i));
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 3);
  for (int i = 1; i <= 3; i++)
    ck_assert_int_eq (wait_for_number (news), i);
  ck_assert (butler_server_stop (asker.server));
  butler_assert_error (&asker.calls.error, BUTLER_ERROR_TIMED_OUT, "in time", NULL);
  for (int i = 1; i <= 3; i++)
    {
      ButlerContext *context = next_held ();

      ck_assert (!note_reply (context, &(Note) { 0 }));
      butler_context_release (context);
    }
  tear_down ();
}
END_TEST

START_TEST (cancel_reaches_a_server)
{
  Asker asker = { .cancellable = g_cancellable_new () };

  on_number = hold_all;
  make_asker (&asker, asker_options (_i));
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 1);
  ButlerContext *context = next_held ();
  g_cancellable_cancel (asker.cancellable);
  ck_assert_int_eq (wait_for_number (news), 1);
  butler_context_release (context);
  ck_assert (butler_server_stop (asker.server));
  butler_assert_error (&asker.calls.error, BUTLER_ERROR_CANCELLED, "cancelled", NULL);
  ck_assert_uint_eq (asker.calls.called, 1);
  g_object_unref (asker.cancellable);
  tear_down ();
}
END_TEST

static void
stop_after_asking (Script        *script,
                   Number        *number,
                   ButlerContext *context)
{
  ask_as_server (script, number, context);
  butler_context_stop_server (context);
}

static void
look_at_calls (ButlerContext *context G_GNUC_UNUSED,
               gpointer       calls)
{
  g_assert_cmpuint (((Calls *) calls)->answered, ==, 1);
}

START_TEST (stop_waits_for_open_questions)
{
  Asker asker = { .server = NULL };

  on_number = hold_all;
  make_asker (&asker, asker_options (_i));
  asker.script.on_number = stop_after_asking;
  butler_server_add_shutdown (asker.server, look_at_calls, &asker.calls, NULL);
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 1);
  ButlerContext *context = next_held ();
  ck_assert (butler_server_has_pending (asker.server));
  ck_assert (note_reply (context, &(Note) { .number = 5 }));
  butler_context_release (context);
  ck_assert (butler_server_join (asker.server));
  ck_assert_uint_eq (asker.calls.called, 1);
  ck_assert_int_eq (asker.calls.last, 5);
  tear_down ();
}
END_TEST

static void
end_asker (gboolean kill)
{
  Asker asker = { .server = NULL };

  on_number = hold_all;
  make_asker (&asker, OPTIONS (.end_limit = kill ? LATE : SOON));
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 1);
  ButlerContext *context = next_held ();
  expect_warnings ();
  ck_assert (kill ? butler_server_kill (asker.server) : butler_server_stop (asker.server));
  assert_warnings (1, "cancels its ask of Number");
  ck_assert_uint_eq (asker.calls.called, 1);
  butler_assert_error (&asker.calls.error, BUTLER_ERROR_CANCELLED, "the server that asked ends", NULL);
  ck_assert (!note_reply (context, &(Note) { 0 }));
  butler_context_release (context);
  tear_down ();
}

START_TEST (stop_cancels_what_takes_too_long)
{
  end_asker (FALSE);
}
END_TEST

START_TEST (kill_cancels_at_once)
{
  end_asker (TRUE);
}
END_TEST

static gboolean
ask_at_startup (ButlerContext *context G_GNUC_UNUSED,
                gpointer       data,
                GError       **error G_GNUC_UNUSED)
{
  ask_async (data, 1, LATE, NULL);
  return TRUE;
}

START_TEST (start_does_not_wait_for_what_it_asked)
{
  Asker asker = { .server = NULL };

  make_asker (&asker, asker_options (_i));
  butler_server_add_startup (asker.server, ask_at_startup, &asker.calls, NULL);
  start (asker.server); /* the keeper does not run yet */
  start (server);
  ck_assert_int_eq (wait_for_number (news), 1);
  ck_assert (butler_server_stop (asker.server));
  ck_assert_uint_eq (asker.calls.answered, 1);
  tear_down ();
}
END_TEST

START_TEST (failed_start_cancels_what_it_asked)
{
  Asker asker = { .server = NULL };
  GError *error = NULL;

  make_asker (&asker, asker_options (_i));
  butler_server_add_startup (asker.server, ask_at_startup, &asker.calls, NULL);
  butler_server_add_startup (asker.server, fail_to_start, NULL, NULL);
  expect_warnings ();
  ck_assert (!butler_server_start (asker.server, &error));
  assert_warnings (1, "cancels its ask of Number");
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "not today", NULL);
  ck_assert_uint_eq (asker.calls.called, 1);
  butler_assert_error (&asker.calls.error, BUTLER_ERROR_CANCELLED, "the server that asked ends", NULL);
  tear_down ();
}
END_TEST

/* Without a thread of its own */

START_TEST (server_without_a_thread_asks)
{
  Asker asker = { .timeout_ms = _i == 0 ? LATE : SOON };

  if (_i != 0)
    on_number = hold_all;
  make_asker (&asker, OPTIONS (.no_thread = TRUE));
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 1);
  while (asker.calls.called == 0)
    {
      butler_server_wait (asker.server, -1);
      butler_server_dispatch (asker.server, 10);
    }
  ck_assert_ptr_eq (asker.calls.thread, g_thread_self ());
  if (_i == 0)
    ck_assert_int_eq (asker.calls.last, 2);
  else
    butler_assert_error (&asker.calls.error, BUTLER_ERROR_TIMED_OUT, "in time", NULL);
  if (_i != 0)
    butler_context_release (next_held ());
  ck_assert (butler_server_stop (asker.server));
  tear_down ();
}
END_TEST

START_TEST (server_in_a_context_asks)
{
  Asker asker = { .timeout_ms = _i == 0 ? LATE : SOON };
  GSource *source;

  if (_i != 0)
    on_number = hold_all;
  make_asker (&asker, OPTIONS (.no_thread = TRUE));
  source = butler_server_create_source (asker.server);
  g_source_attach (source, NULL);
  g_source_unref (source);
  start (server);
  start (asker.server);
  send_to_server (asker.server, 1, 1);
  iterate_until (&asker.calls, 1);
  if (_i == 0)
    ck_assert_int_eq (asker.calls.last, 2);
  else
    butler_assert_error (&asker.calls.error, BUTLER_ERROR_TIMED_OUT, "in time", NULL);
  if (_i != 0)
    butler_context_release (next_held ());
  ck_assert (butler_server_stop (asker.server));
  tear_down ();
}
END_TEST

/* Waiting in a handler */

static void
wait_as_server (Script        *script,
                Number        *number,
                ButlerContext *context)
{
  ButlerChannel *next = script->data;
  GError *error = NULL;
  g_autoptr (Note) note = NULL;

  note = note_from_message (number_ask_sync_to (next, &(Number) { number->value }, LATE, NULL, &error), &error);
  if (error != NULL)
    butler_context_take_error (context, error);
  else
    note_reply (context, &(Note) { .number = note->number + 1 });
}

START_TEST (handler_may_wait_for_another_server)
{
  Script script = { .on_number = wait_as_server, .data = butler_server_get_channel (server) };
  ButlerServer *middle = script_server (hub, "middle", &script, OPTIONS (.no_route = TRUE));
  GError *error = NULL;
  g_autoptr (Note) note = NULL;

  start (server);
  start (middle);
  note = note_from_message (number_ask_sync_to (butler_server_get_channel (middle), &(Number) { 5 }, LATE, NULL, &error), &error);
  butler_assert_no_error (error);
  ck_assert_int_eq (note->number, 7);
  tear_down ();
}
END_TEST

/* A ring of servers, each of which waits for the next: of one it is a server that asks itself. */
START_TEST (cycle_is_refused)
{
  Script scripts[3] = { { .on_number = wait_as_server }, { .on_number = wait_as_server }, { .on_number = wait_as_server } };
  ButlerServer *servers[3] = { NULL };
  GError *error = NULL;

  for (int i = 0; i < _i; i++)
    {
      g_autofree char *name = g_strdup_printf ("server %d", i);

      servers[i] = script_server (hub, name, &scripts[i], OPTIONS (.no_route = TRUE));
    }
  for (int i = 0; i < _i; i++)
    scripts[i].data = butler_server_get_channel (servers[(i + 1) % _i]);
  for (int i = 0; i < _i; i++)
    start (servers[i]);
  expect_warnings ();
  ck_assert_ptr_null (number_ask_sync_to (butler_server_get_channel (servers[0]), &(Number) { 1 }, -1, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", NULL);
  for (int i = 0; i < _i; i++)
    ck_assert (butler_server_stop (servers[i]));
  assert_warnings ((guint) _i, "waits for this very thread");
  tear_down ();
}
END_TEST

typedef struct
{
  ButlerChannel *served;
  ButlerChannel *asked;
  GError        *error; /* (owned) (nullable) */
} AskingReader;

static gpointer
ask_as_reader (gpointer data)
{
  AskingReader *self = data;

  g_assert_null (butler_channel_receive (self->served, 0, NULL));
  g_assert_null (number_ask_sync_to (self->asked, &(Number) { 1 }, LATE, NULL, &self->error));
  return NULL;
}

/* The message came into a channel of another hub, and that hub has ended; who looks for a cycle comes by there. */
START_TEST (cycle_by_a_channel_that_is_gone_is_refused)
{
  ButlerHub *other = butler_hub_new ();
  ButlerChannel *moved = own_channel (other, "moved", 0, BUTLER_OVERFLOW_FAIL);
  AskingReader asker = { .served = own_channel (hub, "served", 0, BUTLER_OVERFLOW_FAIL),
                         .asked = own_channel (hub, "asked", 0, BUTLER_OVERFLOW_FAIL) };
  GThread *thread = g_thread_new ("asker", ask_as_reader, &asker);
  g_autoptr (ButlerMessage) message = butler_channel_receive (asker.asked, -1, NULL);
  GError *error = NULL;

  ck_assert (number_post_to (moved, number_from_message (g_steal_pointer (&message), NULL), NULL));
  message = butler_channel_receive (moved, -1, NULL);
  butler_hub_unref (other);
  ck_assert_ptr_null (number_ask_sync_to (asker.served, &(Number) { 1 }, LATE, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", NULL);
  g_clear_pointer (&message, butler_message_free);
  g_thread_join (thread);
  butler_assert_error (&asker.error, BUTLER_ERROR_NO_REPLY, "Number", NULL);
  tear_down ();
}
END_TEST

/* The first waits for the keeper, which passes the question on to the second; that waits for the first. */
START_TEST (cycle_by_a_message_that_was_posted_on_is_refused)
{
  Script scripts[2] = { { .on_number = wait_as_server }, { .on_number = wait_as_server } };
  ButlerServer *first = script_server (hub, "first", &scripts[0], OPTIONS (.no_route = TRUE));
  ButlerServer *second = script_server (hub, "second", &scripts[1], OPTIONS (.no_route = TRUE));
  GError *error = NULL;

  scripts[0].data = butler_server_get_channel (server);
  scripts[1].data = butler_server_get_channel (first);
  on_number = pass_on;
  start (server);
  start (first);
  start (second);
  expect_warnings ();
  ck_assert_ptr_null (number_ask_sync_to (butler_server_get_channel (first), &(Number) { 1 }, -1, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", NULL);
  butler_hub_shutdown (hub);
  tear_down ();
  g_mutex_lock (&warnings_lock);
  g_clear_pointer (&warnings, g_ptr_array_unref); /* one or both failed */
  g_mutex_unlock (&warnings_lock);
}
END_TEST

/* A task asks its own server, which keeps the question, and then waits for the end of the task. */
static void
ask_in_task (ButlerTask *task G_GNUC_UNUSED,
             gpointer    data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (number_ask_sync_to (butler_server_get_channel (server), &(Number) { 2 }, -1, NULL, &error));
  tell (news, error->code);
}

static void
run_task_or_hold (Keeper        *self,
                  Number        *number,
                  ButlerContext *context)
{
  if (number->value == 1)
    butler_context_run_task (context, "ask", ask_in_task, NULL, NULL);
  else
    hold_all (self, number, context);
}

START_TEST (wait_that_comes_to_be_a_cycle_ends)
{
  on_number = run_task_or_hold;
  start (server);
  send_to_server (server, 1, 1);
  ButlerContext *context = next_held ();
  GThread *stopper = g_thread_new ("stop", stop_it, server);
  ck_assert_int_eq (wait_for_number (news), BUTLER_ERROR_WOULD_DEADLOCK);
  butler_context_release (context);
  g_thread_join (stopper);
}
END_TEST

START_TEST (kill_ends_the_wait_of_a_handler)
{
  Script script = { .on_number = wait_as_server, .data = butler_server_get_channel (server) };
  ButlerServer *middle = script_server (hub, "middle", &script, OPTIONS (.no_route = TRUE));

  on_number = hold_all;
  start (server);
  start (middle);
  send_to_server (middle, 1, 1);
  ButlerContext *context = next_held ();
  expect_warnings ();
  ck_assert (butler_server_kill (middle));
  assert_warnings (1, "who asked was killed");
  butler_context_release (context);
  tear_down ();
}
END_TEST

static TCase *
answer_case (void)
{
  TCase *tcase = butler_test_case ("answer", set_up_keeper, tear_down, 60);

  tcase_add_test (tcase, handler_answers);
  tcase_add_test (tcase, answer_may_come_by_a_channel);
  tcase_add_test (tcase, answer_of_another_type_is_an_error);
  tcase_add_test (tcase, message_that_was_sent_is_answered_to_nobody);
  tcase_add_test (tcase, held_context_answers_later);
  tcase_add_test (tcase, context_answers_after_it_was_held_or_its_message_taken);
  tcase_add_test (tcase, failure_of_the_handler_is_the_answer);
  tcase_add_test (tcase, failure_of_a_held_context_is_the_answer);
  tcase_add_test (tcase, who_lets_the_message_go_answers_with_an_error);
  tcase_add_test (tcase, held_context_that_is_released_without_an_answer_is_an_error);
  tcase_add_test (tcase, message_is_posted_on_with_its_question);
  return tcase;
}

static TCase *
one_case (const char   *name,
          void        (*up) (void),
          const TTest  *test)
{
  TCase *tcase = butler_test_case (name, up, tear_down, 60);

  tcase_add_test (tcase, test);
  return tcase;
}

static TCase *
dead_case (void)
{
  TCase *tcase = butler_test_case ("dead", set_up_keeper, tear_down, 60);

  tcase_add_test (tcase, refused_send_ends_it);
  tcase_add_test (tcase, clearing_ends_all);
  tcase_add_test (tcase, type_without_a_handler_ends_it);
  tcase_add_test (tcase, kill_of_the_asked_ends_all);
  tcase_add_test (tcase, end_of_the_hub_ends_all);
  tcase_add_test (tcase, program_may_receive_it_and_let_it_go);
  tcase_add_test (tcase, failed_start_of_the_asked_ends_all);
  return tcase;
}

static TCase *
time_case (void)
{
  TCase *tcase = butler_test_case ("time", set_up_queue, tear_down, 60);

  tcase_add_test (tcase, time_out_ends_it);
  tcase_add_test (tcase, cancel_ends_it);
  tcase_add_test (tcase, what_was_cancelled_before_is_not_sent);
  tcase_add_test (tcase, cancel_and_reply_race);
  tcase_add_test (tcase, time_out_and_reply_race);
  tcase_add_test (tcase, context_that_nobody_iterates_any_more_leaves_nothing_behind);
  tcase_add_test (tcase, context_may_go_as_soon_as_it_was_called_back);
  return tcase;
}

static TCase *
server_case (void)
{
  TCase *tcase = butler_test_case ("server", set_up_keeper, tear_down, 60);

  tcase_add_loop_test (tcase, callback_runs_on_the_servers_thread, 0, 2);
  tcase_add_test (tcase, what_the_end_of_a_state_asks_ends_with_the_server);
  tcase_add_loop_test (tcase, server_asks_itself_without_waiting, 0, 2);
  tcase_add_loop_test (tcase, time_out_comes_by_the_servers_clock, 0, 2);
  tcase_add_loop_test (tcase, cancel_reaches_a_server, 0, 2);
  tcase_add_loop_test (tcase, stop_waits_for_open_questions, 0, 2);
  tcase_add_test (tcase, stop_cancels_what_takes_too_long);
  tcase_add_test (tcase, kill_cancels_at_once);
  tcase_add_loop_test (tcase, start_does_not_wait_for_what_it_asked, 0, 2);
  tcase_add_loop_test (tcase, failed_start_cancels_what_it_asked, 0, 2);
  tcase_add_loop_test (tcase, server_without_a_thread_asks, 0, 2);
  tcase_add_loop_test (tcase, server_in_a_context_asks, 0, 2);
  return tcase;
}

static TCase *
wait_case (void)
{
  TCase *tcase = butler_test_case ("wait", set_up_keeper, tear_down, 60);

  tcase_add_test (tcase, handler_may_wait_for_another_server);
  tcase_add_loop_test (tcase, cycle_is_refused, 1, 4);
  tcase_add_test (tcase, cycle_by_a_message_that_was_posted_on_is_refused);
  tcase_add_test (tcase, cycle_by_a_channel_that_is_gone_is_refused);
  tcase_add_test (tcase, wait_that_comes_to_be_a_cycle_ends);
  tcase_add_test (tcase, kill_ends_the_wait_of_a_handler);
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("ask");

  suite_add_tcase (suite, answer_case ());
  suite_add_tcase (suite, dead_case ());
  suite_add_tcase (suite, one_case ("fail", set_up_fail, full_channel_refuses_it));
  suite_add_tcase (suite, one_case ("drop newest", set_up_drop_newest, dropped_newest_ends_it));
  suite_add_tcase (suite, one_case ("drop oldest", set_up_drop_oldest, dropped_oldest_ends_it));
  suite_add_tcase (suite, time_case ());
  suite_add_tcase (suite, server_case ());
  suite_add_tcase (suite, wait_case ());
  return servers_test_main (suite);
}
