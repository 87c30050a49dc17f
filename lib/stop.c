/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/switch.h"

/* How a server ends, and who waits for that. All changes of state are made under the hub's mutex and announced by its condition. */

gboolean
butler__server_await_change (ButlerServer *server,
                             ButlerWait   *wait)
{
  if (atomic_load_explicit (&wait->cancelled, memory_order_acquire))
    return FALSE;
  g_cond_wait (&server->hub->changed, &server->hub->mutex);
  return TRUE;
}

void
butler__server_join_thread (ButlerServer *server)
{
  GThread *thread = g_steal_pointer (&server->thread);

  if (thread != NULL)
    {
      server->joining = TRUE;
      butler__hub_unlock (server->hub);
      g_thread_join (thread);
      butler__hub_lock (server->hub);
      server->joining = FALSE;
      g_cond_broadcast (&server->hub->changed);
    }
  while (server->joining)
    g_cond_wait (&server->hub->changed, &server->hub->mutex);
}

/* Called by who ends the wait, with the hub's mutex held: the waiter cannot miss it. */
static void
wake_hub (gpointer data)
{
  ButlerHub *hub = data;

  g_cond_broadcast (&hub->changed);
}

/* A server without a thread is ended by who waits for it, on the thread on which its handlers may run: that of its source's context,
 * or any. Either nobody else has the reader's role, or it is announced when that is over. The mutex is held. */

static gboolean
acquire_place (ButlerServer  *server,
               GMainContext **context)
{
  *context = butler__server_get_context (server);
  if (*context == NULL)
    return TRUE;
  if (!g_main_context_acquire (*context))
    return FALSE;
  g_main_context_ref (*context);
  return TRUE;
}

static void
release_place (GMainContext *context)
{
  if (context == NULL)
    return;
  g_main_context_release (context);
  g_main_context_unref (context);
}

static gboolean
enter_end (ButlerServer  *server,
           GMainContext **context)
{
  if (server->loop != NULL || server->state != BUTLER_SERVER_STOPPING || server->finishing || !acquire_place (server, context))
    return FALSE;
  server->finishing = butler__channel_claim (server->channel);
  if (!server->finishing)
    release_place (*context);
  return server->finishing;
}

/* What enter_end() let in; without the mutex. */
static void
end_here (ButlerServer *server,
          GMainContext *context)
{
  butler__server_finish (server);
  butler__channel_release (server->channel);
  butler__server_announce_end (server, BUTLER_SERVER_STOPPED);
  release_place (context);
}

void
butler__server_end_here (ButlerServer *server)
{
  GMainContext *context;
  gboolean entered;

  butler__hub_lock (server->hub);
  entered = enter_end (server, &context);
  butler__hub_unlock (server->hub);
  if (entered)
    end_here (server, context);
}

/* FALSE if to sleep would close a cycle of waits, as also in a task that the server waits for, or if somebody ended the wait. The
 * mutex is held, and let go while it sleeps. */
static gboolean
sleep_in_graph (ButlerServer *server)
{
  ButlerHub *hub = server->hub;
  ButlerWait wait;
  gboolean slept;

  if (butler__server_is_in_task (server)
      || !butler__waits_enter (hub->waits, &wait, &server->channel->served, wake_hub, hub))
    return FALSE;
  slept = butler__server_await_change (server, &wait);
  butler__waits_leave (hub->waits, &wait);
  return slept;
}

/* Waits for the end of a run, or until the caller can end it here: then @entered is TRUE. Who serves a channel does not wait for it
 * at the same time, so the graph is left before. The mutex is held. */
static gboolean
wait_while_active (ButlerServer  *server,
                   guint          run,
                   gboolean      *entered,
                   GMainContext **context)
{
  while (server->run == run && butler__server_is_active (server) && !(*entered = enter_end (server, context)))
    if (!sleep_in_graph (server))
      return FALSE;
  return TRUE;
}

gboolean
butler__server_wait_for_end (ButlerServer *server,
                             guint         run)
{
  GMainContext *context;
  gboolean entered = FALSE;
  gboolean ended;

  if (butler__channel_is_mine (server->channel))
    return TRUE;
  butler__hub_lock (server->hub);
  ended = wait_while_active (server, run, &entered, &context);
  if (ended && !entered && server->run == run)
    butler__server_join_thread (server);
  butler__hub_unlock (server->hub);
  if (entered)
    end_here (server, context);
  return ended;
}

void
butler__server_await_end (ButlerServer *server)
{
  GMainContext *context;
  gboolean entered = FALSE;

  butler__hub_lock (server->hub);
  while (butler__server_is_active (server) && !(entered = enter_end (server, &context)))
    g_cond_wait (&server->hub->changed, &server->hub->mutex);
  if (!entered)
    butler__server_join_thread (server);
  butler__hub_unlock (server->hub);
  if (entered)
    end_here (server, context);
}

void
butler__server_request_end (ButlerServer *server,
                            gboolean      kill)
{
  if (!butler__server_is_active (server))
    return;
  if (server->state == BUTLER_SERVER_RUNNING)
    butler__server_set_state (server, BUTLER_SERVER_STOPPING);
  if (kill)
    atomic_store_explicit (&server->killed, TRUE, memory_order_release);
  butler_channel_close (server->channel);
  if (kill)
    {
      butler__channel_request (server->channel, BUTLER__REQUEST_KILL);
      butler__waits_cancel (server->hub->waits, &server->channel->served);
    }
}

static gboolean
end (ButlerServer *server,
     gboolean      kill)
{
  guint run;

  butler__hub_lock (server->hub);
  butler__server_request_end (server, kill);
  run = server->run;
  butler__hub_unlock (server->hub);
  return butler__server_wait_for_end (server, run);
}

/**
 * butler_server_stop:
 * @server: the server
 *
 * Lets @server end: it accepts nothing more, handles everything that it has accepted, runs its shutdown events, and its
 * thread ends. Returns when that is done. On its own thread, in a handler or an event, it only asks for that and returns at
 * once. A server that does not run is left as it is. It can be started again.
 *
 * A server without a thread is run to its end on the calling thread; one with a source, on the thread of that source's context.
 *
 * Thread: any.
 *
 * Returns: %FALSE if it was not waited for, because that would deadlock (@server waits for the calling server, directly or through
 *   others, or for the task in which this is called) or because the calling server was killed meanwhile: @server ends all the same
 *
 * Since: 1.0
 */
gboolean
butler_server_stop (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, FALSE);

  return end (server, FALSE);
}

/**
 * butler_server_kill:
 * @server: the server
 *
 * As butler_server_stop(), but after the handler that runs now everything that waits becomes dead letters, and a send in which
 * the server waits for room ends with %BUTLER_ERROR_CANCELLED. The shutdown events run.
 *
 * Thread: any.
 *
 * Returns: as butler_server_stop()
 *
 * Since: 1.0
 */
gboolean
butler_server_kill (ButlerServer *server)
{
  g_return_val_if_fail (server != NULL, FALSE);

  return end (server, TRUE);
}

/**
 * butler_server_join:
 * @server: the server
 *
 * Waits until @server has ended, without asking it to. At once if it does not run. A server without a thread that somebody asks
 * to stop meanwhile may be run to its end on the calling thread, as butler_server_stop() does.
 *
 * Thread: any but its own.
 *
 * Returns: as butler_server_stop()
 *
 * Since: 1.0
 */
gboolean
butler_server_join (ButlerServer *server)
{
  guint run;

  g_return_val_if_fail (server != NULL, FALSE);
  if (butler__server_refuse_here (server, "joined"))
    return FALSE;
  butler__hub_lock (server->hub);
  run = server->run;
  butler__hub_unlock (server->hub);
  return butler__server_wait_for_end (server, run);
}
