/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/leftovers.h"
#include "tests/swap-plays.h"

/* A hub with the plugin of tests/plugins/play.c, loaded from a file that tests exchange. Each file that is put there has the next
 * number, so no two are the same, and the code that runs can say which one it is. */

typedef struct
{
  ButlerModule *module;
  char         *file;   /* (owned) */
  guint64       number; /* of the file that was put there last */
} Troupe;

static Leftovers left;
static ButlerHub *hub;
static Troupe troupe;

static inline void
set_number (char    *bytes,
            gsize    size,
            guint64  number)
{
  char *place = memmem (bytes, size, PLAY_MARK, sizeof PLAY_MARK);

  ck_assert_msg (place != NULL, "the plugin says no number");
  memcpy (place + G_STRUCT_OFFSET (PlayStamp, number), &number, sizeof number);
}

static inline void
put_play (Troupe     *self,
          const char *plugin)
{
  g_autofree char *from = leftovers_plugin (plugin);
  g_autofree char *bytes = NULL;
  gsize size;

  ck_assert (g_file_get_contents (from, &bytes, &size, NULL));
  set_number (bytes, size, ++self->number);
  leftovers_exchange (self->file, bytes, size);
}

static inline void
load_play (Troupe     *self,
           const char *plugin,
           const char *name)
{
  GError *error = NULL;

  self->file = leftovers_path (&left, name);
  self->number = 0;
  put_play (self, plugin);
  self->module = butler_module_load (hub, self->file, BUTLER_MODULE_DEFAULT, &error);
  butler_assert_no_error (error);
}

/* Before the hub ends or after it. */
static inline void
forget_play (Troupe *self)
{
  g_unlink (self->file);
  g_clear_pointer (&self->file, g_free);
}

static inline void
plays_begin (void)
{
  g_type_ensure (G_TYPE_TASK); /* GIO makes a thread with its first task, and keeps it */
  leftovers_begin (&left);
  hub = butler_hub_new ();
  butler_hub_set_swap_limit (hub, 60 * 1000); /* the machine may be slow */
  load_play (&troupe, "play-1", "play.so");
}

static inline void
plays_end (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  forget_play (&troupe);
  leftovers_end (&left);
}

static inline ButlerServer *
make_actor (const Troupe        *self,
            const char          *name,
            ButlerServerOptions  options)
{
  GError *error = NULL;
  ButlerServer *server;

  options.options_size = sizeof options;
  server = butler_server_new (hub, name, butler_module_get_set (self->module, "actor", NULL), &options, &error);
  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (server);
  return server;
}

static inline void
start_it (ButlerServer *server)
{
  GError *error = NULL;

  ck_assert (butler_server_start (server, &error));
  butler_assert_no_error (error);
}

#define UNROUTED ((ButlerServerOptions) { .no_route = TRUE })

/* Of the one troupe, unrouted. */
static inline ButlerServer *
start_actor (const char *name)
{
  ButlerServer *server = make_actor (&troupe, name, UNROUTED);

  start_it (server);
  return server;
}

static inline ButlerSwapReport *
swap_all (void)
{
  GError *error = NULL;
  ButlerSwapReport *report = butler_hub_swap (hub, NULL, &error);

  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (report);
  return report;
}

/* Whether servers stood still is what the test says of it. */
static inline void
swap_play (const char *plugin,
           gboolean    stopped)
{
  g_autoptr (ButlerSwapReport) report = NULL;

  put_play (&troupe, plugin);
  report = swap_all ();
  ck_assert_uint_eq (report->plugins->len, 1);
  ck_assert_int_eq (report->stopped, stopped);
}

static inline void
swap_play_fails (const char *plugin,
                 int         code,
                 const char *reason)
{
  GError *error = NULL;

  put_play (&troupe, plugin);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, code, reason, NULL);
}

/* Any thread. */
static inline void
play_it (ButlerServer *server,
         PlayFunc      func,
         gpointer      cue)
{
  g_assert_true (play_send_to (butler_server_get_channel (server), &(Play) { .func = (gpointer) (guintptr) func, .cue = cue }, NULL));
}

/* Answers, as they come over a queue of the test's own */

typedef struct
{
  guint64 number;
  guint64 count;
} Answer;

static inline void
give_answer (PlayScene *scene)
{
  Answer *answer = g_new (Answer, 1);

  *answer = (Answer) { scene->number, *scene->count };
  g_async_queue_push (scene->cue, answer);
}

/* What code @server runs now, and how many messages its state has seen with this one. */
static inline Answer
ask_actor (ButlerServer *server)
{
  GAsyncQueue *queue = g_async_queue_new ();
  g_autofree Answer *answer = NULL;

  play_it (server, give_answer, queue);
  answer = g_async_queue_pop (queue);
  g_async_queue_unref (queue);
  return *answer;
}

static inline void
expect_actor (ButlerServer *server,
              guint64       number,
              guint64       count)
{
  Answer answer = ask_actor (server);

  ck_assert_uint_eq (answer.number, number);
  ck_assert_uint_eq (answer.count, count);
}

/* Gives a server of the test's cast to its state, as its next message. */
typedef struct
{
  PlayCast    *cast;
  GAsyncQueue *done;
} Casting;

static inline void
take_cast (PlayScene *scene)
{
  Casting *casting = scene->cue;

  *scene->data = casting->cast;
  g_async_queue_push (casting->done, casting);
}

static inline void
cast_actor (ButlerServer *server,
            PlayCast     *cast)
{
  Casting casting = { cast, g_async_queue_new () };

  play_it (server, take_cast, &casting);
  g_async_queue_pop (casting.done);
  g_async_queue_unref (casting.done);
}

/* A play that says that it goes on, and waits: its cue is a Pause. */
typedef struct
{
  GAsyncQueue *begun;
  GAsyncQueue *gate;
} Pause;

static inline void
pause_begin (Pause *self)
{
  self->begun = g_async_queue_new ();
  self->gate = g_async_queue_new ();
}

static inline void
pause_end (Pause *self)
{
  g_async_queue_unref (self->begun);
  g_async_queue_unref (self->gate);
}

static inline void
stay_inside (PlayScene *scene)
{
  Pause *pause = scene->cue;

  g_async_queue_push (pause->begun, pause);
  g_async_queue_pop (pause->gate);
}

/* The same in a `swapped` function, whose Pause is its cast's. */
static inline gboolean
stay_in_swapped (PlayScene *scene,
                 gpointer   data,
                 GError   **error)
{
  Pause *pause = data;

  (void) scene;
  (void) error;
  g_async_queue_push (pause->begun, pause);
  g_async_queue_pop (pause->gate);
  return TRUE;
}

/* Returns when @server is in its handler, until pause_release(). */
static inline void
pause_actor (Pause        *self,
             ButlerServer *server)
{
  play_it (server, stay_inside, self);
  g_async_queue_pop (self->begun);
}

static inline void
pause_release (Pause *self)
{
  g_async_queue_push (self->gate, self);
}

/* by_scale() chooses by BUTLER_TEST_SCALE. */
static inline guint
by_scale (guint small,
          guint normal,
          guint full)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");

  return g_strcmp0 (scale, "small") == 0 ? small : g_strcmp0 (scale, "full") == 0 ? full : normal;
}
