/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/server.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
guint64  butler_server_send_later    (ButlerServer           *server,
                                      const ButlerRecordInfo *info,
                                      gpointer                value,
                                      gint64                  delay,
                                      GError                **error);
BUTLER_AVAILABLE_IN_1_0
guint64  butler_server_send_every    (ButlerServer           *server,
                                      const ButlerRecordInfo *info,
                                      gpointer                value,
                                      gint64                  period,
                                      GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_server_cancel_timer  (ButlerServer           *server,
                                      guint64                 timer);

/* In the handler of what a timer sent. */
BUTLER_AVAILABLE_IN_1_0
guint64  butler_context_get_timer    (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
gint64   butler_context_get_deadline (ButlerContext          *context);
BUTLER_AVAILABLE_IN_1_0
guint64  butler_context_get_missed   (ButlerContext          *context);

G_END_DECLS
