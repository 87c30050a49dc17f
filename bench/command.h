/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

#define BENCH_EXIT_WRONG 1
#define BENCH_EXIT_USAGE 2

/* What the program is called: each has one of its own. */
extern const char bench_program[];

/* What all programs here take on their command line. */
typedef struct
{
  int      repeat; /* what it is already, unless one is given */
  gboolean json;
  gboolean list;
  gboolean lose;
} BenchCommand;

/* bench_command_parse() takes these options and the program's @own from the command line; @arguments and @summary are for --help. */
gboolean bench_command_parse (BenchCommand        *self,
                              const GOptionEntry  *own,
                              const char          *arguments,
                              const char          *summary,
                              int                 *argc,
                              char              ***argv,
                              GError             **error);

/* bench_refuse() says why, and is what the program exits with. */
int bench_refuse (const char *format,
                  ...) G_GNUC_PRINTF (1, 2);
