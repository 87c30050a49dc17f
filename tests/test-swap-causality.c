/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <dlfcn.h>

#include "tests/plays.h"

/* Once one server of a plugin runs a new file's code, no other one handles in old code what that sends. The first test
 * fails each time if dispatch_one() in lib/dispatch.c does not look for a swap after the message was taken; the second
 * if butler__swap_publish_rolling() in lib/swap-publish.c lets the mutex go before it has asked all servers. */

/* The reader of a bounded channel takes messages under the queue's lock. The library calls this function instead of GLib's, so a test
 * can keep a server in the one moment that matters: it has looked whether there is a swap, and has not taken the next message yet. */
static _Thread_local Pause *pause_in_take;

__attribute__ ((visibility ("default"))) void
g_async_queue_lock (GAsyncQueue *queue)
{
  static void (*real) (GAsyncQueue *queue);
  Pause *pause = g_steal_pointer (&pause_in_take);

  if (g_once_init_enter (&real))
    g_once_init_leave (&real, (void (*) (GAsyncQueue *)) (guintptr) dlsym (RTLD_NEXT, "g_async_queue_lock"));
  if (pause != NULL)
    {
      g_async_queue_push (pause->begun, pause);
      g_async_queue_pop (pause->gate);
    }
  real (queue);
}

static void
pause_at_next_take (PlayScene *scene)
{
  pause_in_take = scene->cue;
}

/* What a message that one server sends to another says. */
typedef struct
{
  ButlerServer *to;
  GAsyncQueue  *met; /* of the number of the code that handles it */
} Letter;

static void
note_number (PlayScene *scene)
{
  Letter *letter = scene->cue;

  g_async_queue_push (letter->met, GSIZE_TO_POINTER (scene->number));
}

static void
pass_on (PlayScene *scene)
{
  Letter *letter = scene->cue;

  g_async_queue_push (letter->met, GSIZE_TO_POINTER (scene->number));
  play_it (letter->to, note_number, letter);
}

START_TEST (what_new_code_sends_meets_new_code)
{
  ButlerServerOptions as_queue = { .as_queue = TRUE, .no_route = TRUE };
  ButlerServer *a = start_actor ("a");
  ButlerServer *b = make_actor (&troupe, "b", as_queue);
  Letter letter = { b, g_async_queue_new () };
  Pause pause;

  pause_begin (&pause);
  start_it (b);
  play_it (b, pause_at_next_take, &pause);
  g_async_queue_pop (pause.begun);
  swap_play ("play-1", FALSE);
  play_it (a, pass_on, &letter);
  ck_assert_uint_eq (GPOINTER_TO_SIZE (g_async_queue_pop (letter.met)), 2);
  pause_release (&pause);
  ck_assert_uint_eq (GPOINTER_TO_SIZE (g_async_queue_pop (letter.met)), 2);
  g_async_queue_unref (letter.met);
  pause_end (&pause);
}
END_TEST

/* Balls that servers throw to each other while their plugin is swapped. */

#define SERVERS 4
#define BALLS 6

typedef struct
{
  ButlerServer *servers[SERVERS];
  gint          over;
  GAsyncQueue  *ended; /* the balls */
  gint          hops;
  gint          late;  /* thrown by newer code than it was caught by */
} Game;

static const ButlerServerOptions courts[SERVERS] = {
  { .no_route = TRUE },
  { .no_route = TRUE, .loop = butler_loop_queue },
  { .no_route = TRUE, .as_queue = TRUE },
  { .no_route = TRUE, .as_queue = TRUE, .loop = butler_loop_queue },
};

/* The nth of a ball is the newest code that it met. */
static void
throw_on (PlayScene *scene)
{
  Game *game = scene->cue;
  Play ball = { .func = (gpointer) (guintptr) throw_on, .cue = game, .writer = scene->writer, .nth = MAX (scene->nth, scene->number) };
  guint hop = (guint) g_atomic_int_add (&game->hops, 1);

  if (scene->number < scene->nth)
    g_atomic_int_inc (&game->late);
  if (g_atomic_int_get (&game->over))
    g_async_queue_push (game->ended, game);
  else
    g_assert_true (play_send_to (butler_server_get_channel (game->servers[(hop + scene->writer) % SERVERS]), &ball, NULL));
}

START_TEST (no_ball_meets_older_code)
{
  static const char *const others[] = { "play-1", "play-other" };
  Game game = { .ended = g_async_queue_new () };
  guint swaps = by_scale (5, 60, 4000);

  for (guint i = 0; i < SERVERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      game.servers[i] = make_actor (&troupe, name, courts[i]);
      start_it (game.servers[i]);
    }
  for (guint i = 0; i < BALLS; i++)
    g_assert_true (play_send_to (butler_server_get_channel (game.servers[i % SERVERS]),
                                 &(Play) { .func = (gpointer) (guintptr) throw_on, .cue = &game, .writer = i }, NULL));
  for (guint i = 0; i < swaps; i++)
    swap_play (i % 2 == 0 ? others[_i] : "play-1", _i == 1);
  g_atomic_int_set (&game.over, TRUE);
  for (guint i = 0; i < BALLS; i++)
    g_async_queue_pop (game.ended);
  ck_assert_int_eq (game.late, 0);
  ck_assert_int_ge (game.hops, (int) swaps * 25);
  g_async_queue_unref (game.ended);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-causality");
  TCase *tcase = tcase_create ("swap-causality");

  tcase_set_timeout (tcase, 3600);
  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_test (tcase, what_new_code_sends_meets_new_code);
  tcase_add_loop_test (tcase, no_ball_meets_older_code, 0, 2);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
