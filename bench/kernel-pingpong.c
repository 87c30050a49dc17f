/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * pingpong: two servers pass one message to and fro, N times. It stays in its envelope all the way. */

#include <threadbutler/threadbutler.h>

#include "bench/bench.h"

#define BALL_FIELDS(F, R) \
  F (R, uint64, seq)      \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchBall, ball, BALL_FIELDS);

/* ping counts the round trips and ends the game; pong only passes the ball back. */
#define PLAYER_FIELDS(F, R)  \
  F (R, pointer, tally)      \
  F (R, pointer, other)      \
  F (R, boolean, ends_it)
BUTLER_RECORD (BenchPlayer, player, PLAYER_FIELDS);

#define PLAYER_HANDLES(H, S) \
  H (S, ball)
BUTLER_HANDLERS (player, PLAYER_HANDLES);

static void
player_on_ball (BenchPlayer   *self,
                BenchBall     *ball,
                ButlerContext *context)
{
  const BenchTally *tally = self->tally;
  GError *error = NULL;

  bench_tally_add (self->tally, ball->seq, ball->value);
  if (self->ends_it)
    {
      ball->seq++;
      ball->value = bench_value (ball->seq);
    }
  if (self->ends_it && tally->received == tally->n)
    butler_hub_fail (butler_context_get_hub (context), NULL);
  else if (!ball_post_to (self->other, ball_take (context), &error))
    butler_hub_fail (butler_context_get_hub (context), error);
}

static const ButlerHandlerSet player_set = { BUTLER_HANDLER_SET (player) };

static ButlerChannel *
add_player (ButlerHub        *hub,
            const char       *name,
            BenchPlayer      *state,
            const BenchArgs  *args,
            GError          **error)
{
  ButlerServer *server;

  server = butler_server_new (hub, name, &player_set,
                              BUTLER_SERVER_OPTIONS (.state = state, .no_route = TRUE, .capacity = args->capacity,
                                                     .overflow = BUTLER_OVERFLOW_BLOCK, .as_queue = args->as_queue),
                              error);
  return server != NULL ? butler_server_get_channel (server) : NULL;
}

gboolean
bench_pingpong_butler (const BenchArgs  *args,
                       BenchRound       *round,
                       GError          **error)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  BenchTally pings = { .n = args->n, .round = round };
  BenchTally pongs = { .n = args->n };
  BenchPlayer ping = { .tally = &pings, .ends_it = TRUE };
  BenchPlayer pong = { .tally = &pongs };
  guint64 seq = args->lose ? 1 : 0;

  pong.other = add_player (hub, "ping", &ping, args, error);
  if (pong.other != NULL)
    ping.other = add_player (hub, "pong", &pong, args, error);
  if (ping.other == NULL || !butler_hub_start (hub, error))
    return FALSE;
  bench_round_begin (round);
  return ball_send_to (ping.other, &(BenchBall) { .seq = seq, .value = bench_value (seq) }, error)
         && butler_hub_join (hub, error)
         && bench_tally_check (&pings, error) && bench_tally_check (&pongs, error);
}
