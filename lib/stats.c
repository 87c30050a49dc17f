/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

guint64
butler__server_count_dead (ButlerServer     *server,
                           ButlerDeadReason  reason)
{
  return butler_channel_get_dead_letters (server->channel, reason) - server->dead_before[reason];
}

static guint64
count_all_dead (ButlerServer *server)
{
  guint64 n = 0;

  for (guint reason = 0; reason < BUTLER_DEAD_REASONS; reason++)
    n += butler__server_count_dead (server, (ButlerDeadReason) reason);
  return n;
}

ButlerServerStats
butler__server_get_stats (ButlerServer *server)
{
  ButlerChannel *channel = server->channel;

  return (ButlerServerStats) {
    .name = g_strdup (server->name),
    .state = g_strdup (butler_server_state_to_string (butler_server_get_state (server))),
    .received = butler_channel_get_accepted (channel) - server->received_before
                + atomic_load_explicit (&server->results, memory_order_relaxed),
    .handled = atomic_load_explicit (&server->handled, memory_order_relaxed),
    .failed = atomic_load_explicit (&server->failed, memory_order_relaxed),
    .dead = count_all_dead (server),
    .length = butler_channel_get_length (channel),
    .high_water = atomic_load_explicit (&channel->high_water, memory_order_relaxed),
    .restarts = atomic_load_explicit (&server->recovery.n, memory_order_relaxed),
    .overruns = atomic_load_explicit (&server->overruns, memory_order_relaxed),
  };
}

static void
stats_array_free (gpointer data)
{
  butler_server_stats_clear (data);
}

/**
 * butler_hub_get_stats:
 * @hub: the hub
 *
 * Gets the figures of all servers, in the order in which they were made: messages received (accepted by the channel), handled, failures
 * (of handlers, of what they held, and of tasks), dead letters, waiting now, the most that ever waited, restarts by failure policies, and
 * handlers that ran longer than they may. They are counted from the making of the server on, over
 * all its runs; while messages flow they are figures of a moment ago, each for itself.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (element-type ButlerServerStats): the figures; g_array_unref() frees all
 *
 * Since: 1.0
 */
GArray *
butler_hub_get_stats (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = NULL;
  GArray *stats;

  g_return_val_if_fail (hub != NULL, NULL);

  servers = butler_hub_get_servers (hub);
  stats = g_array_sized_new (FALSE, FALSE, sizeof (ButlerServerStats), servers->len);
  g_array_set_clear_func (stats, stats_array_free);
  for (guint i = 0; i < servers->len; i++)
    {
      ButlerServerStats one = butler__server_get_stats (servers->pdata[i]);

      g_array_append_val (stats, one);
    }
  return stats;
}
