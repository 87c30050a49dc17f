/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static void
destroy (gpointer data)
{
  g_free (data);
}

static GPrivate key = G_PRIVATE_INIT (destroy);

static void
spring (void)
{
  g_private_replace (&key, g_strdup ("of this thread"));
}

TRAP (trap_private)
