/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <unistd.h>

#include "tests/plugins/good.h"

/* The child has all descriptors, and stays until the last writer of the FIFO that the test names is gone. */
static void __attribute__ ((constructor))
construct (void)
{
  const char *path = g_getenv ("BUTLER_TEST_FIFO");
  int         fifo = path != NULL ? open (path, O_RDONLY) : -1;
  char        byte;

  if (fifo >= 0 && fork () == 0)
    {
      while (read (fifo, &byte, 1) > 0)
        ;
      _exit (0);
    }
  close (fifo);
}

BUTLER_PLUGIN (constructor_forks, "1", &good_set)
