/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/restart.h"

#include <threadbutler/error.h>

#include "lib/log.h"
#include "lib/supervise.h"
#include "lib/switch.h"

/* A server that failed is made anew, on the thread on which it failed, between two messages. Its channel stays open meanwhile. */

/* What follows a failure */

ButlerPolicy
butler__server_get_policy (const ButlerServer *server)
{
  return butler__policy_merge (&server->recovery.own, server->handlers->set.policy);
}

void
butler__server_ask_restart (ButlerServer *server,
                            gint64        pause)
{
  if (server->state != BUTLER_SERVER_RUNNING && server->state != BUTLER_SERVER_STOPPING)
    return;
  server->recovery.pause = MAX (server->recovery.pause, pause);
  butler__channel_request (server->channel, BUTLER__REQUEST_RESTART);
}

void
butler__server_give_up (ButlerServer *server,
                        const char   *format,
                        ...)
{
  va_list args;

  if (!butler__server_is_active (server))
    return;
  va_start (args, format);
  if (server->recovery.cause == NULL)
    server->recovery.cause = g_error_new_valist (BUTLER_ERROR, BUTLER_ERROR_FAILED, format, args);
  va_end (args);
  butler__server_request_end (server, TRUE);
}

static gboolean
restart_oneself (ButlerServer       *server,
                 const ButlerPolicy *policy)
{
  guint n = butler__intensity_note (&server->recovery.restarts, policy, g_get_monotonic_time ());

  if (n == 0)
    return FALSE;
  butler__server_ask_restart (server, butler__policy_get_pause (policy, n));
  return TRUE;
}

/* TRUE if the server is to be restarted. The mutex is held. */
static gboolean
decide (ButlerServer       *server,
        const ButlerPolicy *policy,
        const char         *why)
{
  if (!butler__server_is_active (server))
    return FALSE;
  if (policy->on_failure == BUTLER_FAILURE_RESTART && restart_oneself (server, policy))
    return TRUE;
  if (policy->on_failure == BUTLER_FAILURE_CONTINUE)
    return FALSE;
  if (policy->on_failure != BUTLER_FAILURE_STOP && server->recovery.supervisor != NULL)
    return butler__supervise_escalate (server, why);
  if (policy->on_failure == BUTLER_FAILURE_RESTART)
    butler__server_give_up (server, "restarted %u times in %g s, and failed again: %s", policy->restarts, policy->period / 1000.0, why);
  else
    butler__server_give_up (server, "%s", why);
  return FALSE;
}

void
butler__server_exceed (ButlerServer *server,
                       const char   *type)
{
  ButlerPolicy policy = butler__server_get_policy (server);
  g_autofree char *why = g_strdup_printf ("its handler of %s ran too long", type);

  policy.on_failure = policy.on_limit;
  decide (server, &policy, why);
}

static void
bury (ButlerServer    *server,
      ButlerMessage   *message,
      ButlerDeadReason reason,
      const char      *why)
{
  const char *type = butler_message_get_type_name (message);

  butler__log (G_LOG_LEVEL_WARNING, server->name, type, "server %s: a %s is a dead letter: %s", server->name, type, why);
  butler__channel_count_dead (server->channel, reason, 1);
  butler_message_free (message);
}

/* One waits already only where the restart was put off: the server goes on with what it is at, which may fail too. */
static gboolean
keep (ButlerServer       *server,
      ButlerContext      *context,
      const ButlerPolicy *policy)
{
  ButlerRecovery *recovery = &server->recovery;
  ButlerMessage *message;

  if (policy->poison == 0 || context->is_held || context->message == NULL)
    return FALSE;
  message = g_steal_pointer (&context->message);
  if (recovery->again != NULL)
    {
      bury (server, message, BUTLER_DEAD_FAILED, "another one that failed is to be tried again first");
      return TRUE;
    }
  recovery->tries++;
  if (recovery->tries < policy->poison)
    {
      recovery->again = message;
      return TRUE;
    }
  recovery->tries = 0;
  bury (server, message, BUTLER_DEAD_POISON, "it failed as often as its server's policy lets it");
  return TRUE;
}

gboolean
butler__server_follow_policy (ButlerServer  *server,
                              ButlerContext *context)
{
  ButlerPolicy policy;
  gboolean restarts;

  if (server->ending || server->recovery.deaf || butler__server_is_killed (server))
    return FALSE;
  butler__hub_lock (server->hub);
  policy = butler__server_get_policy (server);
  restarts = decide (server, &policy, context->error->message);
  butler__hub_unlock (server->hub);
  return restarts && keep (server, context, &policy);
}

void
butler__server_bury_again (ButlerServer *server)
{
  if (server->recovery.again != NULL)
    bury (server, g_steal_pointer (&server->recovery.again), BUTLER_DEAD_FAILED, "its server ended before it could be tried again");
}

/* Restarting */

static void
forget_request (ButlerServer *server)
{
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_RESTART);
  server->recovery.late = FALSE;
}

static gint64
take_request (ButlerServer *server)
{
  gint64 pause;

  butler__hub_lock (server->hub);
  forget_request (server);
  pause = server->recovery.pause;
  server->recovery.pause = 0;
  butler__hub_unlock (server->hub);
  return pause;
}

void
butler__server_put_off_restart (ButlerServer *server)
{
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_RESTART);
  server->recovery.late = TRUE;
}

void
butler__server_open_recovery (ButlerServer *server)
{
  forget_request (server);
  server->recovery.pause = 0;
  server->recovery.down = FALSE;
  server->recovery.tries = 0;
  g_clear_error (&server->recovery.cause);
}

/* A swap that came while the events ran comes to its turn. */
static void
listen_again (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  server->recovery.deaf = FALSE;
  if (server->comes_late)
    butler__channel_request (server->channel, BUTLER__REQUEST_SWAP);
  server->comes_late = FALSE;
  butler__hub_unlock (server->hub);
}

static void
go_down (ButlerServer *server)
{
  server->recovery.deaf = TRUE;
  butler__server_run_shutdown (server);
  butler__server_drop_state (server);
  server->recovery.down = TRUE;
  listen_again (server);
}

/* A server without a thread would wait in somebody else's loop. A stop, and code that a swap brought, need not wait. FALSE if it was
 * killed. */
static gboolean
wait_out (ButlerServer *server,
          gint64        pause)
{
  const ButlerGeneration *generation = server->pin.generation;
  gint64 deadline = g_get_monotonic_time () + (server->loop != NULL ? pause : 0);

  while (!butler__server_is_killed (server) && !butler_channel_is_closed (server->channel) && server->pin.generation == generation
         && g_get_monotonic_time () < deadline)
    {
      butler__channel_wait_control (server->channel, deadline);
      butler__channel_clear_if_asked (server->channel);
      if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
        butler__server_come_over (server);
      butler__channel_drop_request (server->channel, BUTLER__REQUEST_RESTART); /* that is what it is at */
    }
  return !butler__server_is_killed (server);
}

/* Who is asked to stop does not try for long. */
static void
stay_down (ButlerServer *server,
           const GError *error)
{
  ButlerPolicy policy;

  atomic_fetch_add_explicit (&server->failed, 1, memory_order_relaxed);
  butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s did not start anew: %s", server->name, error->message);
  butler__hub_lock (server->hub);
  policy = butler__server_get_policy (server);
  if (butler_channel_is_closed (server->channel) || !decide (server, &policy, error->message))
    butler__server_give_up (server, "it did not start anew: %s", error->message);
  butler__hub_unlock (server->hub);
}

static gboolean
come_up (ButlerServer *server)
{
  g_autoptr (GError) error = NULL;

  server->recovery.deaf = TRUE;
  take_request (server); /* this is what it asked for */
  if (butler__server_run_startup (server, &error))
    server->recovery.down = FALSE;
  else
    butler__server_drop_state (server);
  listen_again (server);
  if (server->recovery.down)
    {
      stay_down (server, error);
      return FALSE;
    }
  atomic_store_explicit (&server->recovery.n, atomic_load_explicit (&server->recovery.n, memory_order_relaxed) + 1,
                         memory_order_relaxed);
  butler__log (G_LOG_LEVEL_INFO, server->name, NULL, "server %s was restarted", server->name);
  return TRUE;
}

void
butler__server_restart (ButlerServer *server)
{
  gint64 pause = take_request (server);

  if (server->ending || server->starting || butler__server_is_killed (server))
    return;
  go_down (server);
  while (wait_out (server, pause) && !come_up (server))
    pause = take_request (server);
}
