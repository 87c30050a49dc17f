/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/ear.h"
#include "lib/server.h"

/* What watches the handlers of servers: a trace, a recording, a replay. While there is none, a handler's call costs one look at
 * server->taps. An observer belongs to a hub, and has a tap on each server that it watches. */
typedef struct _ButlerObserver ButlerObserver;
typedef struct _ButlerTap ButlerTap;
typedef struct _ButlerTaps ButlerTaps;

/* One call of a handler; of the callback of an ask; of the start of a run, with all its startup events, or of its end. On the stack of the
 * thread that has the reader's role. Others may go on within a start or an end, while that waits. */
typedef struct
{
  ButlerEar      ear;     /* first */
  ButlerTaps    *taps;    /* (owned) (nullable): nobody watches */
  ButlerServer  *server;  /* (unowned) */
  const char    *what;    /* the type of the message or the question, BUTLER__CALL_START or BUTLER__CALL_STOP; compared by pointer, never freed */
  ButlerMessage *message; /* (unowned) (nullable): before the handler has run only */
  const struct _ButlerQuestion *question; /* (unowned) (nullable): a callback gets its answer, which is there until it runs */
  guint64        id;      /* of the message, or the answer; 0: none */
  const char    *carried; /* its type; never freed */
  gint64         began;   /* monotonic, ns */
  gint64         ended;
} ButlerCall;

extern const char butler__call_start[];
extern const char butler__call_stop[];
#define BUTLER__CALL_START butler__call_start
#define BUTLER__CALL_STOP  butler__call_stop

/* All are called by who has the reader's role of the server, and with no lock held. */
typedef struct
{
  gboolean (*begin)  (ButlerTap *tap, ButlerCall *call); /* FALSE: the handler is not to be called */
  gboolean (*hear)   (ButlerTap *tap, ButlerCall *call, ButlerDeed *deed); /* what it does. TRUE: that is not to be done */
  void     (*told)   (ButlerTap *tap, ButlerCall *call, const ButlerDeed *deed); /* what came of what was heard last; (nullable) */
  void     (*end)    (ButlerTap *tap, ButlerCall *call, const GError *failure);
  void     (*fail)   (ButlerTap *tap, const char *what, const GError *failure); /* (nullable): also when a held context was released */
  void     (*free)   (ButlerTap *tap);
} ButlerTapKind;

struct _ButlerTap
{
  gatomicrefcount      ref_count;
  const ButlerTapKind *kind;
  ButlerObserver      *observer; /* (unowned): to know it by */
};

typedef struct
{
  /* (transfer full) (nullable): NULL if @server is not to be watched. The hub's mutex is held. */
  ButlerTap *(*make_tap) (ButlerObserver *observer, ButlerServer *server);

  /* A plugin was swapped; (nullable). The hub's mutex is held. */
  void       (*swapped)  (ButlerObserver *observer, const char *plugin, guint from, guint to);

  /* Consumes @observer, whose taps are all off; calls may still be under way that hold one. */
  gboolean   (*finish)   (ButlerObserver *observer, GError **error);
} ButlerObserverKind;

struct _ButlerObserver
{
  const ButlerObserverKind *kind;
};

void butler__tap_init  (ButlerTap           *tap,
                        const ButlerTapKind *kind,
                        ButlerObserver      *observer);
void butler__tap_unref (ButlerTap *tap);

/* butler__observer_add() lets the hub own @observer; FALSE, and it stays with the caller, if the hub has one of its kind, or ends. */
gboolean butler__observer_add (ButlerHub      *hub,
                               ButlerObserver *observer,
                               const char     *what,
                               GError        **error);

/* butler__observer_is_free() is FALSE where that would fail: it is asked before a file is made. */
gboolean butler__observer_is_free (ButlerHub                *hub,
                                   const ButlerObserverKind *kind,
                                   const char               *what,
                                   GError                  **error);

/* butler__observer_finish() ends the hub's observer of @kind; TRUE if there is none. */
gboolean butler__observer_finish (ButlerHub                *hub,
                                  const ButlerObserverKind *kind,
                                  GError                  **error);

/* butler__observers_swapped() tells all of them. The mutex is held. */
void butler__observers_swapped (ButlerHub  *hub,
                                const char *plugin,
                                guint       from,
                                guint       to);

/* butler__taps_begin() watches a server that was just made, if others are. The mutex is held. */
void butler__taps_begin (ButlerServer *server);

/* butler__taps_add() puts another tap on @server (transfer full). The mutex is held, or nobody else has the server yet. */
void butler__taps_add (ButlerServer *server,
                       ButlerTap    *tap);

/* butler__taps_end() is for a server that goes. */
void butler__taps_end (ButlerServer *server);

/* butler__call_begin() goes before what is watched, and butler__call_end() behind it, on the same thread. FALSE if it is not to be
 * done. */
gboolean butler__call_begin (ButlerCall    *call,
                             ButlerServer  *server,
                             const char    *what,
                             ButlerMessage *message);
void     butler__call_end   (ButlerCall    *call,
                             const GError  *failure);

/* butler__call_handler() calls a handler so. */
void butler__call_handler (ButlerServer             *server,
                           const ButlerHandlerEntry *entry,
                           ButlerMessage            *message);

/* butler__call_answer() calls the callback of an ask so. */
void butler__call_answer (ButlerServer           *server,
                          struct _ButlerQuestion *question,
                          void                  (*call_back) (struct _ButlerQuestion *question));

/* butler__taps_fail() tells of a failure that is about to be logged. */
void butler__taps_fail (ButlerServer *server,
                        const char   *what,
                        const GError *failure);
