/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plays.h"

/* A swap that fails changes nothing, and what its `swapped` functions sent reaches nobody; of one that succeeds it is received in order,
 * by new code. */

#define ACTORS 10

/* A state as it was. */
typedef struct
{
  gpointer  state;
  guint8   *bytes; /* (owned) */
  gsize     size;
  char     *text;  /* (owned): what the state's own text says */
} Snapshot;

static void
take_down (PlayScene *scene)
{
  Snapshot *snapshot = g_new0 (Snapshot, 1);

  *scene->text = g_strdup_printf ("text of %s", butler_server_get_name (butler_context_get_server (scene->context)));
  snapshot->state = scene->state;
  snapshot->size = scene->size;
  snapshot->bytes = g_memdup2 (scene->state, scene->size);
  snapshot->text = g_strdup (*scene->text);
  g_async_queue_push (scene->cue, snapshot);
}

static Snapshot *
get_snapshot (ButlerServer *server,
              PlayCast     *cast)
{
  GAsyncQueue *queue = g_async_queue_new ();
  Snapshot *snapshot;

  cast_actor (server, cast);
  play_it (server, take_down, queue);
  snapshot = g_async_queue_pop (queue);
  g_async_queue_unref (queue);
  return snapshot;
}

static void
snapshot_free (Snapshot *snapshot)
{
  g_free (snapshot->bytes);
  g_free (snapshot->text);
  g_free (snapshot);
}

static void
give_place (PlayScene *scene)
{
  g_async_queue_push (scene->cue, scene->state);
}

/* The server is between two messages, so nobody writes. */
static void
check_unchanged (ButlerServer   *server,
                 const Snapshot *snapshot)
{
  GAsyncQueue *queue = g_async_queue_new ();

  ck_assert_mem_eq (snapshot->state, snapshot->bytes, snapshot->size);
  play_it (server, give_place, queue);
  ck_assert_ptr_eq (g_async_queue_pop (queue), snapshot->state);
  expect_actor (server, 1, 4);
  g_async_queue_unref (queue);
}

/* `swapped` functions */

static gboolean
refuse (GError **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "refused");
  return FALSE;
}

/* What each of them changes in the new state is gone with that. */
static gboolean
fail_on_seventh (PlayScene *scene,
                 gpointer   calls,
                 GError   **error)
{
  g_atomic_int_inc ((int *) calls);
  g_free (*scene->text);
  *scene->text = g_strdup ("changed");
  *scene->count = 0;
  if (g_str_equal (butler_server_get_name (butler_context_get_server (scene->context)), "s7"))
    return refuse (error);
  return TRUE;
}

START_TEST (all_states_stay_bit_by_bit)
{
  ButlerServer *servers[ACTORS];
  Snapshot *snapshots[ACTORS];
  int calls = 0;
  PlayCast cast = { fail_on_seventh, &calls };

  for (guint i = 0; i < ACTORS; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i + 1);

      servers[i] = start_actor (name);
      snapshots[i] = get_snapshot (servers[i], &cast);
    }
  swap_play_fails (_i == 0 ? "play-swapped" : "play-other-swapped", BUTLER_ERROR_FAILED,
                   "server s7: its swapped function failed: refused");
  ck_assert_int_eq (calls, ACTORS);
  ck_assert_uint_eq (butler_module_get_generation (troupe.module), 1);
  for (guint i = 0; i < ACTORS; i++)
    {
      check_unchanged (servers[i], snapshots[i]);
      snapshot_free (snapshots[i]);
    }
}
END_TEST

/* What `swapped` sends */

#define NEWS 2 /* there is room for */

static ButlerChannel *
add_news (ButlerOverflow overflow)
{
  GError *error = NULL;
  ButlerChannel *news = butler_hub_add_channel (hub, "news", NEWS, overflow, &error);

  butler_assert_no_error (error);
  return news;
}

/* What tells whether the new code sends. */
typedef struct
{
  ButlerChannel *news;
  gboolean       fails;
  guint          n; /* of each way to send */
} Sender;

static void
send_in_each_way (const Sender *self)
{
  for (guint i = 0; i < 3 * self->n; i++)
    {
      Done done = { g_strdup ("sent"), i };

      if (i % 3 == 0)
        g_assert_true (done_send_to (self->news, &done, NULL));
      else if (i % 3 == 1)
        g_assert_true (done_try_send_to (self->news, &done, NULL));
      else
        g_assert_true (done_post_to (self->news, done_copy (&done), NULL));
      done_clear (&done);
    }
}

static gboolean
send_and_end (PlayScene *scene,
              gpointer   data,
              GError   **error)
{
  const Sender *self = data;

  (void) scene;
  send_in_each_way (self);
  return self->fails ? refuse (error) : TRUE;
}

START_TEST (what_a_failed_swap_sends_reaches_nobody)
{
  static const ButlerOverflow policies[] = { BUTLER_OVERFLOW_FAIL, BUTLER_OVERFLOW_BLOCK, BUTLER_OVERFLOW_DROP_NEWEST,
                                             BUTLER_OVERFLOW_DROP_OLDEST };
  ButlerServer *server = start_actor ("s");
  Sender sender = { add_news (policies[_i]), TRUE, 5 };
  PlayCast cast = { send_and_end, &sender };

  cast_actor (server, &cast);
  swap_play_fails ("play-swapped", BUTLER_ERROR_FAILED, "refused");
  expect_actor (server, 1, 2);
  ck_assert_uint_eq (butler_channel_get_accepted (sender.news), 0);
  ck_assert_uint_eq (butler_channel_get_length (sender.news), 0);
  ck_assert (done_try_send_to (sender.news, &(Done) { NULL, 1 }, NULL)); /* no room was taken for it */
  ck_assert (done_try_send_to (sender.news, &(Done) { NULL, 2 }, NULL));
}
END_TEST

/* More than there is room for: it waits for that as any sender does, after the swap. */
START_TEST (what_a_swap_sends_comes_in_order_when_it_is_published)
{
  ButlerServer *server = start_actor ("s");
  Sender sender = { add_news (BUTLER_OVERFLOW_BLOCK), FALSE, 5 };
  PlayCast cast = { send_and_end, &sender };

  cast_actor (server, &cast);
  swap_play (_i == 0 ? "play-swapped" : "play-other-swapped", TRUE);
  for (guint i = 0; i < 15; i++)
    {
      ButlerMessage *message = butler_channel_receive (sender.news, -1, NULL);

      ck_assert_uint_eq (done_get (message)->number, i);
      ck_assert_uint_eq (butler_module_get_generation (troupe.module), 2);
      butler_message_free (message);
    }
  expect_actor (server, 2, 2);
}
END_TEST

/* Servers of one plugin write to each other while they are swapped: nothing of that may meet old code. */
typedef struct
{
  ButlerServer *next;
  GAsyncQueue  *met;
} Neighbour;

static gboolean
greet_next (PlayScene *scene,
            gpointer   data,
            GError   **error)
{
  Neighbour *self = data;

  (void) scene;
  (void) error;
  play_it (self->next, give_answer, self->met);
  return TRUE;
}

START_TEST (what_a_swap_sends_meets_new_code)
{
  ButlerServer *servers[ACTORS];
  Neighbour neighbours[ACTORS];
  PlayCast casts[ACTORS];
  GAsyncQueue *met = g_async_queue_new ();

  for (guint i = 0; i < ACTORS; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      servers[i] = start_actor (name);
      casts[i] = (PlayCast) { greet_next, &neighbours[i] };
    }
  for (guint i = 0; i < ACTORS; i++)
    {
      neighbours[i] = (Neighbour) { servers[(i + 1) % ACTORS], met };
      cast_actor (servers[i], &casts[i]);
    }
  for (guint n = 2; n < 2 + by_scale (3, 20, 200); n++)
    {
      swap_play (n % 2 == 0 ? "play-swapped" : "play-other-swapped", TRUE);
      for (guint i = 0; i < ACTORS; i++)
        {
          g_autofree Answer *answer = g_async_queue_pop (met);

          ck_assert_uint_eq (answer->number, n);
        }
    }
  g_async_queue_unref (met);
}
END_TEST

/* What cannot be held back, or taken back */

static void
never (ButlerTask *task G_GNUC_UNUSED,
       gpointer    data)
{
  g_atomic_int_inc ((int *) data);
}

static gboolean
begin_what_it_cannot_end (PlayScene *scene,
                          gpointer   runs,
                          GError   **error)
{
  butler_test_expect_critical ("*is_swapping*");
  g_assert_null (butler_context_hold (scene->context));
  g_test_assert_expected_messages ();
  butler_test_expect_critical ("*is_swapping*");
  butler_context_run_task (scene->context, "never", never, runs, NULL);
  g_test_assert_expected_messages ();
  butler_test_expect_critical ("*is_open*");
  butler_hub_run_task (hub, "never", never, runs, NULL);
  g_test_assert_expected_messages ();
  return refuse (error);
}

START_TEST (what_cannot_be_undone_is_refused_meanwhile)
{
  ButlerServer *server = start_actor ("s");
  int runs = 0;
  PlayCast cast = { begin_what_it_cannot_end, &runs };

  cast_actor (server, &cast);
  swap_play_fails ("play-swapped", BUTLER_ERROR_FAILED, "refused");
  g_clear_pointer (&hub, butler_hub_unref); /* waits for its tasks */
  ck_assert_int_eq (runs, 0);
}
END_TEST

/* Files that are refused sooner leave no trace either. */

/* Of a file that was cut: nothing of it may be mapped. */
START_TEST (a_file_that_was_cut_is_refused)
{
  const gsize sizes[] = { 0, 50, 600, 4096, 0 };
  ButlerServer *server = start_actor ("s");
  g_autofree char *from = leftovers_plugin ("play-1");
  g_autofree char *bytes = NULL;
  GError *error = NULL;
  gsize all;

  ck_assert (g_file_get_contents (from, &bytes, &all, NULL));
  ck_assert_uint_gt (all, 4096);
  leftovers_exchange (troupe.file, bytes, _i == G_N_ELEMENTS (sizes) - 1 ? all - 1 : sizes[_i]);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_PLUGIN, troupe.file, NULL);
  expect_actor (server, 1, 1);
  swap_play ("play-1", FALSE);
  expect_actor (server, troupe.number, 2);
}
END_TEST

/* Several plugins at once */

START_TEST (of_two_plugins_both_are_swapped_or_none)
{
  Troupe second;
  ButlerServer *one;
  ButlerServer *two;
  GError *error = NULL;

  load_play (&second, "play-second", "second.so");
  one = start_actor ("one");
  two = make_actor (&second, "two", UNROUTED);
  start_it (two);
  put_play (&troupe, "play-1");
  leftovers_exchange (second.file, "no plugin", 9);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_PLUGIN, second.file, NULL);
  expect_actor (one, 1, 1);
  expect_actor (two, 1, 1);

  put_play (&second, _i == 0 ? "play-second" : "play-second-other");
  butler_swap_report_free (swap_all ());
  expect_actor (one, 2, 2);
  expect_actor (two, 2, 2);
  g_clear_pointer (&hub, butler_hub_unref);
  forget_play (&second);
}
END_TEST

/* The other one stands still too, and goes on as if nothing had been. */
START_TEST (one_that_fails_keeps_the_other_back)
{
  Troupe second;
  ButlerServer *one;
  ButlerServer *two;
  Sender sender = { add_news (BUTLER_OVERFLOW_FAIL), TRUE, 1 };
  PlayCast cast = { send_and_end, &sender };
  GError *error = NULL;

  load_play (&second, "play-second", "second.so");
  one = start_actor ("one");
  two = make_actor (&second, "two", UNROUTED);
  start_it (two);
  cast_actor (one, &cast);
  put_play (&troupe, "play-swapped");
  put_play (&second, "play-second-other");
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "refused", NULL);
  expect_actor (one, 1, 2);
  expect_actor (two, 1, 1);
  ck_assert_uint_eq (butler_module_get_generation (second.module), 1);
  g_clear_pointer (&hub, butler_hub_unref);
  forget_play (&second);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-abort");
  TCase *tcase = tcase_create ("swap-abort");

  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_loop_test (tcase, all_states_stay_bit_by_bit, 0, 2);
  tcase_add_loop_test (tcase, what_a_failed_swap_sends_reaches_nobody, 0, 4);
  tcase_add_loop_test (tcase, what_a_swap_sends_comes_in_order_when_it_is_published, 0, 2);
  tcase_add_test (tcase, what_a_swap_sends_meets_new_code);
  tcase_add_test (tcase, what_cannot_be_undone_is_refused_meanwhile);
  tcase_add_loop_test (tcase, a_file_that_was_cut_is_refused, 0, 5);
  tcase_add_loop_test (tcase, of_two_plugins_both_are_swapped_or_none, 0, 2);
  tcase_add_test (tcase, one_that_fails_keeps_the_other_back);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
