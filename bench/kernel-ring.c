/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * ring: A servers pass one token round, for N hops. It stays in its envelope all the way.
 * pingpong: a ring of two, N times round. */

#include "bench/work.h"

/* seq: how often it was all the way round. */
#define TOKEN_FIELDS(F, R) \
  F (R, uint64, seq)       \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchToken, token, TOKEN_FIELDS);

#define PLAYER_FIELDS(F, R)     \
  F (R, pointer, tally)         \
  F (R, pointer, next)          \
  F (R, boolean, closes_round)  \
  F (R, boolean, ends_it)
BUTLER_RECORD (BenchPlayer, player, PLAYER_FIELDS);

#define PLAYER_HANDLES(H, S) \
  H (S, token)
BUTLER_HANDLERS (player, PLAYER_HANDLES);

static void
player_on_token (BenchPlayer   *self,
                 BenchToken    *token,
                 ButlerContext *context)
{
  const BenchTally *tally = self->tally;
  GError *error = NULL;

  bench_tally_add (self->tally, token->seq, token->value);
  if (self->closes_round)
    {
      token->seq++;
      token->value = bench_value (token->seq);
    }
  if (self->ends_it && tally->received == tally->n)
    butler_hub_fail (butler_context_get_hub (context), NULL);
  else if (!token_post_to (self->next, token_take (context), &error))
    butler_hub_fail (butler_context_get_hub (context), error);
}

static const ButlerHandlerSet player_set = { BUTLER_HANDLER_SET (player) };

/* Each one's next is the one made before it, so the first is linked last. */
static gboolean
add_players (ButlerHub        *hub,
             BenchPlayer      *players,
             BenchTally       *tallies,
             const BenchArgs  *args,
             GError          **error)
{
  guint n = (guint) args->actors;
  ButlerChannel *next = NULL;

  for (guint i = n; i-- > 0;)
    {
      g_autofree char *name = g_strdup_printf ("player-%u", i);
      ButlerServer *server;

      players[i] = (BenchPlayer) { .tally = &tallies[i],
                                   .next = next,
                                   .closes_round = i == n - 1,
                                   .ends_it = i == (args->n - 1) % n };
      server = bench_server_new (hub, name, &player_set, &players[i], i, TRUE, args, error);
      if (server == NULL)
        return FALSE;
      next = butler_server_get_channel (server);
    }
  players[n - 1].next = next;
  return TRUE;
}

gboolean
bench_ring_butler (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  g_autofree BenchTally *tallies = bench_ring_tallies_new (args, round);
  g_autofree BenchPlayer *players = g_new0 (BenchPlayer, args->actors);
  g_autoptr (ButlerHub) hub = butler_hub_new (); /* the last one, so that it ends first */
  guint64 seq = args->lose ? 1 : 0;

  if (!add_players (hub, players, tallies, args, error) || !butler_hub_start (hub, error))
    return FALSE;
  bench_round_begin (round);
  return token_send_to (players[args->actors - 1].next, &(BenchToken) { .seq = seq, .value = bench_value (seq) }, error)
         && butler_hub_join (hub, error) && bench_tally_check_all (tallies, args->actors, error);
}

gboolean
bench_pingpong_butler (const BenchArgs  *args,
                       BenchRound       *round,
                       GError          **error)
{
  BenchArgs two = *args;

  two.actors = 2;
  two.n *= 2;
  return bench_ring_butler (&two, round, error);
}
