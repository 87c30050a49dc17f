/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/convert.h"
#include "lib/generation.h"
#include "lib/outbox.h"
#include "lib/server.h"

typedef struct
{
  GDestroyNotify func;
  gpointer       data;
} ButlerCommit;

/* What a `swapped` function is given. */
struct _ButlerSwap
{
  const ButlerLayout *layout; /* of the old state */
  gconstpointer       old;    /* (unowned) */
  guint               from;
  guint               to;
  GArray             *commits; /* (owned) (nullable): ButlerCommit: what to call when it is certain */
};

/* What a swap has prepared for one server. The swap's until it is handed to the server, under the mutex; then the server's. */
struct _ButlerMove
{
  ButlerServer           *server;      /* (owned) */
  ButlerPin               pin;         /* of the new generation, until the server has a pin of its own */
  ButlerPin               old;         /* of the old one, once it was installed: what commits end may still run its code */
  ButlerHandlers         *handlers;    /* (owned) */
  gpointer                settings;    /* (owned) (nullable): NULL: they stay as they are */
  const ButlerConversion *conversion;  /* (nullable): NULL: the state stays where it is */
  gpointer                record;      /* (owned) (nullable): the new state; after the commit the old one */
  char                   *stray;       /* (owned) (nullable): what of the new state points into the old file */
  ButlerSwap              swap;
  ButlerOutbox            outbox;
  gboolean                arrived;     /* under the hub's mutex, as the next three: it stands still */
  gboolean                prepared;    /* its new state is there, or could not be made */
  gboolean                left;        /* who swaps has it left to who dispatches it, as it holds something */
  ButlerMove             *earlier;     /* (owned) (nullable): what the server had in its place, if it ends and this does not happen */
  GThread                *before;      /* (owned) (nullable): who dispatched a server without a thread before the swap did */
  gint64                  since;       /* ns; who has the reader's role */
};

/* butler__move_new() prepares @server for @generation, as far as that can be done before it stands still. The mutex is held. */
ButlerMove *butler__move_new  (ButlerServer     *server,
                               ButlerGeneration *generation,
                               GError          **error);
void        butler__move_free (ButlerMove *move);

/* butler__move_changes_state() is TRUE if @move cannot be made while messages flow. */
gboolean    butler__move_changes_state (const ButlerMove *move);

/* butler__move_apply() is for a server that does not run. The mutex is held. */
void butler__move_apply (ButlerMove *move);

/* Who has the reader's role of the move's server; the three steps of a halt. prepare() makes the new state and calls `swapped`; install()
 * puts it in place, with the mutex held; finish() ends it, either way, and frees @move. */
gboolean butler__move_prepare (ButlerMove *move,
                               GError    **error);
void     butler__move_install (ButlerMove *move);
void     butler__move_finish  (ButlerMove *move,
                               gboolean    committed);

/* butler__state_find_stray() is (transfer full) (nullable): the first word of @state that points into @image, in words. Plugins leave
 * pointers to their constants in states. */
char *butler__state_find_stray (const ButlerLayout *layout,
                                gconstpointer       state,
                                const ButlerImage  *image,
                                const char         *server);
