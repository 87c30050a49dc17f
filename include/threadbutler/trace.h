/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/hub.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_trace_start (ButlerHub   *hub,
                                 const char  *path,
                                 GError     **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_trace_stop  (ButlerHub   *hub,
                                 GError     **error);

BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_record_start (ButlerHub         *hub,
                                  const char        *path,
                                  const char *const *servers,
                                  GError           **error);
BUTLER_AVAILABLE_IN_1_0
gboolean butler_hub_record_stop  (ButlerHub         *hub,
                                  GError           **error);

G_END_DECLS
