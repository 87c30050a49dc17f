/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/status.h>

#include "lib/monitor.h"
#include "lib/pending.h"
#include "lib/watchdog.h"

/* A hub and all in it, for people who ask what it is doing. */

static void
add_pending (const ButlerPending *pending,
             gpointer             all)
{
  ButlerPendingStatus one = {
    .what = g_strdup_printf ("%s %s", pending->kind, pending->name),
    .age = (double) (g_get_monotonic_time () - pending->since) / G_USEC_PER_SEC,
  };

  g_array_append_val ((GArray *) all, one);
}

static GArray *
list_pending (ButlerServer *server)
{
  GArray *all = butler_pending_status_array_new (0);

  butler__pending_visit (server, add_pending, all);
  return all;
}

static GArray *
list_dead (ButlerServer *server)
{
  GArray *all = butler_dead_status_array_new (0);

  for (guint reason = 0; reason < BUTLER_DEAD_REASONS; reason++)
    {
      ButlerDeadStatus one = { .number = butler__server_count_dead (server, (ButlerDeadReason) reason) };

      if (one.number == 0)
        continue;
      one.reason = g_strdup (butler_dead_reason_to_string ((ButlerDeadReason) reason));
      g_array_append_val (all, one);
    }
  return all;
}

static void
add_subscription (const ButlerType         *type,
                  const ButlerSubscription *subscription,
                  gpointer                  all)
{
  ButlerSubscriptionStatus one = {
    .type = g_strdup (type->name),
    .missed = atomic_load_explicit (&subscription->missed, memory_order_relaxed),
  };

  g_array_append_val ((GArray *) all, one);
}

static GArray *
list_subscriptions (ButlerServer *server)
{
  GArray *all = butler_subscription_status_array_new (0);

  butler__hub_lock (server->hub);
  butler__topics_visit (&server->hub->topics, server->channel, add_subscription, all);
  butler__hub_unlock (server->hub);
  return all;
}

static const char *
name_loop (const ButlerServer *server)
{
  if (server->loop == NULL)
    return "none";
  if (server->loop == butler_loop_default)
    return "default";
  return server->loop == butler_loop_queue ? "queue" : "own";
}

/* What may change: by a swap, by who supervises it. */
static void
get_code (ButlerServer       *server,
          ButlerServerStatus *status)
{
  butler__hub_lock (server->hub);
  status->set = g_strdup (server->handlers->set.name);
  status->plugin = server->module != NULL ? g_strdup (server->module->name) : NULL;
  status->on_failure = g_strdup (butler_failure_to_string (butler__server_get_policy (server).on_failure));
  if (server->recovery.supervisor != NULL)
    status->supervisor = g_strdup (server->recovery.supervisor->name);
  status->reason = butler__server_why (server);
  if (butler__overrun_get_limit (server) > 0)
    status->handling_for = (double) butler__overrun_get_age (server) / G_USEC_PER_SEC;
  butler__hub_unlock (server->hub);
  status->generation = atomic_load_explicit (&server->generation, memory_order_relaxed);
}

static ButlerServerStatus
get_server_status (ButlerServer *server)
{
  ButlerServerStats stats = butler__server_get_stats (server);
  guint capacity = butler_channel_get_capacity (server->channel);
  ButlerOverflow overflow = butler_channel_get_overflow (server->channel);
  ButlerServerStatus status = {
    .name = stats.name, /* moved, as the next one */
    .state = stats.state,
    .loop = g_strdup (name_loop (server)),
    .handling = g_strdup (atomic_load_explicit (&server->doing, memory_order_relaxed)),
    .length = stats.length,
    .high_water = stats.high_water,
    .capacity = capacity,
    .overflow = capacity > 0 ? g_strdup (butler_overflow_to_string (overflow)) : NULL,
    .received = stats.received,
    .handled = stats.handled,
    .failed = stats.failed,
    .dead = stats.dead,
    .restarts = stats.restarts,
    .overruns = atomic_load_explicit (&server->overruns, memory_order_relaxed),
    .dead_letters = list_dead (server),
    .pending = list_pending (server),
    .subscriptions = list_subscriptions (server),
  };

  get_code (server, &status);
  return status;
}

static GArray *
list_servers (ButlerHub *hub)
{
  g_autoptr (GPtrArray) servers = butler_hub_get_servers (hub);
  GArray *all = butler_server_status_array_new (servers->len);

  for (guint i = 0; i < servers->len; i++)
    {
      ButlerServerStatus one = get_server_status (servers->pdata[i]);

      g_array_append_val (all, one);
    }
  return all;
}

static GArray *
list_modules (ButlerHub *hub)
{
  g_autoptr (GPtrArray) modules = butler__hub_get_modules (hub);
  GArray *all = butler_module_status_array_new (modules->len);

  for (guint i = 0; i < modules->len; i++)
    {
      g_autoptr (ButlerModuleStatus) one = butler_module_get_status (modules->pdata[i]);

      g_array_append_val (all, *one);
      memset (one, 0, sizeof *one); /* moved */
    }
  return all;
}

/**
 * butler_hub_get_status:
 * @hub: the hub
 *
 * Tells what there is and what it is doing: servers with their channels, figures, the message that each handles now,
 * what each holds and which tasks it waits for; plugins with their generations and what needs each of them. While
 * messages flow it is all of a moment ago, each for itself.
 *
 * Since when a handler runs is said of servers whose handlers have a limit of time. For others, two calls with the same type and number
 * of handled messages tell how long at least.
 *
 * Thread: any.
 *
 * Returns: (transfer full): the status, for butler_hub_status_free()
 *
 * Since: 1.0
 */
ButlerHubStatus *
butler_hub_get_status (ButlerHub *hub)
{
  ButlerHubStatus *status;

  g_return_val_if_fail (hub != NULL, NULL);

  status = butler_hub_status_new ();
  butler__hub_lock (hub);
  status->stopping = hub->shutting_down;
  butler__hub_unlock (hub);
  status->servers = list_servers (hub);
  status->modules = list_modules (hub);
  return status;
}
