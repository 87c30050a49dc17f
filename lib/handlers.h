/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/handlers.h>

#include "lib/layout.h"

typedef struct
{
  const ButlerLayout *layout; /* what the handler was compiled with */
  ButlerHandlerFunc   func;
} ButlerHandlerEntry;

/* A checked heap copy of a ButlerHandlerSet; immutable, shared by the servers that were made from it. */
typedef struct
{
  gatomicrefcount     ref_count;
  ButlerHandlerSet    set;      /* of this library's size; name and doc are owned, the infos are the plugin's */
  ButlerPolicy        policy;   /* what set.policy points to, if there is one */
  const ButlerLayout *state;
  const ButlerLayout *settings; /* (nullable) */
  ButlerHandlerEntry *entries;  /* (owned): set.n_handlers of them */
  guint16            *by_type;  /* (owned): type index -> 1 + index into entries, 0: none */
  guint               n_types;
} ButlerHandlers;

/* butler__handlers_new() checks @set and all that hangs on it before any of its functions is called, and copies it. @origin is
 * the file that errors name, or "the program". */
ButlerHandlers *butler__handlers_new (const ButlerHandlerSet *set,
                                      const char             *origin,
                                      GError                **error);
ButlerHandlers *butler__handlers_ref (ButlerHandlers *handlers);
void            butler__handlers_unref (ButlerHandlers *handlers);

static inline const ButlerHandlerEntry *
butler__handlers_find (const ButlerHandlers *handlers,
                       const ButlerType     *type)
{
  guint16 n = type->index < handlers->n_types ? handlers->by_type[type->index] : 0;

  return n == 0 ? NULL : &handlers->entries[n - 1];
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerHandlers, butler__handlers_unref)
