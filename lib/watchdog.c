/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/watchdog.h"

#include <threadbutler/watchdog.h>

#include "lib/guard.h"
#include "lib/log.h"

struct _ButlerWatchdog
{
  GThread *thread; /* (owned) */

  /* Under the hub's mutex. */
  GCond    changed;
  gboolean ends;
  gint64   end_deadline; /* of the shutdown that goes on, monotonic, µs; 0: none, or it has passed */
  gint64   looked;       /* when it looked at the handlers last, monotonic, µs */
};

/* How often it looks while a handler may run for its limit, and the shortest time between two looks, µs. */
#define LOOKS    4
#define SHORTEST 1000

/* What is to be said when the mutex is free. */
static void
say_all (ButlerHub *hub,
         GPtrArray *lines,
         GPtrArray *overruns)
{
  if (lines->len == 0 && overruns->len == 0)
    return;
  butler__hub_unlock (hub);
  for (guint i = 0; i < overruns->len; i++)
    butler__overrun_report (overruns->pdata[i]);
  g_ptr_array_set_size (overruns, 0);
  for (guint i = 0; i < lines->len; i += 2)
    butler__log (G_LOG_LEVEL_WARNING, lines->pdata[i], NULL, "%s", (const char *) lines->pdata[i + 1]);
  butler__hub_lock (hub);
  g_ptr_array_set_size (lines, 0);
}

static void G_GNUC_PRINTF (3, 4)
note (GPtrArray          *lines,
      const ButlerServer *server,
      const char         *format,
      ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (lines, g_strdup (server->name));
  g_ptr_array_add (lines, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
note_that_it_runs (GPtrArray    *lines,
                   ButlerServer *server)
{
  const char *type = atomic_load_explicit (&server->doing, memory_order_relaxed);
  gint64 limit = server->hub->end_limit / 1000;
  gsize length = butler_channel_get_length (server->channel);

  if (type != NULL)
    note (lines, server, "server %s has not ended within %" G_GINT64_FORMAT " ms: it is in its handler of %s, %" G_GSIZE_FORMAT
          " messages wait", server->name, limit, type, length);
  else
    note (lines, server, "server %s has not ended within %" G_GINT64_FORMAT " ms: it is %s, %" G_GSIZE_FORMAT " messages wait",
          server->name, limit, butler_server_state_to_string (server->state), length);
}

/* What still runs is named, and killed: what can be ended ends. */
static void
end_all (ButlerHub *hub,
         GPtrArray *lines)
{
  hub->watchdog->end_deadline = 0;
  for (guint i = 0; i < hub->servers->len; i++)
    {
      ButlerServer *server = hub->servers->pdata[i];

      if (!butler__server_is_active (server))
        continue;
      note_that_it_runs (lines, server);
      butler__server_request_end (server, TRUE);
    }
}

/* Between two looks at the handlers; 0: none has a limit. */
static gint64
get_interval (ButlerHub *hub)
{
  gint64 shortest = 0;

  for (guint i = 0; i < hub->servers->len; i++)
    {
      gint64 limit = butler__overrun_get_limit (hub->servers->pdata[i]);

      if (limit > 0 && (shortest == 0 || limit < shortest))
        shortest = limit;
    }
  return shortest > 0 ? MAX (shortest / LOOKS, SHORTEST) : 0;
}

/* The next time to look at anything, or 0. */
static gint64
get_next (ButlerHub *hub)
{
  gint64 deadline = hub->shutting_down ? hub->watchdog->end_deadline : 0;
  gint64 interval = get_interval (hub);
  gint64 next = interval > 0 ? hub->watchdog->looked + interval : 0;

  if (next == 0 || deadline == 0)
    return MAX (next, deadline);
  return MIN (next, deadline);
}

static void
look_at_handlers (ButlerHub *hub,
                  GPtrArray *overruns,
                  gint64     now)
{
  hub->watchdog->looked = now;
  for (guint i = 0; i < hub->servers->len; i++)
    {
      ButlerOverrun *overrun = butler__overrun_look (hub->servers->pdata[i], now);

      if (overrun != NULL)
        g_ptr_array_add (overruns, overrun);
    }
}

static void
look (ButlerHub *hub,
      GPtrArray *lines,
      GPtrArray *overruns)
{
  gint64 deadline = hub->watchdog->end_deadline;
  gint64 interval = get_interval (hub);
  gint64 now = g_get_monotonic_time ();

  if (interval > 0 && now >= hub->watchdog->looked + interval)
    look_at_handlers (hub, overruns, now);
  if (hub->shutting_down && deadline != 0 && now >= deadline)
    end_all (hub, lines);
}

static gpointer
run (gpointer data)
{
  ButlerHub *hub = data;
  ButlerWatchdog *self;
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) overruns = g_ptr_array_new ();

  butler__hub_lock (hub);
  self = hub->watchdog;
  while (!self->ends)
    {
      gint64 next = get_next (hub);

      if (next == 0)
        g_cond_wait (&self->changed, &hub->mutex);
      else
        g_cond_wait_until (&self->changed, &hub->mutex, next);
      look (hub, lines, overruns);
      say_all (hub, lines, overruns);
    }
  butler__hub_unlock (hub);
  return NULL;
}

/* FALSE if there is no thread to be had. The mutex is held. */
static gboolean
wake (ButlerHub *hub)
{
  ButlerWatchdog *self = hub->watchdog;

  if (self == NULL)
    {
      self = g_new0 (ButlerWatchdog, 1);
      g_cond_init (&self->changed);
      hub->watchdog = self;
      self->thread = g_thread_try_new ("watchdog", run, hub, NULL);
    }
  if (self->thread == NULL)
    {
      g_cond_clear (&self->changed);
      g_clear_pointer (&hub->watchdog, g_free);
      return FALSE;
    }
  g_cond_signal (&self->changed);
  return TRUE;
}

static gboolean
has_active (const ButlerHub *hub)
{
  for (guint i = 0; i < hub->servers->len; i++)
    if (butler__server_is_active (hub->servers->pdata[i]))
      return TRUE;
  return FALSE;
}

void
butler__watchdog_note_shutdown (ButlerHub *hub)
{
  if (hub->end_limit > 0 && has_active (hub) && wake (hub))
    hub->watchdog->end_deadline = g_get_monotonic_time () + hub->end_limit;
}

/* Without a thread nothing is looked at. */
void
butler__watchdog_note_run (ButlerServer *server)
{
  if (butler__overrun_get_limit (server) > 0 && wake (server->hub))
    butler__guard_begin (server);
}

void
butler__watchdog_end (ButlerHub *hub)
{
  ButlerWatchdog *self;

  butler__hub_lock (hub);
  self = hub->watchdog;
  if (self != NULL)
    {
      self->ends = TRUE;
      g_cond_signal (&self->changed);
    }
  butler__hub_unlock (hub);
  if (self == NULL)
    return;
  g_thread_join (self->thread);
  g_cond_clear (&self->changed);
  hub->watchdog = NULL;
  g_free (self);
}

/**
 * butler_hub_set_end_limit:
 * @hub: the hub
 * @milliseconds: how long at the most; 0, the default: there is no limit
 *
 * Limits the time in which all servers end when they are asked to (butler_hub_shutdown(), butler_hub_fail(), the end of the hub). When it
 * is over, each server that still runs is named in the log, with what it does, and is killed: what waits for it becomes dead letters.
 * A handler that never returns nobody can end: it keeps the hub.
 *
 * The limit of each server for what it holds (end_limit of #ButlerServerOptions) is a part of that time.
 *
 * Thread: any; counts from the next shutdown on.
 *
 * Since: 1.0
 */
void
butler_hub_set_end_limit (ButlerHub *hub,
                          guint      milliseconds)
{
  g_return_if_fail (hub != NULL);

  butler__hub_lock (hub);
  hub->end_limit = (gint64) milliseconds * 1000;
  butler__hub_unlock (hub);
}

/**
 * butler_hub_set_handler_limit:
 * @hub: the hub
 * @milliseconds: how long a handler may run; 0, the default: for ever
 *
 * Limits the time of each handler, of servers whose policy (#ButlerPolicy) names no limit. A handler that runs longer is reported, once:
 * a warning in the log names server, message type and generation, with a backtrace of the server's thread. It is counted, and stands in
 * the status. What follows when it returns is said by the policy.
 *
 * Messages get no slower by this: a thread looks four times in the limit, once a millisecond at the most, as long as a server with a limit
 * runs. So a handler is reported when it runs for up to half as long again as it may. The backtrace is taken with a
 * real-time signal that nobody uses, the highest one: a system call that cannot be restarted, such as poll(2), ends with EINTR then.
 *
 * Thread: any; holds for servers that are started later.
 *
 * Since: 1.0
 */
void
butler_hub_set_handler_limit (ButlerHub *hub,
                              guint      milliseconds)
{
  g_return_if_fail (hub != NULL);

  butler__hub_lock (hub);
  hub->handler_limit = milliseconds == BUTLER_NO_LIMIT ? 0 : milliseconds;
  butler__hub_unlock (hub);
}
