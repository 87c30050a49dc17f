/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/report.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* One figure of all rounds. */
typedef struct
{
  const char *name;   /* (unowned) (nullable): NULL: operations a second */
  GArray     *values; /* (owned): double */
} Series;

typedef struct
{
  const char *name;   /* (unowned) */
  GArray     *series; /* (owned): Series; the first one is the rate */
} Peer;

struct _BenchReport
{
  const char *kernel; /* (unowned) */
  gboolean    json;
  GArray     *peers;  /* (owned): Peer, in the order in which they came first */
};

/* Measuring */

static double
seconds_of (const struct timeval *time)
{
  return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

static BenchUsage
get_usage (void)
{
  struct timespec now;
  struct rusage usage;

  clock_gettime (CLOCK_MONOTONIC, &now);
  getrusage (RUSAGE_SELF, &usage);
  return (BenchUsage) {
    .seconds = (double) now.tv_sec + (double) now.tv_nsec / 1e9,
    .cpu_seconds = seconds_of (&usage.ru_utime) + seconds_of (&usage.ru_stime),
    .voluntary = (guint64) usage.ru_nvcsw,
    .involuntary = (guint64) usage.ru_nivcsw,
  };
}

void
bench_round_begin (BenchRound *round)
{
  round->begin = get_usage ();
}

void
bench_round_end (BenchRound *round)
{
  round->end = get_usage ();
}

void
bench_round_add (BenchRound *round,
                 const char *name,
                 double      value)
{
  g_return_if_fail (round->n_figures < BENCH_FIGURES_MAX);

  round->figures[round->n_figures++] = (BenchFigure) { .name = name, .value = value };
}

/* Those that this process may run on: taskset(1) changes that. */
static int
count_cpus (void)
{
  cpu_set_t cpus;

  return sched_getaffinity (0, sizeof cpus, &cpus) == 0 ? CPU_COUNT (&cpus) : (int) g_get_num_processors ();
}

/* Keeping */

static void
series_clear (gpointer data)
{
  g_array_unref (((Series *) data)->values);
}

static void
peer_clear (gpointer data)
{
  g_array_unref (((Peer *) data)->series);
}

BenchReport *
bench_report_new (const char *kernel,
                  gboolean    json)
{
  BenchReport *self = g_new0 (BenchReport, 1);

  self->kernel = kernel;
  self->json = json;
  self->peers = g_array_new (FALSE, FALSE, sizeof (Peer));
  g_array_set_clear_func (self->peers, peer_clear);
  return self;
}

void
bench_report_free (BenchReport *self)
{
  g_array_unref (self->peers);
  g_free (self);
}

static Peer *
ensure_peer (BenchReport *self,
             const char  *name)
{
  Peer peer = { .name = name };

  for (guint i = 0; i < self->peers->len; i++)
    if (g_array_index (self->peers, Peer, i).name == name)
      return &g_array_index (self->peers, Peer, i);
  peer.series = g_array_new (FALSE, FALSE, sizeof (Series));
  g_array_set_clear_func (peer.series, series_clear);
  g_array_append_val (self->peers, peer);
  return &g_array_index (self->peers, Peer, self->peers->len - 1);
}

static GArray *
ensure_series (Peer       *peer,
               const char *name)
{
  Series series = { .name = name };

  for (guint i = 0; i < peer->series->len; i++)
    if (g_strcmp0 (g_array_index (peer->series, Series, i).name, name) == 0)
      return g_array_index (peer->series, Series, i).values;
  series.values = g_array_new (FALSE, FALSE, sizeof (double));
  g_array_append_val (peer->series, series);
  return series.values;
}

static void
keep (BenchReport      *self,
      const char       *name,
      double            rate,
      const BenchRound *round)
{
  Peer *peer = ensure_peer (self, name);

  g_array_append_val (ensure_series (peer, NULL), rate);
  for (guint i = 0; i < round->n_figures; i++)
    g_array_append_val (ensure_series (peer, round->figures[i].name), round->figures[i].value);
}

static BenchUsage
difference (const BenchRound *round)
{
  return (BenchUsage) {
    .seconds = round->end.seconds - round->begin.seconds,
    .cpu_seconds = round->end.cpu_seconds - round->begin.cpu_seconds,
    .voluntary = round->end.voluntary - round->begin.voluntary,
    .involuntary = round->end.involuntary - round->begin.involuntary,
  };
}

/* Telling */

#define TEXT_LINE                                                                                                      \
  "%s %s %" G_GUINT64_FORMAT " %.6f %.0f cpu=%.3f voluntary=%" G_GUINT64_FORMAT " involuntary=%" G_GUINT64_FORMAT      \
  " cpus=%d"
#define JSON_LINE                                                                                                      \
  "{\"kernel\":\"%s\",\"peer\":\"%s\",\"ops\":%" G_GUINT64_FORMAT ",\"seconds\":%.6f,\"ops_per_second\":%.0f,"         \
  "\"cpu_seconds\":%.3f,\"voluntary_switches\":%" G_GUINT64_FORMAT ",\"involuntary_switches\":%" G_GUINT64_FORMAT      \
  ",\"cpus\":%d"

static void
print_label (const BenchReport *self,
             const char        *label)
{
  const char *value = strchr (label, '=');

  if (self->json)
    printf (",\"%.*s\":\"%s\"", (int) (value - label), label, value + 1);
  else
    printf (" %s", label);
}

void
bench_report_add (BenchReport       *self,
                  const char        *peer,
                  const char *const *labels,
                  guint64            n,
                  const BenchRound  *round)
{
  BenchUsage used = difference (round);
  double rate = (double) n / MAX (used.seconds, 1e-9);

  keep (self, peer, rate, round);
  printf (self->json ? JSON_LINE : TEXT_LINE, self->kernel, peer, n, used.seconds, rate, used.cpu_seconds,
          used.voluntary, used.involuntary, count_cpus ());
  for (; *labels != NULL; labels++)
    print_label (self, *labels);
  for (guint i = 0; i < round->n_figures; i++)
    printf (self->json ? ",\"%s\":%.2f" : " %s=%.2f", round->figures[i].name, round->figures[i].value);
  puts (self->json ? "}" : "");
  fflush (stdout);
}

static int
compare_values (gconstpointer a,
                gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

void
bench_sort (GArray *values)
{
  g_array_sort (values, compare_values);
}

static double
median (GArray *values)
{
  guint middle = values->len / 2;

  bench_sort (values);
  if (values->len % 2 != 0)
    return g_array_index (values, double, middle);
  return (g_array_index (values, double, middle - 1) + g_array_index (values, double, middle)) / 2;
}

static void
print_rate (const BenchReport *self,
            const Peer        *peer,
            GArray            *rates)
{
  printf (self->json ? "{\"kernel\":\"%s\",\"peer\":\"%s\",\"rounds\":%u,\"median_ops_per_second\":%.0f}\n"
                     : "# %s %s: the median of %u is %.0f a second\n",
          self->kernel, peer->name, rates->len, median (rates));
}

static void
print_figure (const BenchReport *self,
              const Peer        *peer,
              const Series      *series)
{
  printf (self->json ? "{\"kernel\":\"%s\",\"peer\":\"%s\",\"figure\":\"%s\",\"rounds\":%u,\"median\":%.2f}\n"
                     : "# %s %s %s: the median of %u is %.2f\n",
          self->kernel, peer->name, series->name, series->values->len, median (series->values));
}

static GArray *
get_rates (const BenchReport *self,
           guint              peer)
{
  return g_array_index (g_array_index (self->peers, Peer, peer).series, Series, 0).values;
}

static void
print_medians (const BenchReport *self,
               guint              number)
{
  const Peer *peer = &g_array_index (self->peers, Peer, number);

  print_rate (self, peer, get_rates (self, number));
  for (guint i = 1; i < peer->series->len; i++)
    print_figure (self, peer, &g_array_index (peer->series, Series, i));
}

void
bench_report_finish (BenchReport *self)
{
  for (guint i = 0; i < self->peers->len; i++)
    print_medians (self, i);
  if (self->peers->len == 2)
    printf (self->json ? "{\"kernel\":\"%s\",\"ratio\":\"%s/%s\",\"value\":%.2f}\n" : "# %s %s/%s: %.2f\n",
            self->kernel, g_array_index (self->peers, Peer, 0).name, g_array_index (self->peers, Peer, 1).name,
            median (get_rates (self, 0)) / median (get_rates (self, 1)));
}
