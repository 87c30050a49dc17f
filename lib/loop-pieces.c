/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/here.h"
#include "lib/switch.h"

/* What a loop is made of. */

gboolean
butler__server_has_ended (ButlerServer *server)
{
  return butler__server_is_killed (server) || (butler__channel_is_final (server->channel) && g_queue_is_empty (&server->recovery.again));
}

/* Then no message can come any more, but what is pending comes by the internal lane. */
static gboolean
is_only_pending (ButlerServer *server)
{
  return server->pending != NULL && butler__channel_is_final (server->channel);
}

void
butler__server_arm_descriptor (ButlerServer *server)
{
  ButlerChannel *channel = server->channel;

  butler__waker_set_alarm (&channel->waker, butler__alarms_limit (&server->alarms, -1));
  if (!(is_only_pending (server) ? butler__channel_arm_internal (channel, BUTLER__SLEEP_ON_FD, FALSE)
                                 : butler__channel_arm (channel, BUTLER__SLEEP_ON_FD)))
    butler__waker_wake (&channel->waker);
}

/* A server without a thread of its own has its reader only for as long as somebody dispatches it. */
static gboolean
enter (ButlerServer *server,
       gboolean     *entered)
{
  do
    *entered = server->loop == NULL && butler__channel_claim (server->channel);
  while (!*entered && butler__server_await_return (server));
  return *entered || (butler__channel_is_mine (server->channel) && !server->busy && !server->starting);
}

static guint
dispatch_here (ButlerServer *server,
               guint         max)
{
  ButlerServer *before;
  guint n;

  if (server->record == NULL)
    return 0;
  before = butler__here_set (server);
  n = butler__server_dispatch (server, max);
  butler__here_set (before);
  return n;
}

/* Without a thread, who finds that the server has ended is who finishes it. */
static void
leave (ButlerServer *server,
       gboolean      entered)
{
  gboolean over;

  if (!entered)
    return;
  over = (server->record != NULL || server->recovery.down) && butler__server_has_ended (server);
  if (over)
    butler__server_finish (server);
  butler__channel_release (server->channel);
  if (over)
    butler__server_announce_end (server, BUTLER_SERVER_STOPPED);
  else
    butler__server_announce_free (server);
}

gboolean
butler__server_try_dispatch (ButlerServer *server,
                             guint         max)
{
  if (!butler__channel_claim (server->channel))
    return FALSE;
  dispatch_here (server, max);
  leave (server, TRUE);
  return TRUE;
}

/**
 * butler_server_dispatch:
 * @server: the server
 * @max: how many messages at the most
 *
 * Runs the handlers of the messages that wait, in order, without waiting for any. A server without a thread that was asked to
 * stop ends in here, when its last message was handled.
 *
 * Thread: the server's loop, never a handler; of a server without a thread any, one at a time. Anything else is refused, with a
 * critical warning, but for a server without a thread that a stop on another thread is running to its end: then there is
 * nothing left to do here. While a swap moves a server without a thread to new code, it is waited for.
 *
 * Returns: how many messages were handled, results of tasks and ends of holds among them
 *
 * Since: 1.0
 */
guint
butler_server_dispatch (ButlerServer *server,
                        guint         max)
{
  gboolean entered;
  guint n;

  g_return_val_if_fail (server != NULL, 0);

  if (!enter (server, &entered))
    {
      if (!butler__server_is_ended_elsewhere (server, 0))
        g_critical ("server %s cannot be dispatched here: it has a reader, or is in a handler or an event", server->name);
      return 0;
    }
  n = dispatch_here (server, max);
  leave (server, entered);
  return n;
}

/**
 * butler_server_wait:
 * @server: the server
 * @timeout: how long at the most, in microseconds; -1: for ever
 *
 * Sleeps until there may be something to dispatch, or the server is asked to end.
 *
 * Thread: as butler_server_dispatch().
 *
 * Returns: %FALSE if the time passed and nothing came
 *
 * Since: 1.0
 */
gboolean
butler_server_wait (ButlerServer *server,
                    gint64        timeout)
{
  gint64 deadline;
  gint64 limit;
  gboolean entered;
  gboolean came;

  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (timeout >= -1, FALSE);

  deadline = butler__deadline_after (timeout);
  if (!enter (server, &entered))
    {
      if (butler__server_is_ended_elsewhere (server, deadline))
        return deadline < 0 || g_get_monotonic_time () < deadline;
      g_critical ("server %s cannot be waited for here: it has a reader, or is in a handler or an event", server->name);
      return FALSE;
    }
  limit = butler__alarms_limit (&server->alarms, deadline);
  if (is_only_pending (server))
    butler__channel_wait_internal (server->channel, limit, FALSE);
  else
    butler__channel_wait (server->channel, limit);
  if (server->polled)
    butler__server_arm_descriptor (server); /* the wait slept in another way */
  came = deadline < 0 || butler__channel_has_work (server->channel) || butler__alarms_are_due (&server->alarms)
         || g_get_monotonic_time () < deadline;
  if (entered)
    {
      butler__channel_release (server->channel);
      butler__server_announce_free (server);
    }
  return came;
}

/**
 * butler_server_keep_running:
 * @server: the server
 *
 * Tells a loop whether to go on. It is to go on until the server was asked to stop and everything that it accepted
 * is handled, or it was killed; a loop that returns before lets the server stop.
 *
 * Thread: the server's loop; of a server without a thread any.
 *
 * Returns: %FALSE when the loop is to return
 *
 * Since: 1.0
 */
gboolean
butler_server_keep_running (ButlerServer *server)
{
  gboolean active;

  g_return_val_if_fail (server != NULL, FALSE);

  if (server->loop != NULL)
    return !butler__server_has_ended (server);
  butler__hub_lock (server->hub);
  active = butler__server_is_active (server);
  butler__hub_unlock (server->hub);
  return active;
}

/**
 * butler_server_has_pending:
 * @server: the server
 *
 * Tells whether something goes on that @server's handlers or events began: contexts that they hold, and tasks. A loop of one's own that
 * brings such work to its end goes on until there is none, as the library does after the loop has returned:
 *
 *     while (butler_server_keep_running (server) || butler_server_has_pending (server))
 *
 * After butler_server_kill() nobody waits for it, so it is %FALSE. There is no limit to the time that such a loop takes.
 *
 * Thread: any.
 *
 * Returns: %TRUE if something is pending
 *
 * Since: 1.0
 */
gboolean
butler_server_has_pending (ButlerServer *server)
{
  gboolean pending;

  g_return_val_if_fail (server != NULL, FALSE);

  g_mutex_lock (&server->pending_lock);
  pending = server->pending != NULL;
  g_mutex_unlock (&server->pending_lock);
  return pending && !butler__server_is_killed (server);
}

/**
 * butler_server_get_fd:
 * @server: the server
 * @error: (nullable): where to put an error
 *
 * Gets a descriptor for a foreign loop (poll(2), epoll, libuv): when it is readable, as there are messages or a timer is due, call
 * butler_server_dispatch(). Only poll it, do not read or close it. From the first call on, each dispatch and each wait
 * leaves it ready for the next sleep. It is closed when @server is removed or its hub ends: take it out of the loop
 * before.
 *
 * While messages flood in it is always readable. In a loop that looks at one thing only after all others of a higher priority have
 * nothing to do, such as a #GMainContext, that starves whatever is lower: there butler_server_create_source() is better, which lets the
 * others have a turn after each dispatch; or give the descriptor the lowest priority.
 *
 * Errors: a #GIOErrorEnum if there is no descriptor to be had.
 *
 * Thread: as butler_server_dispatch().
 *
 * Returns: the descriptor, which stays the server's, or -1 with an error
 *
 * Since: 1.0
 */
int
butler_server_get_fd (ButlerServer  *server,
                      GError       **error)
{
  gboolean entered;
  int fd = -1;

  g_return_val_if_fail (server != NULL, -1);

  if (!enter (server, &entered))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY, "server %s has a reader already", server->name);
      return -1;
    }
  fd = butler__waker_get_fd (&server->channel->waker, error);
  if (fd >= 0 && !server->polled)
    {
      server->polled = TRUE;
      butler__server_arm_descriptor (server);
    }
  if (entered)
    {
      butler__channel_release (server->channel);
      butler__server_announce_free (server);
    }
  return fd;
}
