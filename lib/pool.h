/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/depot.h"
#include "lib/prefetch.h"

/* Memory for envelopes. Each thread has a few free blocks of each size to itself and exchanges them by the magazine (lib/depot.h),
 * as what one thread allocates another one frees: malloc pays for that with every message. Off under the sanitizers and valgrind, or by
 * BUTLER_POOL=off in the environment; then, and for what is large, it is malloc. Process-wide, never freed. Any thread. */

#define BUTLER__POOL_LARGEST 1024
#define BUTLER__POOL_STEP    16

typedef struct
{
  ButlerBlock *first;
  guint        n;
} ButlerBlocks;

/* Two of them, so that who allocates and frees in turns does not go to the depot each time. */
typedef struct
{
  ButlerBlocks loaded;
  ButlerBlocks spare; /* empty, or full */
} ButlerRounds;

/* The free blocks of one thread, by size. Only that thread touches it. */
typedef struct
{
  ButlerRounds rounds[BUTLER__SIZES];
} ButlerCache;

/* NULL: nothing was allocated or freed here yet, or it is off. */
extern __thread ButlerCache *butler__pool_cache __attribute__ ((tls_model ("initial-exec")));

/* By size in steps, rounded up: which of butler__sizes. */
extern guint8 butler__pool_index[BUTLER__POOL_LARGEST / BUTLER__POOL_STEP + 1];

gpointer butler__pool_alloc_slow (gsize    size,
                                  guint32 *kind);
void     butler__pool_free_slow  (gpointer block,
                                  guint32  kind);

/* butler__pool_alloc() is @size bytes of any content, aligned as by malloc; *@kind is for butler__pool_free(). */
static inline gpointer
butler__pool_alloc (gsize    size,
                    guint32 *kind)
{
  ButlerCache *cache = butler__pool_cache;
  ButlerBlocks *loaded;
  ButlerBlock *block;
  guint index;

  if (G_UNLIKELY (cache == NULL) || G_UNLIKELY (size > BUTLER__POOL_LARGEST))
    return butler__pool_alloc_slow (size, kind);
  index = butler__pool_index[(size + BUTLER__POOL_STEP - 1) / BUTLER__POOL_STEP];
  loaded = &cache->rounds[index].loaded;
  block = loaded->first;
  if (G_UNLIKELY (block == NULL))
    return butler__pool_alloc_slow (size, kind);
  loaded->first = block->next;
  loaded->n--;
  butler__prefetch_on_for_write (block, block->next);
  *kind = index + 1;
  return block;
}

static inline void
butler__pool_free (gpointer block,
                   guint32  kind)
{
  ButlerCache *cache = butler__pool_cache;
  ButlerBlock *freed = block;
  ButlerBlocks *loaded;

  if (G_UNLIKELY (kind == 0) || G_UNLIKELY (cache == NULL) || G_UNLIKELY (cache->rounds[kind - 1].loaded.n == BUTLER__MAGAZINE))
    {
      butler__pool_free_slow (block, kind);
      return;
    }
  loaded = &cache->rounds[kind - 1].loaded;
  freed->next = loaded->first;
  loaded->first = freed;
  loaded->n++;
}

/* butler__pool_tidy() is for who is about to sleep: gives surplus memory back to the system, in small steps, until there is none or
 * @is_wanted (@data) says that there is something better to do. */
void butler__pool_tidy (gboolean (*is_wanted) (gpointer data),
                        gpointer data);

/* butler__pool_is_on() is FALSE when all is malloc. */
gboolean butler__pool_is_on (void);
