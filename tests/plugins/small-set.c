/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

static const ButlerHandlerSet set = { .set_size = 16, .name = "small", .state = &good_info, .handlers = good_handlers,
                                      .n_handlers = good_n_handlers, .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (small_set, "1", &set)
