/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/client.h"
#include "tools/common.h"

/* A program that ends closes the connection; if it does so before it could answer, that is as good. */
static int
stop (GDBusConnection *connection)
{
  g_autoptr (GError)   error = NULL;
  g_autoptr (GVariant) answer = tool_call (connection, "Stop", NULL, &error);
  gboolean             ends = answer != NULL || g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED);

  if (!ends && !g_dbus_connection_is_closed (connection))
    {
      tool_say ("%s", error->message);
      return TOOL_FAILED;
    }
  while (!g_dbus_connection_is_closed (connection)) /* which wakes the default context, to tell of it */
    g_main_context_iteration (NULL, TRUE);
  return TOOL_OK;
}

int
tool_stop (int    argc,
           char **argv)
{
  g_auto (GStrv)              operands = NULL;
  g_autoptr (GDBusConnection) connection = NULL;

  operands = tool_parse_all ("stop", "[NAME|PID]",
                             "Lets a running program stop in order, as the first SIGTERM does, and waits until it has\n"
                             "ended.",
                             NULL, argc, argv);
  if (operands == NULL || !tool_at_most_one ("stop", operands))
    return TOOL_REFUSED;
  connection = tool_connect (operands[0]);
  return connection != NULL ? stop (connection) : TOOL_FAILED;
}
