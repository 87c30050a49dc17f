/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * butler-bench: measures the library beside the same thing by hand, in turns, and checks all that arrives. */

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/command.h"
#include "bench/kernels.h"
#include "bench/work.h"

const char bench_program[] = "butler-bench";

typedef struct
{
  BenchCommand       command;
  const BenchKernel *kernel;
  BenchArgs          args;
  char              *peer; /* (owned) (nullable) */
  char              *loop; /* (owned) (nullable) */
  char              *pin;  /* (owned) (nullable) */
  int                capacity;
} Bench;

/* Usage */

static gboolean
parse_options (Bench    *bench,
               int      *argc,
               char   ***argv,
               GError  **error)
{
  const GOptionEntry entries[] = {
    { "peer", 'p', 0, G_OPTION_ARG_STRING, &bench->peer, "What to measure: butler, plain (by hand) or all", "PEER" },
    { "loop", 'o', 0, G_OPTION_ARG_STRING, &bench->loop, "What the library's servers run: queue, or default", "LOOP" },
    { "pin", 'i', 0, G_OPTION_ARG_STRING, &bench->pin, "The CPUs that the threads run on, in turns", "A,B,..." },
    { "capacity", 'c', 0, G_OPTION_ARG_INT, &bench->capacity, "Bound the library's channels; senders wait", "N" },
    { "as-queue", 'q', 0, G_OPTION_ARG_NONE, &bench->args.as_queue, "Channels of the queue kind", NULL },
    G_OPTION_ENTRY_NULL,
  };

  return bench_command_parse (&bench->command, entries, "KERNEL [ARGUMENTS]",
                              "Measures the library beside GThread and GAsyncQueue by hand, in turns, and\n"
                              "checks all that arrives.",
                              argc, argv, error);
}

static gboolean
is_peer (const char *name)
{
  static const char *const names[] = { "all", "butler", "plain", NULL };

  return g_strv_contains (names, name);
}

static int
parse_parameters (Bench *bench,
                  int    n,
                  char **texts)
{
  const BenchParameter *parameter = bench->kernel->parameters;

  for (int i = 0; parameter[i].name != NULL; i++)
    {
      guint64 *value = bench_parameter_in (&parameter[i], &bench->args);

      *value = parameter[i].fallback;
      if (i < n && !bench_parameter_parse (&parameter[i], texts[i], value))
        return parameter[i].words[0] != NULL
                   ? bench_refuse ("%s: \"%s\" is not \"%s\" or \"%s\"", parameter[i].name, texts[i],
                                   parameter[i].words[0], parameter[i].words[1])
                   : bench_refuse ("%s: \"%s\" is no number from 1 on", parameter[i].name, texts[i]);
    }
  if (n > BENCH_PARAMETERS_MAX || (n > 0 && parameter[n - 1].name == NULL))
    return bench_refuse ("%s does not take so many arguments", bench->kernel->name);
  return 0;
}

/* Beyond these limits numbers would not fit where they are kept. */
static int
check_parameters (const BenchArgs *args)
{
  if (args->actors > BENCH_PRODUCERS_MAX || args->rounds > G_MAXINT || args->seconds > G_MAXINT)
    return bench_refuse ("so many cannot be");
  if (args->n > G_GUINT64_CONSTANT (1) << 40 || args->rate > 1000000000)
    return bench_refuse ("so many messages cannot be");
  if (args->size != 0 && args->size != BENCH_BURST_SMALL && args->size != BENCH_BURST_LARGE)
    return bench_refuse ("S is %d or %d: each is a type of its own", BENCH_BURST_SMALL, BENCH_BURST_LARGE);
  return 0;
}

static int
parse_loop (Bench *bench)
{
  if (bench->loop == NULL || g_str_equal (bench->loop, "queue"))
    bench->args.loop = butler_loop_queue;
  else if (g_str_equal (bench->loop, "default"))
    bench->args.loop = butler_loop_default;
  else
    return bench_refuse ("there is no loop \"%s\", only queue and default", bench->loop);
  return 0;
}

static int
parse_pin (Bench *bench)
{
  g_auto (GStrv) words = g_strsplit (bench->pin != NULL ? bench->pin : "", ",", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      guint64 cpu;

      if (i == BENCH_CPUS_MAX || !g_ascii_string_to_unsigned (words[i], 10, 0, CPU_SETSIZE - 1, &cpu, NULL))
        return bench_refuse ("\"%s\" is no list of CPUs such as 0,1", bench->pin);
      bench->args.cpus[bench->args.n_cpus++] = (int) cpu;
    }
  if (!bench_unpin (&bench->args))
    return bench_refuse ("CPUs %s: %s", bench->pin, g_strerror (errno));
  return 0;
}

/* 0: all is well. */
static int
check_usage (Bench *bench,
             int    argc,
             char **argv)
{
  int status = 0;

  if (argc < 2)
    return bench_refuse ("it takes a kernel, and maybe its arguments");
  bench->kernel = bench_kernel_find (argv[1]);
  if (bench->kernel == NULL)
    return bench_refuse ("there is no kernel \"%s\"; --list lists them", argv[1]);
  if (bench->peer != NULL && !is_peer (bench->peer))
    return bench_refuse ("there is no peer \"%s\", only butler, plain and all", bench->peer);
  if (bench->command.repeat < 1)
    return bench_refuse ("it takes at least one round");
  if (bench->capacity < 0)
    return bench_refuse ("a capacity of %d cannot be", bench->capacity);
  bench->args.capacity = bench->capacity > 0 ? (guint) bench->capacity : bench->kernel->capacity;
  bench->args.lose = bench->command.lose;
  status = parse_parameters (bench, argc - 2, argv + 2);
  if (status == 0)
    status = check_parameters (&bench->args);
  if (status == 0)
    status = parse_loop (bench);
  if (status == 0)
    status = parse_pin (bench);
  return status;
}

/* Measuring */

static char *
describe_channel (const BenchArgs *args)
{
  if (args->capacity > 0)
    return g_strdup_printf ("channel=bounded:%u", args->capacity);
  return g_strdup (args->as_queue ? "channel=queue" : "channel=chain");
}

/* What the rates cannot be compared without, but for the number of operations. */
static void
add_labels (GStrvBuilder *labels,
            const Bench  *bench)
{
  for (const BenchParameter *parameter = bench->kernel->parameters; parameter->name != NULL; parameter++)
    {
      guint64 value = bench_parameter_get (parameter, &bench->args);
      g_autofree char *name = g_ascii_strdown (parameter->name, -1);
      g_autofree char *label = parameter->words[0] != NULL
                                   ? g_strdup_printf ("%s=%s", name, parameter->words[value])
                                   : g_strdup_printf ("%s=%" G_GUINT64_FORMAT, name, value);

      g_strv_builder_add (labels, label);
    }
  if (bench->pin != NULL)
    {
      g_autofree char *pin = g_strconcat ("pin=", bench->pin, NULL);

      g_strv_builder_add (labels, pin);
    }
}

static GStrv
make_labels (const Bench *bench,
             gboolean     is_butler)
{
  g_autoptr (GStrvBuilder) labels = g_strv_builder_new ();
  g_autofree char *channel = is_butler ? describe_channel (&bench->args) : g_strdup ("channel=GAsyncQueue");

  g_strv_builder_add (labels, channel);
  if (is_butler)
    g_strv_builder_add (labels, bench->args.loop == butler_loop_queue ? "loop=queue" : "loop=default");
  add_labels (labels, bench);
  return g_strv_builder_end (labels);
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
           BenchFunc    func)
{
  BenchRound round = { 0 };
  g_auto (GStrv) labels = make_labels (bench, func == bench->kernel->butler);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!is_wanted (bench, peer))
    return TRUE;
  ok = bench->kernel->is_apart ? bench_run_apart (func, &bench->args, &round, &error)
                               : func (&bench->args, &round, &error);
  bench_unpin (&bench->args);
  if (ok)
    {
      bench_report_add (report, peer, (const char *const *) labels, bench_kernel_count (bench->kernel, &bench->args), &round);
      return TRUE;
    }
  fprintf (stderr, "%s: %s %s: %s\n", bench_program, bench->kernel->name, peer, error->message);
  return FALSE;
}

/* A thousand servers with a context each have more descriptors than a program is given at first. */
static void
allow_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* In turns, so that what else the machine does hits both alike. */
static int
run_rounds (const Bench *bench)
{
  g_autoptr (BenchReport) report = bench_report_new (bench->kernel->name, bench->command.json);

  allow_descriptors ();
  if (bench->kernel->keeps_heap)
    mallopt (M_TRIM_THRESHOLD, G_MAXINT);
  for (int i = 0; i < bench->command.repeat; i++)
    if (!run_round (bench, report, "butler", bench->kernel->butler)
        || !run_round (bench, report, "plain", bench->kernel->plain))
      return BENCH_EXIT_WRONG;
  bench_report_finish (report);
  return 0;
}

int
main (int    argc,
      char **argv)
{
  Bench bench = { .command = { .repeat = 5 } };
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!parse_options (&bench, &argc, &argv, &error))
    status = bench_refuse ("%s", error->message);
  else if (bench.command.list)
    bench_kernels_list ();
  else
    {
      status = check_usage (&bench, argc, argv);
      if (status == 0)
        status = run_rounds (&bench);
    }
  g_free (bench.peer);
  g_free (bench.loop);
  g_free (bench.pin);
  return status;
}
