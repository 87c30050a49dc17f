/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "bench/bench.h"

static guint64
expected_sum (guint64 n)
{
  guint64 sum = 0;

  for (guint64 seq = 0; seq < n; seq++)
    sum += bench_value (seq);
  return sum;
}

gboolean
bench_tally_check (const BenchTally  *tally,
                   GError           **error)
{
  guint64 sum = expected_sum (tally->n);

  if (tally->received == tally->n && tally->disorder == 0 && tally->sum == sum)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED,
               "wrong: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
               " out of order, sum %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT,
               tally->received, tally->n, tally->disorder, tally->sum, sum);
  return FALSE;
}
