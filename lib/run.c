/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>
#include <unistd.h>

#include "lib/here.h"
#include "lib/log.h"
#include "lib/monitor.h"
#include "lib/pending.h"
#include "lib/pool.h"
#include "lib/switch.h"
#include "lib/tap.h"
#include "lib/together.h"

/* One run of a server, from its startup events to its last message and beyond, on whatever thread has the reader's role. */

void
butler__server_set_state (ButlerServer      *server,
                          ButlerServerState  state)
{
  if (server->state == state)
    return;
  server->state = state;
  g_cond_broadcast (&server->hub->changed);
}

/* A step of the start is over when what it held is released; it fails by what it returned, by butler_context_fail(), then or later, or
 * if what it held did not come back after the server was stopped. What a step that failed began is cancelled. */
static gboolean
settle (ButlerServer *server,
        gboolean      ok,
        GError       *failure,
        const char   *what,
        GError      **error)
{
  gboolean over;

  butler__context_leave (&server->context);
  over = butler__pending_wait (server, ok ? -1 : 0, !ok);
  if (failure == NULL)
    failure = g_steal_pointer (&server->context.error);
  if (ok && over && failure == NULL)
    return TRUE;
  if (ok && failure == NULL)
    failure = g_error_new (BUTLER_ERROR, BUTLER_ERROR_CANCELLED, "%s was not over when the server was stopped", what);
  if (failure == NULL)
    failure = g_error_new (BUTLER_ERROR, BUTLER_ERROR_FAILED, "%s failed without saying why", what);
  g_clear_error (&server->context.error);
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
run_set_start (ButlerServer *server,
               GError      **error)
{
  const ButlerHandlerSet *set = &server->handlers->set;
  GError *failure = NULL;
  gboolean ok;

  server->busy = TRUE;
  ok = set->start == NULL || set->start (server->record, server->settings, &server->context, &failure);
  server->busy = FALSE;
  return settle (server, ok, failure, "its start function", error);
}

static gboolean
run_startup_event (ButlerServer *server,
                   guint         n,
                   GError      **error)
{
  g_autofree char *what = g_strdup_printf ("startup event %u", n + 1);
  GError *failure = NULL;
  gboolean ok;

  server->busy = TRUE;
  ok = butler__events_run_startup (&server->startup, n, &server->context, &failure);
  server->busy = FALSE;
  return settle (server, ok, failure, what, error);
}

static gboolean
run_startup_events (ButlerServer *server,
                    GError      **error)
{
  for (guint i = 0; i < butler__events_get_n (&server->startup); i++)
    if (!run_startup_event (server, i, error))
      return FALSE;
  return TRUE;
}

static gint64
get_limit (ButlerServer *server)
{
  return butler__server_is_killed (server) ? 0 : server->end_limit;
}

/* What the shutdown events and the stop function hold is waited for too. */
static void
run_set_stop (ButlerServer *server)
{
  server->busy = TRUE;
  if (server->handlers->set.stop != NULL)
    server->handlers->set.stop (server->record, &server->context);
  server->busy = FALSE;
  if (server->context.error != NULL)
    butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s failed in its stop function: %s", server->name,
                 server->context.error->message);
  g_clear_error (&server->context.error);
  butler__context_leave (&server->context);
  butler__pending_wait (server, get_limit (server), TRUE);
}

gboolean
butler__server_run_startup (ButlerServer *server,
                            GError      **error)
{
  gboolean ok = FALSE;
  gboolean set_started;
  ButlerCall call;

  server->record = server->given_state != NULL ? server->given_state : butler_record_new (server->handlers->set.state);
  server->starting = TRUE;
  butler__call_begin (&call, server, BUTLER__CALL_START, NULL);
  set_started = run_set_start (server, error);
  if (set_started)
    ok = run_startup_events (server, error);
  butler__call_end (&call, error != NULL ? *error : NULL);
  server->starting = FALSE;
  if (set_started && !ok)
    {
      if (!server->recovery.down)
        butler__server_begin_ending (server);
      run_set_stop (server);
    }
  return ok;
}

void
butler__server_run_shutdown (ButlerServer *server)
{
  ButlerCall call;

  butler__pending_wait (server, get_limit (server), TRUE);
  butler__call_begin (&call, server, BUTLER__CALL_STOP, NULL);
  server->busy = TRUE;
  butler__events_run_shutdown (&server->shutdown, &server->context);
  server->busy = FALSE;
  run_set_stop (server);
  butler__call_end (&call, NULL);
}

void
butler__server_drop_state (ButlerServer *server)
{
  if (server->given_state == NULL && server->record != NULL)
    butler_record_free (server->record);
  g_clear_pointer (&server->old_settings, g_ptr_array_unref);
  server->record = NULL;
  butler__pending_wait (server, 0, TRUE); /* what the functions of the state began just now */
  g_clear_error (&server->context.error);
  g_clear_object (&server->cancellable);
  server->context.cancellable = NULL;
}

/* What waits for a server that did not start reaches nobody. The reader's role is held. */
static void
bury_waiting (ButlerServer *server)
{
  butler_channel_close (server->channel);
  butler__channel_discard (server->channel, BUTLER_DEAD_UNSTARTED);
  butler__channel_close_internal (server->channel);
}

/* A source that found the server starting sleeps without being armed. The mutex is held. */
static void
wake_context (ButlerServer *server)
{
  GMainContext *context = butler__server_get_context (server);

  if (context != NULL)
    g_main_context_wakeup (context);
}

/* Who had the role on another thread than that of the source has ended the source's sleep, so that nobody would be
 * woken now: it looks again. The mutex is held. */
static void
wake_other_context (ButlerServer *server)
{
  GMainContext *context = butler__server_get_context (server);

  if (context != NULL && !g_main_context_is_owner (context))
    g_main_context_wakeup (context);
}

gboolean
butler__server_begin (ButlerServer *server)
{
  ButlerServer *before = butler__here_set (server);
  GError *error = NULL;
  gboolean ok = butler__server_run_startup (server, &error);

  if (!ok)
    {
      butler__server_drop_state (server);
      bury_waiting (server);
      g_prefix_error (&error, "server %s did not start: ", server->name);
    }
  butler__hub_lock (server->hub);
  if (ok)
    {
      if (server->comes_late)
        butler__channel_request (server->channel, BUTLER__REQUEST_SWAP);
      server->comes_late = FALSE;
      if (server->reserved)
        server->thread_id = gettid ();
      butler__server_set_state (server, butler_channel_is_closed (server->channel) ? BUTLER_SERVER_STOPPING : BUTLER_SERVER_RUNNING);
      wake_context (server);
    }
  server->start_error = error;
  butler__hub_unlock (server->hub);
  if (ok)
    atomic_store_explicit (&server->begun, server->run, memory_order_release); /* who looks for it wants the mutex next */
  if (ok && server->polled)
    butler__server_arm_descriptor (server);
  butler__here_set (before);
  return ok;
}

static gboolean
has_failed (ButlerServer *server)
{
  gboolean failed;

  butler__hub_lock (server->hub);
  failed = server->recovery.cause != NULL;
  butler__hub_unlock (server->hub);
  return failed;
}

/* Everything accepted is handled, or a dead letter. A loop of the user's own may have come back before that, or before any stop. */
static void
drain (ButlerServer *server)
{
  butler_channel_close (server->channel);
  while (!butler__server_has_ended (server))
    if (butler__server_dispatch (server, BUTLER__BATCH) == 0)
      butler__channel_wait (server->channel, -1);
  butler__server_bury_again (server);
  butler__channel_discard (server->channel, has_failed (server) ? BUTLER_DEAD_FAILED : BUTLER_DEAD_KILLED);
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_KILL);
}

void
butler__server_finish (ButlerServer *server)
{
  ButlerServer *before = butler__here_set (server);

  butler__hub_lock (server->hub);
  server->finishing = TRUE;
  butler__server_set_state (server, BUTLER_SERVER_STOPPING);
  butler__hub_unlock (server->hub);

  drain (server);
  butler__timers_cancel_all (server);
  butler__server_begin_ending (server);
  if (!server->recovery.down)
    butler__server_run_shutdown (server);
  butler__server_drop_state (server);
  butler__channel_close_internal (server->channel);
  butler__here_set (before);
}

void
butler__server_announce_end (ButlerServer     *server,
                             ButlerServerState state)
{
  GSource *source;
  ButlerNews news;
  g_autofree char *cause = NULL;

  butler__timers_cancel_all (server); /* of a start that failed */
  butler__hub_lock (server->hub);
  wake_context (server); /* a loop of the program's own may look at the state between two passes */
  source = butler__server_steal_source (server);
  server->thread_id = 0;
  if (server->recovery.cause != NULL)
    cause = g_strdup (server->recovery.cause->message);
  butler__server_set_state (server, cause != NULL ? BUTLER_SERVER_FAILED : state);
  butler__server_end_run (server);
  butler__together_leave (server);
  news = butler__news_take (server);
  butler__hub_unlock (server->hub);
  if (cause != NULL)
    butler__log (G_LOG_LEVEL_WARNING, server->name, NULL, "server %s has ended: %s", server->name, cause);
  butler__news_tell (&news, server);
  butler__source_end (source);
  butler__hub_go_on_shutting_down (server->hub);
}

gboolean
butler__server_is_ended_elsewhere (ButlerServer *server,
                                   gint64        deadline)
{
  gboolean elsewhere;

  if (server->loop != NULL || butler__channel_is_mine (server->channel))
    return FALSE;
  butler__hub_lock (server->hub);
  elsewhere = server->finishing || !butler__server_is_active (server);
  while (server->finishing && butler__server_is_active (server) && deadline != 0)
    if (deadline < 0)
      g_cond_wait (&server->hub->changed, &server->hub->mutex);
    else if (!g_cond_wait_until (&server->hub->changed, &server->hub->mutex, deadline))
      break;
  butler__hub_unlock (server->hub);
  return elsewhere;
}

void
butler__server_announce_free (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  if (server->state == BUTLER_SERVER_STOPPING || butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
    g_cond_broadcast (&server->hub->changed);
  wake_other_context (server);
  butler__hub_unlock (server->hub);
}

gboolean
butler__server_claim_or_close (ButlerServer *server)
{
  if (butler__channel_claim (server->channel))
    return TRUE;
  butler_channel_close (server->channel);
  return FALSE;
}

static gboolean
run (ButlerServer *server)
{
  if (!butler__server_begin (server))
    return FALSE;
  server->loop (server, server->loop_data);
  butler__server_finish (server);
  return TRUE;
}

/* By nobody any more. */
static gboolean
is_wanted (gpointer nothing G_GNUC_UNUSED)
{
  return FALSE;
}

static gboolean
claim_as_thread (ButlerServer *server)
{
  if (server->reserved)
    {
      butler__channel_claim_reserved (server->channel);
      return TRUE;
    }
  butler__hub_lock (server->hub);
  server->thread_id = gettid ();
  butler__hub_unlock (server->hub);
  return butler__server_claim_or_close (server);
}

gpointer
butler__server_thread (gpointer data)
{
  g_autoptr (ButlerServer) server = data;
  GMainContext *context = server->main_context;
  gboolean claimed = claim_as_thread (server);
  gboolean begun;

  if (context != NULL)
    g_main_context_push_thread_default (context);
  butler__here_set (server);
  begun = claimed && run (server);
  if (context != NULL)
    g_main_context_pop_thread_default (context);
  if (claimed)
    butler__channel_release (server->channel);
  butler__server_announce_end (server, begun ? BUTLER_SERVER_STOPPED : BUTLER_SERVER_FAILED);
  butler__pool_tidy (is_wanted, NULL);
  return NULL;
}
