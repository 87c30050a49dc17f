/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { TEST_HEAD, .name = "bad name", .version = "1", TEST_SETS (good_sets) };
