/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

static const ButlerHandlerSet *const sets[] = { &good_set, NULL };

TEST_PLUGIN = { TEST_HEAD, .name = "null_set", .version = "1", TEST_SETS (sets) };
