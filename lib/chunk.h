/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* A piece of memory that lies free: in the cache of a thread, in a depot or in its chunk. */
typedef struct _ButlerBlock ButlerBlock;

struct _ButlerBlock
{
  ButlerBlock *next;
  ButlerBlock *next_magazine; /* the first of a magazine, while that lies in a depot */
  guint        n;             /* the same: how many there are in it */
};

#define BUTLER__CHUNK_SIZE (64 * 1024)

/* What is known of 64 KiB that are cut into blocks of one size. It stands apart from them, so that all their pages can be given back.
 * All fields are under the lock of its depot. */
typedef struct _ButlerChunk ButlerChunk;

struct _ButlerChunk
{
  ButlerChunk *next;
  ButlerChunk *previous;
  ButlerBlock *gathered; /* those of its blocks that came back to it */
  guint        n_gathered;
  guint        n_carved; /* how many blocks were cut from it so far */
};

/* butler__chunk_new() is one of which nothing is cut, or NULL if there is no memory. The address space is kept for ever, and used again;
 * butler__chunk_release() gives the pages back to the system. Any thread. */
ButlerChunk *butler__chunk_new     (void);
void         butler__chunk_release (ButlerChunk *chunk);

/* butler__chunk_of() is the one that @block was cut from. */
ButlerChunk *butler__chunk_of (ButlerBlock *block);

/* butler__chunk_get_memory() is where the blocks are. */
char *butler__chunk_get_memory (ButlerChunk *chunk);

/* butler__chunks_get_used() counts those that are neither new nor released. Any thread. */
guint butler__chunks_get_used (void);
