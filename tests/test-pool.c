/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

#include "lib/pool.h"
#include "tests/common.h"

/* Memory for envelopes. BUTLER_POOL=on, so it is the real one under the sanitizers, too. */

#define MANY  20000
#define CHUNK (64 * 1024)

/* As many chunks stay of each size, and some in which a thread has blocks left. */
#define KEPT_CHUNKS (1024 * 1024 / CHUNK + 8)

typedef struct
{
  guint64 *block;
  gsize    size;
  guint32  kind;
} Piece;

static void
fill (Piece  *piece,
      gsize   size,
      guint64 mark)
{
  piece->size = size;
  piece->block = butler__pool_alloc (size, &piece->kind);
  for (gsize i = 0; i < size / sizeof mark; i++)
    piece->block[i] = mark;
}

static void
check_and_free (Piece  *piece,
                guint64 mark)
{
  guint wrong = 0;

  for (gsize i = 0; i < piece->size / sizeof mark; i++)
    wrong += piece->block[i] != mark;
  g_assert_cmpuint (wrong, ==, 0);
  butler__pool_free (piece->block, piece->kind);
}

static gboolean
never (gpointer nothing G_GNUC_UNUSED)
{
  return FALSE;
}

static gboolean
always (gpointer nothing G_GNUC_UNUSED)
{
  return TRUE;
}

START_TEST (each_size_has_its_blocks)
{
  for (gsize size = 1; size <= 1100; size++)
    {
      guint32 kind;
      char *block = butler__pool_alloc (size, &kind);

      ck_assert_int_eq (kind == 0, size > 1024);
      ck_assert_uint_eq ((guintptr) block % _Alignof (max_align_t), 0);
      ck_assert (kind == 0 || butler__sizes[kind - 1] >= size);
      memset (block, 0xa5, size);
      butler__pool_free (block, kind);
    }
}
END_TEST

START_TEST (no_two_overlap)
{
  g_autofree Piece *pieces = g_new (Piece, MANY);
  guint32 seed = g_random_int ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  printf ("seed %u\n", seed);
  for (guint i = 0; i < MANY; i++)
    fill (&pieces[i], (gsize) g_rand_int_range (rand, 8, 1200), i);
  for (guint i = 0; i < MANY; i++)
    {
      guint other = (guint) g_rand_int_range (rand, 0, MANY);

      check_and_free (&pieces[other], other);
      fill (&pieces[other], (gsize) g_rand_int_range (rand, 8, 1200), other);
    }
  for (guint i = 0; i < MANY; i++)
    check_and_free (&pieces[i], i);
}
END_TEST

START_TEST (what_was_freed_last_is_next)
{
  guint32 kind;
  gpointer first = butler__pool_alloc (100, &kind);

  butler__pool_free (first, kind);
  ck_assert_ptr_eq (butler__pool_alloc (100, &kind), first);
  butler__pool_free (first, kind);
}
END_TEST

typedef struct
{
  Piece  *pieces;
  guint   n;
  gboolean tidies;
} Crowd;

static gpointer
free_all (gpointer data)
{
  Crowd *self = data;

  for (guint i = 0; i < self->n; i++)
    check_and_free (&self->pieces[i], i);
  if (self->tidies)
    butler__pool_tidy (never, NULL);
  return NULL;
}

static void
make_crowd (Crowd *self,
            guint  n,
            gsize  size)
{
  self->n = n;
  self->pieces = g_new (Piece, n);
  for (guint i = 0; i < n; i++)
    fill (&self->pieces[i], size, i);
}

static void
free_elsewhere (Crowd *self)
{
  g_thread_join (g_thread_new ("frees", free_all, self));
  g_free (self->pieces);
}

/* It exits, so also what it had in its cache is there for others. */
START_TEST (what_one_thread_frees_another_one_gets)
{
  Crowd crowd = { 0 };
  guint before;

  make_crowd (&crowd, MANY, 700);
  free_elsewhere (&crowd);
  before = butler__chunks_get_used ();
  for (guint round = 0; round < 10; round++)
    {
      make_crowd (&crowd, MANY, 700);
      free_elsewhere (&crowd);
    }
  ck_assert_uint_le (butler__chunks_get_used (), before + 1);
}
END_TEST

/* The one that allocated them does nothing meanwhile but wait. */
START_TEST (surplus_goes_back)
{
  Crowd crowd = { .tidies = TRUE };
  guint before = butler__chunks_get_used ();

  make_crowd (&crowd, MANY, 500);
  ck_assert_uint_ge (butler__chunks_get_used (), before + MANY / (CHUNK / 512) - KEPT_CHUNKS);
  free_elsewhere (&crowd);
  ck_assert_uint_le (butler__chunks_get_used (), before + KEPT_CHUNKS);
}
END_TEST

START_TEST (who_is_wanted_tidies_later)
{
  Crowd crowd = { 0 };
  guint full;

  make_crowd (&crowd, MANY, 500);
  full = butler__chunks_get_used ();
  free_elsewhere (&crowd);
  butler__pool_tidy (always, NULL);
  ck_assert_uint_ge (butler__chunks_get_used () + 1, full);
  butler__pool_tidy (never, NULL);
  ck_assert_uint_lt (butler__chunks_get_used (), full - KEPT_CHUNKS);
}
END_TEST

/* What was given back is zero when it comes again, and nothing of it is lost: it is cut anew. */
START_TEST (what_went_back_is_used_again)
{
  guint most = 0;

  for (guint round = 0; round < 5; round++)
    {
      Crowd crowd = { .tidies = TRUE };

      make_crowd (&crowd, MANY, 250);
      if (round == 0)
        most = butler__chunks_get_used ();
      ck_assert_uint_le (butler__chunks_get_used (), most + 1);
      free_elsewhere (&crowd);
    }
}
END_TEST

/* Each thread frees what the one before it allocated. */
#define THREADS 4

typedef struct
{
  GAsyncQueue *from;
  GAsyncQueue *to;
  guint        rounds;
  guint32      seed;
} Link;

static gpointer
pass_on (gpointer data)
{
  Link *self = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (self->seed);

  for (guint i = 1; i <= self->rounds; i++)
    {
      Piece *piece = g_new (Piece, 1);
      Piece *other;

      fill (piece, (gsize) g_rand_int_range (rand, 8, 300), i);
      g_async_queue_push (self->to, piece);
      other = g_async_queue_pop (self->from);
      check_and_free (other, i);
      g_free (other);
      if (i % 1000 == 0)
        butler__pool_tidy (never, NULL);
    }
  return NULL;
}

START_TEST (threads_exchange_blocks)
{
  GAsyncQueue *queues[THREADS];
  GThread *threads[THREADS];
  Link links[THREADS];
  guint32 seed = g_random_int ();

  printf ("seed %u\n", seed);
  for (guint i = 0; i < THREADS; i++)
    queues[i] = g_async_queue_new ();
  for (guint i = 0; i < THREADS; i++)
    {
      links[i] = (Link) { queues[i], queues[(i + 1) % THREADS], 5000, seed + i };
      threads[i] = g_thread_new ("passes", pass_on, &links[i]);
    }
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < THREADS; i++)
    {
      ck_assert_int_eq (g_async_queue_length (queues[i]), 0);
      g_async_queue_unref (queues[i]);
    }
}
END_TEST

#define DROP_FIELDS(F, R) F (R, uint64, number)
BUTLER_MESSAGE (Drop, drop, DROP_FIELDS);

#define SINK_FIELDS(F, R) F (R, uint64, received)
BUTLER_RECORD (Sink, sink, SINK_FIELDS);

#define SINK_HANDLES(H, S) H (S, drop)
BUTLER_HANDLERS (sink, SINK_HANDLES);

static void
sink_on_drop (Sink          *self,
              Drop          *drop,
              ButlerContext *context G_GNUC_UNUSED)
{
  g_assert_cmpuint (drop->number, ==, self->received);
  self->received++;
}

static const ButlerHandlerSet sink_set = { BUTLER_HANDLER_SET (sink) };

static guint64
how_many (void)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");

  return g_strcmp0 (scale, "full") == 0 ? 10000000 : g_strcmp0 (scale, "small") == 0 ? 50000 : 500000;
}

/* The server is started when all lie there, so that they are all in flight at once. */
START_TEST (a_flood_leaves_nothing_behind)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Sink sink = { 0 };
  GError *error = NULL;
  ButlerServer *server = butler_server_new (hub, "sink", &sink_set, BUTLER_SERVER_OPTIONS (.state = &sink), &error);
  guint before = butler__chunks_get_used ();
  guint64 n = how_many ();

  for (guint64 i = 0; i < n; i++)
    g_assert_true (drop_send (hub, &(Drop) { i }, NULL));
  ck_assert_uint_gt (butler__chunks_get_used () - before, n * 48 / CHUNK / 2);
  ck_assert (butler_server_start (server, &error));
  ck_assert (butler_server_stop (server));
  ck_assert_uint_eq (sink.received, n);
  ck_assert_uint_le (butler__chunks_get_used (), before + KEPT_CHUNKS);
}
END_TEST

static Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tcase = tcase_create ("pool");

  tcase_add_test (tcase, each_size_has_its_blocks);
  tcase_add_test (tcase, no_two_overlap);
  tcase_add_test (tcase, what_was_freed_last_is_next);
  tcase_add_test (tcase, what_one_thread_frees_another_one_gets);
  tcase_add_test (tcase, surplus_goes_back);
  tcase_add_test (tcase, who_is_wanted_tidies_later);
  tcase_add_test (tcase, what_went_back_is_used_again);
  tcase_add_test (tcase, threads_exchange_blocks);
  tcase_add_test (tcase, a_flood_leaves_nothing_behind);
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  g_setenv ("BUTLER_POOL", "on", TRUE);
  return butler_test_main (pool_suite ());
}
