/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/log.h"

#include <stdio.h>
#include <threadbutler/error.h>

typedef struct
{
  const char    *name;
  GLogLevelFlags levels; /* those that the name adds to the ones before it */
} Level;

static const Level levels[] = {
  { "error", G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "info", G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO },
  { "debug", G_LOG_LEVEL_DEBUG },
};

/* Set before other threads are there. */
static GLogLevelFlags shown = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING;

static const char *
name_of (GLogLevelFlags level)
{
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if ((levels[i].levels & level) != 0)
      return levels[i].name;
  return "log";
}

static char *
find (const GLogField *fields,
      gsize            n_fields,
      const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].length < 0 ? g_strdup (fields[i].value) : g_strndup (fields[i].value, (gsize) fields[i].length);
  return NULL;
}

/* One call of stdio, so that the lines of two threads do not mix. The domain is left out for the library's own
 * messages. */
static GLogWriterOutput
write_line (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n_fields,
            gpointer         data)
{
  g_autofree char *message = NULL;
  g_autofree char *domain = NULL;
  gboolean         foreign;

  (void) data;
  if ((level & shown) == 0)
    return G_LOG_WRITER_HANDLED;

  message = find (fields, n_fields, "MESSAGE");
  domain = find (fields, n_fields, "GLIB_DOMAIN");
  foreign = domain != NULL && !g_str_equal (domain, "ThreadButler");
  fprintf (stderr, "threadbutler: %s: %s%s%s\n", name_of (level), foreign ? domain : "", foreign ? ": " : "",
           message != NULL ? message : "");
  return G_LOG_WRITER_HANDLED;
}

void
tool_log_start (void)
{
  g_log_set_writer_func (write_line, NULL, NULL);
}

gboolean
tool_log_set_level (const char *level,
                    GError    **error)
{
  GLogLevelFlags chosen = 0;

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      chosen |= levels[i].levels;
      if (g_str_equal (levels[i].name, level))
        {
          shown = chosen;
          return TRUE;
        }
    }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "\"%s\" is no log level: error, warning, info or debug",
               level);
  return FALSE;
}
