/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sched.h>

#include "bench/bench.h"

static void
pin_to (int cpu)
{
  cpu_set_t cpus;

  CPU_ZERO (&cpus);
  CPU_SET (cpu, &cpus);
  sched_setaffinity (0, sizeof cpus, &cpus);
}

void
bench_pin (const BenchArgs *args,
           guint            nth)
{
  if (args->n_cpus > 0)
    pin_to (args->cpus[nth % args->n_cpus]);
}

gboolean
bench_unpin (const BenchArgs *args)
{
  cpu_set_t cpus;

  CPU_ZERO (&cpus);
  for (guint i = 0; i < args->n_cpus; i++)
    CPU_SET (args->cpus[i], &cpus);
  return args->n_cpus == 0 || sched_setaffinity (0, sizeof cpus, &cpus) == 0;
}

static gboolean
pin_server (ButlerContext *context G_GNUC_UNUSED,
            gpointer       data,
            GError       **error G_GNUC_UNUSED)
{
  pin_to (GPOINTER_TO_INT (data));
  return TRUE;
}

ButlerServer *
bench_server_new (ButlerHub              *hub,
                  const char             *name,
                  const ButlerHandlerSet *set,
                  gpointer                state,
                  guint                   nth,
                  gboolean                no_route,
                  const BenchArgs        *args,
                  GError                **error)
{
  ButlerServer *server;

  server = butler_server_new (hub, name, set,
                              BUTLER_SERVER_OPTIONS (.state = state, .no_route = no_route, .loop = args->loop,
                                                     .capacity = args->capacity, .overflow = BUTLER_OVERFLOW_BLOCK,
                                                     .as_queue = args->as_queue),
                              error);
  if (server != NULL && args->n_cpus > 0)
    butler_server_add_startup (server, pin_server, GINT_TO_POINTER (args->cpus[nth % args->n_cpus]), NULL);
  return server;
}
