/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/server.h"

/* A server in somebody else's GMainContext: how GTK's main loop becomes a server's loop. Without a thread of its own, the reader's role
 * is taken for each step alone, and only on the thread that runs the context; with one, that thread has it. */
typedef struct
{
  GSource       source;
  ButlerServer *server;  /* (owned) */
  gboolean      resting; /* a dispatch is just over; the thread that runs the context only */
} ServerSource;

/* While the server does not run there is nothing to do; its start wakes the context. */
static gboolean
is_running (ServerSource *self)
{
  ButlerServer *server = self->server;
  gboolean running;

  butler__hub_lock (server->hub);
  running = server->state == BUTLER_SERVER_RUNNING || server->state == BUTLER_SERVER_STOPPING;
  butler__hub_unlock (server->hub);
  return running;
}

/* On the server's own thread, but for a handler or an event that runs the context, and the end, which waits in it for what is held. */
static gboolean
is_in_loop (const ButlerServer *server)
{
  return butler__channel_is_mine (server->channel) && !server->busy && !server->starting && !server->finishing;
}

static gboolean
take_role (ServerSource *self)
{
  ButlerServer *server = self->server;

  return server->loop != NULL ? is_in_loop (server) : butler__channel_claim (server->channel);
}

/* Also who stops the server may have found the role taken, if the source was destroyed meanwhile. */
static void
let_go (ServerSource *self)
{
  if (self->server->loop != NULL)
    return;
  butler__channel_release (self->server->channel);
  butler__server_announce_free (self->server);
}

static gboolean
server_source_prepare (GSource *source,
                       int     *timeout)
{
  ServerSource *self = (ServerSource *) source;
  ButlerChannel *channel = self->server->channel;
  gboolean armed;

  /* One pass for the others: a source that is always ready starves those of lower priority, such as GTK's redraw. */
  *timeout = self->resting ? 0 : -1;
  if (self->resting || !is_running (self))
    return FALSE;
  if (self->server->loop == NULL && butler__channel_is_mine (channel))
    return FALSE; /* it ends on this thread, which waits in this context for what is held, and is woken for that */
  if (!take_role (self))
    {
      *timeout = self->server->loop != NULL ? -1 : 0; /* somebody has the role for a moment, to clear the channel or to start the server: it cannot sleep yet */
      return FALSE;
    }
  butler__waker_set_context (&channel->waker, g_source_get_context (source));
  armed = butler__channel_arm (channel, BUTLER__SLEEP_IN_CONTEXT);
  let_go (self);
  *timeout = butler__alarms_get_timeout (&self->server->alarms);
  return !armed || *timeout == 0;
}

/* Undoes what prepare did; a pass that does not get here is harmless, as whoever sends takes ASLEEP off. */
static gboolean
server_source_check (GSource *source)
{
  ServerSource *self = (ServerSource *) source;
  ButlerChannel *channel = self->server->channel;
  gboolean has_work;

  if (self->resting)
    {
      self->resting = FALSE;
      return FALSE;
    }
  if (!is_running (self) || !take_role (self))
    return FALSE;
  butler__channel_disarm (channel);
  has_work = butler__channel_has_work (channel) || butler__alarms_are_due (&self->server->alarms);
  let_go (self);
  return has_work;
}

static gboolean
server_source_dispatch (GSource    *source,
                        GSourceFunc callback G_GNUC_UNUSED,
                        gpointer    data G_GNUC_UNUSED)
{
  ServerSource *self = (ServerSource *) source;

  if (self->server->loop == NULL)
    butler__server_try_dispatch (self->server, BUTLER__BATCH);
  else if (is_in_loop (self->server))
    butler__server_dispatch (self->server, BUTLER__BATCH);
  self->resting = TRUE;
  return G_SOURCE_CONTINUE; /* the end of the server takes it away */
}

/* Its end, by g_source_destroy() or with its last reference, is told by the notify of the callback, which is not used otherwise, or by
 * dispose: whether a source is destroyed cannot be asked on other threads. Not by finalize alone: butler__server_steal_source() may
 * have taken a reference until then. */
static void
server_source_forget (gpointer data)
{
  ServerSource *self = data;
  ButlerServer *server = self->server;

  if (server == NULL)
    return;
  butler__hub_lock (server->hub);
  if (server->source == &self->source)
    server->source = NULL;
  butler__hub_unlock (server->hub);
}

static void
server_source_dispose (GSource *source)
{
  server_source_forget (source);
}

static void
server_source_finalize (GSource *source)
{
  g_clear_pointer (&((ServerSource *) source)->server, butler_server_unref);
}

static GSourceFuncs server_source_funcs = {
  .prepare = server_source_prepare,
  .check = server_source_check,
  .dispatch = server_source_dispatch,
  .finalize = server_source_finalize,
};

GSource *
butler__server_steal_source (ButlerServer *server)
{
  GSource *source = g_steal_pointer (&server->source);

  return source != NULL ? g_source_ref (source) : NULL;
}

void
butler__source_end (GSource *source)
{
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

GMainContext *
butler__server_get_context (ButlerServer *server)
{
  return server->source != NULL ? g_source_get_context (server->source) : NULL;
}

/**
 * butler_server_create_source:
 * @server: a server made with no_thread, or with a loop of its own that calls this
 *
 * Makes a #GSource that dispatches @server in any #GMainContext: attach it, and the handlers run on the thread of that context, which is
 * woken when messages come and never polls. It may be attached before the server is started. It goes by itself when the server has
 * ended; for another run, make a new one. A server has one source at a time. Its callback is the library's.
 *
 * A server with a thread has its source in a context that its own loop iterates, until butler_server_keep_running() is %FALSE: so that
 * GTK, say, runs on that thread. What its handlers hold may end in that context, also while the server stops.
 *
 * butler_server_stop() on another thread waits until the context's thread has run the server to its end: stop the server before
 * you let the loop of that thread end, or join that thread first.
 *
 * Thread: any; of a server with a thread, its loop.
 *
 * Returns: (transfer full) (nullable): the source, not attached; %NULL with a critical warning if the server has one
 *
 * Since: 1.0
 */
GSource *
butler_server_create_source (ButlerServer *server)
{
  GSource *source;
  gboolean taken;

  g_return_val_if_fail (server != NULL, NULL);
  if (server->loop != NULL && (server->main_context != NULL || !is_in_loop (server)))
    {
      g_critical ("server %s has a thread: only a loop of its own can make its source; or make the server with no_thread", server->name);
      return NULL;
    }
  source = g_source_new (&server_source_funcs, sizeof (ServerSource));
  g_source_set_name (source, server->name);
  ((ServerSource *) source)->server = butler_server_ref (server);
  g_source_set_dispose_function (source, server_source_dispose);
  g_source_set_callback (source, NULL, source, server_source_forget);
  butler__hub_lock (server->hub);
  taken = server->source != NULL;
  if (!taken)
    server->source = source;
  butler__hub_unlock (server->hub);
  if (!taken)
    return source;
  g_source_unref (source);
  g_critical ("server %s has a source already", server->name);
  return NULL;
}
