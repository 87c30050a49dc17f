/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/halt.h"
#include "lib/server.h"
#include "tests/plays.h"

/* How all servers of a plugin come to stand still together, and what keeps them from it. */

/* A swap that somebody else waits for. */
typedef struct
{
  GThread          *thread;
  ButlerSwapReport *report; /* (owned) (nullable) */
  GError           *error;  /* (owned) (nullable) */
} Swapper;

static gpointer
run_swapper (gpointer data)
{
  Swapper *self = data;

  self->report = butler_hub_swap (hub, NULL, &self->error);
  return NULL;
}

static void
swapper_begin (Swapper    *self,
               const char *plugin)
{
  *self = (Swapper) { 0 };
  put_play (&troupe, plugin);
  self->thread = g_thread_new ("swaps", run_swapper, self);
}

/* Its deadline is then from now on, however long the servers took to stand still. */
static void
swapper_ends_after (gint64 microseconds)
{
  butler__hub_lock (hub);
  troupe.module->halt->deadline = g_get_monotonic_time () + microseconds;
  g_cond_broadcast (&hub->changed);
  butler__hub_unlock (hub);
}

static void
swapper_fails (Swapper    *self,
               int         code,
               const char *reason)
{
  g_thread_join (self->thread);
  ck_assert_ptr_null (self->report);
  butler_assert_error (&self->error, code, reason, NULL);
}

/* A server that is to stand still waits for room in the channel of another one that does already. */

#define ROOM 4

typedef struct
{
  ButlerChannel *to;
  gint           over;     /* it was in vain */
  gint           sent;
  gint           got;      /* on the other side */
  guint          disorder;
} Stream;

static void
take_one (PlayScene *scene)
{
  Stream *self = scene->cue;

  self->disorder += scene->nth != (guint64) g_atomic_int_add (&self->got, 1);
}

/* Until there are more than there is room for, and one that is being handled: that is only so when the reader stands still for the swap
 * that is to come. */
static void
send_till_admitted (PlayScene *scene)
{
  Stream *self = scene->cue;

  while (self->sent - g_atomic_int_get (&self->got) <= ROOM + 1 && !g_atomic_int_get (&self->over))
    {
      Play play = { .func = (gpointer) (guintptr) take_one, .cue = self, .nth = (guint64) self->sent++ };

      g_assert_true (play_send_to (self->to, &play, NULL));
    }
}

START_TEST (who_is_to_stand_still_is_admitted_above_the_capacity)
{
  ButlerServerOptions narrow = { .no_route = TRUE, .capacity = ROOM, .overflow = BUTLER_OVERFLOW_BLOCK };
  ButlerServer *x = start_actor ("x");
  ButlerServer *y = make_actor (&troupe, "y", narrow);
  Stream stream = { .to = butler_server_get_channel (y) };
  GError *error = NULL;
  Pause pause;

  start_it (y);
  play_it (x, send_till_admitted, &stream);
  put_play (&troupe, "play-other");
  butler_swap_report_free (butler_hub_swap (hub, NULL, &error));
  g_atomic_int_set (&stream.over, TRUE);
  butler_assert_no_error (error);
  expect_actor (x, 2, 2);
  expect_actor (y, 2, (guint64) stream.sent + 1);
  ck_assert_int_eq (stream.got, stream.sent);
  ck_assert_uint_eq (stream.disorder, 0);

  pause_begin (&pause);
  pause_actor (&pause, y);
  for (guint i = 0; i < ROOM; i++)
    ck_assert (play_try_send_to (stream.to, &(Play) { 0 }, NULL));
  ck_assert (!play_try_send_to (stream.to, &(Play) { 0 }, &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, NULL);
  pause_release (&pause);
  expect_actor (y, 2, (guint64) stream.sent + ROOM + 3);
  pause_end (&pause);
}
END_TEST

/* A whole ring of servers that fill each other's channels. */
typedef struct
{
  ButlerChannel *next;
  guint          sent;
  gint          *got; /* in all */
} Ring;

static void
count_one (PlayScene *scene)
{
  g_atomic_int_inc ((gint *) scene->cue);
}

static void
send_many (PlayScene *scene)
{
  Ring *self = scene->cue;

  for (guint i = 0; i < 2 * ROOM; i++)
    if (play_send_to (self->next, &(Play) { .func = (gpointer) (guintptr) count_one, .cue = self->got }, NULL))
      self->sent++;
}

START_TEST (a_ring_of_full_channels_stands_still)
{
  ButlerServerOptions narrow = { .no_route = TRUE, .capacity = ROOM, .overflow = BUTLER_OVERFLOW_BLOCK };
  ButlerServer *servers[3];
  Ring rings[3];
  gint got = 0;
  guint sent = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      servers[i] = make_actor (&troupe, name, narrow);
      start_it (servers[i]);
    }
  for (guint i = 0; i < 3; i++)
    rings[i] = (Ring) { butler_server_get_channel (servers[(i + 1) % 3]), 0, &got };
  for (guint n = 0; n < by_scale (3, 20, 1000); n++)
    {
      for (guint i = 0; i < 3; i++)
        play_it (servers[i], send_many, &rings[i]);
      swap_play (n % 2 == 0 ? "play-other" : "play-1", TRUE);
    }
  for (guint i = 0; i < 6; i++) /* round once more, so that what the last one sent has come */
    ask_actor (servers[i % 3]);
  for (guint i = 0; i < 3; i++)
    sent += rings[i].sent;
  ck_assert_int_eq (got, (int) sent);
}
END_TEST

/* `swapped` functions that do not return */

static gboolean
send_in_swapped (PlayScene *scene,
                 gpointer   queue,
                 GError   **error)
{
  (void) error;
  play_it (butler_context_get_server (scene->context), give_answer, queue);
  return TRUE;
}

START_TEST (a_swapped_function_that_does_not_return_is_named)
{
  ButlerServer *stuck = start_actor ("stuck");
  ButlerServer *other = start_actor ("other");
  Pause pause;
  PlayCast cast = { stay_in_swapped, &pause };
  const char *plugin = _i == 0 ? "play-swapped" : "play-other-swapped";
  g_autoptr (ButlerSwapReport) report = NULL;
  Swapper swapper;

  pause_begin (&pause);
  cast_actor (stuck, &cast);
  swapper_begin (&swapper, plugin);
  g_async_queue_pop (pause.begun);
  swapper_ends_after (0);
  swapper_fails (&swapper, BUTLER_ERROR_TIMED_OUT, "the swapped function of server stuck has not returned");
  expect_actor (other, 1, 1);

  /* It keeps back who would stand still with it, and nobody else. */
  butler_hub_set_swap_limit (hub, 50);
  swap_play_fails (plugin, BUTLER_ERROR_TIMED_OUT, "stuck");
  expect_actor (other, 1, 2);
  put_play (&troupe, "play-1");
  report = swap_all ();
  expect_actor (other, troupe.number, 3);

  for (guint i = 0; i < 100; i++)
    play_it (stuck, NULL, NULL);
  pause_release (&pause);
  expect_actor (stuck, troupe.number, 102);
  cast.swapped = send_in_swapped;
  cast.data = pause.begun;
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  swap_play (plugin, TRUE);
  g_free (g_async_queue_pop (pause.begun));
  expect_actor (stuck, troupe.number, 104);
  expect_actor (other, troupe.number, 4);
  pause_end (&pause);
}
END_TEST

START_TEST (a_server_that_is_stopped_leaves_a_stuck_swap)
{
  ButlerServer *stuck = start_actor ("stuck");
  ButlerServer *other = start_actor ("other");
  Pause pause;
  PlayCast cast = { stay_in_swapped, &pause };
  Swapper swapper;

  pause_begin (&pause);
  cast_actor (stuck, &cast);
  swapper_begin (&swapper, "play-swapped");
  g_async_queue_pop (pause.begun);
  swapper_ends_after (G_TIME_SPAN_SECOND / 10);
  ck_assert (butler_server_stop (other)); /* when it goes on: at the deadline */
  swapper_fails (&swapper, BUTLER_ERROR_TIMED_OUT, "stuck");
  pause_release (&pause);
  expect_actor (stuck, 1, 2);
  ck_assert (butler_server_start (other, NULL));
  expect_actor (other, 1, 1);
  pause_end (&pause);
}
END_TEST

/* On its own thread. */
static void
stay_in_shutdown (ButlerContext *context G_GNUC_UNUSED,
                  gpointer       pause)
{
  PlayScene scene = { .cue = pause };

  stay_inside (&scene);
}

static gpointer
stop_it (gpointer server)
{
  butler_server_stop (server);
  return NULL;
}

/* Till the swap has begun. */
static void
await_swap (void)
{
  butler__hub_lock (hub);
  while (troupe.module->halt == NULL)
    g_cond_wait (&hub->changed, &hub->mutex);
  butler__hub_unlock (hub);
}

/* Till the swap has asked @server to stand still. */
static void
await_request (ButlerServer *server)
{
  butler__hub_lock (hub);
  while (server->halt == NULL)
    g_cond_wait (&hub->changed, &hub->mutex);
  butler__hub_unlock (hub);
}

/* The move that it has is that of the first swap, which found it at its end; the third one has asked nobody when its time is over. */
START_TEST (a_server_that_starts_does_not_join_a_swap_that_waits_for_another)
{
  ButlerServer *stuck = start_actor ("stuck");
  ButlerServer *other = make_actor (&troupe, "other", UNROUTED);
  Pause in_swapped, in_shutdown;
  PlayCast cast = { stay_in_swapped, &in_swapped };
  Swapper swapper;
  GThread *stopper;

  pause_begin (&in_swapped);
  pause_begin (&in_shutdown);
  butler_server_add_shutdown (other, stay_in_shutdown, &in_shutdown, NULL);
  start_it (other);
  stopper = g_thread_new ("stops", stop_it, other);
  g_async_queue_pop (in_shutdown.begun);
  swap_play ("play-other", TRUE);

  cast_actor (stuck, &cast);
  swapper_begin (&swapper, "play-swapped");
  g_async_queue_pop (in_swapped.begun);
  swapper_ends_after (0);
  swapper_fails (&swapper, BUTLER_ERROR_TIMED_OUT, "stuck");

  swapper_begin (&swapper, "play-swapped");
  await_swap ();
  pause_release (&in_shutdown);
  g_thread_join (stopper);
  swapper_ends_after (G_TIME_SPAN_SECOND / 10);
  start_it (other);
  swapper_fails (&swapper, BUTLER_ERROR_TIMED_OUT, "of a swap that was given up, has not returned");
  expect_actor (other, 2, 1);
  pause_release (&in_swapped);
  expect_actor (stuck, 2, 2);
  pause_release (&in_shutdown);
  ck_assert (butler_server_stop (other));
  pause_end (&in_shutdown);
  pause_end (&in_swapped);
}
END_TEST

/* Nothing else can reach the code of a file that was refused; it stays until that has returned. */
START_TEST (a_refused_file_stays_as_long_as_its_code_runs)
{
  ButlerServer *stuck = start_actor ("stuck");
  Pause pause;
  PlayCast cast = { stay_in_swapped, &pause };
  g_autoptr (ButlerModuleStatus) status = NULL;
  const ButlerGenerationStatus *refused;
  Swapper swapper;

  pause_begin (&pause);
  cast_actor (stuck, &cast);
  swapper_begin (&swapper, "play-swapped");
  g_async_queue_pop (pause.begun);
  swapper_ends_after (0);
  swapper_fails (&swapper, BUTLER_ERROR_TIMED_OUT, "stuck");
  status = butler_module_get_status (troupe.module);
  ck_assert_uint_eq (status->generations->len, 2);
  refused = &g_array_index (status->generations, ButlerGenerationStatus, 1);
  ck_assert_uint_eq (refused->number, 2);
  ck_assert_str_eq (refused->pins[0], "swap of server of server stuck");
  pause_release (&pause);
  expect_actor (stuck, 1, 2);
  pause_end (&pause);
}
END_TEST

/* A timer's message for which the server has to stand still first: so it ends what it holds, and another timer rings in that. */

typedef struct
{
  Pause          pause;
  ButlerContext *held;
  guint64        timers[3];
  guint64        heard[3]; /* what the handlers were told */
} Timed;

static void
hear_first (PlayScene *scene)
{
  Timed *self = scene->cue;
  PlayScene inner = *scene;

  self->heard[0] = butler_context_get_timer (scene->context);
  inner.cue = &self->pause;
  stay_inside (&inner);
}

static void
hear_second (PlayScene *scene)
{
  Timed *self = scene->cue;

  self->heard[1] = butler_context_get_timer (scene->context);
}

static void
hear_third (PlayScene *scene)
{
  Timed *self = scene->cue;

  self->heard[2] = butler_context_get_timer (scene->context);
  butler_context_release (g_steal_pointer (&self->held));
}

static void
hold_and_set_timers (PlayScene *scene)
{
  static const PlayFunc funcs[] = { hear_first, hear_second, hear_third };
  Timed *self = scene->cue;
  GError *error = NULL;

  self->held = butler_context_hold (scene->context);
  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    {
      Play play = { .func = (gpointer) (guintptr) funcs[i], .cue = self };

      self->timers[i] = play_send_later (butler_context_get_server (scene->context), &play, 0, &error);
      g_assert_no_error (error);
    }
}

START_TEST (each_message_knows_its_own_timer)
{
  ButlerServer *server = start_actor ("s");
  Timed timed = { .held = NULL };
  Swapper swapper;

  pause_begin (&timed.pause);
  play_it (server, hold_and_set_timers, &timed);
  g_async_queue_pop (timed.pause.begun);
  swapper_begin (&swapper, "play-other");
  await_request (server);
  pause_release (&timed.pause);
  g_thread_join (swapper.thread);
  butler_assert_no_error (swapper.error);
  butler_swap_report_free (swapper.report);
  expect_actor (server, 2, 5);
  for (guint i = 0; i < G_N_ELEMENTS (timed.timers); i++)
    ck_assert_uint_eq (timed.heard[i], timed.timers[i]);
  pause_end (&timed.pause);
}
END_TEST

/* Several who swap */

static gpointer
swap_again_and_again (gpointer data)
{
  guint rounds = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < rounds; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (report);
    }
  return NULL;
}

START_TEST (two_who_swap_take_turns)
{
  ButlerServer *server = start_actor ("s");
  guint rounds = by_scale (5, 30, 1000);
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("swaps", swap_again_and_again, GUINT_TO_POINTER (rounds));
  for (guint i = 0; i < rounds; i++)
    put_play (&troupe, i % 3 == 0 ? "play-other" : i % 3 == 1 ? "play-swapped" : "play-1");
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  butler_swap_report_free (swap_all ());
  expect_actor (server, troupe.number, 1);
}
END_TEST

typedef struct
{
  GMainLoop        *loop;
  ButlerSwapReport *report;
  GError           *error;
} Outcome;

static void
note_outcome (GObject      *source G_GNUC_UNUSED,
              GAsyncResult *result,
              gpointer      data)
{
  Outcome *self = data;

  self->report = butler_hub_swap_finish (hub, result, &self->error);
  g_main_loop_quit (self->loop);
}

/* A server that stays in its handler until the others stand still, and then. */
typedef struct
{
  Stream stream;
  Pause  pause;
} Obstacle;

static void
stay_when_admitted (PlayScene *scene)
{
  Obstacle *self = scene->cue;
  PlayScene inner = *scene;

  inner.cue = &self->stream;
  send_till_admitted (&inner);
  inner.cue = &self->pause;
  stay_inside (&inner);
}

/* It waits for a server when it is cancelled; the limit is too far away for the test. */
START_TEST (a_cancelled_swap_ends_at_once)
{
  ButlerServerOptions narrow = { .no_route = TRUE, .capacity = ROOM, .overflow = BUTLER_OVERFLOW_BLOCK };
  ButlerServer *x = start_actor ("x");
  ButlerServer *y = make_actor (&troupe, "y", narrow);
  Obstacle obstacle = { .stream = { .to = butler_server_get_channel (y) } };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { g_main_loop_new (NULL, FALSE), NULL, NULL };

  start_it (y);
  pause_begin (&obstacle.pause);
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  play_it (x, stay_when_admitted, &obstacle);
  put_play (&troupe, "play-other");
  butler_hub_swap_async (hub, NULL, cancellable, note_outcome, &outcome);
  g_async_queue_pop (obstacle.pause.begun);
  g_cancellable_cancel (cancellable);
  g_main_loop_run (outcome.loop);
  ck_assert_ptr_null (outcome.report);
  ck_assert (g_error_matches (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  expect_actor (y, 1, (guint64) obstacle.stream.sent + 1);
  pause_release (&obstacle.pause);
  expect_actor (x, 1, 2);
  swap_play ("play-other", TRUE);
  expect_actor (x, 3, 3);
  g_clear_error (&outcome.error);
  g_main_loop_unref (outcome.loop);
  pause_end (&obstacle.pause);
}
END_TEST

/* One that could start while others come to stand still does so, in old code, and joins them. */
START_TEST (a_server_that_starts_meanwhile_stands_still_too)
{
  ButlerServerOptions narrow = { .no_route = TRUE, .capacity = ROOM, .overflow = BUTLER_OVERFLOW_BLOCK };
  ButlerServer *x = start_actor ("x");
  ButlerServer *y = make_actor (&troupe, "y", narrow);
  ButlerServer *late = make_actor (&troupe, "late", UNROUTED);
  Obstacle obstacle = { .stream = { .to = butler_server_get_channel (y) } };
  Swapper swapper;

  start_it (y);
  pause_begin (&obstacle.pause);
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  play_it (x, stay_when_admitted, &obstacle);
  swapper_begin (&swapper, _i == 0 ? "play-other" : "play-swapped");
  g_async_queue_pop (obstacle.pause.begun);
  start_it (late);
  pause_release (&obstacle.pause);
  g_thread_join (swapper.thread);
  butler_assert_no_error (swapper.error);
  butler_swap_report_free (swapper.report);
  expect_actor (late, 2, 1);
  expect_actor (x, 2, 2);
  expect_actor (y, 2, (guint64) obstacle.stream.sent + 1);
  pause_end (&obstacle.pause);
}
END_TEST

/* A server without a thread, which somebody dispatches just now: it is his, and nobody else may touch its state. */
static gpointer
dispatch_once (gpointer server)
{
  butler_server_dispatch (server, 1);
  return NULL;
}

START_TEST (who_dispatches_a_server_is_waited_for)
{
  ButlerServer *server = make_actor (&troupe, "s", (ButlerServerOptions) { .no_route = TRUE, .no_thread = TRUE });
  GThread *thread;
  Pause pause;

  pause_begin (&pause);
  start_it (server);
  play_it (server, stay_inside, &pause);
  thread = g_thread_new ("dispatches", dispatch_once, server);
  g_async_queue_pop (pause.begun);
  butler_hub_set_swap_limit (hub, 50);
  swap_play_fails ("play-other", BUTLER_ERROR_TIMED_OUT, "server s is in its handler of Play");
  pause_release (&pause);
  g_thread_join (thread);
  butler_hub_set_swap_limit (hub, 3600 * 1000);
  swap_play ("play-other", TRUE);
  ck_assert (butler_server_stop (server));
  pause_end (&pause);
}
END_TEST

/* At any moment of it, while messages flow: either it has happened or it has not. */
START_TEST (a_cancelled_swap_has_happened_or_not)
{
  ButlerServer *servers[] = { start_actor ("a"), start_actor ("b") };
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  guint64 running = 1;

  for (guint i = 0; i < by_scale (5, 30, 300); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Outcome outcome = { loop, NULL, NULL };

      put_play (&troupe, i % 2 == 0 ? "play-other" : "play-1");
      butler_hub_swap_async (hub, NULL, cancellable, note_outcome, &outcome);
      for (guint n = 0; n < i; n++)
        ask_actor (servers[n % 2]);
      g_cancellable_cancel (cancellable);
      g_main_loop_run (loop);
      if (outcome.report != NULL)
        running = troupe.number;
      else
        ck_assert (g_error_matches (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
      for (guint n = 0; n < 2; n++)
        ck_assert_uint_eq (ask_actor (servers[n]).number, running);
      g_clear_pointer (&outcome.report, butler_swap_report_free);
      g_clear_error (&outcome.error);
    }
  g_main_loop_unref (loop);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-halt");
  TCase *tcase = tcase_create ("swap-halt");

  tcase_set_timeout (tcase, 20);
  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_test (tcase, who_is_to_stand_still_is_admitted_above_the_capacity);
  tcase_add_test (tcase, a_ring_of_full_channels_stands_still);
  tcase_add_loop_test (tcase, a_swapped_function_that_does_not_return_is_named, 0, 2);
  tcase_add_test (tcase, a_server_that_is_stopped_leaves_a_stuck_swap);
  tcase_add_test (tcase, a_server_that_starts_does_not_join_a_swap_that_waits_for_another);
  tcase_add_test (tcase, a_refused_file_stays_as_long_as_its_code_runs);
  tcase_add_test (tcase, each_message_knows_its_own_timer);
  tcase_add_test (tcase, two_who_swap_take_turns);
  tcase_add_test (tcase, a_cancelled_swap_ends_at_once);
  tcase_add_loop_test (tcase, a_server_that_starts_meanwhile_stands_still_too, 0, 2);
  tcase_add_test (tcase, who_dispatches_a_server_is_waited_for);
  tcase_add_test (tcase, a_cancelled_swap_has_happened_or_not);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
