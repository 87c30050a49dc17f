/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

/* Linked with -z nodelete. */
static void
spring (void)
{
}

TRAP (trap_nodelete)
