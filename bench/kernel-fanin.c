/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * fanin: P threads send N messages each to one server, which checks the order of each thread's own. */

#include "bench/work.h"

#define FAN_FIELDS(F, R) \
  F (R, uint64, seq)     \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchFan, fan, FAN_FIELDS);

#define SINK_FIELDS(F, R)   \
  F (R, pointer, tallies)   \
  F (R, pointer, round)     \
  F (R, uint64,  missing)
BUTLER_RECORD (BenchSink, sink, SINK_FIELDS);

#define SINK_HANDLES(H, S) \
  H (S, fan)
BUTLER_HANDLERS (sink, SINK_HANDLES);

typedef struct
{
  ButlerHub       *hub;
  const BenchArgs *args;
  guint            number;
  GThread         *thread;
  GError          *error; /* (owned) (nullable) */
} Producer;

static void
sink_on_fan (BenchSink     *self,
             BenchFan      *message,
             ButlerContext *context G_GNUC_UNUSED)
{
  BenchTally *tallies = self->tallies;

  bench_tally_add (&tallies[bench_fan_producer (message->seq)], bench_fan_turn (message->seq), message->value);
  if (--self->missing == 0)
    bench_round_end (self->round);
}

static const ButlerHandlerSet sink_set = { BUTLER_HANDLER_SET (sink) };

static gpointer
produce (gpointer data)
{
  Producer *self = data;

  bench_pin (self->args, 1 + self->number);
  for (guint64 turn = bench_fan_first (self->args, self->number); turn < self->args->n; turn++)
    if (!fan_send (self->hub, &(BenchFan) { .seq = bench_fan_seq (self->number, turn), .value = bench_value (turn) },
                   &self->error))
      break;
  return NULL;
}

static gboolean
produce_all (ButlerHub        *hub,
             const BenchArgs  *args,
             GError          **error)
{
  g_autofree Producer *producers = g_new0 (Producer, args->actors);
  gboolean ok = TRUE;

  for (guint i = 0; i < args->actors; i++)
    {
      producers[i] = (Producer) { .hub = hub, .args = args, .number = i };
      producers[i].thread = g_thread_new ("producer", produce, &producers[i]);
    }
  for (guint i = 0; i < args->actors; i++)
    {
      g_thread_join (producers[i].thread);
      if (producers[i].error == NULL)
        continue;
      if (ok)
        g_propagate_error (error, producers[i].error);
      else
        g_error_free (producers[i].error);
      ok = FALSE;
    }
  return ok;
}

gboolean
bench_fanin_butler (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  g_autofree BenchTally *tallies = bench_fan_tallies_new (args);
  g_autoptr (ButlerHub) hub = butler_hub_new (); /* the last one, so that it ends first */
  BenchSink state = { .tallies = tallies, .round = round, .missing = args->actors * args->n };
  ButlerServer *server = bench_server_new (hub, "sink", &sink_set, &state, 0, FALSE, args, error);

  if (server == NULL || !butler_server_start (server, error))
    return FALSE;
  bench_round_begin (round);
  if (!produce_all (hub, args, error))
    return FALSE;
  butler_server_stop (server);
  return bench_tally_check_all (tallies, args->actors, error);
}
