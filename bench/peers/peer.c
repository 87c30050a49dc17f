/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/peers/peer.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define EXIT_WRONG 1
#define EXIT_USAGE 2

/* What the process had used up at a moment. */
typedef struct
{
  double seconds;
  double cpu_seconds;
  long   voluntary;
  long   involuntary;
  long   peak_kib;
} Usage;

typedef enum
{
  NUMBER_END,
  NUMBER_N,
  NUMBER_ACTORS,
  NUMBER_ROUNDS,
  NUMBER_SIZE,
} Number;

typedef struct
{
  const char *name;
  bool (*run) (const PeerArgs *args);
  Number      numbers[4]; /* in the order of the command line */
  PeerArgs    defaults;
  bool        tells_memory;
} Kernel;

static const Kernel kernels[] = {
  { "count", peer_count, { NUMBER_N }, { .n = 3000000 }, false },
  { "fanin", peer_fanin, { NUMBER_ACTORS, NUMBER_N }, { .n = 500000, .actors = 4 }, false },
  { "pingpong", peer_pingpong, { NUMBER_N }, { .n = 200000 }, false },
  { "ring", peer_ring, { NUMBER_ACTORS, NUMBER_N }, { .n = 200000, .actors = 100 }, false },
  { "burst", peer_burst, { NUMBER_N, NUMBER_ROUNDS, NUMBER_SIZE }, { .n = 5000, .rounds = 20, .size = 24 }, false },
  { "create", peer_create, { NUMBER_ACTORS }, { .actors = 1000 }, true },
};

#define N_KERNELS (sizeof kernels / sizeof kernels[0])

/* Of the one round that a process runs. */
static Usage begin, end;

/* Measuring */

static double
seconds_of (const struct timeval *time)
{
  return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

/* KiB; 0 where there is no such file. */
static long
get_peak (void)
{
  FILE *status = fopen ("/proc/self/status", "re");
  char line[256];
  long peak = 0;

  while (status != NULL && peak == 0 && fgets (line, sizeof line, status) != NULL)
    sscanf (line, "VmHWM: %ld", &peak);
  if (status != NULL)
    fclose (status);
  return peak;
}

static Usage
get_usage (void)
{
  struct timespec now;
  struct rusage usage;

  clock_gettime (CLOCK_MONOTONIC, &now);
  getrusage (RUSAGE_SELF, &usage);
  return (Usage) {
    .seconds = (double) now.tv_sec + (double) now.tv_nsec / 1e9,
    .cpu_seconds = seconds_of (&usage.ru_utime) + seconds_of (&usage.ru_stime),
    .voluntary = usage.ru_nvcsw,
    .involuntary = usage.ru_nivcsw,
  };
}

void
peer_begin (void)
{
  long peak = get_peak ();

  begin = get_usage ();
  begin.peak_kib = peak;
}

void
peer_end (void)
{
  end = get_usage ();
  end.peak_kib = get_peak ();
}

/* Checking */

bool
peer_is_right (const char *what,
               uint64_t    found,
               uint64_t    expected)
{
  if (found == expected)
    return true;
  fprintf (stderr, "%s: wrong: %s: %" PRIu64 " instead of %" PRIu64 "\n", peer_name, what, found, expected);
  return false;
}

/* Of peer_value() of all numbers below @n. */
static uint64_t
expected_sum (uint64_t n)
{
  return n == 0 ? 0 : n % 2 == 0 ? 3 * (n / 2) * (n - 1) + n : 3 * n * ((n - 1) / 2) + n;
}

bool
peer_tally_check (const PeerTally *tally,
                  uint64_t         n)
{
  return peer_is_right ("messages", tally->received, n) && peer_is_right ("out of order", tally->disorder, 0)
         && peer_is_right ("sum", tally->sum, expected_sum (n));
}

bool
peer_tallies_check (const PeerTallies *tallies,
                    const PeerArgs    *args)
{
  for (uint64_t i = 0; i < args->actors; i++)
    if (!peer_tally_check (&tallies->of[i], args->n))
      return false;
  return true;
}

PeerLink *
peer_links_new (uint64_t n_links,
                uint64_t n_hops)
{
  PeerLink *links = aligned_alloc (_Alignof (PeerLink), n_links * sizeof (PeerLink));

  if (links == NULL)
    abort ();
  for (uint64_t i = 0; i < n_links; i++)
    links[i] = (PeerLink) { .next_seq = i, .n_links = n_links, .n_hops = n_hops };
  return links;
}

bool
peer_links_check (PeerLink *links)
{
  uint64_t n_hops = links->n_hops, n_links = links->n_links, passed = 0, disorder = 0;

  for (uint64_t i = 0; i < n_links; i++)
    {
      passed += links[i].passed;
      disorder += links[i].disorder;
    }
  free (links);
  return peer_is_right ("hops", passed, n_hops) && peer_is_right ("out of order", disorder, 0);
}

void
peer_fill (const PeerArgs *args,
           uint64_t       *words,
           uint64_t        seq)
{
  size_t last = args->size / sizeof *words - 1;

  words[0] = seq;
  if (!args->ends)
    for (size_t i = 1; i < last; i++)
      words[i] = seq + i;
  words[last] = peer_send_value (args, seq);
}

void
peer_tally_add_payload (PeerTally      *tally,
                        const PeerArgs *args,
                        const uint64_t *words,
                        size_t          size)
{
  if (size == args->size)
    peer_tally_add (tally, words[0], words[size / sizeof *words - 1]);
  else
    tally->disorder++;
}

/* Usage */

static int
refuse (const char *reason,
        const char *word)
{
  fprintf (stderr, "%s: %s: %s\nUsage: %s [--spoil] %s\n", peer_name, word, reason, peer_name,
           "count N | fanin P N | pingpong N | ring A N | burst N ROUNDS S [full|ends] | create A");
  return EXIT_USAGE;
}

static const Kernel *
find_kernel (const char *name)
{
  for (size_t i = 0; i < N_KERNELS; i++)
    if (strcmp (kernels[i].name, name) == 0)
      return &kernels[i];
  return NULL;
}

static bool
parse_number (const char *word,
              uint64_t   *number)
{
  char *rest;

  errno = 0;
  *number = strtoull (word, &rest, 10);
  return errno == 0 && *rest == '\0' && rest != word && word[0] != '-' && *number > 0;
}

static uint64_t *
find_number (PeerArgs *args,
             Number    number)
{
  switch (number)
    {
    case NUMBER_N:
      return &args->n;
    case NUMBER_ACTORS:
      return &args->actors;
    case NUMBER_ROUNDS:
      return &args->rounds;
    case NUMBER_SIZE:
      return &args->size;
    case NUMBER_END:
      break;
    }
  return NULL;
}

/* 0: all is well. */
static int
parse_args (const Kernel *kernel,
            PeerArgs     *args,
            char        **words)
{
  for (size_t i = 0; *words != NULL && kernel->numbers[i] != NUMBER_END; i++, words++)
    if (!parse_number (*words, find_number (args, kernel->numbers[i])))
      return refuse ("this is no number from 1 on", *words);
  if (*words != NULL && kernel->run == peer_burst && (strcmp (*words, "ends") == 0 || strcmp (*words, "full") == 0))
    args->ends = (*words++)[0] == 'e';
  if (*words != NULL)
    return refuse ("this is too much", *words);
  if (kernel->run == peer_burst && (args->size < 16 || args->size % sizeof (uint64_t) != 0))
    return refuse ("the payload has two words of 8 bytes, or more", kernel->name);
  if (kernel->run == peer_fanin && args->actors > PEER_MAX_PRODUCERS)
    return refuse ("it takes at most 1024 producers", kernel->name);
  return 0;
}

/* What the kernel counts. */
static uint64_t
count_ops (const Kernel   *kernel,
           const PeerArgs *args)
{
  if (kernel->run == peer_fanin)
    return args->actors * args->n;
  if (kernel->run == peer_burst)
    return args->n * args->rounds;
  return kernel->run == peer_create ? args->actors : args->n;
}

static int
count_cpus (void)
{
  cpu_set_t cpus;

  return sched_getaffinity (0, sizeof cpus, &cpus) == 0 ? CPU_COUNT (&cpus) : 0;
}

static void
print_round (const Kernel   *kernel,
             const PeerArgs *args)
{
  uint64_t ops = count_ops (kernel, args);
  double seconds = end.seconds - begin.seconds;

  printf ("%s %s %" PRIu64 " %.6f %.0f cpu=%.3f voluntary=%ld involuntary=%ld cpus=%d", kernel->name, peer_name, ops,
          seconds, (double) ops / (seconds > 1e-9 ? seconds : 1e-9), end.cpu_seconds - begin.cpu_seconds,
          end.voluntary - begin.voluntary, end.involuntary - begin.involuntary, count_cpus ());
  if (kernel->tells_memory)
    printf (" rss_kib=%.2f", (double) (end.peak_kib - begin.peak_kib) / (double) ops);
  putchar ('\n');
}

/* An eventfd or more for each actor of some. */
static void
allow_many_files (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int    argc,
      char **argv)
{
  const Kernel *kernel;
  PeerArgs args;
  int status;
  bool spoil = argc > 1 && strcmp (argv[1], "--spoil") == 0;

  argv += spoil ? 2 : 1;
  if (*argv == NULL)
    return refuse ("it takes a kernel", "usage");
  kernel = find_kernel (*argv);
  if (kernel == NULL)
    return refuse ("there is no such kernel", *argv);
  args = kernel->defaults;
  args.spoil = spoil;
  status = parse_args (kernel, &args, argv + 1);
  if (status != 0)
    return status;
  allow_many_files ();
  if (!kernel->run (&args))
    return EXIT_WRONG;
  print_round (kernel, &args);
  return 0;
}
