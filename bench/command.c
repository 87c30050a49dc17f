/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/command.h"

#include <stdio.h>

gboolean
bench_command_parse (BenchCommand        *self,
                     const GOptionEntry  *own,
                     const char          *arguments,
                     const char          *summary,
                     int                 *argc,
                     char              ***argv,
                     GError             **error)
{
  g_autofree char *rounds = g_strdup_printf ("How many rounds of each (%d)", self->repeat);
  const GOptionEntry common[] = {
    { "repeat", 'r', 0, G_OPTION_ARG_INT, &self->repeat, rounds, "R" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &self->json, "A JSON object on each line", NULL },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &self->list, "List the kernels and what they take", NULL },
    { "lose", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self->lose, "Lose one, which must be seen", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, own, NULL);
  g_option_context_add_main_entries (context, common, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

int
bench_refuse (const char *format,
              ...)
{
  va_list args;
  g_autofree char *reason = NULL;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "%s: %s (see %s --help)\n", bench_program, reason, bench_program);
  return BENCH_EXIT_USAGE;
}
