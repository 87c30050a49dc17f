/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/depot.h"

#include <stdatomic.h>

#include "lib/pause.h"

/* In steps of a half or less, so that a third of a block is wasted at the most; the first holds a message of 16 bytes. */
const guint16 butler__sizes[BUTLER__SIZES] = { 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024 };

/* So many bytes may lie in magazines before chunks are looked for, and in complete chunks before they are released; for each size. */
#define KEPT (1024 * 1024)

/* The lock is held for some ten instructions, or a magazine's worth of them: to sleep for it costs much more than to try again. */
#define TRIES 200

/* Chunks of which some blocks came back, or none is cut yet: who needs blocks takes them from the first. */
typedef struct
{
  ButlerChunk *first;
  ButlerChunk *last;
} ChunkList;

struct _ButlerDepot
{
  _Alignas (64) GMutex lock; /* the mutex of chunk.c is taken under it, nothing else */

  /* Under the lock. */
  ButlerBlock  *magazines;   /* the newest first */
  ChunkList     chunks;      /* complete ones at the end */
  ButlerChunk  *carved;      /* (nullable): blocks are cut from this one; it may be in the list too */
  guint         n_complete;  /* of those in the list */

  _Atomic guint n_magazines; /* under the lock; but whoever only wants to know whether there is a surplus reads it relaxed */
};

static ButlerDepot depots[BUTLER__SIZES];

static void
lock (ButlerDepot *depot)
{
  for (guint i = 0; i < TRIES; i++)
    {
      if (g_mutex_trylock (&depot->lock))
        return;
      butler__pause ();
    }
  g_mutex_lock (&depot->lock);
}

static void
unlock (ButlerDepot *depot)
{
  g_mutex_unlock (&depot->lock);
}

ButlerDepot *
butler__depot_of (guint index)
{
  return &depots[index];
}

static guint
get_size (ButlerDepot *depot)
{
  return butler__sizes[depot - depots];
}

/* How many a chunk has in all. */
static guint
get_capacity (ButlerDepot *depot)
{
  return BUTLER__CHUNK_SIZE / get_size (depot);
}

/* The list */

static void
list_remove (ChunkList   *list,
             ButlerChunk *chunk)
{
  if (chunk->previous != NULL)
    chunk->previous->next = chunk->next;
  else
    list->first = chunk->next;
  if (chunk->next != NULL)
    chunk->next->previous = chunk->previous;
  else
    list->last = chunk->previous;
  chunk->next = NULL;
  chunk->previous = NULL;
}

static void
list_prepend (ChunkList   *list,
              ButlerChunk *chunk)
{
  chunk->next = list->first;
  if (list->first != NULL)
    list->first->previous = chunk;
  else
    list->last = chunk;
  list->first = chunk;
}

static void
list_append (ChunkList   *list,
             ButlerChunk *chunk)
{
  chunk->previous = list->last;
  if (list->last != NULL)
    list->last->next = chunk;
  else
    list->first = chunk;
  list->last = chunk;
}

/* Taking */

static gboolean
is_complete (ButlerDepot *depot,
             ButlerChunk *chunk)
{
  return chunk->n_gathered == get_capacity (depot);
}

static ButlerBlock *
take_gathered (ButlerDepot *depot,
               guint       *n)
{
  ButlerChunk *chunk = depot->chunks.first;
  ButlerBlock *first = chunk->gathered;
  ButlerBlock *last = first;

  depot->n_complete -= is_complete (depot, chunk);
  for (*n = 1; *n < BUTLER__MAGAZINE && last->next != NULL; (*n)++)
    last = last->next;
  chunk->gathered = last->next;
  chunk->n_gathered -= *n;
  last->next = NULL;
  if (chunk->gathered == NULL)
    list_remove (&depot->chunks, chunk);
  return first;
}

static ButlerBlock *
carve (ButlerDepot *depot,
       guint       *n)
{
  guint size = get_size (depot);
  ButlerChunk *chunk = depot->carved;
  ButlerBlock *first = NULL;
  char *memory;

  if (chunk == NULL || chunk->n_carved == get_capacity (depot))
    chunk = depot->carved = butler__chunk_new ();
  if (chunk == NULL)
    return NULL;
  *n = MIN (BUTLER__MAGAZINE, get_capacity (depot) - chunk->n_carved);
  memory = butler__chunk_get_memory (chunk) + (gsize) chunk->n_carved * size;
  for (guint i = *n; i-- > 0;)
    {
      ButlerBlock *block = (ButlerBlock *) (gpointer) (memory + (gsize) i * size);

      block->next = first;
      first = block;
    }
  chunk->n_carved += *n;
  return first;
}

ButlerBlock *
butler__depot_take (ButlerDepot *depot,
                    guint       *n)
{
  ButlerBlock *magazine;

  lock (depot);
  magazine = depot->magazines;
  if (magazine != NULL)
    {
      depot->magazines = magazine->next_magazine;
      *n = magazine->n;
      atomic_store_explicit (&depot->n_magazines, depot->n_magazines - 1, memory_order_relaxed);
    }
  else if (depot->chunks.first != NULL)
    magazine = take_gathered (depot, n);
  else
    magazine = carve (depot, n);
  unlock (depot);
  return magazine;
}

void
butler__depot_put (ButlerDepot *depot,
                   ButlerBlock *first,
                   guint        n)
{
  first->n = n;
  lock (depot);
  first->next_magazine = depot->magazines;
  depot->magazines = first;
  atomic_store_explicit (&depot->n_magazines, depot->n_magazines + 1, memory_order_relaxed);
  unlock (depot);
}

/* Sorting */

gboolean
butler__depot_has_surplus (ButlerDepot *depot)
{
  return (gsize) atomic_load_explicit (&depot->n_magazines, memory_order_relaxed) * BUTLER__MAGAZINE * get_size (depot) > KEPT;
}

/* Its blocks would be the last to be cut, so nothing is lost by giving all of it away. */
static void
release (ButlerDepot *depot,
         ButlerChunk *chunk)
{
  list_remove (&depot->chunks, chunk);
  if (depot->carved == chunk)
    depot->carved = NULL;
  butler__chunk_release (chunk);
}

static void
note_complete (ButlerDepot *depot,
               ButlerChunk *chunk)
{
  if ((gsize) depot->n_complete * BUTLER__CHUNK_SIZE >= KEPT)
    {
      release (depot, chunk);
      return;
    }
  depot->n_complete++;
  list_remove (&depot->chunks, chunk);
  list_append (&depot->chunks, chunk);
}

static void
gather (ButlerDepot *depot,
        ButlerBlock *block)
{
  ButlerChunk *chunk = butler__chunk_of (block);

  if (chunk->gathered == NULL)
    list_prepend (&depot->chunks, chunk);
  block->next = chunk->gathered;
  chunk->gathered = block;
  chunk->n_gathered++;
  if (is_complete (depot, chunk))
    note_complete (depot, chunk);
}

gboolean
butler__depot_sort (ButlerDepot *depot)
{
  ButlerBlock *block;

  lock (depot);
  block = depot->magazines;
  if (block != NULL)
    {
      depot->magazines = block->next_magazine;
      atomic_store_explicit (&depot->n_magazines, depot->n_magazines - 1, memory_order_relaxed);
    }
  while (block != NULL)
    {
      ButlerBlock *next = block->next;

      gather (depot, block);
      block = next;
    }
  unlock (depot);
  return atomic_load_explicit (&depot->n_magazines, memory_order_relaxed) > 0;
}
