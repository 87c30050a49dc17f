/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * burst: the main thread sends N messages to a server, which sends each one back in its envelope; then it reads the answers.
 * There is a type for each of the two sizes. */

#include "bench/work.h"

#define SMALL_FIELDS(F, R) \
  F (R, fixed (uint64, BENCH_BURST_SMALL / 8), words)
BUTLER_MESSAGE (BenchSmall, small, SMALL_FIELDS);

#define LARGE_FIELDS(F, R) \
  F (R, fixed (uint64, BENCH_BURST_LARGE / 8), words)
BUTLER_MESSAGE (BenchLarge, large, LARGE_FIELDS);

#define MIRROR_FIELDS(F, R) \
  F (R, pointer, answers)
BUTLER_RECORD (BenchMirror, mirror, MIRROR_FIELDS);

#define MIRROR_HANDLES(H, S) \
  H (S, small)               \
  H (S, large)
BUTLER_HANDLERS (mirror, MIRROR_HANDLES);

static void
mirror_on_small (BenchMirror   *self,
                 BenchSmall    *message G_GNUC_UNUSED,
                 ButlerContext *context)
{
  GError *error = NULL;

  if (!small_post_to (self->answers, small_take (context), &error))
    butler_context_take_error (context, error);
}

static void
mirror_on_large (BenchMirror   *self,
                 BenchLarge    *message G_GNUC_UNUSED,
                 ButlerContext *context)
{
  GError *error = NULL;

  if (!large_post_to (self->answers, large_take (context), &error))
    butler_context_take_error (context, error);
}

static const ButlerHandlerSet mirror_set = { BUTLER_HANDLER_SET (mirror) };

static gboolean
send_small (ButlerHub        *hub,
            guint64           seq,
            const BenchArgs  *args,
            GError          **error)
{
  BenchSmall message;

  bench_burst_fill (message.words, sizeof message, seq, args);
  return small_send (hub, &message, error);
}

/* Written where it stays. */
static gboolean
send_large (ButlerHub        *hub,
            guint64           seq,
            const BenchArgs  *args,
            GError          **error)
{
  BenchLarge *message = large_new_uncleared ();

  bench_burst_fill (message->words, sizeof *message, seq, args);
  return large_post (hub, message, error);
}

static gboolean
receive_one (ButlerChannel    *answers,
             BenchTally       *tally,
             const BenchArgs  *args,
             GError          **error)
{
  g_autoptr (ButlerMessage) message = butler_channel_receive (answers, -1, error);
  const guint64 *words;

  if (message == NULL)
    return FALSE;
  words = args->size == BENCH_BURST_SMALL ? small_get (message)->words : large_get (message)->words;
  bench_burst_add (tally, words, args);
  return TRUE;
}

static gboolean
burst_once (ButlerHub        *hub,
            ButlerChannel    *answers,
            BenchTally       *tally,
            const BenchArgs  *args,
            GError          **error)
{
  guint64 first = tally->received, last = first + args->n;

  for (guint64 seq = first; seq < last; seq++)
    if (!(args->size == BENCH_BURST_SMALL ? send_small : send_large) (hub, seq, args, error))
      return FALSE;
  for (guint64 seq = first; seq < last; seq++)
    if (!receive_one (answers, tally, args, error))
      return FALSE;
  return TRUE;
}

static gboolean
burst_all (ButlerHub        *hub,
           ButlerChannel    *answers,
           BenchRound       *round,
           const BenchArgs  *args,
           GError          **error)
{
  BenchTally tally = bench_burst_tally (args);

  bench_pin (args, 0);
  if (!burst_once (hub, answers, &tally, args, error)) /* makes the heap as large as it will be */
    return FALSE;
  bench_round_begin (round);
  for (guint64 i = 0; i < args->rounds; i++)
    if (!burst_once (hub, answers, &tally, args, error))
      return FALSE;
  bench_round_end (round);
  return bench_tally_check (&tally, error);
}

gboolean
bench_burst_butler (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *answers = butler_hub_add_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL, error);
  BenchMirror state = { .answers = answers };
  ButlerServer *server;

  if (answers == NULL)
    return FALSE;
  server = bench_server_new (hub, "mirror", &mirror_set, &state, 1, FALSE, args, error);
  return server != NULL && butler_server_start (server, error) && burst_all (hub, answers, round, args, error);
}
