/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * butler-swap: measures what a server notices when its plugin is swapped, and checks all that arrives meanwhile. */

#include <stdio.h>

#include "bench/command.h"
#include "bench/swap-kernels.h"
#include "bench/swap-plugin.h"

const char bench_program[] = "butler-swap";

typedef struct
{
  const char *name;
  guint swaps; /* when none are given */
  const char *doc;
  BenchSwapFunc run;
} Kernel;

static const Kernel kernels[] = {
  { "rolling", 1000, "swaps while messages arrive: how long does the server pause?", bench_swap_rolling },
  { "migrate", 200, "the same, with a state of 1 MiB whose layout changes", bench_swap_migrate },
  { "reload", 50, "a watched file is written anew: how long until new code runs?", bench_swap_reload },
  { "endure", 5000, "swaps of a plugin of 350 KiB: does something grow?", bench_swap_endure },
};

typedef struct
{
  BenchCommand command;
  const Kernel *kernel;
  BenchSwapArgs args;
  int swaps;
  int rate;
  int writers;
} Bench;

static int
list_kernels (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    printf ("%-8s swaps=%-5u %s\n", kernels[i].name, kernels[i].swaps, kernels[i].doc);
  return 0;
}

static const Kernel *
find_kernel (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    if (g_str_equal (kernels[i].name, name))
      return &kernels[i];
  return NULL;
}

/* Usage */

static gboolean
parse_options (Bench   *bench,
               int     *argc,
               char  ***argv,
               GError **error)
{
  const GOptionEntry entries[] = {
    { "swaps", 's', 0, G_OPTION_ARG_INT, &bench->swaps, "How many swaps in a round (the kernel's)", "N" },
    { "rate", 'a', 0, G_OPTION_ARG_INT, &bench->rate, "Messages a second that arrive (1000000)", "N" },
    { "writers", 'w', 0, G_OPTION_ARG_INT, &bench->writers, "How many threads send them (1)", "N" },
    G_OPTION_ENTRY_NULL,
  };

  return bench_command_parse (&bench->command, entries, "KERNEL",
                              "Swaps a plugin to and fro, measures what its server notices, and checks\n"
                              "all that arrives meanwhile.",
                              argc, argv, error);
}

/* 0: all is well. */
static int
check_usage (Bench       *bench,
             int          argc,
             char *const *argv)
{
  if (argc != 2)
    return bench_refuse ("it takes a kernel");
  bench->kernel = find_kernel (argv[1]);
  if (bench->kernel == NULL)
    return bench_refuse ("there is no kernel \"%s\"; --list lists them", argv[1]);
  if (bench->swaps < 0 || bench->rate < 1 || bench->command.repeat < 1)
    return bench_refuse ("it takes at least one swap, one message a second and one round");
  if (bench->writers < 1 || bench->writers > BENCH_WRITERS_MAX)
    return bench_refuse ("it takes 1 to %d writers", BENCH_WRITERS_MAX);
  bench->args.swaps = bench->swaps > 0 ? (guint) bench->swaps : bench->kernel->swaps;
  bench->args.rate = (guint) bench->rate;
  bench->args.lose = bench->command.lose;
  bench->args.writers = (guint) bench->writers;
  return 0;
}

/* Telling */

/* The smallest one that so many of a thousand are not above. */
static double
get_quantile (const GArray *sorted,
              guint         of_a_thousand)
{
  guint64 rank = ((guint64) sorted->len * of_a_thousand + 999) / 1000;

  return g_array_index (sorted, double, rank - 1);
}

#define PAUSE_TEXT "# %s %s: the median of %u is %.1f us, the 99.9th percentile %.1f us, the longest %.1f us\n"
#define PAUSE_JSON                                                                                                     \
  "{\"kernel\":\"%s\",\"figure\":\"%s\",\"samples\":%u,\"median_us\":%.1f,\"p999_us\":%.1f,\"longest_us\":%.1f}\n"

static void
print_pauses (const Bench *bench,
              const char  *figure,
              GArray      *pauses)
{
  if (pauses->len == 0)
    return;
  bench_sort (pauses);
  printf (bench->command.json ? PAUSE_JSON : PAUSE_TEXT, bench->kernel->name, figure, pauses->len,
          get_quantile (pauses, 500), get_quantile (pauses, 999), get_quantile (pauses, 1000));
}

#define GROWTH_TEXT "# %s %s: %" G_GUINT64_FORMAT " before, %" G_GUINT64_FORMAT " after\n"
#define GROWTH_JSON                                                                                                    \
  "{\"kernel\":\"%s\",\"figure\":\"%s\",\"before\":%" G_GUINT64_FORMAT ",\"after\":%" G_GUINT64_FORMAT "}\n"

static void
print_growth (const Bench *bench,
              const char  *figure,
              guint64      before,
              guint64      after)
{
  printf (bench->command.json ? GROWTH_JSON : GROWTH_TEXT, bench->kernel->name, figure, before, after);
}

static void
print_results (const Bench      *bench,
               BenchSwapResults *results)
{
  print_pauses (bench, "close-to-message", results->reloads);
  print_pauses (bench, "pause", results->seen);
  print_pauses (bench, "reported-pause", results->reported);
  print_pauses (bench, "usual-wait", results->waits);
  if (!results->counted)
    return;
  print_growth (bench, "descriptors", results->before.descriptors, results->after.descriptors);
  print_growth (bench, "threads", results->before.threads, results->after.threads);
  print_growth (bench, "maps", results->before.maps, results->after.maps);
  print_growth (bench, "resident-KiB", results->before.resident, results->after.resident);
}

/* Measuring */

static gboolean
run_round (const Bench      *bench,
           BenchReport      *report,
           BenchSwapResults *results)
{
  static const char *const labels[] = { "channel=chain", NULL };
  BenchRound round = { 0 };
  g_autoptr (GError) error = NULL;

  if (bench->kernel->run (&bench->args, &round, results, &error))
    {
      bench_report_add (report, "butler", labels, bench->args.swaps, &round);
      return TRUE;
    }
  fprintf (stderr, "%s: %s: %s\n", bench_program, bench->kernel->name, error->message);
  return FALSE;
}

static int
run_rounds (const Bench *bench,
            const char  *command)
{
  g_autoptr (BenchReport) report = bench_report_new (bench->kernel->name, bench->command.json);
  BenchSwapResults results = { 0 };
  gboolean ok = TRUE;

  results.seen = g_array_new (FALSE, FALSE, sizeof (double));
  results.reported = g_array_new (FALSE, FALSE, sizeof (double));
  results.waits = g_array_new (FALSE, FALSE, sizeof (double));
  results.reloads = g_array_new (FALSE, FALSE, sizeof (double));
  printf (bench->command.json ? "{\"kernel\":\"%s\",\"command\":\"%s %s\"}\n" : "# %s: %s %s\n",
          bench->kernel->name, bench_program, command);
  for (int i = 0; ok && i < bench->command.repeat; i++)
    ok = run_round (bench, report, &results);
  if (ok)
    {
      bench_report_finish (report);
      print_results (bench, &results);
    }
  g_array_unref (results.seen);
  g_array_unref (results.reported);
  g_array_unref (results.waits);
  g_array_unref (results.reloads);
  return ok ? 0 : BENCH_EXIT_WRONG;
}

int
main (int    argc,
      char **argv)
{
  Bench bench = { .rate = 1000000, .writers = 1, .command = { .repeat = 1 } };
  g_autofree char *command = g_strjoinv (" ", argv + 1);
  g_autoptr (GError) error = NULL;
  int status;

  if (!parse_options (&bench, &argc, &argv, &error))
    return bench_refuse ("%s", error->message);
  if (bench.command.list)
    return list_kernels ();
  status = check_usage (&bench, argc, argv);
  return status != 0 ? status : run_rounds (&bench, command);
}
