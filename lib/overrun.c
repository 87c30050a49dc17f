/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/overrun.h"

#include <threadbutler/policy.h>

#include "lib/alert.h"
#include "lib/backtrace.h"
#include "lib/guard.h"
#include "lib/log.h"
#include "lib/watchdog.h"

/* Handlers that run longer than they may. The server notes which type it handles and counts what it has handled, without a clock: who
 * sees the same twice knows that the handler has run in between. */

gboolean
butler__look_at (ButlerLook *look,
                 ButlerLook  seen,
                 gint64      now,
                 gint64      limit)
{
  if (seen.doing == NULL || seen.doing != look->doing || seen.handled != look->handled || seen.failed != look->failed)
    {
      *look = seen;
      look->since = now;
      look->reported = FALSE;
      return FALSE;
    }
  if (look->reported || now - look->since < limit)
    return FALSE;
  look->reported = TRUE;
  return TRUE;
}

static ButlerLook
see (ButlerServer *server)
{
  return (ButlerLook) {
    .doing = atomic_load_explicit (&server->doing, memory_order_relaxed),
    .handled = atomic_load_explicit (&server->handled, memory_order_relaxed),
    .failed = atomic_load_explicit (&server->failed, memory_order_relaxed),
  };
}

static gboolean
is_at_it_still (ButlerServer *server)
{
  ButlerLook seen = see (server);

  return seen.doing != NULL && seen.doing == server->look.doing && seen.handled == server->look.handled
         && seen.failed == server->look.failed;
}

gint64
butler__overrun_get_limit (ButlerServer *server)
{
  guint limit = butler__server_get_policy (server).handler_limit;

  if (!butler__server_is_active (server) || limit == BUTLER_NO_LIMIT)
    return 0;
  return (limit != 0 ? (gint64) limit : (gint64) server->hub->handler_limit) * 1000;
}

gint64
butler__overrun_get_age (ButlerServer *server)
{
  return is_at_it_still (server) ? g_get_monotonic_time () - server->look.since : 0;
}

struct _ButlerOverrun
{
  ButlerServer *server; /* (owned) */
  ButlerQuestion *asked; /* (owned) (nullable): what that handler is to answer */
  ButlerLook    look;
  guint         run;
  guint         generation;
  gint64        age;    /* µs */
  gint64        limit;  /* µs */
};

static ButlerOverrun *
note (ButlerServer *server,
      gint64        now,
      gint64        limit)
{
  ButlerOverrun *overrun = g_new (ButlerOverrun, 1);

  *overrun = (ButlerOverrun) {
    .server = butler_server_ref (server),
    .look = server->look,
    .run = server->run,
    .generation = atomic_load_explicit (&server->generation, memory_order_relaxed),
    .age = now - server->look.since,
    .limit = limit,
  };
  atomic_fetch_add_explicit (&server->overruns, 1, memory_order_relaxed);
  return overrun;
}

/* That of the next handler is not to be failed: it is known by the figures, which were counted before it was noted. */
static ButlerQuestion *
look_for_ask (ButlerServer *server)
{
  ButlerQuestion *question = butler__guard_look (server);

  if (question == NULL || is_at_it_still (server))
    return question;
  butler__question_unref (question);
  return NULL;
}

ButlerOverrun *
butler__overrun_look (ButlerServer *server,
                      gint64        now)
{
  gint64 limit = butler__overrun_get_limit (server);
  ButlerOverrun *overrun;

  if (limit == 0 || !butler__look_at (&server->look, see (server), now, limit))
    return NULL;
  overrun = note (server, now, limit);
  overrun->asked = look_for_ask (server);
  return overrun;
}

/* Its thread lives as long as the mutex is held. */
static gboolean
ask_for_backtrace (const ButlerOverrun *self)
{
  ButlerServer *server = self->server;
  gboolean asked;

  butler__hub_lock (server->hub);
  asked = is_at_it_still (server) && server->look.handled == self->look.handled && butler__backtrace_ask (server->thread_id);
  butler__hub_unlock (server->hub);
  return asked;
}

/* Without the mutex: the answer goes to who waits for it. A handler that has answered meanwhile was first. */
static void
settle_ask (ButlerOverrun *self,
            gboolean       fails)
{
  g_autofree char *why = NULL;

  if (self->asked == NULL)
    return;
  why = g_strdup_printf ("the handler of server %s has run for longer than its limit, %g s", self->server->name,
                         (double) self->limit / G_USEC_PER_SEC);
  if (fails)
    butler__question_fail (self->asked, BUTLER_ERROR_TIMED_OUT, why);
  butler__question_unref (self->asked);
}

void
butler__overrun_report (ButlerOverrun *self)
{
  ButlerServer *server = self->server;
  g_autofree char *trace = NULL;
  ButlerAlerts alerts = { 0 };
  gboolean asked;
  gboolean fails;

  butler__backtrace_begin ();
  asked = ask_for_backtrace (self);
  trace = butler__backtrace_end (asked);
  butler__log (G_LOG_LEVEL_WARNING, server->name, self->look.doing,
               "server %s is in its handler of %s (generation %u) for %.3f s at least, and is to be so for %.3f s at the most%s", server->name,
               self->look.doing, self->generation, (double) self->age / G_USEC_PER_SEC, (double) self->limit / G_USEC_PER_SEC, trace);
  butler__hub_lock (server->hub);
  if (server->run == self->run)
    butler__server_exceed (server, self->look.doing, &alerts);
  fails = butler__server_get_policy (server).late_asks == BUTLER_ASKS_FAIL;
  butler__hub_unlock (server->hub);
  settle_ask (self, fails);
  butler__alerts_tell (&alerts);
  butler_server_unref (self->server);
  g_free (self);
}
