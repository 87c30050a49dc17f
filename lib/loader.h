/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/descriptor.h"
#include "lib/generation.h"
#include "lib/probe.h"
#include "lib/stage.h"

/* A generation and how it was loaded. */
typedef struct
{
  ButlerGeneration  generation; /* first: it is one */
  ButlerDescriptor *descriptor; /* (owned) */
  ButlerStage      *stage;      /* (owned) (nullable): NULL: linked into the program */
  gpointer          handle;     /* (owned) (nullable): of dlopen() */
  ButlerProbeVerdict *verdict;  /* (owned) (nullable): NULL: it was not probed yet */
  ButlerOpaqueWatch watch;      /* once it is retired */
  gboolean          stays;      /* under the hub's loading lock: it was closed, and is mapped all the same */
} ButlerLoaded;

static inline ButlerLoaded *
butler__loaded_of (ButlerGeneration *generation)
{
  return (ButlerLoaded *) generation;
}

/* butler__loader_open() loads the staged file of @module: maps it, checks what it declares, and numbers it. @stage (transfer full).
 * Nothing of it is called but its constructors, so not on a server's thread. */
ButlerGeneration *butler__loader_open (ButlerModule *module,
                                       ButlerStage  *stage,
                                       GError      **error);

/* butler__loader_add() is the same for what is linked into the program. */
ButlerGeneration *butler__loader_add (ButlerModule        *module,
                                      const ButlerPlugin  *plugin,
                                      GError             **error);

/* butler__loader_close() unmaps an idle generation and frees it. FALSE if it stays mapped after all: then it is resident, and keeps its
 * reason and its memory. */
gboolean butler__loader_close (ButlerGeneration *generation);

/* butler__loader_discard() frees what nothing needs, mapped or not. */
void butler__loader_discard (ButlerGeneration *generation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerGeneration, butler__loader_discard)
