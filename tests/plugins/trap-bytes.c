/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static void
spring (void)
{
  g_bytes_unref (g_bytes_new_static ("static", 6));
}

TRAP (trap_bytes)
