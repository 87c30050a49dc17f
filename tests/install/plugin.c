/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* A plugin against the installed headers, with the flags of threadbutler.pc. */

#include <threadbutler/threadbutler.h>

#define NOTE_FIELDS(F, R) F (R, string, text)
BUTLER_MESSAGE (InstallNote, note, NOTE_FIELDS);

#define LISTENER_FIELDS(F, R) F (R, uint64, notes)
BUTLER_RECORD (InstallListener, listener, LISTENER_FIELDS);

#define LISTENER_HANDLES(H, S) H (S, note)
BUTLER_HANDLERS (listener, LISTENER_HANDLES);

static void
listener_on_note (InstallListener *self, InstallNote *note, ButlerContext *context)
{
  (void) note;
  (void) context;
  self->notes++;
}

static const ButlerHandlerSet listener_set = {
  BUTLER_HANDLER_SET (listener),
};
BUTLER_PLUGIN (listener, "1.0", &listener_set)
