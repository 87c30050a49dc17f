/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/entry.h"
#include "lib/server.h"

/* What a server began and has not ended: a held context, a task, an ask. It comes back by the internal lane; until then the server does not
 * stop, unless its time is over: then it is named, cancelled, and orphaned. */
typedef struct _ButlerPending ButlerPending;
struct _ButlerPending
{
  ButlerEntry    entry;    /* its way back */
  ButlerPending *next;     /* as the list: written by who has the reader's role, under the lock of it */
  ButlerPending *previous;
  ButlerServer  *server;   /* (owned) */
  const char    *kind;     /* "handler of" or "task", for the log */
  const char    *name;     /* (unowned): lives as long as this */
  ButlerPin      pin;      /* of the code that began it */
  gboolean       is_ask;   /* it need not end before the start is over */
  gboolean       is_held;  /* its end may use the state: a held context, not a task */
  guint          run;      /* the server's run in which it began */
  gint64         since;    /* monotonic, µs */
  gboolean       orphaned; /* who has the reader's role only: its run is over, the list knows it no more */

  /* Ends and frees it. @server is NULL for an orphan, whose server has no run any more in which it could end. */
  void         (*end) (ButlerPending *pending, ButlerServer *server);

  /* (nullable): lets it come home soon. Who has the reader's role. */
  void         (*cancel) (ButlerPending *pending);
};

/* butler__pending_begin() is called by who has the reader's role. @generation (nullable) is whose code it is. */
void butler__pending_begin (ButlerPending    *pending,
                            ButlerServer     *server,
                            ButlerGeneration *generation,
                            const char       *kind,
                            const char       *name);

/* butler__pending_is_held() is TRUE if something is held that may use the state. Who has the reader's role. */
gboolean butler__pending_is_held (const ButlerServer *server);

/* butler__pending_settle() runs the internal lane and the context until nothing is held any more; FALSE if @deadline (monotonic, µs)
 * passed before, or @go_on() did not want it. Who has the reader's role. */
gboolean butler__pending_settle (ButlerServer *server,
                                 gint64        deadline,
                                 gboolean    (*go_on) (gpointer server));

/* butler__pending_done() sends it home. Any thread; @pending is not to be touched afterwards. */
void butler__pending_done (ButlerPending *pending);

/* butler__pending_visit() shows all that is pending, the newest first. Any thread; the lock of the list is held meanwhile. */
void butler__pending_visit (ButlerServer *server,
                            void        (*visit) (const ButlerPending *pending, gpointer data),
                            gpointer      data);

/* butler__pending_get_cancellable() is (transfer none) what is cancelled when they are; made when first asked for. The reader's role is
 * held. */
GCancellable *butler__pending_get_cancellable (ButlerServer *server);

/* butler__pending_wait() runs the internal lane and the context until nothing is pending, without @asks nothing
 * else. With @limit (µs; -1: none) what still is pending then is named in the log and cancelled, and orphaned if that does not help either: then it is FALSE. Who has the reader's
 * role. */
gboolean butler__pending_wait (ButlerServer *server,
                               gint64        limit,
                               gboolean      asks);
