/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { .magic = 0x12345678, .abi = BUTLER_PLUGIN_ABI, .plugin_size = sizeof (ButlerPlugin),
                .name = "bad_magic", .version = "1", TEST_SETS (good_sets) };
