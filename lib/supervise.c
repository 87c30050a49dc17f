/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/supervise.h"

#include <threadbutler/error.h>

#include "lib/together.h"

/* Supervisors: servers that answer for others. What they do is done by whoever failed, under the hub's mutex; each restart happens on
 * its own server's thread, and those of several servers in order: see lib/together.h. */

typedef void (*Deed) (ButlerServer *server,
                      gpointer      data);

static gboolean
is_under (const ButlerServer *server,
          const ButlerServer *top)
{
  while (server != NULL && server != top)
    server = server->recovery.supervisor;
  return server != NULL;
}

/* In the order in which they were made. The mutex is held, as for all that follows. */
static void
do_under (ButlerServer *top,
          Deed          deed,
          gpointer      data)
{
  GPtrArray *servers = top->hub->servers;

  for (guint i = 0; i < servers->len; i++)
    if (is_under (servers->pdata[i], top))
      deed (servers->pdata[i], data);
}

typedef struct
{
  gint64     pause;
  GPtrArray *servers; /* (owned): those that restart */
} Restart;

static void
restart (ButlerServer *server,
         gpointer      data)
{
  Restart *self = data;

  if (butler__server_ask_restart (server, self->pause))
    g_ptr_array_add (self->servers, server);
}

typedef struct
{
  const ButlerServer *supervisor;
  const char         *failed; /* the name of who failed under it */
  const char         *why;
} Verdict;

static void
give_up (ButlerServer *server,
         gpointer      data)
{
  const Verdict *verdict = data;

  butler__server_give_up (server, "%s, which supervises it, gave up, as %s failed again: %s", verdict->supervisor->name, verdict->failed,
                          verdict->why);
}

/* @failed is one of those that @supervisor is the supervisor of; each takes all under it along. */
static void
restart_some (ButlerServer  *supervisor,
              ButlerServer  *failed,
              ButlerStrategy strategy,
              gint64         pause)
{
  GPtrArray *servers = supervisor->hub->servers;
  Restart all = { pause, g_ptr_array_new () };
  gboolean passed = FALSE;

  for (guint i = 0; i < servers->len; i++)
    {
      ButlerServer *server = servers->pdata[i];

      passed |= server == failed;
      if (server->recovery.supervisor != supervisor)
        continue;
      if (server == failed || strategy == BUTLER_STRATEGY_ONE_FOR_ALL || (strategy == BUTLER_STRATEGY_REST_FOR_ONE && passed))
        do_under (server, restart, &all);
    }
  butler__together_begin (supervisor->hub, all.servers);
  g_ptr_array_unref (all.servers);
}

gboolean
butler__supervise_escalate (ButlerServer *server,
                            const char   *why,
                            ButlerAlerts *alerts)
{
  ButlerServer *failed = server;
  ButlerServer *supervisor = server->recovery.supervisor;
  Verdict verdict;

  for (; supervisor != NULL && supervisor->state != BUTLER_SERVER_FAILED; supervisor = failed->recovery.supervisor)
    {
      ButlerPolicy policy = butler__server_get_policy (supervisor);
      guint n = butler__intensity_note (&supervisor->recovery.children, &policy, g_get_monotonic_time ());

      butler__alerts_note (alerts, failed, why, BUTLER_FAILURE_ESCALATE);
      if (n > 0)
        {
          restart_some (supervisor, failed, policy.strategy, butler__policy_get_pause (&policy, n));
          return TRUE;
        }
      failed = supervisor;
    }
  butler__server_give_up (server, "%s", why);
  verdict = (Verdict) { failed, server->name, why };
  if (failed == server)
    return FALSE;
  do_under (failed, give_up, &verdict);
  butler__alerts_drop (alerts);
  return FALSE;
}

void
butler__supervise_forget (ButlerServer *server)
{
  server->recovery.supervisor = NULL;
  for (guint i = 0; i < server->hub->servers->len; i++)
    {
      ButlerServer *other = server->hub->servers->pdata[i];

      if (other->recovery.supervisor == server)
        other->recovery.supervisor = NULL;
    }
}

/**
 * butler_server_set_supervisor:
 * @server: the server
 * @supervisor: (nullable): the one that answers for it, of the same hub; %NULL: none
 * @error: (nullable): where to put an error
 *
 * Puts @server under @supervisor: a failure of @server that its policy escalates, also because it was restarted too often, lets the
 * library restart @server or also others under @supervisor, as the strategy in @supervisor's policy says, and each with all that are
 * under it. That policy also says how often and with what pauses. If it was too often, @supervisor has failed in turn, and
 * is restarted by its own supervisor with all that are under it; without one, they all end.
 *
 * Each server restarts on its own thread, at its next boundary between two messages. If there are several, all end, in the reverse of the
 * order in which they were made, before the first starts anew, in that order; none handles a message in between. One without a thread
 * restarts where it is dispatched, and is not waited for. Those that do not run are left alone. The supervisor itself does nothing for that, so it may have been stopped; but if it has failed it answers for nobody.
 *
 * If the set of @supervisor has a handler for #ButlerServerFailed, that gets one whenever a server directly under it has failed and its
 * policy, or that of a supervisor, restarts or ends it. It is accepted above the capacity.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE if @supervisor is @server, or is under it; %BUTLER_ERROR_CLOSED if one of them has left the hub.
 *
 * Thread: any.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 1.0
 */
gboolean
butler_server_set_supervisor (ButlerServer  *server,
                              ButlerServer  *supervisor,
                              GError       **error)
{
  gboolean ok = FALSE;

  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (supervisor == NULL || supervisor->hub == server->hub, FALSE);

  butler__hub_lock (server->hub);
  if (server->removed || (supervisor != NULL && supervisor->removed))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "server %s has left its hub",
                 server->removed ? server->name : supervisor->name);
  else if (supervisor != NULL && is_under (supervisor, server))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "server %s cannot be under %s, which is under it", server->name,
                 supervisor->name);
  else
    {
      server->recovery.supervisor = supervisor;
      ok = TRUE;
    }
  butler__hub_unlock (server->hub);
  return ok;
}

/**
 * butler_server_get_supervisor:
 * @server: the server
 *
 * Gets who answers for it.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the supervisor
 *
 * Since: 1.0
 */
ButlerServer *
butler_server_get_supervisor (ButlerServer *server)
{
  ButlerServer *supervisor;

  g_return_val_if_fail (server != NULL, NULL);

  butler__hub_lock (server->hub);
  supervisor = server->recovery.supervisor;
  butler__hub_unlock (server->hub);
  return supervisor;
}
