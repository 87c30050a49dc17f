/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

/**
 * butler_loop_queue:
 * @server: the server
 * @data: unused
 *
 * The loop of a server that does nothing but handle messages. It is also the pattern for loops of one's own.
 *
 * Thread: the server's.
 *
 * Since: 1.0
 */
void
butler_loop_queue (ButlerServer *server,
                   gpointer      data G_GNUC_UNUSED)
{
  while (butler_server_keep_running (server))
    {
      butler_server_wait (server, -1);
      butler_server_dispatch (server, BUTLER__BATCH);
    }
}
