/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { TEST_HEAD, .name = "no_sets", .version = "1", .sets = good_sets, .n_sets = 0,
                .set_size = sizeof good_sets[0] };
