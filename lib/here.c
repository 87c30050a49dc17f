/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/here.h"

static GPrivate server_here;

ButlerServer *
butler__here_set (ButlerServer *server)
{
  ButlerServer *before = g_private_get (&server_here);

  g_private_set (&server_here, server);
  return before;
}

ButlerServer *
butler__here_get (void)
{
  return g_private_get (&server_here);
}
