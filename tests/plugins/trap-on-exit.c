/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdlib.h>

#include "tests/plugins/trap.h"

static void
at_exit (int status, void *data)
{
  (void) status;
  (void) data;
}

static void
spring (void)
{
  on_exit (at_exit, NULL);
}

TRAP (trap_on_exit)
