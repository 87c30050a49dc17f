/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/hub.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
guint    butler_hub_publish        (ButlerHub              *hub,
                                    const ButlerRecordInfo *info,
                                    gpointer                value,
                                    GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_subscribe      (ButlerHub              *hub,
                                    const ButlerRecordInfo *info,
                                    ButlerChannel          *channel,
                                    GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_unsubscribe    (ButlerHub              *hub,
                                    const ButlerRecordInfo *info,
                                    ButlerChannel          *channel);

BUTLER_AVAILABLE_IN_1_0
gboolean butler_server_subscribe   (ButlerServer           *server,
                                    const ButlerRecordInfo *info,
                                    GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_server_unsubscribe (ButlerServer           *server,
                                    const ButlerRecordInfo *info);

G_END_DECLS
