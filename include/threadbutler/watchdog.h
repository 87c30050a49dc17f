/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/hub.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
void butler_hub_set_end_limit     (ButlerHub *hub,
                                   guint      milliseconds);
BUTLER_AVAILABLE_IN_1_0
void butler_hub_set_handler_limit (ButlerHub *hub,
                                   guint      milliseconds);

G_END_DECLS
