/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdlib.h>

#include "tests/plugins/good.h"

static void __attribute__ ((constructor))
construct (void)
{
  exit (3);
}

BUTLER_PLUGIN (constructor_exits, "1", &good_set)
