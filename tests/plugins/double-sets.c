/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

static const ButlerHandlerSet same_set = { BUTLER_HANDLER_SET (good), BUTLER_DOC ("another of the same name") };

BUTLER_PLUGIN (double_sets, "1", &good_set, &same_set)
