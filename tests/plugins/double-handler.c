/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* BUTLER_HANDLERS() would not compile it. */
static const ButlerHandler    handlers[] = { { &test_ping_info, good_call_test_ping },
                                             { &test_ping_info, good_call_test_ping } };
static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "twice", .state = &good_info,
                                      .handlers = handlers, .n_handlers = 2,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (double_handler, "1", &set)
