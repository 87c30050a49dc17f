/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* Exit statuses, as threadbutler(1) has them. */
enum
{
  TOOL_OK,
  TOOL_FAILED, /* it ran and failed */
  TOOL_REFUSED /* bad usage or configuration: nothing ran */
};

/* tool_say() writes one line, "threadbutler: MESSAGE", to standard error. */
void tool_say (const char *format,
               ...) G_GNUC_PRINTF (1, 2);

/* tool_parse() takes the options of a command from its arguments, of which exactly one has to be left: that one,
 * (transfer full). NULL, after a message, if the usage is wrong. `--help` ends the program. */
char *tool_parse (const char         *command,
                  const char         *operand,
                  const char         *summary,
                  const GOptionEntry *entries,
                  int                 argc,
                  char              **argv);

/* tool_parse_all() is the same for any number of those. */
GStrv tool_parse_all (const char         *command,
                      const char         *operand,
                      const char         *summary,
                      const GOptionEntry *entries,
                      int                 argc,
                      char              **argv);

/* tool_at_most_one() is FALSE, after a message, if there are more. */
gboolean tool_at_most_one (const char *command,
                           GStrv       operands);

/* tool_read_app() parses the options that all have in common who run an app, or check it, and those of @more (nullable),
 * and reads the app file. NULL after a message. @path (out) (transfer full) */
ButlerApp *tool_read_app (const char         *command,
                          const char         *summary,
                          const GOptionEntry *more,
                          int                 argc,
                          char              **argv,
                          char              **path);

/* tool_load() loads what the app file names. FALSE after a message. */
gboolean tool_load (ButlerApp *app);

/* tool_load_app() does both; with @probes only what another process could load. */
ButlerApp *tool_load_app (const char         *command,
                          const char         *summary,
                          const GOptionEntry *more,
                          gboolean            probes,
                          int                 argc,
                          char              **argv,
                          char              **path);

/* tool_finish() is the exit status of a command that printed: not TOOL_OK if standard output took not all of it. */
int tool_finish (void);

/* tool_finish_run() is the same for who ran plugins, which print there too: who closes a pipe has read enough, and that is no failure. */
int tool_finish_run (void);

/* tool_plural() is what a noun has at its end. */
const char *tool_plural (guint n);

/* The commands; each returns an exit status. */
int tool_run     (int    argc,
                  char **argv);
int tool_dev     (int    argc,
                  char **argv);
int tool_check   (int    argc,
                  char **argv);
int tool_inspect (int    argc,
                  char **argv);
int tool_status  (int    argc,
                  char **argv);
int tool_stats   (int    argc,
                  char **argv);
int tool_reload  (int    argc,
                  char **argv);
int tool_stop    (int    argc,
                  char **argv);
int tool_replay  (int    argc,
                  char **argv);
int tool_new_plugin (int    argc,
                     char **argv);
