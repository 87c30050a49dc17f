/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/swap-kernels.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/swap-rig.h"

#define WARM_UP 20 /* swaps after which all that is made once has been made */

static const char *const plain[] = { "swap-1", "swap-2" };
static const char *const growing[] = { "swap-1", "swap-3" };

static void
append_all (GArray       *to,
            const GArray *from)
{
  g_array_append_vals (to, from->data, from->len);
}

static void
keep_samples (BenchSwapResults *results,
              BenchRig         *rig)
{
  append_all (results->seen, bench_rig_get_seen (rig));
  append_all (results->reported, bench_rig_get_reported (rig));
  append_all (results->waits, bench_rig_get_waits (rig));
}

/* One swap; returns when new code has handled a message. */
typedef gboolean (*SwapFunc) (BenchRig  *rig,
                              gpointer   data,
                              GError   **error);

static gboolean
swap_once (BenchRig *rig,
           gpointer  data G_GNUC_UNUSED,
           GError  **error)
{
  return bench_rig_exchange (rig, error) && bench_rig_swap (rig, error) && bench_rig_wait (rig, error);
}

static gboolean
swap_under_load (BenchRig            *rig,
                 SwapFunc             swap,
                 gpointer             data,
                 const BenchSwapArgs *args,
                 BenchRound          *round,
                 BenchSwapResults    *results,
                 GError             **error)
{
  gboolean ok = TRUE;

  if (args->lose)
    bench_rig_lose (rig);
  bench_rig_start_writers (rig, args->writers, args->rate);
  bench_round_begin (round);
  for (guint i = 0; ok && i < args->swaps; i++)
    ok = swap (rig, data, error);
  bench_round_end (round);
  if (!ok || !bench_rig_stop_writers (rig, error) || !bench_rig_end (rig, error))
    return FALSE;
  keep_samples (results, rig);
  return TRUE;
}

gboolean
bench_swap_rolling (const BenchSwapArgs  *args,
                    BenchRound           *round,
                    BenchSwapResults     *results,
                    GError              **error)
{
  g_autoptr (BenchRig) rig = bench_rig_new (plain, FALSE, error);

  return rig != NULL && swap_under_load (rig, swap_once, NULL, args, round, results, error);
}

gboolean
bench_swap_migrate (const BenchSwapArgs  *args,
                    BenchRound           *round,
                    BenchSwapResults     *results,
                    GError              **error)
{
  g_autoptr (BenchRig) rig = bench_rig_new (growing, TRUE, error);

  return rig != NULL && swap_under_load (rig, swap_once, NULL, args, round, results, error);
}

/* Watching */

typedef struct
{
  BenchRig *rig;   /* (unowned) */
  GArray   *took;  /* (unowned): double */
  GError   *error; /* (owned) (nullable) */
} Reload;

/* The library swaps on a thread of its own, and this one has nothing else to do. */
static void
on_change (ButlerWatch       *watch G_GNUC_UNUSED,
           const char *const *files G_GNUC_UNUSED,
           gpointer           user_data)
{
  Reload *reload = user_data;

  if (bench_rig_get_switched (reload->rig) == 0 && bench_rig_swap (reload->rig, &reload->error))
    bench_rig_wait (reload->rig, &reload->error);
}

static gboolean
reload_once (BenchRig *rig,
             gpointer  data,
             GError  **error)
{
  Reload *reload = data;
  gint64 closed;
  double took;

  if (!bench_rig_rewrite (rig, &closed, error))
    return FALSE;
  while (bench_rig_get_switched (rig) == 0 && reload->error == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (reload->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reload->error));
      return FALSE;
    }
  took = (double) (bench_rig_get_switched (rig) - closed) / 1e3;
  g_array_append_val (reload->took, took);
  return TRUE;
}

gboolean
bench_swap_reload (const BenchSwapArgs  *args,
                   BenchRound           *round,
                   BenchSwapResults     *results,
                   GError              **error)
{
  g_autoptr (BenchRig) rig = bench_rig_new (plain, FALSE, error);
  Reload reload = { .rig = rig, .took = results->reloads };
  g_autoptr (ButlerWatch) watch = rig != NULL ? butler_watch_new (on_change, &reload) : NULL;

  return watch != NULL && butler_watch_add_file (watch, bench_rig_get_path (rig), error)
         && swap_under_load (rig, reload_once, &reload, args, round, results, error);
}

/* What the process has */

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static guint
count_lines (const char *path)
{
  g_autofree char *text = NULL;
  guint n = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    for (const char *c = text; *c != '\0'; c++)
      n += *c == '\n';
  return n;
}

static guint64
get_resident (void)
{
  g_autofree char *text = NULL;
  unsigned long pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) && sscanf (text, "%*u %lu", &pages) != 1)
    pages = 0;
  return (guint64) pages * (guint64) sysconf (_SC_PAGESIZE) / 1024;
}

static BenchHoldings
count_holdings (void)
{
  return (BenchHoldings) {
    .descriptors = count_entries ("/proc/self/fd"),
    .threads = count_entries ("/proc/self/task"),
    .maps = count_lines ("/proc/self/maps"),
    .resident = get_resident (),
  };
}

/* Two messages each time: one that is lost keeps nobody waiting. */
static gboolean
swap_and_tick (BenchRig *rig,
               guint     n,
               GError  **error)
{
  for (guint i = 0; i < n; i++)
    if (!bench_rig_exchange (rig, error) || !bench_rig_swap (rig, error) || !bench_rig_tick (rig, error)
        || !bench_rig_tick (rig, error) || !bench_rig_wait (rig, error))
      return FALSE;
  return TRUE;
}

gboolean
bench_swap_endure (const BenchSwapArgs  *args,
                   BenchRound           *round,
                   BenchSwapResults     *results,
                   GError              **error)
{
  g_autoptr (BenchRig) rig = bench_rig_new (plain, FALSE, error);

  if (rig == NULL || !swap_and_tick (rig, WARM_UP, error) || !bench_rig_settle (rig, error))
    return FALSE;
  if (args->lose)
    bench_rig_lose (rig);
  results->before = count_holdings ();
  bench_round_begin (round);
  if (!swap_and_tick (rig, args->swaps, error))
    return FALSE;
  bench_round_end (round);
  if (!bench_rig_settle (rig, error))
    return FALSE;
  results->after = count_holdings ();
  results->counted = TRUE;
  if (!bench_rig_end (rig, error))
    return FALSE;
  keep_samples (results, rig);
  return TRUE;
}
