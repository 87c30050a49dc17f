/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/monitor.h"

#include <threadbutler/supervise.h>

#include "lib/message.h"

/* Who wants to know when a server ends. */

typedef struct
{
  ButlerChannel *channel; /* (owned) */
  guint64        number;
} Monitor;

static void
monitor_clear (gpointer data)
{
  butler_channel_unref (((Monitor *) data)->channel);
}

static void
add (GArray        *monitors,
     ButlerChannel *channel,
     guint64        number)
{
  Monitor monitor = { butler_channel_ref (channel), number };

  g_array_append_val (monitors, monitor);
}

static GArray *
monitors_new (void)
{
  GArray *monitors = g_array_new (FALSE, FALSE, sizeof (Monitor));

  g_array_set_clear_func (monitors, monitor_clear);
  return monitors;
}

char *
butler__server_why (const ButlerServer *server)
{
  if (server->state != BUTLER_SERVER_FAILED)
    return NULL;
  if (server->recovery.cause != NULL)
    return g_strdup (server->recovery.cause->message);
  return g_strdup (server->start_error != NULL ? server->start_error->message : "its channel has a reader, or there is no thread");
}

/* For nobody yet. */
static ButlerNews
news_of (ButlerServer *server)
{
  ButlerNews news = { monitors_new (), butler__server_why (server), server->state == BUTLER_SERVER_FAILED };

  if (news.reason == NULL)
    news.reason = g_strdup (butler__server_is_killed (server) ? "killed" : "stopped");
  return news;
}

ButlerNews
butler__news_take (ButlerServer *server)
{
  GArray *all = server->recovery.monitors;
  ButlerNews news;

  if (all == NULL || all->len == 0)
    return (ButlerNews) { 0 };
  news = news_of (server);
  for (guint i = 0; i < all->len; i++)
    add (news.monitors, g_array_index (all, Monitor, i).channel, 0);
  return news;
}

/* A channel that is closed belongs to nobody who would want to know. */
static void
tell (ButlerChannel    *channel,
      const ButlerNews *news,
      const char       *name)
{
  ButlerServerStopped *stopped = butler_server_stopped_new ();

  stopped->name = g_strdup (name);
  stopped->reason = g_strdup (news->reason);
  stopped->failed = news->failed;
  butler__channel_post_accepted (channel, butler__envelope_of (stopped), NULL);
}

void
butler__news_tell (ButlerNews         *news,
                   const ButlerServer *server)
{
  for (guint i = 0; news->monitors != NULL && i < news->monitors->len; i++)
    tell (g_array_index (news->monitors, Monitor, i).channel, news, server->name);
  g_clear_pointer (&news->monitors, g_array_unref);
  g_clear_pointer (&news->reason, g_free);
}

/**
 * butler_server_monitor:
 * @server: the server
 * @channel: a channel of the same hub, such as that of the server that asks
 *
 * Lets a #ButlerServerStopped be sent to @channel at each end of a run of @server, however it ends; a restart by a failure policy is
 * none. If @server has ended already, that is told at once; if it was never started, nothing. It is accepted above the channel's
 * capacity, so that it is neither lost nor waits.
 *
 * Thread: any.
 *
 * Returns: a number for butler_server_unmonitor(), never 0
 *
 * Since: 1.0
 */
guint64
butler_server_monitor (ButlerServer  *server,
                       ButlerChannel *channel)
{
  static _Atomic guint64 last; /* relaxed: nothing but the number counts */
  guint64 number;
  ButlerNews news = { 0 };

  g_return_val_if_fail (server != NULL, 0);
  g_return_val_if_fail (channel != NULL && channel->waits == server->hub->waits, 0);

  number = atomic_fetch_add_explicit (&last, 1, memory_order_relaxed) + 1;
  butler__hub_lock (server->hub);
  if (server->state == BUTLER_SERVER_STOPPED || server->state == BUTLER_SERVER_FAILED)
    {
      news = news_of (server);
      add (news.monitors, channel, number);
    }
  if (server->recovery.monitors == NULL)
    server->recovery.monitors = monitors_new ();
  add (server->recovery.monitors, channel, number);
  butler__hub_unlock (server->hub);
  butler__news_tell (&news, server);
  return number;
}

/**
 * butler_server_unmonitor:
 * @server: the server
 * @monitor: what butler_server_monitor() returned
 *
 * Ends it. What was sent before still comes, and so may that of a run which ends at this moment.
 *
 * Thread: any.
 *
 * Returns: %FALSE if there is no such monitor
 *
 * Since: 1.0
 */
gboolean
butler_server_unmonitor (ButlerServer *server,
                         guint64       monitor)
{
  gboolean found = FALSE;
  GArray *all;

  g_return_val_if_fail (server != NULL, FALSE);

  butler__hub_lock (server->hub);
  all = server->recovery.monitors;
  for (guint i = 0; all != NULL && i < all->len && !found; i++)
    {
      found = g_array_index (all, Monitor, i).number == monitor;
      if (found)
        g_array_remove_index (all, i);
    }
  butler__hub_unlock (server->hub);
  return found;
}
