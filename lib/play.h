/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/replay.h>

#include "lib/tap.h"
#include "lib/tape.h"

/* A recorded server, once more: its loop reads the file and hands each message to its handler; what that sends goes nowhere, and is
 * compared with what is in the file. */

/* One replay. */
typedef struct
{
  ButlerReplayOptions options;
  ButlerModule       *module;   /* (unowned) */
  const char         *path;     /* (unowned) */
  GPtrArray          *plays;    /* (owned) */
  gint64              since;    /* monotonic, µs: when the recording begins once more */

  GMutex              lock;     /* the rest, and calls of options.difference */
  ButlerReplayReport *report;   /* (owned) */
} ButlerReplay;

/* What happened to a server: a message, an answer, a start or a stop, with what became of it. */
typedef struct
{
  ButlerFrameKind kind;
  GVariant       *body;   /* (owned) */
  GVariant       *result; /* (owned) (nullable): of the kind RETURN; the process, or the recording, ended before */
  GPtrArray      *nested; /* (owned): of a start and a stop: acts while it waited */
} ButlerAct;

/* One server. The thread that drives the replay has it when the server does not run, and the server's thread while it does. */
typedef struct
{
  ButlerTap     tap;       /* first */
  ButlerEar     ear;       /* of what its thread does outside of handlers: nobody is to notice */
  ButlerReplay *replay;    /* (unowned) */
  ButlerServer *server;    /* (owned) (nullable) */
  guint         number;    /* in the file */
  char         *name;      /* (owned): in the file */
  GVariant     *intro;     /* (owned): of the kind SERVER */
  ButlerTape   *tape;      /* (owned) */
  ButlerFrame   next;      /* its body is NULL at the end */
  ButlerAct    *act;       /* (owned) (nullable): the start or the stop that goes on, or comes */
  guint64       messages;
  guint64       answers;
  guint64       strangers; /* timers that the file does not know */
  char         *where;     /* (owned) (nullable): of the handler that is called next, if the replay calls it */
  GVariant     *expected;  /* (owned) (nullable): of the same: what it is to do */
  gboolean      feeding;   /* the handler that is called next is called by the replay */
  GPtrArray    *calls;     /* (owned): those that go on, the innermost last */
  GHashTable   *strange;   /* (owned): names of types that no handler takes */
  GHashTable   *asked;     /* (owned): number -> ButlerQuestion (owned), whose answer may come */
  struct _ButlerQuestion *answered; /* (unowned) (nullable): whose answer comes now */
} ButlerPlay;

/* play-acts.c. butler__play_next_frame() moves @play->next on, FALSE at the end; the others look at that. butler__play_read_act() takes it,
 * whatever it is, with its result; butler__play_read_event() a start or a stop with all that lies within. */
gboolean   butler__play_next_frame    (ButlerPlay *play);
gboolean   butler__play_is_next       (const ButlerPlay *play,
                                       ButlerFrameKind   kind);
gboolean   butler__play_is_event_next (const ButlerPlay *play);
ButlerAct *butler__play_read_act      (ButlerPlay *play);
ButlerAct *butler__play_read_event    (ButlerPlay *play);
void       butler__act_free           (gpointer act);

/* butler__play_init() makes what watches the server; with its last reference goes butler__play_clear(), and all of @play. play-calls.c. */
void butler__play_init  (ButlerPlay *play);
void butler__play_clear (ButlerPlay *play);

/* butler__play_add_difference() has the form of a ButlerDifferFunc: @play, and one line. */
void butler__play_add_difference (gpointer    play,
                                  const char *what);

/* butler__play_differ() is that for an act whose handler is not called at all. */
void butler__play_differ (ButlerPlay *play,
                          const char *where,
                          const char *what);

/* butler__play_count_skipped() counts acts that could not happen again. */
void butler__play_count_skipped (ButlerPlay *play,
                                 guint       n);

/* butler__play_feed_nested() lets happen what the file has within the start or the stop that goes on; butler__play_end_act() ends that.
 * play.c. */
void butler__play_feed_nested (ButlerPlay *play);
void butler__play_end_act     (ButlerPlay *play);

/* butler__play_make_answer() is (nullable): with an error, which may be the answer. */
ButlerMessage *butler__play_make_answer (GVariant *answer,
                                         GError  **error);

/* butler__play_end_questions() lets none wait any more. */
void butler__play_end_questions (ButlerPlay *play);

/* butler__play_new() is of a frame of the kind SERVER. butler__play_free() removes its server, too. */
ButlerPlay *butler__play_new  (ButlerReplay *replay,
                               GVariant     *intro);
void        butler__play_free (ButlerPlay *play);

/* butler__play_prepare() lets @server (transfer none), which has butler__play_loop() with @play, read @tape (transfer full). */
void butler__play_prepare (ButlerPlay   *play,
                           ButlerTape   *tape,
                           ButlerServer *server);

/* butler__play_start() begins the first run; butler__play_go_on() waits for its end, and lets those follow that the file has. */
void butler__play_start (ButlerPlay *play);
void butler__play_go_on (ButlerPlay *play);

void butler__play_loop (ButlerServer *server,
                        gpointer      play);
