/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static GQuark trap_quark (void);

G_DEFINE_QUARK (trap, trap)

static void
spring (void)
{
  trap_quark ();
}

TRAP (trap_quark)
