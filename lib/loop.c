/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

#include <errno.h>

#include "lib/descriptors.h"

/* How long a flood of messages may keep the context waiting, µs. */
#define CONTEXT_WAITS 1000

static gboolean
ring (gpointer nothing G_GNUC_UNUSED)
{
  return G_SOURCE_REMOVE;
}

static void
iterate_until (GMainContext *context,
               gint64        deadline)
{
  gint64 left = CLAMP (deadline - g_get_monotonic_time (), 0, (gint64) G_MAXINT * 1000);
  GSource *alarm = g_timeout_source_new ((guint) (left / 1000 + 1));

  g_source_set_callback (alarm, ring, NULL, NULL);
  g_source_attach (alarm, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (alarm);
  g_source_unref (alarm);
}

/* (transfer full) (nullable): where work of GIO comes back that the server's handlers began on this thread. */
static GMainContext *
get_context (ButlerServer *server)
{
  GMainContext *context = server->main_context;

  if (context != NULL)
    return g_main_context_ref (context);
  butler__hub_lock (server->hub);
  context = butler__server_get_context (server);
  if (context != NULL)
    g_main_context_ref (context);
  butler__hub_unlock (server->hub);
  if (context != NULL)
    return context;
  if (g_main_context_get_thread_default () != NULL || g_main_context_is_owner (g_main_context_default ()))
    return g_main_context_ref_thread_default ();
  return NULL;
}

/* NULL too if another thread runs it. */
static GMainContext *
acquire_context (ButlerServer *server)
{
  GMainContext *context = get_context (server);

  if (context == NULL || g_main_context_acquire (context))
    return context;
  g_main_context_unref (context);
  return NULL;
}

static void
sleep_in_context (ButlerServer *server,
                  GMainContext *context,
                  gint64        deadline,
                  gboolean      unless_closed)
{
  butler__waker_set_context (&server->channel->waker, context);
  if (!butler__channel_arm_internal (server->channel, BUTLER__SLEEP_IN_CONTEXT, unless_closed))
    return;
  if (deadline >= 0)
    iterate_until (context, deadline);
  else
    g_main_context_iteration (context, TRUE);
  butler__channel_disarm (server->channel);
}

void
butler__server_sleep (ButlerServer *server,
                      gint64        deadline)
{
  GMainContext *context = acquire_context (server);
  gint64 limit = butler__alarms_limit (&server->alarms, deadline);

  if (context == NULL)
    {
      butler__channel_wait_internal (server->channel, limit, deadline < 0);
      return;
    }
  sleep_in_context (server, context, limit, deadline < 0);
  g_main_context_release (context);
  g_main_context_unref (context);
}

static gboolean
is_descriptor_left (ButlerServer *server,
                    GError      **error)
{
  int code;

  if (butler__descriptors_are_left (1))
    return TRUE;
  code = errno;
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "server %s did not start: no descriptor: %s", server->name,
               g_strerror (code));
  return FALSE;
}

static GMainContext *
make_context (ButlerServer *server,
              GError      **error)
{
  if (!is_descriptor_left (server, error))
    return NULL;
  g_main_context_default ();
  return is_descriptor_left (server, error) ? g_main_context_new () : NULL;
}

gboolean
butler__server_make_context (ButlerServer *server,
                             GError      **error)
{
  if (server->loop != butler_loop_default || server->main_context != NULL)
    return TRUE;
  server->main_context = make_context (server, error);
  return server->main_context != NULL;
}

/**
 * butler_loop_queue:
 * @server: the server
 * @data: unused
 *
 * The loop of a server that does nothing but handle messages: no GMainContext, no descriptor. Its handlers cannot start work of GIO,
 * but run tasks. It is also the pattern for loops of one's own.
 *
 * Thread: the server's.
 *
 * Since: 1.0
 */
void
butler_loop_queue (ButlerServer *server,
                   gpointer      data G_GNUC_UNUSED)
{
  while (butler_server_keep_running (server))
    {
      butler_server_wait (server, -1);
      butler_server_dispatch (server, BUTLER__BATCH);
    }
}

/* A source of the default loop's context that does nothing but end its sleep when an alarm is due. */
typedef struct
{
  GSource       source;
  ButlerAlarms *alarms; /* (unowned): the server's, whose context this is in */
} Clock;

static gboolean
clock_prepare (GSource *source,
               int     *timeout)
{
  *timeout = butler__alarms_get_timeout (((Clock *) source)->alarms);
  return *timeout == 0;
}

static gboolean
clock_check (GSource *source)
{
  return butler__alarms_are_due (((Clock *) source)->alarms);
}

static gboolean
clock_dispatch (GSource    *source G_GNUC_UNUSED,
                GSourceFunc callback G_GNUC_UNUSED,
                gpointer    data G_GNUC_UNUSED)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs clock_funcs = { .prepare = clock_prepare, .check = clock_check, .dispatch = clock_dispatch };

static void
make_clock (ButlerServer *server)
{
  server->clock = g_source_new (&clock_funcs, sizeof (Clock));
  ((Clock *) server->clock)->alarms = &server->alarms;
  g_source_set_name (server->clock, server->name);
  g_source_attach (server->clock, server->main_context);
}

/* FALSE if there was no pass of the context, as there is something to dispatch. */
static gboolean
sleep_for_all (ButlerServer *server)
{
  if (butler__channel_spin (server->channel, butler__alarms_limit (&server->alarms, -1))
      || !butler__channel_arm (server->channel, BUTLER__SLEEP_IN_CONTEXT))
    return FALSE;
  if (server->clock == NULL && butler__alarms_get_next (&server->alarms) != BUTLER__NO_ALARM)
    make_clock (server);
  g_main_context_iteration (server->main_context, TRUE);
  butler__channel_disarm (server->channel);
  return TRUE;
}

/**
 * butler_loop_default:
 * @server: the server
 * @data: unused
 *
 * The loop of a server whose options name none. Each such server has a #GMainContext, which is the thread-default one of its thread:
 * handlers start asynchronous work of GIO, timers, watches, and their callbacks run between two messages. Batches of messages and
 * passes of the context take turns: the context waits a millisecond at the most while messages come, and a pass runs each ready
 * source once before messages are looked at again.
 *
 * Thread: the server's.
 *
 * Since: 1.0
 */
void
butler_loop_default (ButlerServer *server,
                     gpointer      data G_GNUC_UNUSED)
{
  gint64 passed = g_get_monotonic_time ();

  g_return_if_fail (server->main_context != NULL);

  butler__waker_set_context (&server->channel->waker, server->main_context);
  while (butler_server_keep_running (server))
    {
      if (butler_server_dispatch (server, BUTLER__BATCH) > 0 || !sleep_for_all (server))
        {
          if (g_get_monotonic_time () - passed < CONTEXT_WAITS)
            continue;
          g_main_context_iteration (server->main_context, FALSE);
        }
      passed = g_get_monotonic_time ();
    }
}
