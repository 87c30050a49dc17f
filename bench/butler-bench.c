/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * butler-bench: measures the library beside the same thing by hand, in turns, and checks all that arrives. */

#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

#define EXIT_WRONG 1
#define EXIT_USAGE 2

typedef struct
{
  const char *name;
  guint64     n; /* when none is given */
  const char *doc;
  BenchFunc   butler;
  BenchFunc   plain;
} Kernel;

static const Kernel kernels[] = {
  { "count", 3000000, "N messages of 16 bytes, one by one, from one thread to another", bench_count_butler,
    bench_count_plain },
  { "pingpong", 200000, "one message to and fro between two threads, N times", bench_pingpong_butler,
    bench_pingpong_plain },
};

typedef struct
{
  const Kernel *kernel;
  BenchArgs     args;
  char         *peer; /* (owned) (nullable) */
  int           repeat;
  int           capacity;
  gboolean      json;
  gboolean      list;
} Bench;

static int
refuse (const char *format,
        ...)
{
  va_list args;
  g_autofree char *reason = NULL;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "butler-bench: %s (see butler-bench --help)\n", reason);
  return EXIT_USAGE;
}

static int
list_kernels (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    printf ("%-8s N=%-8" G_GUINT64_FORMAT " %s\n", kernels[i].name, kernels[i].n, kernels[i].doc);
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
parse_options (Bench    *bench,
               int      *argc,
               char   ***argv,
               GError  **error)
{
  const GOptionEntry entries[] = {
    { "peer", 'p', 0, G_OPTION_ARG_STRING, &bench->peer, "What to measure: butler, plain (by hand) or all", "PEER" },
    { "repeat", 'r', 0, G_OPTION_ARG_INT, &bench->repeat, "How many rounds of each (5)", "R" },
    { "capacity", 'c', 0, G_OPTION_ARG_INT, &bench->capacity, "Bound the library's channels; senders wait", "N" },
    { "as-queue", 'q', 0, G_OPTION_ARG_NONE, &bench->args.as_queue, "Channels of the queue kind", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &bench->json, "A JSON object on each line", NULL },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &bench->list, "List the kernels", NULL },
    { "lose", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &bench->args.lose, "Lose one, which must be seen", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("KERNEL [N]");

  g_option_context_set_summary (context, "Measures the library beside GThread and GAsyncQueue by hand, in turns, and\n"
                                         "checks all that arrives.");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
is_peer (const char *name)
{
  static const char *const names[] = { "all", "butler", "plain", NULL };

  return g_strv_contains (names, name);
}

/* 0: all is well. */
static int
check_usage (Bench       *bench,
             int          argc,
             char *const *argv)
{
  if (argc < 2 || argc > 3)
    return refuse ("it takes a kernel, and maybe a number");
  bench->kernel = find_kernel (argv[1]);
  if (bench->kernel == NULL)
    return refuse ("there is no kernel \"%s\"; --list lists them", argv[1]);
  bench->args.n = bench->kernel->n;
  if (argc == 3 && !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXINT64, &bench->args.n, NULL))
    return refuse ("\"%s\" is no number from 1 on", argv[2]);
  if (bench->peer != NULL && !is_peer (bench->peer))
    return refuse ("there is no peer \"%s\", only butler, plain and all", bench->peer);
  if (bench->repeat < 1)
    return refuse ("it takes at least one round");
  if (bench->capacity < 0)
    return refuse ("a capacity of %d cannot be", bench->capacity);
  bench->args.capacity = (guint) bench->capacity;
  return 0;
}

/* Measuring */

static char *
describe_channel (const BenchArgs *args)
{
  if (args->capacity > 0)
    return g_strdup_printf ("bounded:%u", args->capacity);
  return g_strdup (args->as_queue ? "queue" : "chain");
}

static gboolean
is_wanted (const Bench *bench,
           const char  *peer)
{
  return bench->peer == NULL || g_str_equal (bench->peer, "all") || g_str_equal (bench->peer, peer);
}

static gboolean
run_round (const Bench *bench,
           BenchReport *report,
           const char  *peer,
           const char  *channel,
           BenchFunc    func)
{
  BenchRound round = { 0 };
  g_autoptr (GError) error = NULL;

  if (!is_wanted (bench, peer))
    return TRUE;
  if (func (&bench->args, &round, &error))
    {
      bench_report_add (report, peer, channel, bench->args.n, &round);
      return TRUE;
    }
  fprintf (stderr, "butler-bench: %s %s: %s\n", bench->kernel->name, peer, error->message);
  return FALSE;
}

/* In turns, so that what else the machine does hits both alike. */
static int
run_rounds (const Bench *bench)
{
  g_autoptr (BenchReport) report = bench_report_new (bench->kernel->name, bench->json);
  g_autofree char *channel = describe_channel (&bench->args);

  for (int i = 0; i < bench->repeat; i++)
    if (!run_round (bench, report, "butler", channel, bench->kernel->butler)
        || !run_round (bench, report, "plain", "GAsyncQueue", bench->kernel->plain))
      return EXIT_WRONG;
  bench_report_finish (report);
  return 0;
}

int
main (int    argc,
      char **argv)
{
  Bench bench = { .repeat = 5 };
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!parse_options (&bench, &argc, &argv, &error))
    status = refuse ("%s", error->message);
  else if (bench.list)
    status = list_kernels ();
  else
    {
      status = check_usage (&bench, argc, argv);
      if (status == 0)
        status = run_rounds (&bench);
    }
  g_free (bench.peer);
  return status;
}
