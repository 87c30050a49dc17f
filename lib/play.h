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

/* One server. The thread that drives the replay has it when the server does not run, and the server's thread while it does. */
typedef struct
{
  ButlerTap     tap;       /* first */
  ButlerEar     ear;       /* of what its thread sends outside of handlers: nobody is to get it */
  ButlerReplay *replay;    /* (unowned) */
  ButlerServer *server;    /* (owned) (nullable) */
  guint         number;    /* in the file */
  char         *name;      /* (owned): in the file */
  GVariant     *intro;     /* (owned): of the kind SERVER */
  ButlerTape   *tape;      /* (owned) */
  ButlerFrame   next;      /* its body is NULL at the end */
  GVariant     *message;   /* (owned) (nullable): of the kind MESSAGE, not handed out yet */
  GVariant     *expected;  /* (owned) (nullable): what the call that goes on is to do */
  guint64       n;         /* of the message, from 1 */
  char         *type;      /* (owned) (nullable): of that message; NULL: an event */
  const char   *event;     /* (nullable): that event */
  GPtrArray    *sent;      /* (owned): BUTLER__TAPE_SENT */
  gboolean      feeding;   /* the handler that is called next is called by the replay */
  gboolean      compares;  /* the call that goes on is one that is in the file */
} ButlerPlay;

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
