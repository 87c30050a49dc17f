/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>

#include "tools/common.h"

typedef struct
{
  char    *plugin;
  char    *server;
  char    *speed;
  gboolean compare; /* says what is so anyway */
  gboolean no_compare;
  int      differences; /* to print; 0: all */
} Choice;

/* The first ones tell most: what follows from them may differ as well. */
typedef struct
{
  guint64 max;
  guint64 n;
} Printer;

static void
print_difference (const char *difference,
                  gpointer    data)
{
  Printer *printer = data;

  if (printer->max == 0 || printer->n < printer->max)
    puts (difference);
  printer->n++;
}

static void
print_rest (const Printer *printer)
{
  if (printer->max > 0 && printer->n > printer->max)
    printf ("... and %" G_GUINT64_FORMAT " more (--differences=0 prints all)\n", printer->n - printer->max);
}

static void
print_summary (const ButlerReplayReport *report,
               gboolean                  compared)
{
  g_autofree char *servers = g_strjoinv (", ", report->servers);

  printf ("%s: %" G_GUINT64_FORMAT " messages", servers, report->messages);
  if (report->answers > 0)
    printf (", %" G_GUINT64_FORMAT " answers", report->answers);
  if (compared)
    printf (", %" G_GUINT64_FORMAT " sent, %" G_GUINT64_FORMAT " differences", report->sent, report->differences);
  puts ("");
  if (report->skipped > 0)
    tool_say ("warning: %" G_GUINT64_FORMAT " messages or answers were not handed out: there is no record of them, nobody asked, no handler takes them, or a start failed",
              report->skipped);
  if (report->swapped)
    tool_say ("warning: the plugin was swapped while it was recorded: states may differ");
  if (report->cut)
    tool_say ("warning: the recording was cut off: what came last is missing");
}

static int
replay (const char   *path,
        const Choice *choice)
{
  g_autoptr (ButlerHub)          hub = butler_hub_new ();
  g_autoptr (ButlerReplayReport) report = NULL;
  g_autoptr (GError)             error = NULL;
  ButlerModule                  *module;
  Printer                        printer = { (guint64) choice->differences, 0 };

  module = butler_module_load (hub, choice->plugin, BUTLER_MODULE_DEFAULT, &error);
  if (module != NULL)
    report = butler_module_replay (module, path,
                                   BUTLER_REPLAY_OPTIONS (.server = choice->server,
                                                          .real_time = g_strcmp0 (choice->speed, "real") == 0,
                                                          .no_compare = choice->no_compare, .difference = print_difference, .data = &printer),
                                   &error);
  if (report == NULL)
    {
      tool_say ("%s", error->message);
      return TOOL_REFUSED;
    }
  print_rest (&printer);
  print_summary (report, !choice->no_compare);
  return tool_finish () == TOOL_OK && report->differences == 0 ? TOOL_OK : TOOL_FAILED;
}

static gboolean
check (const Choice *choice)
{
  if (choice->plugin == NULL)
    tool_say ("replay: which plugin? --plugin=PLUGIN.so (see threadbutler replay --help)");
  else if (choice->speed != NULL && !g_str_equal (choice->speed, "full") && !g_str_equal (choice->speed, "real"))
    tool_say ("replay: --speed is full or real, not \"%s\"", choice->speed);
  else if (choice->compare && choice->no_compare)
    tool_say ("replay: --compare or --no-compare?");
  else if (choice->differences < 0)
    tool_say ("replay: --differences is a number, or 0 for all, not %d", choice->differences);
  else
    return TRUE;
  return FALSE;
}

static void
choice_clear (Choice *choice)
{
  g_free (choice->plugin);
  g_free (choice->server);
  g_free (choice->speed);
}

int
tool_replay (int    argc,
             char **argv)
{
  Choice             choice = { .differences = 20 };
  g_autofree char   *path = NULL;
  int                status = TOOL_REFUSED;
  const GOptionEntry entries[] = {
    { "plugin", 'P', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &choice.plugin,
      "The file of the plugin that gets the messages", "PLUGIN.so" },
    { "server", 's', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &choice.server,
      "Only this server; default: all that were of the plugin", "NAME" },
    { "speed", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &choice.speed,
      "full (default): one message after the other; real: each when it came", "full|real" },
    { "compare", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &choice.compare,
      "Compare what handlers send with what they sent (default)", NULL },
    { "no-compare", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &choice.no_compare, "Only hand the messages out", NULL },
    { "differences", 'd', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &choice.differences,
      "How many differences to print, the first ones (default: 20; 0: all)", "N" },
    G_OPTION_ENTRY_NULL,
  };

  path = tool_parse ("replay", "FILE",
                     "Hands the messages that \"threadbutler run --record\" has written to a plugin once more, and\n"
                     "compares what it sends. Exit status: 0: nothing differs; 1: something does, and is printed; 2: it could\n"
                     "not be replayed.",
                     entries, argc, argv);
  if (path != NULL && check (&choice))
    status = replay (path, &choice);
  choice_clear (&choice);
  return status;
}
