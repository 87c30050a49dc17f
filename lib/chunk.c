/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/chunk.h"

#include <stdint.h>
#include <sys/mman.h>

#define CHUNKS 64
#define ARENA_SIZE ((gsize) CHUNKS * BUTLER__CHUNK_SIZE)

/* Aligned to its size, so that a block's address leads to it. It describes itself in its first 64 KiB, which therefore are no chunk. */
typedef struct
{
  ButlerChunk chunks[CHUNKS];
} Arena;

G_STATIC_ASSERT (sizeof (Arena) <= BUTLER__CHUNK_SIZE);

/* A leaf: nothing is locked under it. */
static GMutex mutex;

/* Under the mutex. */
static ButlerChunk *unused; /* by next */
static guint n_used;

static Arena *
arena_of (gpointer address)
{
  return (Arena *) ((uintptr_t) address & ~(uintptr_t) (ARENA_SIZE - 1));
}

/* What is before and behind the one place that is aligned goes back. */
static Arena *
map_aligned (void)
{
  char *whole = mmap (NULL, 2 * ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  char *aligned;

  if (whole == MAP_FAILED)
    return NULL;
  aligned = (char *) arena_of (whole + ARENA_SIZE - 1);
  if (aligned > whole)
    munmap (whole, (gsize) (aligned - whole));
  munmap (aligned + ARENA_SIZE, (gsize) (whole + ARENA_SIZE - aligned));
  return (Arena *) (gpointer) aligned;
}

static void
add_arena (void)
{
  Arena *arena = map_aligned ();

  for (guint i = CHUNKS - 1; arena != NULL && i > 0; i--)
    {
      arena->chunks[i].next = unused;
      unused = &arena->chunks[i];
    }
}

ButlerChunk *
butler__chunk_new (void)
{
  ButlerChunk *chunk;

  g_mutex_lock (&mutex);
  if (unused == NULL)
    add_arena ();
  chunk = unused;
  if (chunk != NULL)
    {
      unused = chunk->next;
      n_used++;
      *chunk = (ButlerChunk) { 0 };
    }
  g_mutex_unlock (&mutex);
  return chunk;
}

void
butler__chunk_release (ButlerChunk *chunk)
{
  madvise (butler__chunk_get_memory (chunk), BUTLER__CHUNK_SIZE, MADV_DONTNEED);
  g_mutex_lock (&mutex);
  chunk->next = unused;
  unused = chunk;
  n_used--;
  g_mutex_unlock (&mutex);
}

ButlerChunk *
butler__chunk_of (ButlerBlock *block)
{
  Arena *arena = arena_of (block);

  return &arena->chunks[(gsize) ((char *) block - (char *) arena) / BUTLER__CHUNK_SIZE];
}

char *
butler__chunk_get_memory (ButlerChunk *chunk)
{
  Arena *arena = arena_of (chunk);

  return (char *) arena + (gsize) (chunk - arena->chunks) * BUTLER__CHUNK_SIZE;
}

guint
butler__chunks_get_used (void)
{
  guint n;

  g_mutex_lock (&mutex);
  n = n_used;
  g_mutex_unlock (&mutex);
  return n;
}
