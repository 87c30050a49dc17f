/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

/* Linked without -Bsymbolic. */
BUTLER_API void trap_helper (void);

void
trap_helper (void)
{
}

static void
spring (void)
{
  trap_helper ();
}

TRAP (trap_export)
