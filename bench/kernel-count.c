/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * count: one thread sends N messages of 16 bytes, one by one, to a server, which checks and sums them.
 * alone: the same in one thread, which sends a few and then runs their handlers: the library's own work, and nobody waits. */

#include "bench/work.h"

#define FEW 64 /* of alone, each time */

#define COUNT_FIELDS(F, R) \
  F (R, uint64, seq)       \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchCount, count, COUNT_FIELDS);

#define COUNTER_FIELDS(F, R) \
  F (R, pointer, tally)
BUTLER_RECORD (BenchCounter, counter, COUNTER_FIELDS);

#define COUNTER_HANDLES(H, S) \
  H (S, count)
BUTLER_HANDLERS (counter, COUNTER_HANDLES);

static void
counter_on_count (BenchCounter  *self,
                  BenchCount    *message,
                  ButlerContext *context G_GNUC_UNUSED)
{
  bench_tally_add (self->tally, message->seq, message->value);
}

static const ButlerHandlerSet counter_set = { BUTLER_HANDLER_SET (counter) };

static gboolean
send_some (ButlerHub  *hub,
           guint64     from,
           guint64     to,
           GError    **error)
{
  for (guint64 seq = from; seq < to; seq++)
    if (!count_send (hub, &(BenchCount) { .seq = seq, .value = bench_value (seq) }, error))
      return FALSE;
  return TRUE;
}

gboolean
bench_count_butler (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  BenchTally tally = { .n = args->n, .round = round };
  g_autoptr (BenchCounter) state = counter_new (); /* not on the stack, beside what the sender writes */
  ButlerServer *server = bench_server_new (hub, "counter", &counter_set, state, 1, FALSE, args, error);

  state->tally = &tally;
  if (server == NULL || !butler_server_start (server, error))
    return FALSE;
  bench_pin (args, 0);
  bench_round_begin (round);
  if (!send_some (hub, args->lose ? 1 : 0, args->n, error))
    return FALSE;
  butler_server_stop (server); /* returns when everything sent was handled */
  return bench_tally_check (&tally, error);
}

gboolean
bench_alone_butler (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  BenchTally tally = { .n = args->n, .round = round };
  BenchCounter state = { .tally = &tally };
  ButlerServer *server = butler_server_new (hub, "counter", &counter_set,
                                            BUTLER_SERVER_OPTIONS (.state = &state, .no_thread = TRUE), error);

  if (server == NULL || !butler_server_start (server, error))
    return FALSE;
  bench_pin (args, 0);
  bench_round_begin (round);
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n; seq += FEW)
    {
      if (!send_some (hub, seq, MIN (seq + FEW, args->n), error))
        return FALSE;
      butler_server_dispatch (server, FEW);
    }
  butler_server_stop (server);
  return bench_tally_check (&tally, error);
}
