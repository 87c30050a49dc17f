/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/context.h>

G_BEGIN_DECLS

/* Asking. */
BUTLER_AVAILABLE_IN_1_0
void           butler_hub_ask_async     (ButlerHub              *hub,
                                         const ButlerRecordInfo *info,
                                         gpointer                value,
                                         int                     timeout_ms,
                                         GCancellable           *cancellable,
                                         GAsyncReadyCallback     callback,
                                         gpointer                data);
BUTLER_AVAILABLE_IN_1_0
void           butler_channel_ask_async (ButlerChannel          *channel,
                                         const ButlerRecordInfo *info,
                                         gpointer                value,
                                         int                     timeout_ms,
                                         GCancellable           *cancellable,
                                         GAsyncReadyCallback     callback,
                                         gpointer                data);
BUTLER_AVAILABLE_IN_1_0
ButlerMessage *butler_ask_finish        (GAsyncResult           *result,
                                         GError                **error);
BUTLER_AVAILABLE_IN_1_0
ButlerMessage *butler_hub_ask_sync      (ButlerHub              *hub,
                                         const ButlerRecordInfo *info,
                                         gpointer                value,
                                         int                     timeout_ms,
                                         GCancellable           *cancellable,
                                         GError                **error);
BUTLER_AVAILABLE_IN_1_0
ButlerMessage *butler_channel_ask_sync  (ButlerChannel          *channel,
                                         const ButlerRecordInfo *info,
                                         gpointer                value,
                                         int                     timeout_ms,
                                         GCancellable           *cancellable,
                                         GError                **error);

/* Answering. */
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_context_reply     (ButlerContext          *context,
                                         const ButlerRecordInfo *info,
                                         gpointer                value);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_context_is_asked  (ButlerContext          *context);

G_END_DECLS
