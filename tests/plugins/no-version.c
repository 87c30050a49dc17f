/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { TEST_HEAD, .name = "no_version", TEST_SETS (good_sets) };
