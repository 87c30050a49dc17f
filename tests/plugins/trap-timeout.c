/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static gboolean
never (gpointer data)
{
  (void) data;
  return G_SOURCE_REMOVE;
}

static void
spring (void)
{
  g_timeout_add (3600 * 1000, never, NULL);
}

TRAP (trap_timeout)
