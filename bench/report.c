/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/report.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

typedef struct
{
  const char *name;  /* (unowned) */
  GArray     *rates; /* (owned): double, operations a second of each round */
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

/* Those that this process may run on: taskset(1) changes that. */
static int
count_cpus (void)
{
  cpu_set_t cpus;

  return sched_getaffinity (0, sizeof cpus, &cpus) == 0 ? CPU_COUNT (&cpus) : (int) g_get_num_processors ();
}

/* Telling */

static void
peer_clear (gpointer data)
{
  g_array_unref (((Peer *) data)->rates);
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
  peer.rates = g_array_new (FALSE, FALSE, sizeof (double));
  g_array_append_val (self->peers, peer);
  return &g_array_index (self->peers, Peer, self->peers->len - 1);
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

#define TEXT_LINE                                                                                                      \
  "%s %s %" G_GUINT64_FORMAT " %.6f %.0f cpu=%.3f voluntary=%" G_GUINT64_FORMAT " involuntary=%" G_GUINT64_FORMAT      \
  " cpus=%d channel=%s\n"
#define JSON_LINE                                                                                                      \
  "{\"kernel\":\"%s\",\"peer\":\"%s\",\"ops\":%" G_GUINT64_FORMAT ",\"seconds\":%.6f,\"ops_per_second\":%.0f,"         \
  "\"cpu_seconds\":%.3f,\"voluntary_switches\":%" G_GUINT64_FORMAT ",\"involuntary_switches\":%" G_GUINT64_FORMAT      \
  ",\"cpus\":%d,\"channel\":\"%s\"}\n"

void
bench_report_add (BenchReport      *self,
                  const char       *peer,
                  const char       *channel,
                  guint64           n,
                  const BenchRound *round)
{
  BenchUsage used = difference (round);
  double rate = (double) n / MAX (used.seconds, 1e-9);

  g_array_append_val (ensure_peer (self, peer)->rates, rate);
  printf (self->json ? JSON_LINE : TEXT_LINE, self->kernel, peer, n, used.seconds, rate, used.cpu_seconds,
          used.voluntary, used.involuntary, count_cpus (), channel);
  fflush (stdout);
}

static int
compare_rates (gconstpointer a,
               gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

static double
median (GArray *rates)
{
  guint middle = rates->len / 2;

  g_array_sort (rates, compare_rates);
  if (rates->len % 2 != 0)
    return g_array_index (rates, double, middle);
  return (g_array_index (rates, double, middle - 1) + g_array_index (rates, double, middle)) / 2;
}

static void
print_median (const BenchReport *self,
              const Peer        *peer)
{
  printf (self->json ? "{\"kernel\":\"%s\",\"peer\":\"%s\",\"rounds\":%u,\"median_ops_per_second\":%.0f}\n"
                     : "# %s %s: the median of %u is %.0f a second\n",
          self->kernel, peer->name, peer->rates->len, median (peer->rates));
}

void
bench_report_finish (BenchReport *self)
{
  const Peer *peers = (const Peer *) (gconstpointer) self->peers->data;

  for (guint i = 0; i < self->peers->len; i++)
    print_median (self, &peers[i]);
  if (self->peers->len == 2)
    printf (self->json ? "{\"kernel\":\"%s\",\"ratio\":\"%s/%s\",\"value\":%.2f}\n" : "# %s %s/%s: %.2f\n",
            self->kernel, peers[0].name, peers[1].name, median (peers[0].rates) / median (peers[1].rates));
}
