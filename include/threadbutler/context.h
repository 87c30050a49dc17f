/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/hub.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
ButlerHub    *butler_context_get_hub      (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
ButlerServer *butler_context_get_server   (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
ButlerChannel *butler_context_get_channel (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
const char   *butler_context_get_type_name (ButlerContext         *context);
BUTLER_AVAILABLE_IN_1_0
gpointer      butler_context_take         (ButlerContext          *context,
                                           const ButlerRecordInfo *info);
BUTLER_AVAILABLE_IN_1_0
void          butler_context_fail         (ButlerContext          *context,
                                           const char             *format,
                                           ...) G_GNUC_PRINTF (2, 3);
BUTLER_AVAILABLE_IN_1_0
void          butler_context_take_error   (ButlerContext          *context,
                                           GError                 *error);
BUTLER_AVAILABLE_IN_1_0
void          butler_context_stop_server  (ButlerContext          *context);

/* Work that goes on after the handler. */
BUTLER_AVAILABLE_IN_1_0
ButlerContext *butler_context_hold        (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
void          butler_context_release      (ButlerContext          *held);
BUTLER_AVAILABLE_IN_1_0
gpointer      butler_context_state        (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
GCancellable *butler_context_get_cancellable (ButlerContext       *context);

G_END_DECLS
