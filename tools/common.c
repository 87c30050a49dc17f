/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/log.h"

void
tool_say (const char *format,
          ...)
{
  g_autofree char *message = NULL;
  g_autofree char *line = NULL;
  va_list          args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdelimit (g_strdup_printf ("threadbutler: %s", message), "\n", ' ');
  fprintf (stderr, "%s\n", line);
}

/* The entries' strings are file names, hence bytes: a locale without UTF-8 must not refuse them. */
GStrv
tool_parse_all (const char         *command,
                const char         *operand,
                const char         *summary,
                const GOptionEntry *entries,
                int                 argc,
                char              **argv)
{
  g_auto (GStrv)             operands = NULL;
  g_autoptr (GError)         error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char           *name = g_strdup_printf ("threadbutler %s", command);
  const GOptionEntry         rest[] = {
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &operands, NULL, operand },
    G_OPTION_ENTRY_NULL,
  };

  g_set_prgname (name);
  g_option_context_set_summary (context, summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, rest, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error))
    return operands != NULL ? g_steal_pointer (&operands) : g_new0 (char *, 1);

  tool_say ("%s: %s (see %s --help)", command, error->message, name);
  return NULL;
}

char *
tool_parse (const char         *command,
            const char         *operand,
            const char         *summary,
            const GOptionEntry *entries,
            int                 argc,
            char              **argv)
{
  g_auto (GStrv) operands = tool_parse_all (command, operand, summary, entries, argc, argv);

  if (operands == NULL)
    return NULL;
  if (g_strv_length (operands) == 1)
    return g_strdup (operands[0]);

  tool_say ("%s: it takes one %s (see threadbutler %s --help)", command, operand, command);
  return NULL;
}

gboolean
tool_at_most_one (const char *command,
                  GStrv       operands)
{
  if (g_strv_length (operands) <= 1)
    return TRUE;

  tool_say ("%s: it takes one program at the most (see threadbutler %s --help)", command, command);
  return FALSE;
}

static gboolean
probe (ButlerApp *app,
       GError   **error)
{
  g_auto (GStrv) warnings = butler_app_probe (app, error);

  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    tool_say ("warning: %s", warnings[i]);
  return warnings != NULL;
}

static gboolean
prepare (ButlerApp *app,
         GStrv      folders,
         GStrv      assignments,
         GError   **error)
{
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    butler_app_add_plugin_path (app, folders[i]);
  for (guint i = 0; assignments != NULL && assignments[i] != NULL; i++)
    if (!butler_app_set (app, assignments[i], error))
      return FALSE;
  return TRUE;
}

static guint
count_entries (const GOptionEntry *entries)
{
  guint n = 0;

  while (entries[n].long_name != NULL)
    n++;
  return n;
}

/* @more is (nullable). */
static GOptionEntry *
join_entries (const GOptionEntry *entries,
              const GOptionEntry *more)
{
  guint         n = count_entries (entries);
  guint         n_more = more != NULL ? count_entries (more) : 0;
  GOptionEntry *all = g_new0 (GOptionEntry, n + n_more + 1);

  memcpy (all, entries, n * sizeof *all);
  if (n_more > 0)
    memcpy (all + n, more, n_more * sizeof *all);
  return all;
}

ButlerApp *
tool_read_app (const char         *command,
               const char         *summary,
               const GOptionEntry *more,
               int                 argc,
               char              **argv,
               char              **path)
{
  g_auto (GStrv)         assignments = NULL;
  g_auto (GStrv)         folders = NULL;
  g_autofree char       *level = NULL;
  g_autoptr (GError)     error = NULL;
  g_autoptr (ButlerApp)  app = NULL;
  const GOptionEntry     entries[] = {
    { "set", 's', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &assignments,
      "Set a key of the app file; GROUP is app, dev or a server's name", "GROUP.KEY=VALUE" },
    { "plugin-path", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &folders,
      "Look for plugins in DIR first", "DIR" },
    { "log-level", 'l', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &level,
      "Log what is at least this grave: error, warning (default), info or debug", "LEVEL" },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree GOptionEntry *all = join_entries (entries, more);

  *path = tool_parse (command, "APP.ini", summary, all, argc, argv);
  if (*path == NULL)
    return NULL;

  if (level == NULL || tool_log_set_level (level, &error))
    app = butler_app_new (*path, &error);
  if (app != NULL && prepare (app, folders, assignments, &error))
    return g_steal_pointer (&app);
  tool_say ("%s", error->message);
  return NULL;
}

gboolean
tool_load (ButlerApp *app)
{
  g_autoptr (GError) error = NULL;

  if (butler_app_load (app, &error))
    return TRUE;
  tool_say ("%s", error->message);
  return FALSE;
}

ButlerApp *
tool_load_app (const char         *command,
               const char         *summary,
               const GOptionEntry *more,
               gboolean            probes,
               int                 argc,
               char              **argv,
               char              **path)
{
  g_autoptr (ButlerApp) app = tool_read_app (command, summary, more, argc, argv, path);
  g_autoptr (GError)    error = NULL;

  if (app != NULL && probes && !probe (app, &error))
    {
      tool_say ("%s", error->message);
      return NULL;
    }
  return app != NULL && tool_load (app) ? g_steal_pointer (&app) : NULL;
}

int
tool_finish (void)
{
  if (fflush (stdout) != 0)
    tool_say ("standard output: %s", g_strerror (errno));
  else if (ferror (stdout) != 0)
    tool_say ("standard output: a part of it could not be written"); /* why was known only then, to who wrote it */
  else
    return TOOL_OK;
  return TOOL_FAILED;
}

int
tool_finish_run (void)
{
  struct stat about;

  if (fstat (STDOUT_FILENO, &about) == 0 && (S_ISFIFO (about.st_mode) || S_ISSOCK (about.st_mode)))
    return TOOL_OK;
  return tool_finish ();
}

const char *
tool_plural (guint n)
{
  return n == 1 ? "" : "s";
}
