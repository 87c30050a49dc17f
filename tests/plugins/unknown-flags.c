/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { TEST_HEAD, .flags = 0x80, .name = "unknown_flags", .version = "1", TEST_SETS (good_sets) };
