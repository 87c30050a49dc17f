/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Nothing wrong with it; the linker is told which build-id to give it. */
BUTLER_PLUGIN (build_id, "1", &good_set)
