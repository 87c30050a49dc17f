/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/descriptors.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

gboolean
butler__descriptors_are_left (guint n)
{
  gboolean left;
  int code;
  int fd;

  if (n == 0)
    return TRUE;
  fd = eventfd (0, EFD_CLOEXEC);
  if (fd < 0)
    return FALSE;
  left = butler__descriptors_are_left (n - 1);
  code = errno;
  close (fd);
  errno = code;
  return left;
}
