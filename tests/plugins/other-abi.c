/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Nothing behind the number means anything to this version. */
TEST_PLUGIN = { .magic = BUTLER_PLUGIN_MAGIC, .abi = 7, .name = (const char *) 1 };
