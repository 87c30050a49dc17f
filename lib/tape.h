/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

#include "lib/sink.h"

/* The file of a recording: 16 bytes, "butlrec\0", the version and a zero, then frames. A frame is its size and then a serialised GVariant of
 * the type (yv): kind and body. All numbers are little-endian. A file that was cut off is good up to its last whole frame. */
#define BUTLER__TAPE_VERSION 2u

/* What came of a question: type, record, and why there is no record; or domain, code and text of an error, and then no type. */
#define BUTLER__TAPE_ANSWER "(sma{sv}s(sis))"

/* What a handler did: a ButlerDeedKind, type, record, why there is no record, argument, outcome, and of a wait the answer. */
#define BUTLER__TAPE_DEED "(ysma{sv}sxxm" BUTLER__TAPE_ANSWER ")"

/* Each server's frames are in the order in which things happened to it; all begin with its number. */
typedef enum
{
  BUTLER__FRAME_SERVER = 'S',     /* (usssuma{sv}): name, set, plugin or "", generation, settings: before all others of it */
  BUTLER__FRAME_START = 'B',      /* (ux): a run begins: when (µs) */
  BUTLER__FRAME_MESSAGE = 'M',    /* (uxsma{sv}sb(txt)): when, type, record, why there is none, whether it was asked, and the timer that sent
                                   * it: number, deadline (as when), how many it missed: written before the handler runs */
  BUTLER__FRAME_ANSWER = 'A',     /* (uxtBUTLER__TAPE_ANSWER): when, to which question, what: written before the callback runs */
  BUTLER__FRAME_RETURN = 'R',     /* (uxsaBUTLER__TAPE_DEED): one of these is over: when, failure or "", what was done meanwhile. Of a start
                                   * and a stop others may lie between the two */
  BUTLER__FRAME_GENERATION = 'G', /* (uu): its code is of another generation from here on */
  BUTLER__FRAME_STOP = 'E',       /* (ux): a run ends */
} ButlerFrameKind;

typedef struct
{
  ButlerFrameKind kind;
  guint           server;
  GVariant       *body;   /* (owned) */
} ButlerFrame;

/* butler__tape_begin() writes what comes before the frames; butler__tape_write() one frame. @body is consumed if it is floating. */
gboolean butler__tape_begin (ButlerSink *sink);
gboolean butler__tape_write (ButlerSink      *sink,
                             ButlerFrameKind  kind,
                             GVariant        *body);

typedef struct _ButlerTape ButlerTape;

/* butler__tape_open() is (nullable): an error if the file is no recording, or of another version. */
ButlerTape *butler__tape_open  (const char  *path,
                                GError     **error);
void        butler__tape_close (ButlerTape *tape);

/* butler__tape_next() reads a frame, of which it can be believed that the body is as above. FALSE without an error at the end, and where
 * the file was cut off. */
gboolean butler__tape_next   (ButlerTape   *tape,
                              ButlerFrame  *frame,
                              GError      **error);
gboolean butler__tape_is_cut (const ButlerTape *tape);

void butler__frame_clear (ButlerFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerTape, butler__tape_close)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ButlerFrame, butler__frame_clear)
