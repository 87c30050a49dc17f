/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static __thread volatile int calls __attribute__ ((tls_model ("local-dynamic")));

static void
spring (void)
{
  calls++;
}

TRAP (trap_thread_local)
