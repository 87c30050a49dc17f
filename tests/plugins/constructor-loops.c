/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <unistd.h>

#include "tests/plugins/good.h"

/* Says that it is there, so that nobody has to guess when. */
static void __attribute__ ((constructor))
construct (void)
{
  (void) !write (STDERR_FILENO, "looping\n", 8);
  for (;;)
    pause ();
}

BUTLER_PLUGIN (constructor_loops, "1", &good_set)
