/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

TEST_PLUGIN = { TEST_HEAD, .name = "bad_stride", .version = "1", .sets = good_sets, .n_sets = 1,
                .set_size = 2 * sizeof good_sets[0] };
