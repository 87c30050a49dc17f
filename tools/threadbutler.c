/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/log.h"

typedef struct
{
  const char *name;
  int       (*run) (int    argc,
                    char **argv);
} Command;

static const Command commands[] = {
  { "run", tool_run },
  { "dev", tool_dev },
  { "check", tool_check },
  { "inspect", tool_inspect },
  { "status", tool_status },
  { "stats", tool_stats },
  { "reload", tool_reload },
  { "stop", tool_stop },
  { "new-plugin", tool_new_plugin },
  { "replay", tool_replay },
};

#define SUMMARY                                                                                                        \
  "Runs servers made of plugins.\n"                                                                                    \
  "\n"                                                                                                                 \
  "Commands:\n"                                                                                                        \
  "  run APP.ini         load the plugins that an app file names and run its servers\n"                                \
  "  dev APP.ini         run it, build the plugins when a source is saved, and replace them while it runs\n"             \
  "  check APP.ini       load and check everything, run nothing\n"                                                     \
  "  inspect PLUGIN.so   print what a plugin declares\n"                                                               \
  "  status [NAME]       print what a running program is doing\n"                                                      \
  "  stats [NAME]        print the figures of its servers\n"                                                           \
  "  reload [PLUGIN]...  let it replace plugins whose files have changed\n"                                            \
  "  stop [NAME]         let it stop in order, and wait until it has\n"                                                \
  "  new-plugin NAME     write a plugin to begin with\n"                                                               \
  "  replay FILE         hand recorded messages to a plugin again and compare what it sends\n"                         \
  "\n"                                                                                                                 \
  "Each command has a --help of its own; all of it is in threadbutler(1)."

static int
run_command (int    argc,
             char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, argv[0]))
      return commands[i].run (argc, argv);

  tool_say ("there is no command \"%s\", only run, dev, check, inspect, status, stats, reload, stop, new-plugin and "
            "replay "
            "(see threadbutler --help)",
            argv[0]);
  return TOOL_REFUSED;
}

/* What was closed would be the number of the next file that anybody opens, and what is printed would go there. Opened the wrong way
 * round, so that using it is an error still. */
static void
occupy_standard_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) == -1)
      open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND");
  g_autoptr (GError)         error = NULL;
  gboolean                   version = FALSE;
  const GOptionEntry         entries[] = {
    { "version", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL,
  };

  occupy_standard_descriptors ();
  setlocale (LC_ALL, "");
  tool_log_start ();
  g_set_prgname ("threadbutler");
  g_option_context_set_strict_posix (context, TRUE); /* what follows the command is the command's */
  g_option_context_set_summary (context, SUMMARY);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      tool_say ("%s (see threadbutler --help)", error->message);
      return TOOL_REFUSED;
    }
  if (version)
    {
      printf ("threadbutler %d.%d.%d\n", BUTLER_MAJOR_VERSION, BUTLER_MINOR_VERSION, BUTLER_MICRO_VERSION);
      return tool_finish ();
    }
  if (argc > 1)
    return run_command (argc - 1, argv + 1);

  tool_say ("which command? run, dev, check, inspect, status, stats, reload, stop, new-plugin or replay (see threadbutler --help)");
  return TOOL_REFUSED;
}
