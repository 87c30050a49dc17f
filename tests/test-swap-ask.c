/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plays.h"

/* Questions and timers, while the code behind them is exchanged. */

static ButlerChannel *answers; /* what the plugin's own code says: Done */
static GAsyncQueue   *queue;

static void
set_up (void)
{
  GError *error = NULL;

  plays_begin ();
  answers = butler_hub_add_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
  ck_assert (done_route (hub, answers, &error));
  queue = g_async_queue_new ();
}

static void
tear_down (void)
{
  plays_end ();
  g_async_queue_unref (queue);
}

static void
expect_done (const char *what,
             guint64     number)
{
  GError *error = NULL;
  g_autoptr (ButlerMessage) message = butler_channel_receive (answers, -1, &error);
  const Done *done;

  butler_assert_no_error (error);
  done = done_get (message);
  ck_assert_str_eq (done->what, what);
  ck_assert_uint_eq (done->number, number);
}

/* Asking the actor */

static void
keep_asked (PlayScene *scene)
{
  g_async_queue_push (scene->cue, butler_context_hold (scene->context));
}

static void
answer_asked (PlayScene *scene)
{
  g_assert_true (done_reply (scene->context, &(Done) { g_strdup ("here"), scene->number }));
}

typedef struct
{
  Done   *done;   /* (owned) (nullable) */
  GError *error;  /* (owned) (nullable) */
  guint   called;
} Reply;

static void
note_reply (GObject      *nothing G_GNUC_UNUSED,
            GAsyncResult *result,
            gpointer      data)
{
  Reply *reply = data;

  reply->called++;
  reply->done = done_from_message (play_ask_finish (result, &reply->error), &reply->error);
}

static void
ask_play (ButlerServer *server,
          PlayFunc      func,
          Reply        *reply)
{
  Play play = { .func = (gpointer) (guintptr) func, .cue = queue };

  play_ask_async_to (butler_server_get_channel (server), &play, -1, NULL, note_reply, reply);
}

static void
expect_reply (Reply  *reply,
              guint64 number)
{
  while (reply->called == 0)
    g_main_context_iteration (NULL, TRUE);
  butler_assert_no_error (reply->error);
  ck_assert_uint_eq (reply->called, 1);
  ck_assert_uint_eq (reply->done->number, number);
  g_clear_pointer (&reply->done, done_free);
}

/* The old code has it, and answers after the new one is there. */
START_TEST (held_question_is_answered_after_a_swap)
{
  ButlerServer *server = start_actor ("a");
  Reply reply = { 0 };
  ButlerContext *context;

  ask_play (server, keep_asked, &reply);
  context = g_async_queue_pop (queue);
  swap_play ("play-1", FALSE);
  expect_actor (server, 2, 2);
  ck_assert (done_reply (context, &(Done) { .number = 7 }));
  butler_context_release (context);
  expect_reply (&reply, 7);
}
END_TEST

START_TEST (question_that_waits_is_answered_by_the_new_code)
{
  ButlerServer *server = make_actor (&troupe, "a", UNROUTED);
  Reply reply = { 0 };

  ask_play (server, answer_asked, &reply);
  swap_play (_i == 0 ? "play-1" : "play-message", _i == 1);
  start_it (server);
  expect_reply (&reply, 2);
}
END_TEST

static void
let_ask (ButlerServer  *server,
         ButlerChannel *whom)
{
  ck_assert (deed_send_to (butler_server_get_channel (server), &(Deed) { g_strdup ("ask"), whom }, NULL));
  expect_done ("ask", 1);
}

/* Also a swap that makes another state does not wait for it. */
START_TEST (callback_is_of_the_code_that_asked)
{
  GError *error = NULL;
  ButlerChannel *silent = butler_hub_add_channel (hub, "silent", 0, BUTLER_OVERFLOW_FAIL, &error);
  ButlerServer *server = start_actor ("a");

  let_ask (server, silent);
  swap_play (_i == 0 ? "play-1" : "play-other", _i == 1);
  expect_actor (server, 2, 1);
  butler_message_free (butler_channel_receive (silent, -1, &error));
  butler_assert_no_error (error);
  expect_done ("no answer", 1);
  expect_actor (server, 2, 2);
}
END_TEST

START_TEST (old_code_stays_for_its_callback)
{
  GError *error = NULL;
  ButlerChannel *silent = butler_hub_add_channel (hub, "silent", 0, BUTLER_OVERFLOW_FAIL, &error);
  ButlerServer *server = start_actor ("a");
  g_autoptr (ButlerModuleStatus) status = NULL;

  let_ask (server, silent);
  swap_play ("play-1", FALSE);
  expect_actor (server, 2, 1);
  status = butler_module_get_status (troupe.module);
  ck_assert_uint_eq (status->generations->len, 2);
  g_autofree char *pins = g_strjoinv (",", g_array_index (status->generations, ButlerGenerationStatus, 1).pins);
  ck_assert_msg (strstr (pins, "ask of Deed") != NULL, "%s", pins);
  butler_message_free (butler_channel_receive (silent, -1, &error));
  butler_assert_no_error (error);
  expect_done ("no answer", 1);
}
END_TEST

/* In `swapped` */

typedef struct
{
  gboolean fails;
  guint    called;  /* the callback */
  guint64  timers[2];
} Swapping;

static void
note_refusal (GObject      *nothing G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      data)
{
  Swapping *swapping = data;
  GError *error = NULL;

  g_assert_null (play_ask_finish (result, &error));
  g_assert_error (error, BUTLER_ERROR, BUTLER_ERROR_SWAPPING);
  g_clear_error (&error);
  swapping->called++;
}

static gboolean
ask_in_swapped (PlayScene *scene,
                gpointer   data,
                GError   **error)
{
  Swapping *swapping = data;
  ButlerServer *own = butler_context_get_server (scene->context);
  ButlerChannel *channel = butler_server_get_channel (own);
  GError *refused = NULL;

  play_ask_async_to (channel, &(Play) { 0 }, -1, NULL, note_refusal, swapping);
  g_assert_cmpuint (swapping->called, ==, 1);
  g_assert_null (play_ask_sync_to (channel, &(Play) { 0 }, -1, NULL, &refused));
  g_assert_error (refused, BUTLER_ERROR, BUTLER_ERROR_SWAPPING);
  g_clear_error (&refused);
  if (swapping->fails)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "so it is");
  return !swapping->fails;
}

START_TEST (swapped_cannot_ask)
{
  Swapping swapping = { .fails = _i == 1 };
  PlayCast cast = { ask_in_swapped, &swapping };
  ButlerServer *server = start_actor ("a");

  cast_actor (server, &cast);
  if (_i == 1)
    swap_play_fails ("play-swapped", BUTLER_ERROR_FAILED, "so it is");
  else
    swap_play ("play-swapped", TRUE);
  ck_assert_uint_eq (swapping.called, 1);
  expect_actor (server, _i == 1 ? 1 : 2, 2);
}
END_TEST

static void
tell_timer (PlayScene *scene)
{
  guint64 *timer = g_new (guint64, 1);

  *timer = butler_context_get_timer (scene->context);
  g_async_queue_push (scene->cue, timer);
}

static guint64
set_timer (ButlerServer *server,
           gint64        delay)
{
  Play play = { .func = (gpointer) (guintptr) tell_timer, .cue = queue };
  guint64 timer = play_send_later (server, &play, delay, NULL);

  g_assert_cmpuint (timer, !=, 0);
  return timer;
}

/* One that is set and cancelled again, one that is set, and an older one that is cancelled. */
static gboolean
set_timers_in_swapped (PlayScene *scene,
                       gpointer   data,
                       GError   **error)
{
  Swapping *swapping = data;
  ButlerServer *own = butler_context_get_server (scene->context);
  guint64 gone = set_timer (own, 0);

  g_assert_true (butler_server_cancel_timer (own, gone));
  swapping->timers[1] = set_timer (own, 0);
  g_assert_true (butler_server_cancel_timer (own, swapping->timers[0]));
  if (swapping->fails)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "so it is");
  return !swapping->fails;
}

START_TEST (swapped_sets_timers_if_the_swap_happens)
{
  Swapping swapping = { .fails = _i == 1 };
  PlayCast cast = { set_timers_in_swapped, &swapping };
  ButlerServer *server = start_actor ("a");
  g_autofree guint64 *first = NULL;
  guint64 last;

  cast_actor (server, &cast);
  swapping.timers[0] = set_timer (server, 600 * G_USEC_PER_SEC);
  if (_i == 1)
    swap_play_fails ("play-swapped", BUTLER_ERROR_FAILED, "so it is");
  else
    swap_play ("play-swapped", TRUE);
  last = set_timer (server, 0);
  first = g_async_queue_pop (queue);
  ck_assert_uint_eq (*first, swapping.fails ? last : swapping.timers[1]);
  ck_assert (butler_server_cancel_timer (server, swapping.timers[0]) == swapping.fails);
  if (!swapping.fails)
    g_free (g_async_queue_pop (queue)); /* the last */
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (g_async_queue_length (queue), 0);
}
END_TEST

/* Timers */

START_TEST (timer_goes_on_in_new_code)
{
  static const char *const plugins[] = { "play-1", "play-message", "play-other" };
  ButlerServer *server = start_actor ("a");
  Play play = { .func = (gpointer) (guintptr) give_answer, .cue = queue };
  guint64 timer = play_send_every (server, &play, 1000, NULL);
  guint64 number = 0;

  ck_assert_uint_ne (timer, 0);
  g_free (g_async_queue_pop (queue));
  swap_play (plugins[_i], _i > 0);
  while (number != 2)
    {
      g_autofree Answer *answer = g_async_queue_pop (queue);

      ck_assert_uint_ge (answer->number, number);
      number = answer->number;
    }
  ck_assert (butler_server_cancel_timer (server, timer));
  ck_assert (butler_server_stop (server));
  for (gpointer answer; (answer = g_async_queue_try_pop (queue)) != NULL;)
    g_free (answer);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-ask");
  TCase *tcase = tcase_create ("swap-ask");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, held_question_is_answered_after_a_swap);
  tcase_add_loop_test (tcase, question_that_waits_is_answered_by_the_new_code, 0, 2);
  tcase_add_loop_test (tcase, callback_is_of_the_code_that_asked, 0, 2);
  tcase_add_test (tcase, old_code_stays_for_its_callback);
  tcase_add_loop_test (tcase, swapped_cannot_ask, 0, 2);
  tcase_add_loop_test (tcase, swapped_sets_timers_if_the_swap_happens, 0, 2);
  tcase_add_loop_test (tcase, timer_goes_on_in_new_code, 0, 3);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
