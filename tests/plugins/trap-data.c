/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

static volatile char room[1024 * 1024];

static void
spring (void)
{
  room[0]++;
}

TRAP (trap_data)
