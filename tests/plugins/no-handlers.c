/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "idle", .state = &good_info,
                                      .handlers = good_handlers, .n_handlers = 0,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (no_handlers, "1", &set)
