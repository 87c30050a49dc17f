/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { .magic = BUTLER_PLUGIN_MAGIC, .abi = BUTLER_PLUGIN_ABI, .plugin_size = 24, .name = "small_table",
                .version = "1", TEST_SETS (good_sets) };
