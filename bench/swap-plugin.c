/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * swap-plugin: what butler-swap swaps. One source, built several times: BENCH_VARIANT is its number; with
 * BENCH_MORE_STATE the state has one field more. */

#include "bench/swap-plugin.h"

#ifdef BENCH_MORE_STATE
#define SWAPPED_FIELDS(F, R)     \
  F (R, uint64, more)            \
  F (R, array (uint64), block)   \
  F (R, pointer, tally)
#else
#define SWAPPED_FIELDS(F, R)     \
  F (R, pointer, tally)          \
  F (R, array (uint64), block)
#endif
BUTLER_RECORD (BenchSwapped, swapped, SWAPPED_FIELDS);

#define SWAPPED_HANDLES(H, S) \
  H (S, bench_attach)         \
  H (S, bench_tick)
BUTLER_HANDLERS (swapped, SWAPPED_HANDLES);

/* So that the file is as large as many plugins are. */
__attribute__ ((used)) static const char ballast[350 * 1024] = { BENCH_VARIANT };

static void
swapped_on_bench_attach (BenchSwapped  *self,
                         BenchAttach   *attach,
                         ButlerContext *context G_GNUC_UNUSED)
{
  self->tally = attach->tally;
  if (!attach->with_block)
    return;
  self->block = g_array_sized_new (FALSE, FALSE, sizeof (guint64), BENCH_BLOCK_WORDS);
  for (guint64 i = 0; i < BENCH_BLOCK_WORDS; i++)
    {
      guint64 word = bench_block_word (i);

      g_array_append_val (self->block, word);
    }
}

static gboolean
is_whole (const GArray *block)
{
  if (block == NULL)
    return TRUE;
  if (block->len != BENCH_BLOCK_WORDS)
    return FALSE;
  for (guint64 i = 0; i < BENCH_BLOCK_WORDS; i++)
    if (g_array_index (block, guint64, i) != bench_block_word (i))
      return FALSE;
  return TRUE;
}

/* The first message in this code. The server paused from the end of the last handler, or, if nothing was there then,
 * from when this message came. */
static void
note_switch (BenchSwapTally  *tally,
             const GArray    *block,
             const BenchTick *tick,
             gint64           now)
{
  double pause = (double) (now - MAX (tally->last, tick->sent)) / 1e3;

  tally->broken += !is_whole (block);
  g_mutex_lock (&tally->mutex);
  if (tally->switches++ > 0)
    g_array_append_val (tally->pauses, pause);
  tally->switched = now;
  g_cond_signal (&tally->came);
  g_mutex_unlock (&tally->mutex);
  tally->variant = BENCH_VARIANT;
}

/* What a message waits for anyway: the thread has to wake up, and the machine may have something else to do. */
static void
note_wait (BenchSwapTally  *tally,
           const BenchTick *tick)
{
  if (tick->sent > tally->last && tally->found_idle++ % BENCH_SAMPLE == 0)
    {
      double wait = (double) (bench_now () - tick->sent) / 1e3;

      g_array_append_val (tally->waits, wait);
    }
}

static void
swapped_on_bench_tick (BenchSwapped  *self,
                       BenchTick     *tick,
                       ButlerContext *context G_GNUC_UNUSED)
{
  BenchSwapTally *tally = self->tally;

  if (tally->variant != BENCH_VARIANT)
    note_switch (tally, self->block, tick, bench_now ());
  else
    note_wait (tally, tick);
  tally->disorder += tick->seq != tally->next[tick->writer];
  tally->next[tick->writer] = tick->seq + 1;
  tally->last = bench_now ();
}

static const ButlerHandlerSet swapped_set = { BUTLER_HANDLER_SET (swapped) };
BUTLER_PLUGIN (bench_swap, "1.0", &swapped_set)
