/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/restart.h"

#include <threadbutler/error.h>

#include "lib/log.h"
#include "lib/supervise.h"
#include "lib/switch.h"
#include "lib/together.h"

/* A server that failed is made anew, on the thread on which it failed, between two messages. Its channel stays open meanwhile. */

/* What follows a failure */

ButlerPolicy
butler__server_get_policy (const ButlerServer *server)
{
  return butler__policy_merge (&server->recovery.own, server->handlers->set.policy);
}

gboolean
butler__server_ask_restart (ButlerServer *server,
                            gint64        pause)
{
  if (server->state != BUTLER_SERVER_RUNNING && server->state != BUTLER_SERVER_STOPPING)
    return FALSE;
  server->recovery.pause = MAX (server->recovery.pause, pause);
  butler__channel_request (server->channel, BUTLER__REQUEST_RESTART);
  return TRUE;
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
        const char         *why,
        ButlerAlerts       *alerts)
{
  if (!butler__server_is_active (server))
    return FALSE;
  if (policy->on_failure == BUTLER_FAILURE_RESTART && restart_oneself (server, policy))
    {
      butler__alerts_note (alerts, server, why, BUTLER_FAILURE_RESTART);
      return TRUE;
    }
  if (policy->on_failure == BUTLER_FAILURE_CONTINUE)
    return FALSE;
  if (policy->on_failure != BUTLER_FAILURE_STOP && server->recovery.supervisor != NULL)
    return butler__supervise_escalate (server, why, alerts);
  butler__alerts_note (alerts, server, why, BUTLER_FAILURE_STOP);
  if (policy->on_failure == BUTLER_FAILURE_RESTART)
    butler__server_give_up (server, "restarted %u times in %g s, and failed again: %s", policy->restarts, policy->period / 1000.0, why);
  else
    butler__server_give_up (server, "%s", why);
  return FALSE;
}

void
butler__server_exceed (ButlerServer *server,
                       const char   *type,
                       ButlerAlerts *alerts)
{
  ButlerPolicy policy = butler__server_get_policy (server);
  g_autofree char *why = g_strdup_printf ("its handler of %s ran too long", type);

  policy.on_failure = policy.on_limit;
  decide (server, &policy, why, alerts);
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

/* A message that has failed, and how often. */
typedef struct
{
  ButlerMessage *message; /* (owned) */
  guint          tries;
} Again;

static void
put_again (ButlerServer  *server,
           ButlerMessage *message,
           guint          tries)
{
  Again *again = g_new (Again, 1);

  *again = (Again) { message, tries };
  g_queue_push_tail (&server->recovery.again, again);
}

/* (transfer full) */
static ButlerMessage *
get_again (ButlerServer *server,
           guint        *tries)
{
  Again *again = g_queue_pop_head (&server->recovery.again);
  ButlerMessage *message = again->message;

  *tries = again->tries;
  g_free (again);
  return message;
}

/* What was held has been counted when its handler returned, and will be once more. */
static void
uncount (ButlerServer *server)
{
  atomic_store_explicit (&server->handled, atomic_load_explicit (&server->handled, memory_order_relaxed) - 1, memory_order_relaxed);
}

static gboolean
keep (ButlerServer       *server,
      ButlerContext      *context,
      const ButlerPolicy *policy)
{
  ButlerMessage *message;

  if (policy->poison == 0 || context->message == NULL)
    return FALSE;
  if (context->is_held)
    uncount (server);
  message = g_steal_pointer (&context->message);
  if (context->tries + 1 < policy->poison)
    put_again (server, message, context->tries + 1);
  else
    bury (server, message, BUTLER_DEAD_POISON, "it failed as often as its server's policy lets it");
  return TRUE;
}

/* What fails because the restart cancels it is tried again after that. */
static gboolean
follow_going_down (ButlerServer  *server,
                   ButlerContext *context)
{
  ButlerPolicy policy;

  butler__hub_lock (server->hub);
  policy = butler__server_get_policy (server);
  butler__hub_unlock (server->hub);
  return (policy.on_failure == BUTLER_FAILURE_RESTART || policy.on_failure == BUTLER_FAILURE_ESCALATE)
         && keep (server, context, &policy);
}

gboolean
butler__server_follow_policy (ButlerServer  *server,
                              ButlerContext *context)
{
  ButlerAlerts alerts = { 0 };
  ButlerPolicy policy;
  gboolean restarts;

  if (server->ending || butler__server_is_killed (server))
    return FALSE;
  if (server->recovery.deaf)
    return follow_going_down (server, context);
  butler__hub_lock (server->hub);
  policy = butler__server_get_policy (server);
  restarts = decide (server, &policy, context->error->message, &alerts);
  butler__hub_unlock (server->hub);
  butler__alerts_tell (&alerts);
  return restarts && keep (server, context, &policy);
}

void
butler__server_bury_again (ButlerServer *server)
{
  guint tries;

  while (!g_queue_is_empty (&server->recovery.again))
    bury (server, get_again (server, &tries), BUTLER_DEAD_FAILED, "its server ended before it could be tried again");
}

/* One that fails asks for a restart: the others come after that. */
guint
butler__server_try_again (ButlerServer *server)
{
  guint n = 0;

  while (!g_queue_is_empty (&server->recovery.again) && !butler__server_is_killed (server)
         && !butler__channel_is_asked (server->channel, BUTLER__REQUEST_RESTART))
    {
      ButlerMessage *message = get_again (server, &server->context.tries);

      butler__server_handle_internal (server, message);
      server->context.tries = 0;
      n++;
    }
  return n;
}

/* Restarting */

static void
forget_request (ButlerServer *server)
{
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_RESTART);
  server->recovery.late = FALSE;
}

/* What others are told is what it is at from now on. */
static gint64
take_request (ButlerServer      *server,
              ButlerRestartStage stage)
{
  gint64 pause;

  butler__hub_lock (server->hub);
  forget_request (server);
  pause = server->recovery.pause;
  server->recovery.pause = 0;
  butler__together_note (server, stage);
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
  g_clear_error (&server->recovery.cause);
}

/* A swap that came while the events ran comes to its turn. */
static void
listen_again (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  butler__together_note (server, server->recovery.down ? BUTLER__STAGE_DOWN : BUTLER__STAGE_UP);
  server->recovery.deaf = FALSE;
  if (server->comes_late)
    butler__channel_request (server->channel, BUTLER__REQUEST_SWAP);
  server->comes_late = FALSE;
  butler__hub_unlock (server->hub);
}

static void
go_down (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  butler__together_note (server, BUTLER__STAGE_FALLS);
  butler__hub_unlock (server->hub);
  server->recovery.deaf = TRUE;
  butler__server_run_shutdown (server);
  butler__server_drop_state (server);
  server->recovery.down = TRUE;
  listen_again (server);
}

void
butler__server_see_to_control (ButlerServer *server)
{
  butler__channel_clear_if_asked (server->channel);
  if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
    butler__server_come_over (server);
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_RESTART); /* that is what it is at */
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
         && g_get_monotonic_time () < deadline && !butler__together_hurries (server))
    {
      butler__channel_wait_control (server->channel, deadline, TRUE);
      butler__server_see_to_control (server);
    }
  return !butler__server_is_killed (server);
}

/* Who is asked to stop does not try for long. */
static void
stay_down (ButlerServer *server,
           const GError *error)
{
  ButlerAlerts alerts = { 0 };
  ButlerPolicy policy;

  atomic_fetch_add_explicit (&server->failed, 1, memory_order_relaxed);
  butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s did not start anew: %s", server->name, error->message);
  butler__hub_lock (server->hub);
  policy = butler__server_get_policy (server);
  if (butler_channel_is_closed (server->channel) || !decide (server, &policy, error->message, &alerts))
    butler__server_give_up (server, "it did not start anew: %s", error->message);
  butler__hub_unlock (server->hub);
  butler__alerts_tell (&alerts);
}

/* TRUE if nothing is left to do. */
static gboolean
come_up (ButlerServer *server)
{
  g_autoptr (GError) error = NULL;

  server->recovery.deaf = TRUE;
  take_request (server, BUTLER__STAGE_RISES); /* this is what it asked for */
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
  gint64 pause = take_request (server, BUTLER__STAGE_WAITS);

  if (server->ending || server->starting || butler__server_is_killed (server) || !butler__together_await (server))
    {
      take_request (server, BUTLER__STAGE_UP);
      return;
    }
  go_down (server);
  while (wait_out (server, pause) && butler__together_await (server) && !come_up (server))
    pause = take_request (server, BUTLER__STAGE_DOWN);
  if (server->recovery.late) /* since it came up */
    butler__channel_request (server->channel, BUTLER__REQUEST_RESTART);
}
