/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * send-latency: the main thread sends messages at a given rate to a server. A busy one always has another message to itself. */

#include "bench/latency.h"

#define PROBE_FIELDS(F, R) \
  F (R, uint64, seq)       \
  F (R, int64,  planned)   \
  F (R, int64,  sent)
BUTLER_MESSAGE (BenchProbe, probe, PROBE_FIELDS);

#define CHORE_FIELDS(F, R) \
  F (R, uint64, seq)
BUTLER_MESSAGE (BenchChore, chore, CHORE_FIELDS);

#define CLOCKER_FIELDS(F, R) \
  F (R, pointer, latency)
BUTLER_RECORD (BenchClocker, clocker, CLOCKER_FIELDS);

#define CLOCKER_HANDLES(H, S) \
  H (S, probe)                \
  H (S, chore)
BUTLER_HANDLERS (clocker, CLOCKER_HANDLES);

static void
clocker_on_probe (BenchClocker  *self,
                  BenchProbe    *probe,
                  ButlerContext *context G_GNUC_UNUSED)
{
  bench_latency_add (self->latency, probe->seq, probe->planned, probe->sent);
}

/* It cannot be sent again once the channel is closed: that is the end of it too. */
static void
clocker_on_chore (BenchClocker  *self,
                  BenchChore    *chore,
                  ButlerContext *context)
{
  chore->seq++;
  if (!bench_latency_is_over (self->latency))
    chore_post_to (butler_context_get_channel (context), chore_take (context), NULL);
}

static const ButlerHandlerSet clocker_set = { BUTLER_HANDLER_SET (clocker) };

static gboolean
send_probes (ButlerHub           *hub,
             const BenchLatency  *latency,
             const BenchArgs     *args,
             GError             **error)
{
  for (guint64 seq = args->lose ? 1 : 0; seq < args->n; seq++)
    {
      BenchStamps stamps = bench_latency_wait (latency, seq);

      if (!probe_send (hub, &(BenchProbe) { .seq = seq, .planned = stamps.planned, .sent = stamps.sent }, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
measure (ButlerHub        *hub,
         ButlerServer     *server,
         BenchLatency     *latency,
         const BenchArgs  *args,
         GError          **error)
{
  if (!butler_server_start (server, error) || (args->busy && !chore_send (hub, &(BenchChore) { 0 }, error)))
    return FALSE;
  bench_pin (args, 0);
  bench_latency_begin (latency);
  return send_probes (hub, latency, args, error) && butler_server_stop (server);
}

gboolean
bench_send_latency_butler (const BenchArgs  *args,
                           BenchRound       *round,
                           GError          **error)
{
  ButlerHub *hub = butler_hub_new ();
  BenchLatency latency;
  BenchClocker state = { .latency = &latency };
  ButlerServer *server;
  gboolean ok;

  bench_latency_init (&latency, args, round);
  server = bench_server_new (hub, "clocker", &clocker_set, &state, 1, FALSE, args, error);
  ok = server != NULL && measure (hub, server, &latency, args, error) && bench_latency_end (&latency, round, error);
  butler_hub_unref (hub);
  bench_latency_clear (&latency);
  return ok;
}
