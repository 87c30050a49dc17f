/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

static const ButlerHandler    handlers[] = { { &test_ping_info, NULL } };
static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "hollow", .state = &good_info,
                                      .handlers = handlers, .n_handlers = 1,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (null_handler, "1", &set)
