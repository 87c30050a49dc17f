/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/pending.h"

#include "lib/here.h"
#include "lib/log.h"
#include "lib/switch.h"

/* How long what was cancelled has to come back, µs. */
#define GRACE (1 * G_USEC_PER_SEC)

static void
unlink_pending (ButlerPending *pending)
{
  ButlerServer *server = pending->server;

  g_mutex_lock (&server->pending_lock);
  if (pending->previous != NULL)
    pending->previous->next = pending->next;
  else
    server->pending = pending->next;
  if (pending->next != NULL)
    pending->next->previous = pending->previous;
  g_mutex_unlock (&server->pending_lock);
}

/* What ends it may lie in the code that is pinned. */
static void
end (ButlerPending *pending,
     ButlerServer  *server)
{
  ButlerPin pin;

  butler__pin_move (&pin, &pending->pin);
  pending->end (pending, server);
  butler__unpin (&pin);
}

/* On the lane: back in the run in which it began, or too late; the lane may be that of another server by now. */
static void
come_home (ButlerEntry  *entry,
           ButlerServer *server)
{
  ButlerPending *pending = (ButlerPending *) entry;

  if (server != NULL && !pending->orphaned)
    unlink_pending (pending);
  end (pending, pending->orphaned ? NULL : server);
}

void
butler__pending_begin (ButlerPending    *pending,
                       ButlerServer     *server,
                       ButlerGeneration *generation,
                       const char       *kind,
                       const char       *name)
{
  pending->entry.run = come_home;
  pending->server = butler_server_ref (server);
  pending->kind = kind;
  pending->name = name;
  butler__pin (&pending->pin, generation, kind, name, server->name);
  pending->run = server->run;
  pending->since = g_get_monotonic_time ();
  pending->previous = NULL;
  g_mutex_lock (&server->pending_lock);
  pending->next = server->pending;
  if (pending->next != NULL)
    pending->next->previous = pending;
  server->pending = pending;
  g_mutex_unlock (&server->pending_lock);
}

void
butler__pending_visit (ButlerServer *server,
                       void        (*visit) (const ButlerPending *pending, gpointer data),
                       gpointer      data)
{
  g_mutex_lock (&server->pending_lock);
  for (const ButlerPending *pending = server->pending; pending != NULL; pending = pending->next)
    visit (pending, data);
  g_mutex_unlock (&server->pending_lock);
}

void
butler__pending_done (ButlerPending *pending)
{
  g_autoptr (ButlerServer) server = butler_server_ref (pending->server);

  if (!butler__channel_put_internal (server->channel, &pending->entry.header))
    end (pending, NULL);
}

static void
name_all (const ButlerServer *server)
{
  gint64 now = g_get_monotonic_time ();

  for (const ButlerPending *pending = server->pending; pending != NULL; pending = pending->next)
    butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s ends, and cancels its %s %s, which is pending since %.1f s",
                 server->name, pending->kind, pending->name, (double) (now - pending->since) / G_USEC_PER_SEC);
}

/* They are freed by who brings them back; the server forgets them. */
static void
orphan_all (ButlerServer *server)
{
  while (server->pending != NULL)
    {
      ButlerPending *pending = server->pending;

      butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s ends without its %s %s", server->name, pending->kind,
                   pending->name);
      unlink_pending (pending);
      pending->orphaned = TRUE;
    }
  butler__waits_forget_errands (server->hub->waits, &server->channel->served);
}

/* A start that waits without a limit has one from when the server was asked to stop. */
static gint64
shorten (ButlerServer *server,
         gint64        deadline)
{
  if (deadline < 0 && butler_channel_is_closed (server->channel))
    return g_get_monotonic_time () + server->end_limit;
  return deadline;
}

/* What is not seen to keeps the server from sleeping. TRUE if it is killed. */
static gboolean
see_to_requests (ButlerServer *server)
{
  gboolean killed = butler__server_is_killed (server);

  butler__channel_clear_if_asked (server->channel);
  if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
    butler__server_come_over (server);
  if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_RESTART))
    butler__server_put_off_restart (server);
  if (killed)
    butler__channel_drop_request (server->channel, BUTLER__REQUEST_KILL);
  return killed;
}

static gboolean
is_over (gint64 deadline)
{
  return deadline >= 0 && g_get_monotonic_time () >= deadline;
}

static gboolean
is_awaited (const ButlerServer *server,
            gboolean            asks)
{
  for (const ButlerPending *pending = server->pending; pending != NULL; pending = pending->next)
    if (asks || !pending->is_ask)
      return TRUE;
  return FALSE;
}

/* Also on a thread that has the server's role for this alone. */
static guint
run_once (ButlerServer *server)
{
  ButlerServer *before = butler__here_set (server);
  guint n = butler__server_ring_alarms (server, BUTLER__BATCH);

  n += butler__server_dispatch_lane (server, G_MAXUINT);
  butler__here_set (before);
  return n;
}

/* FALSE when the time is over, or when the server is killed and @unless_killed; also if there is always more on the lane. */
static gboolean
wait_until (ButlerServer *server,
            gint64        deadline,
            gboolean      unless_killed,
            gboolean      asks)
{
  while (is_awaited (server, asks))
    {
      guint n = run_once (server);
      gboolean killed = see_to_requests (server);

      deadline = shorten (server, deadline);
      if ((killed && unless_killed) || is_over (deadline))
        return !is_awaited (server, asks);
      if (n == 0)
        butler__server_sleep (server, deadline);
    }
  return TRUE;
}

gboolean
butler__pending_is_held (const ButlerServer *server)
{
  for (const ButlerPending *pending = server->pending; pending != NULL; pending = pending->next)
    if (pending->is_held)
      return TRUE;
  return FALSE;
}

gboolean
butler__pending_settle (ButlerServer *server,
                        gint64        deadline,
                        gboolean    (*go_on) (gpointer server))
{
  while (butler__pending_is_held (server))
    {
      guint n = run_once (server);

      if (see_to_requests (server) || is_over (deadline) || !go_on (server))
        return !butler__pending_is_held (server);
      if (n == 0)
        butler__server_sleep (server, deadline);
    }
  return TRUE;
}

/* Most servers never need one: it is an object, and the first that a thread makes costs it two KiB. */
GCancellable *
butler__pending_get_cancellable (ButlerServer *server)
{
  if (server->cancellable == NULL)
    server->context.cancellable = server->cancellable = g_cancellable_new ();
  return server->cancellable;
}

/* They end by themselves, when the lane is run. */
static void
cancel_all (ButlerServer *server)
{
  g_cancellable_cancel (butler__pending_get_cancellable (server));
  for (ButlerPending *pending = server->pending; pending != NULL; pending = pending->next)
    if (pending->cancel != NULL)
      pending->cancel (pending);
}

/* FALSE if some had to be given up. */
static gboolean
wait_or_cancel (ButlerServer *server,
                gint64        limit,
                gboolean      asks)
{
  if (wait_until (server, limit < 0 ? -1 : g_get_monotonic_time () + limit, TRUE, asks))
    return TRUE;
  name_all (server);
  cancel_all (server);
  if (wait_until (server, g_get_monotonic_time () + GRACE, FALSE, TRUE))
    return TRUE;
  orphan_all (server);
  return FALSE;
}

gboolean
butler__pending_wait (ButlerServer *server,
                      gint64        limit,
                      gboolean      asks)
{
  ButlerHub *hub = server->hub;
  ButlerServed *home = &server->channel->served;
  gboolean ended;

  if (!is_awaited (server, asks))
    return TRUE;
  butler__hub_lock (hub);
  butler__waits_await_errands (hub->waits, home);
  butler__hub_unlock (hub);
  ended = wait_or_cancel (server, limit, asks);
  butler__waits_have_errands (hub->waits, home);
  return ended;
}
