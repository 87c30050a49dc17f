/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plays.h"

/* Writers flood a server while its plugin is swapped to and fro: each message is handled once, in order, and the server never goes back to
 * an older file. */

#define WRITERS 4
/* How far the writers may run ahead of the swaps, so that those meet the flood and not its end. */
#define AHEAD 1

typedef struct
{
  const char *from;
  const char *to;
  gboolean    stops; /* the servers stand still for it */
} Kind;

static const Kind kinds[] = {
  { "play-1", "play-1", FALSE },
  { "play-1", "play-other", TRUE },
  { "play-1", "play-message", TRUE },
};

static const ButlerServerOptions channels[] = {
  { .capacity = 0 },
  { .as_queue = TRUE },
  { .capacity = 64, .overflow = BUTLER_OVERFLOW_BLOCK },
};

enum
{
  LOOP_DEFAULT,
  LOOP_QUEUE,
  LOOP_SOURCE,
  LOOP_BY_HAND,
  N_LOOPS
};

#define N_CASES ((int) (G_N_ELEMENTS (kinds) * G_N_ELEMENTS (channels) * N_LOOPS))

/* What the handlers saw; the server's thread only, while there is one. */
typedef struct
{
  guint64 next[WRITERS];
  guint64 handled;
  guint64 disorder;  /* messages that were not the next of their writer */
  guint64 lost_state; /* messages at which the plugin's own count was another one */
  guint64 number;    /* of the code that handled the last one */
  guint   came_back; /* how often that was followed by an older one */
  guint   numbers;   /* how many files it met */
} Tally;

typedef struct
{
  ButlerChannel *channel;
  Tally          tally;
  guint          messages; /* of each writer */
  guint          stops;    /* of each writer, evenly: there it waits for swaps */
  gint           writers;

  GMutex         mutex;
  GCond          changed;
  guint          swaps;    /* how many there were */
} Flood;

static void
count_it (PlayScene *scene)
{
  Tally *tally = scene->cue;

  tally->disorder += scene->nth != tally->next[scene->writer];
  tally->next[scene->writer] = scene->nth + 1;
  tally->handled++;
  tally->lost_state += *scene->count != tally->handled;
  tally->came_back += scene->number < tally->number;
  tally->numbers += scene->number != tally->number;
  tally->number = scene->number;
}

static void
wait_for_swaps (Flood *self,
                guint  swaps)
{
  g_mutex_lock (&self->mutex);
  while (self->swaps < swaps)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
announce_swap (Flood *self)
{
  g_mutex_lock (&self->mutex);
  self->swaps++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static gpointer
write_all (gpointer data)
{
  Flood *self = data;
  guint who = (guint) g_atomic_int_add (&self->writers, 1);
  guint pace = self->messages / self->stops;

  for (guint n = 0; n < self->messages; n++)
    {
      Play play = { .func = (gpointer) (guintptr) count_it, .cue = &self->tally, .writer = who, .nth = n };

      if (n % pace == 0 && n / pace > AHEAD)
        wait_for_swaps (self, WRITERS * (n / pace - AHEAD));
      g_assert_true (play_send_to (self->channel, &play, NULL));
    }
  return NULL;
}

static void
flood (Flood      *self,
       const Kind *kind)
{
  GThread *threads[WRITERS];

  for (guint i = 0; i < WRITERS; i++)
    threads[i] = g_thread_new ("writes", write_all, self);
  for (guint i = 0; i < WRITERS * self->stops; i++)
    {
      swap_play (i % 2 == 0 ? kind->to : kind->from, kind->stops);
      announce_swap (self);
    }
  for (guint i = 0; i < WRITERS; i++)
    g_thread_join (threads[i]);
}

/* A loop of the program's own, as a window has one. */
typedef struct
{
  GMainContext *context;
  GMainLoop    *loop;
  GThread      *thread;
} Window;

static gpointer
run_window (gpointer data)
{
  Window *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
window_begin (Window       *self,
              ButlerServer *server)
{
  GSource *source = butler_server_create_source (server);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_source_attach (source, self->context);
  g_source_unref (source);
  self->thread = g_thread_new ("window", run_window, self);
}

static void
window_end (Window *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
}

/* A server that is dispatched by whoever comes along, here a thread. */
static gpointer
dispatch_by_hand (gpointer data)
{
  ButlerServer *server = data;

  while (butler_server_keep_running (server))
    {
      butler_server_wait (server, -1);
      butler_server_dispatch (server, 64);
    }
  return NULL;
}

static void
check (const Flood *self)
{
  const Tally *tally = &self->tally;

  ck_assert_uint_eq (tally->handled, (guint64) WRITERS * self->messages);
  for (guint i = 0; i < WRITERS; i++)
    ck_assert_uint_eq (tally->next[i], self->messages);
  ck_assert_uint_eq (tally->disorder, 0);
  ck_assert_uint_eq (tally->lost_state, 0);
  ck_assert_uint_eq (tally->came_back, 0);
  ck_assert_uint_gt (tally->numbers, 1);
}

START_TEST (nothing_is_lost_doubled_or_reordered)
{
  const Kind *kind = &kinds[(guint) _i % G_N_ELEMENTS (kinds)];
  ButlerServerOptions options = channels[(guint) _i / G_N_ELEMENTS (kinds) % G_N_ELEMENTS (channels)];
  guint loop = (guint) _i / (guint) (G_N_ELEMENTS (kinds) * G_N_ELEMENTS (channels));
  Flood self = { .messages = by_scale (1000, 20000, 500000), .stops = by_scale (3, 3, 50) };
  Window window;
  GThread *thread = NULL;
  ButlerServer *server;

  options.no_route = TRUE;
  options.no_thread = loop == LOOP_SOURCE || loop == LOOP_BY_HAND;
  options.loop = loop == LOOP_QUEUE ? butler_loop_queue : NULL;
  server = make_actor (&troupe, "s", options);
  self.channel = butler_server_get_channel (server);
  start_it (server);
  if (loop == LOOP_SOURCE)
    window_begin (&window, server);
  else if (loop == LOOP_BY_HAND)
    thread = g_thread_new ("by hand", dispatch_by_hand, server);
  flood (&self, kind);
  expect_actor (server, troupe.number, (guint64) WRITERS * self.messages + 1);
  if (loop == LOOP_SOURCE)
    window_end (&window);
  ck_assert (butler_server_stop (server));
  if (thread != NULL)
    g_thread_join (thread);
  check (&self);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-flood");
  TCase *tcase = tcase_create ("swap-flood");

  tcase_set_timeout (tcase, 3600);
  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_loop_test (tcase, nothing_is_lost_doubled_or_reordered, 0, N_CASES);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
