/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

/* What a C++ compiler makes of a static variable of an inline function. */
BUTLER_API int trap_unique_count;
__asm__ (".pushsection .bss\n"
         ".globl trap_unique_count\n"
         ".type trap_unique_count, %gnu_unique_object\n"
         ".size trap_unique_count, 4\n"
         ".balign 4\n"
         "trap_unique_count: .zero 4\n"
         ".popsection\n");

static void
spring (void)
{
  trap_unique_count++;
}

TRAP (trap_unique)
