/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/order.h"
#include "lib/spin.h"
#include "lib/switch.h"
#include "lib/watchdog.h"

/* How a server starts. All changes of state are made under the hub's mutex and announced by its condition. */

static gboolean
refuse_reader (const ButlerServer *server,
               GError            **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY, "server %s did not start: its channel has a reader", server->name);
  return FALSE;
}

/* The mutex is held. */
static gboolean
check_startable (const ButlerServer *server,
                 GError            **error)
{
  if (server->hub->gone || server->removed)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "server %s has left its hub, or the hub has ended", server->name);
      return FALSE;
    }
  if (butler__server_is_active (server))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY, "server %s is %s already", server->name,
                   butler_server_state_to_string (server->state));
      return FALSE;
    }
  return TRUE;
}

/* The mutex is held. */
static void
open_run (ButlerServer *server)
{
  atomic_store_explicit (&server->killed, FALSE, memory_order_relaxed);
  butler__waits_forget (server->hub->waits, &server->channel->served);
  butler__waits_forget_errands (server->hub->waits, &server->channel->served);
  server->run++;
  server->finishing = FALSE;
  server->ending = FALSE;
  g_clear_error (&server->start_error);
  butler__server_open_recovery (server);
  butler__order_changed (server->hub);
  butler__server_set_state (server, BUTLER_SERVER_STARTING);
  butler__server_begin_run (server);
  butler__watchdog_note_run (server);
}

/* Who waits for the end of a start. */
typedef struct
{
  ButlerWait    wait;
  ButlerServer *server; /* (unowned) */
  guint         run;
  gboolean      silent; /* there is nothing to wait for */
} Starter;

/* For this run alone: others may start the server again before the waiter looks. */
static gboolean
wait_while_starting (ButlerServer *server,
                     guint         run,
                     ButlerWait   *wait)
{
  while (server->run == run && server->state == BUTLER_SERVER_STARTING)
    if (!butler__server_await_change (server, wait))
      return FALSE;
  return TRUE;
}

/* FALSE when it has only not come to see that: what the server does then is not part of the start. */
static gboolean
is_starting (gpointer data)
{
  Starter *starter = data;

  return atomic_load_explicit (&starter->server->begun, memory_order_acquire) != starter->run;
}

static gboolean
has_begun (gpointer data)
{
  return !is_starting (data);
}

static void
wake_starter (gpointer data)
{
  g_cond_broadcast (&((Starter *) data)->server->hub->changed);
}

/* Nothing of the program runs in such a start, so nothing in it can fail once its thread is there and has the reader's role. */
static gboolean
is_silent (const ButlerServer *server)
{
  return server->handlers->set.start == NULL && butler__events_get_n (&server->startup) == 0;
}

/* Otherwise the caller waits before there is a thread that could wait for it: so it is a startup event that is refused, which fails the
 * start, and not the start. The mutex is held. */
static void
enter_start (Starter *starter)
{
  ButlerServer *server = starter->server;

  starter->silent = server->reserved = is_silent (server) && butler__channel_reserve (server->channel);
  if (!starter->silent)
    butler__waits_enter_while (server->hub->waits, &starter->wait, &server->channel->served, is_starting, wake_starter, starter);
}

static void
leave_start (Starter *starter)
{
  ButlerServer *server = starter->server;

  if (!starter->silent)
    butler__waits_leave (server->hub->waits, &starter->wait);
  else if (server->thread == NULL)
    butler__channel_unreserve (server->channel);
  else
    {
      atomic_store_explicit (&server->begun, server->run, memory_order_release);
      butler__server_set_state (server, BUTLER_SERVER_RUNNING);
    }
}

/* The mutex is held, which the new thread waits for. */
static gboolean
spawn (ButlerServer *server,
       Starter      *starter,
       GError      **error)
{
  if (!butler__server_make_context (server, error))
    return FALSE;
  *starter = (Starter) { .server = server, .run = server->run };
  enter_start (starter);
  server->thread = g_thread_try_new (server->name, butler__server_thread, butler_server_ref (server), error);
  if (server->thread == NULL || starter->silent)
    leave_start (starter);
  if (server->thread != NULL)
    return TRUE;
  butler_server_unref (server);
  g_prefix_error (error, "server %s did not start: ", server->name);
  return FALSE;
}

/* The start alone happens here; the handlers will run where the source is. */
static gboolean
belongs_elsewhere (ButlerServer *server)
{
  GMainContext *context;

  butler__hub_lock (server->hub);
  context = butler__server_get_context (server);
  butler__hub_unlock (server->hub);
  return context != NULL && !g_main_context_is_owner (context);
}

static void
begin_here (ButlerServer *server)
{
  gboolean claimed = butler__server_claim_or_close (server);
  gboolean begun = claimed && butler__server_begin (server);

  if (claimed && belongs_elsewhere (server))
    butler__waits_forget (server->hub->waits, &server->channel->served);
  if (claimed)
    butler__channel_release (server->channel);
  if (begun)
    butler__server_announce_free (server);
  else
    butler__server_announce_end (server, BUTLER_SERVER_FAILED);
}

/* There was no thread to be had. The role is not taken: who has it is taken for the server's thread by the next start. */
static void
give_up (ButlerServer *server)
{
  butler_channel_close (server->channel);
  butler_channel_clear (server->channel);
  butler__server_announce_end (server, BUTLER_SERVER_FAILED);
}

static gboolean
wait_for_startup (Starter *starter,
                  GError **error)
{
  ButlerServer *server = starter->server;
  ButlerHub *hub = server->hub;
  ButlerSpinner spinner = { 0 };
  gboolean waited;

  butler__spin (&spinner, -1, has_begun, starter);
  butler__hub_lock (hub);
  waited = wait_while_starting (server, starter->run, &starter->wait);
  butler__hub_unlock (hub);
  butler__waits_leave (hub->waits, &starter->wait);
  if (!waited && atomic_load_explicit (&starter->wait.cancelled, memory_order_acquire) == BUTLER__WAIT_REFUSED)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_WOULD_DEADLOCK, "server %s starts, but cannot be waited for here", server->name);
  else if (!waited)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CANCELLED, "killed while server %s started", server->name);
  return waited;
}

static gboolean
get_start_result (ButlerServer *server,
                  GError      **error)
{
  gboolean failed;

  butler__hub_lock (server->hub);
  /* It may have begun, and failed since. */
  failed = server->state == BUTLER_SERVER_FAILED
           && atomic_load_explicit (&server->begun, memory_order_relaxed) != server->run;
  if (failed && server->start_error != NULL)
    g_propagate_error (error, g_error_copy (server->start_error));
  else if (failed)
    refuse_reader (server, error);
  if (failed)
    butler__server_join_thread (server);
  butler__hub_unlock (server->hub);
  return !failed;
}

/* Opens the next run. A server that ended by itself has a thread that nobody joined; others may start it while that is done. The
 * mutex is held. */
static gboolean
open_next_run (ButlerServer *server,
               GError      **error)
{
  if (!check_startable (server, error))
    return FALSE;
  do
    butler__server_join_thread (server);
  while (butler__server_await_halt (server));
  if (!check_startable (server, error))
    return FALSE;
  if (butler_channel_is_closed (server->channel) && !butler__channel_reopen (server->channel))
    return refuse_reader (server, error);
  open_run (server);
  return TRUE;
}

/**
 * butler_server_start:
 * @server: a server that is new, stopped or failed
 * @error: (nullable): where to put an error
 *
 * Starts @server and returns when its startup events have run. Messages that were sent to a new server before are handled now. A
 * server without a thread is started on the calling thread.
 *
 * There is no limit to the time that startup events take. What they hold (butler_context_hold()) ends early only if somebody stops or
 * kills @server meanwhile: then the start waits for it as the end of a server does, and fails if it does not come back. An event that
 * sends more than fits into a channel that blocks waits for its reader: if that is a server which does not run, until somebody on another
 * thread starts it. butler_hub_start() refuses that.
 *
 * Errors: that of the startup event that failed (what waited is dead letters then), %BUTLER_ERROR_BUSY if it runs already,
 * %BUTLER_ERROR_CLOSED if the hub has ended, a #GThreadError if there is no thread and a #GIOErrorEnum if there is no descriptor to be
 * had, %BUTLER_ERROR_CANCELLED if @server was stopped before what an event held had come back.
 *
 * Two errors also say that it was not waited for, and @server starts all the same: %BUTLER_ERROR_WOULD_DEADLOCK in a task of a server for
 * which @server waits, %BUTLER_ERROR_CANCELLED if the server in whose handler this is called was killed meanwhile.
 *
 * Thread: any but its own.
 *
 * Returns: %TRUE if it runs
 *
 * Since: 1.0
 */
gboolean
butler_server_start (ButlerServer  *server,
                     GError       **error)
{
  gboolean opened;
  gboolean spawned;
  Starter starter;

  g_return_val_if_fail (server != NULL, FALSE);
  if (butler__server_refuse_here (server, "started"))
    return FALSE;
  butler__hub_lock (server->hub);
  opened = open_next_run (server, error);
  spawned = opened && server->loop != NULL && spawn (server, &starter, error);
  butler__hub_unlock (server->hub);
  if (!opened)
    return FALSE;
  if (server->loop == NULL)
    begin_here (server);
  else if (!spawned)
    {
      give_up (server);
      return FALSE;
    }
  else if (!starter.silent && !wait_for_startup (&starter, error))
    return FALSE;
  return get_start_result (server, error);
}
