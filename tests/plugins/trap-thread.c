/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static gpointer
work (gpointer data)
{
  return data;
}

static void
spring (void)
{
  g_thread_join (g_thread_new ("trap", work, NULL));
}

TRAP (trap_thread)
