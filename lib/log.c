/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/log.h"

/* The numbers of syslog, as the journal wants them. */
static const char *
priority_of (GLogLevelFlags level)
{
  switch (level & G_LOG_LEVEL_MASK)
    {
    case G_LOG_LEVEL_ERROR:
    case G_LOG_LEVEL_CRITICAL:
      return "3";
    case G_LOG_LEVEL_WARNING:
      return "4";
    case G_LOG_LEVEL_MESSAGE:
      return "5";
    case G_LOG_LEVEL_INFO:
      return "6";
    default:
      return "7";
    }
}

void
butler__log (GLogLevelFlags level,
             const char    *server,
             const char    *message_type,
             const char    *format,
             ...)
{
  GLogField fields[5];
  gsize n = 0;
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  fields[n++] = (GLogField) { "PRIORITY", priority_of (level), -1 };
  fields[n++] = (GLogField) { "GLIB_DOMAIN", "ThreadButler", -1 };
  fields[n++] = (GLogField) { "MESSAGE", text, -1 };
  if (server != NULL)
    fields[n++] = (GLogField) { "SERVER", server, -1 };
  if (message_type != NULL)
    fields[n++] = (GLogField) { "MESSAGE_TYPE", message_type, -1 };
  g_log_structured_array (level, fields, n);
}
