/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/barrier.h"

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel has, the kernel has for the whole process: it is asked once. */
gboolean
butler__barrier_is_there (void)
{
  static gsize answer; /* 1: no, 2: yes */

  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, syscall (SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 ? 2 : 1);
  return answer == 2;
}

void
butler__barrier (void)
{
  if (syscall (SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
    g_error ("membarrier(2) fails after it was registered");
}
#else
gboolean
butler__barrier_is_there (void)
{
  return FALSE;
}

void
butler__barrier (void)
{
  g_assert_not_reached ();
}
#endif
