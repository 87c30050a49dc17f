/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * no-server: a hub without any server. Tasks on the hub's pool count primes, each in a range of its own, and the
 * main thread receives what they found.
 *
 *     examples/no-server 100000 */

#include <stdlib.h>
#include <threadbutler/threadbutler.h>

#define N_TASKS 8

#define RANGE_FIELDS(F, R) \
  F (R, uint64, from)      \
  F (R, uint64, to)
BUTLER_RECORD (NoServerRange, range, RANGE_FIELDS);

#define FOUND_FIELDS(F, R) \
  F (R, uint64, primes)
BUTLER_MESSAGE (NoServerFound, found, FOUND_FIELDS);

static gboolean
is_prime (guint64 number)
{
  for (guint64 divisor = 2; divisor * divisor <= number; divisor++)
    if (number % divisor == 0)
      return FALSE;
  return number >= 2;
}

/* May block, and may take long; so it looks now and then whether anybody still waits for it. */
static void
count_primes (ButlerTask *task, gpointer data)
{
  const NoServerRange *range = data;
  NoServerFound found = { 0 };
  GCancellable *cancellable = butler_task_get_cancellable (task);

  for (guint64 i = range->from; i < range->to && !g_cancellable_is_cancelled (cancellable); i++)
    found.primes += is_prime (i);
  found_return (task, &found);
}

static void
run_tasks (ButlerHub *hub, guint64 limit)
{
  for (guint64 i = 0; i < N_TASKS; i++)
    {
      NoServerRange *range = range_new ();

      *range = (NoServerRange) { limit * i / N_TASKS, limit * (i + 1) / N_TASKS };
      butler_hub_run_task (hub, "primes", count_primes, range, (GDestroyNotify) range_free);
    }
}

static gboolean
collect (ButlerChannel *channel, guint64 *primes, GError **error)
{
  for (int i = 0; i < N_TASKS; i++)
    {
      g_autoptr (ButlerMessage) message = butler_channel_receive (channel, -1, error);
      NoServerFound *found = message != NULL ? found_get (message) : NULL;

      if (found == NULL)
        return FALSE;
      *primes += found->primes;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  guint64 limit = argc > 1 ? strtoull (argv[1], NULL, 10) : 100000;
  guint64 primes = 0;
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  ButlerChannel *own = butler_hub_add_channel (hub, "main", 0, BUTLER_OVERFLOW_FAIL, &error);

  if (own == NULL || !found_route (hub, own, &error))
    {
      g_printerr ("no-server: %s\n", error->message);
      return 1;
    }
  run_tasks (hub, limit);
  if (!collect (own, &primes, &error))
    return 1;
  g_print ("%" G_GUINT64_FORMAT " primes below %" G_GUINT64_FORMAT "\n", primes, limit);
  return 0;
}
