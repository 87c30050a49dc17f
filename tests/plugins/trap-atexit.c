/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdlib.h>

#include "tests/plugins/trap.h"

static void
at_exit (void)
{
}

static void
spring (void)
{
  atexit (at_exit);
}

TRAP (trap_atexit)
