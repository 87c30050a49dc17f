/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * stress: walkers go to and fro between many servers. Where each goes next is decided by a number that it carries,
 * so the same seed gives the same walks: in the end the main thread goes them alone, and takes each visit back;
 * nothing must be left.
 *
 *     examples/stress [SEED] */

#include <stdlib.h>
#include <threadbutler/threadbutler.h>

#define N_SERVERS 16
#define N_WALKERS 200
#define N_STEPS   250

#define WALKER_FIELDS(F, R) \
  F (R, uint32, random)     \
  F (R, uint32, steps)
BUTLER_MESSAGE (StressWalker, walker, WALKER_FIELDS);

#define HOME_FIELDS(F, R) \
  F (R, uint32, random)
BUTLER_MESSAGE (StressHome, home, HOME_FIELDS);

#define PLACE_FIELDS(F, R) \
  F (R, uint64, visits)
BUTLER_RECORD (StressPlace, place, PLACE_FIELDS);

#define PLACE_HANDLES(H, S) \
  H (S, walker)
BUTLER_HANDLERS (place, PLACE_HANDLES);

static ButlerChannel *channels[N_SERVERS]; /* written before the servers start */

/* A linear congruential generator: its high bits are the random ones. */
static guint
next_place (guint32 *random)
{
  *random = *random * 1664525u + 1013904223u;
  return (*random >> 16) % N_SERVERS;
}

static void
place_on_walker (StressPlace *self, StressWalker *message, ButlerContext *context)
{
  ButlerChannel *next = channels[next_place (&message->random)];
  GError *error = NULL;
  gboolean sent;

  self->visits++;
  if (--message->steps > 0)
    sent = walker_post_to (next, walker_take (context), &error); /* the same message goes on; nothing is copied */
  else
    sent = home_send (butler_context_get_hub (context), &(StressHome) { message->random }, &error);
  if (!sent)
    butler_context_take_error (context, error);
}

static const ButlerHandlerSet place_set = { BUTLER_HANDLER_SET (place) };

static gboolean
make_places (ButlerHub *hub, StressPlace *places, GError **error)
{
  for (guint i = 0; i < N_SERVERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("place-%u", i);
      ButlerServer *server = butler_server_new (
          hub, name, &place_set, BUTLER_SERVER_OPTIONS (.state = &places[i], .no_route = TRUE, .as_queue = i % 2 == 1),
          error);

      if (server == NULL)
        return FALSE;
      channels[i] = butler_server_get_channel (server);
    }
  return butler_hub_start (hub, error);
}

/* Sends all walkers off and waits until all are home. */
static gboolean
walk (ButlerHub *hub, guint32 seed, GError **error)
{
  ButlerChannel *own = butler_hub_add_channel (hub, "home", 0, BUTLER_OVERFLOW_FAIL, error);

  if (own == NULL || !home_route (hub, own, error))
    return FALSE;
  for (guint32 i = 0; i < N_WALKERS; i++)
    if (!walker_send_to (channels[i % N_SERVERS], &(StressWalker) { seed + i, N_STEPS }, error))
      return FALSE;
  for (guint i = 0; i < N_WALKERS; i++)
    {
      g_autoptr (ButlerMessage) message = butler_channel_receive (own, -1, error);

      if (message == NULL)
        return FALSE;
    }
  butler_hub_shutdown (hub);
  return TRUE;
}

/* Takes each visit back, in a walk without any servers. */
static void
walk_back (guint32 seed, StressPlace *places)
{
  for (guint32 i = 0; i < N_WALKERS; i++)
    {
      guint32 random = seed + i;
      guint place = i % N_SERVERS;

      for (guint step = 0; step < N_STEPS; step++, place = next_place (&random))
        places[place].visits--;
    }
}

static guint
count_wrong (const StressPlace *places)
{
  guint wrong = 0;

  for (guint i = 0; i < N_SERVERS; i++)
    wrong += places[i].visits != 0;
  return wrong;
}

int
main (int argc, char **argv)
{
  guint32 seed = argc > 1 ? (guint32) strtoul (argv[1], NULL, 10) : g_random_int ();
  StressPlace places[N_SERVERS] = { { 0 } };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  g_print ("seed %u\n", seed);
  if (!make_places (hub, places, &error) || !walk (hub, seed, &error))
    {
      g_printerr ("stress: %s\n", error->message);
      return 1;
    }
  walk_back (seed, places);
  g_print ("%u visits, %u of %u counts wrong\n", N_WALKERS * N_STEPS, count_wrong (places), N_SERVERS);
  return count_wrong (places) == 0 ? 0 : 1;
}
