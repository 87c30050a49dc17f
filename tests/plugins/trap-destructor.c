/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

/* What a C++ compiler makes of a thread_local variable with a destructor. */
extern int   __cxa_thread_atexit_impl (void (*destroy) (void *), void *object, void *dso);
extern void *__dso_handle;

static void
destroy (void *object)
{
  (void) object;
}

static void
spring (void)
{
  __cxa_thread_atexit_impl (destroy, NULL, &__dso_handle);
}

TRAP (trap_destructor)
