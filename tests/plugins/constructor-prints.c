/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>
#include <unistd.h>

#include "tests/plugins/good.h"

/* On standard output, in the probe's own words, and on whatever it may have been left. */
static void __attribute__ ((constructor))
construct (void)
{
  puts ("(false, 14, b'not of the probe', {})");
  fflush (stdout);
  for (int fd = 3; fd < 64; fd++)
    (void) !write (fd, "not of the probe\n", 17);
}

BUTLER_PLUGIN (constructor_prints, "1", &good_set)
