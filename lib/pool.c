/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/pool.h"

#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED TRUE
#endif
#endif
#ifndef SANITIZED
#define SANITIZED FALSE
#endif

static void cache_free (gpointer data);

static GPrivate cache_key = G_PRIVATE_INIT (cache_free);

/* The same, without a call. */
__thread ButlerCache *butler__pool_cache __attribute__ ((tls_model ("initial-exec")));

guint8 butler__pool_index[BUTLER__POOL_LARGEST / BUTLER__POOL_STEP + 1];

static gboolean
is_wished (void)
{
  const char *wish = g_getenv ("BUTLER_POOL");

  if (g_strcmp0 (wish, "on") == 0)
    return TRUE;
  return !SANITIZED && g_strcmp0 (wish, "off") != 0 && !RUNNING_ON_VALGRIND;
}

static void
fill_index (void)
{
  guint index = 0;

  for (guint i = 0; i < G_N_ELEMENTS (butler__pool_index); i++)
    {
      while (butler__sizes[index] < i * BUTLER__POOL_STEP)
        index++;
      butler__pool_index[i] = (guint8) index;
    }
}

gboolean
butler__pool_is_on (void)
{
  static gsize decided; /* 1: on, 2: off */

  if (g_once_init_enter (&decided))
    {
      fill_index ();
      g_once_init_leave (&decided, is_wished () ? 1 : 2);
    }
  return decided == 1;
}

static ButlerCache *
cache_get (void)
{
  if (butler__pool_cache == NULL && butler__pool_is_on ())
    {
      butler__pool_cache = g_new0 (ButlerCache, 1);
      g_private_set (&cache_key, butler__pool_cache);
    }
  return butler__pool_cache;
}

static void
flush (ButlerCache *self)
{
  for (guint i = 0; i < BUTLER__SIZES; i++)
    {
      ButlerRounds *rounds = &self->rounds[i];

      if (rounds->loaded.n > 0)
        butler__depot_put (butler__depot_of (i), rounds->loaded.first, rounds->loaded.n);
      if (rounds->spare.n > 0)
        butler__depot_put (butler__depot_of (i), rounds->spare.first, rounds->spare.n);
      *rounds = (ButlerRounds) { 0 };
    }
}

static void
cache_free (gpointer data)
{
  butler__pool_cache = NULL;
  flush (data);
  g_free (data);
}

/* FALSE: there is no memory. */
static gboolean
reload (ButlerRounds *rounds,
        guint   index)
{
  if (rounds->spare.n > 0)
    {
      rounds->loaded = rounds->spare;
      rounds->spare = (ButlerBlocks) { 0 };
      return TRUE;
    }
  rounds->loaded.first = butler__depot_take (butler__depot_of (index), &rounds->loaded.n);
  return rounds->loaded.first != NULL;
}

static void
unload (ButlerRounds *rounds,
        guint   index)
{
  if (rounds->spare.n > 0)
    butler__depot_put (butler__depot_of (index), rounds->spare.first, rounds->spare.n);
  rounds->spare = rounds->loaded;
  rounds->loaded = (ButlerBlocks) { 0 };
}

gpointer
butler__pool_alloc_slow (gsize    size,
                         guint32 *kind)
{
  ButlerCache *cache = size > BUTLER__POOL_LARGEST ? NULL : cache_get ();
  guint index;

  *kind = 0;
  if (cache == NULL)
    return g_malloc (size);
  index = butler__pool_index[(size + BUTLER__POOL_STEP - 1) / BUTLER__POOL_STEP];
  if (cache->rounds[index].loaded.first == NULL && !reload (&cache->rounds[index], index))
    return g_malloc (size);
  return butler__pool_alloc (size, kind);
}

void
butler__pool_free_slow (gpointer block,
                        guint32  kind)
{
  ButlerCache *cache;

  if (kind == 0)
    {
      g_free (block);
      return;
    }
  cache = cache_get ();
  if (cache->rounds[kind - 1].loaded.n == BUTLER__MAGAZINE)
    unload (&cache->rounds[kind - 1], kind - 1);
  butler__pool_free (block, kind);
}

static gboolean
sort_all (ButlerDepot *depot,
          gboolean   (*is_wanted) (gpointer data),
          gpointer     data)
{
  while (butler__depot_sort (depot))
    if (is_wanted (data))
      return FALSE;
  return TRUE;
}

void
butler__pool_tidy (gboolean (*is_wanted) (gpointer data),
                   gpointer data)
{
  for (guint i = 0; i < BUTLER__SIZES; i++)
    if (G_UNLIKELY (butler__depot_has_surplus (butler__depot_of (i))))
      {
        if (butler__pool_cache != NULL)
          flush (butler__pool_cache);
        if (!sort_all (butler__depot_of (i), is_wanted, data))
          return;
      }
}
