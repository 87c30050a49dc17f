/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * mixed: A clients send N messages each to one desk, whose channel is bounded: they ask, and get answers, they tell, and let timers tell
 * later. Who finds the channel full waits. All the while a timer of the desk's own calls it every millisecond. */

#include "bench/work.h"

#define FEW 16 /* of a client, before it looks for answers */

#define TOLD_FIELDS(F, R) \
  F (R, uint64, client)   \
  F (R, uint64, seq)      \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchTold, told, TOLD_FIELDS);
BUTLER_MESSAGE (BenchTimed, timed, TOLD_FIELDS);
BUTLER_MESSAGE (BenchQuestion, question, TOLD_FIELDS);

#define ANSWER_FIELDS(F, R) \
  F (R, uint64, seq)        \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchAnswer, answer, ANSWER_FIELDS);

#define TICK_FIELDS(F, R) \
  F (R, uint64, nothing)
BUTLER_MESSAGE (BenchTick, tick, TICK_FIELDS);
BUTLER_MESSAGE (BenchWork, work, TICK_FIELDS);

typedef struct
{
  ButlerHub       *hub;
  const BenchArgs *args;
  BenchRound      *round;
  BenchTally      *tallies;
  int              unfinished; /* atomic: the desk and the clients */
} Office;

/* The desk's thread only. */
typedef struct
{
  Office *office;
  guint64 missing;
  gint64  next_tick;  /* when it is to come; 0: the first one */
  guint64 ticks;
  guint64 off_grid;   /* of them */
} Desk;

/* The client's thread only. */
typedef struct
{
  Office       *office;
  guint64       number;
  ButlerServer *desk;
  guint64       turn;
  guint64       seqs[BENCH_KINDS];
} Client;

#define DESK_FIELDS(F, R) \
  F (R, pointer, desk)
BUTLER_RECORD (BenchDesk, desk, DESK_FIELDS);

#define CLIENT_FIELDS(F, R) \
  F (R, pointer, client)
BUTLER_RECORD (BenchClient, client, CLIENT_FIELDS);

#define DESK_HANDLES(H, S) \
  H (S, told)              \
  H (S, timed)             \
  H (S, question)          \
  H (S, tick)
BUTLER_HANDLERS (desk, DESK_HANDLES);

#define CLIENT_HANDLES(H, S) \
  H (S, work)
BUTLER_HANDLERS (client, CLIENT_HANDLES);

/* Whoever is the last ends it all. */
static void
finish_one (Office *office)
{
  if (!g_atomic_int_dec_and_test (&office->unfinished))
    return;
  bench_round_end (office->round);
  butler_hub_fail (office->hub, NULL);
}

/* The desk */

static void
desk_add (BenchDesk *self,
          BenchKind  kind,
          guint64    client,
          guint64    seq,
          guint64    value)
{
  Desk *desk = self->desk;

  bench_mixed_add (desk->office->tallies, client, kind, seq, value);
  if (--desk->missing == 0)
    finish_one (desk->office);
}

static void
desk_on_told (BenchDesk     *self,
              BenchTold     *told,
              ButlerContext *context G_GNUC_UNUSED)
{
  desk_add (self, BENCH_TOLD, told->client, told->seq, told->value);
}

static void
desk_on_timed (BenchDesk     *self,
               BenchTimed    *timed,
               ButlerContext *context G_GNUC_UNUSED)
{
  desk_add (self, BENCH_TIMED, timed->client, timed->seq, timed->value);
}

static void
desk_on_question (BenchDesk     *self,
                  BenchQuestion *question,
                  ButlerContext *context)
{
  answer_reply (context, &(BenchAnswer) { .seq = question->seq, .value = question->value });
  desk_add (self, BENCH_ASKED, question->client, question->seq, question->value);
}

/* Those that it missed are told of, so each is where the grid has it. */
static void
desk_on_tick (BenchDesk     *self,
              BenchTick     *tick G_GNUC_UNUSED,
              ButlerContext *context)
{
  Desk *desk = self->desk;
  gint64 deadline = butler_context_get_deadline (context);

  desk->ticks++;
  desk->off_grid += desk->next_tick != 0 && deadline != desk->next_tick;
  desk->next_tick = deadline + (gint64) (butler_context_get_missed (context) + 1) * BENCH_TICK;
}

static const ButlerHandlerSet desk_set = { BUTLER_HANDLER_SET (desk) };

/* The clients */

static void
finish_if_done (const Client *client)
{
  const Office *office = client->office;
  const BenchTally *answered = &office->tallies[client->number * BENCH_KINDS + BENCH_ANSWERED];

  if (client->turn == office->args->n && answered->received == answered->n)
    finish_one (client->office);
}

static void
on_answer (GObject      *nothing G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      data)
{
  Client *client = data;
  GError *error = NULL;
  g_autoptr (BenchAnswer) answer = answer_from_message (question_ask_finish (result, &error), &error);

  if (answer == NULL)
    {
      butler_hub_fail (client->office->hub, error);
      return;
    }
  bench_mixed_add (client->office->tallies, client->number, BENCH_ANSWERED, answer->seq, answer->value);
  finish_if_done (client);
}

static gboolean
send_one (Client    *client,
          BenchKind  kind,
          guint64    seq,
          GError   **error)
{
  ButlerHub *hub = client->office->hub;
  guint64 number = client->number, value = bench_value (seq);

  if (kind == BENCH_TOLD)
    return told_send (hub, &(BenchTold) { .client = number, .seq = seq, .value = value }, error);
  if (kind == BENCH_TIMED)
    return timed_send_later (client->desk, &(BenchTimed) { .client = number, .seq = seq, .value = value },
                             bench_mixed_delay (seq), error) != 0;
  question_ask_async (hub, &(BenchQuestion) { .client = number, .seq = seq, .value = value }, -1, NULL, on_answer, client);
  return TRUE;
}

static gboolean
send_few (Client  *client,
          GError **error)
{
  const BenchArgs *args = client->office->args;
  guint64 end = MIN (client->turn + FEW, args->n);

  while (client->turn < end)
    {
      BenchKind kind = bench_mixed_kind (client->turn++, args);

      if (!send_one (client, kind, client->seqs[kind]++, error))
        return FALSE;
    }
  return TRUE;
}

static void
client_on_work (BenchClient   *self,
                BenchWork     *work G_GNUC_UNUSED,
                ButlerContext *context)
{
  Client *client = self->client;
  GError *error = NULL;
  gboolean ok = send_few (client, &error);

  if (ok && client->turn < client->office->args->n)
    ok = work_post_to (butler_context_get_channel (context), work_take (context), &error);
  else if (ok)
    finish_if_done (client);
  if (!ok)
    butler_hub_fail (client->office->hub, error);
}

static const ButlerHandlerSet client_set = { BUTLER_HANDLER_SET (client) };

/* All of them */

static gboolean
add_clients (Office        *office,
             ButlerServer  *desk,
             Client        *clients,
             BenchClient   *states,
             GError       **error)
{
  for (guint i = 0; i < office->args->actors; i++)
    {
      g_autofree char *name = g_strdup_printf ("client-%u", i);
      ButlerServer *server;

      clients[i] = (Client) { .office = office, .number = i, .desk = desk, .turn = bench_mixed_first (office->args, i) };
      states[i].client = &clients[i];
      server = bench_server_new (office->hub, name, &client_set, &states[i], 1 + i, TRUE, office->args, error);
      if (server == NULL || !work_send_to (butler_server_get_channel (server), &(BenchWork) { 0 }, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_all (const Office  *office,
           const Desk    *desk,
           GError       **error)
{
  if (desk->off_grid == 0)
    return bench_tally_check_all (office->tallies, office->args->actors * BENCH_KINDS, error);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "wrong: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " ticks off the grid",
               desk->off_grid, desk->ticks);
  return FALSE;
}

gboolean
bench_mixed_butler (const BenchArgs  *args,
                    BenchRound       *round,
                    GError          **error)
{
  g_autofree BenchTally *tallies = bench_mixed_tallies_new (args);
  g_autofree Client *clients = g_new0 (Client, args->actors);
  g_autofree BenchClient *states = g_new0 (BenchClient, args->actors);
  g_autoptr (ButlerHub) hub = butler_hub_new (); /* the last one, so that it ends first */
  Office office = { .hub = hub, .args = args, .round = round, .tallies = tallies, .unfinished = (int) args->actors + 1 };
  Desk desk = { .office = &office, .missing = bench_mixed_total (args) };
  BenchDesk state = { .desk = &desk };
  ButlerServer *server = bench_server_new (hub, "desk", &desk_set, &state, 0, FALSE, args, error);

  if (server == NULL || !tick_send_every (server, &(BenchTick) { 0 }, BENCH_TICK, error)
      || !add_clients (&office, server, clients, states, error))
    return FALSE;
  bench_round_begin (round);
  if (!butler_hub_start (hub, error) || !butler_hub_join (hub, error))
    return FALSE;
  return check_all (&office, &desk, error);
}
