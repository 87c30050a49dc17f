/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdlib.h>

#include "tests/plugins/good.h"

static void __attribute__ ((constructor))
construct (void)
{
  abort ();
}

BUTLER_PLUGIN (constructor_aborts, "1", &good_set)
