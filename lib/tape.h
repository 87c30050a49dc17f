/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

#include "lib/sink.h"

/* The file of a recording: 16 bytes, "butlrec\0", the version and a zero, then frames. A frame is its size and then a serialised GVariant of
 * the type (yv): kind and body. All numbers are little-endian. A file that was cut off is good up to its last whole frame. */
#define BUTLER__TAPE_VERSION 1u

/* What a handler sent: type, record, why there is no record, and whether there was no room for it. */
#define BUTLER__TAPE_SENT "(sma{sv}sb)"

/* Each server's frames are in the order in which things happened to it; all begin with its number. */
typedef enum
{
  BUTLER__FRAME_SERVER = 'S',     /* (usssuma{sv}): name, set, plugin or "", generation, settings: before all others of it */
  BUTLER__FRAME_START = 'B',      /* (uxsa(sma{sv}sb)): a run began: when (µs), failure or "", what was sent meanwhile */
  BUTLER__FRAME_MESSAGE = 'M',    /* (uxsma{sv}s): when, type, record, why there is none: written before the handler runs */
  BUTLER__FRAME_RETURN = 'R',     /* as START: the handler of the message before has returned */
  BUTLER__FRAME_GENERATION = 'G', /* (uu): its code is of another generation from here on */
  BUTLER__FRAME_STOP = 'E',       /* as START: a run ended */
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
