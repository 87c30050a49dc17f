/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/switch.h"

#include <time.h>

#include "lib/pending.h"
#include "lib/watchdog.h"

gint64
butler__now_in_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

ButlerHalt *
butler__halt_new (gint64 deadline)
{
  ButlerHalt *halt = g_new0 (ButlerHalt, 1);

  g_atomic_ref_count_init (&halt->ref_count);
  halt->deadline = deadline;
  return halt;
}

ButlerHalt *
butler__halt_ref (ButlerHalt *halt)
{
  g_atomic_ref_count_inc (&halt->ref_count);
  return halt;
}

void
butler__halt_unref (ButlerHalt *halt)
{
  if (!g_atomic_ref_count_dec (&halt->ref_count))
    return;
  g_clear_error (&halt->error);
  g_free (halt);
}

/* Moving on without a halt. The mutex is held. */

/* (transfer full): the handlers that @server had. The old generation may go from here on. */
static ButlerHandlers *
set_generation (ButlerServer     *server,
                ButlerGeneration *generation,
                ButlerHandlers   *handlers)
{
  ButlerHandlers *old = server->handlers;

  server->handlers = butler__handlers_ref (handlers);
  butler__unpin (&server->pin);
  butler__pin (&server->pin, generation, "server", server->name, NULL);
  atomic_store_explicit (&server->generation, generation->number, memory_order_relaxed);
  return old;
}

static void
keep_stray (ButlerServer *server,
            char         *stray)
{
  if (stray != NULL)
    butler__generation_stay (server->pin.generation, stray);
}

static void
take_current (ButlerServer *server)
{
  ButlerGeneration *current = server->module->current;

  server->rolls = FALSE;
  if (server->pin.generation == current)
    return;
  if (server->record != NULL)
    keep_stray (server, butler__state_find_stray (server->handlers->state, server->record, &server->pin.generation->image,
                                                  server->name));
  butler__handlers_unref (set_generation (server, current, butler__generation_find (current, server->handlers->set.name)));
}

/* With a halt */

static gboolean
still_arriving (gpointer data)
{
  ButlerServer *server = data;
  gboolean arriving;

  /* Asked anew: that halt is over, and this is the next one. */
  if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
    return FALSE;
  butler__hub_lock (server->hub);
  arriving = server->halt != NULL && server->halt->phase == BUTLER__HALT_ARRIVING;
  butler__hub_unlock (server->hub);
  return arriving;
}

/* The mutex is held, and let go. */
static void
change (ButlerServer *server,
        ButlerHalt   *halt)
{
  ButlerMove *move = server->move;
  GError *error = NULL;

  butler__hub_unlock (server->hub);
  butler__move_prepare (move, &error);
  butler__hub_lock (server->hub);
  if (halt->error == NULL)
    halt->error = g_steal_pointer (&error);
  g_clear_error (&error);
  move->prepared = TRUE;
  halt->changing--;
  g_cond_broadcast (&server->hub->changed);
  while (halt->phase == BUTLER__HALT_CHANGING)
    g_cond_wait (&server->hub->changed, &server->hub->mutex);
}

static void
stand_still (ButlerServer *server,
             ButlerHalt   *halt)
{
  ButlerMove *move = server->move;
  gboolean committed;

  move->arrived = TRUE;
  halt->arriving--;
  halt->staying++;
  g_cond_broadcast (&server->hub->changed);
  while (halt->phase == BUTLER__HALT_ARRIVING)
    g_cond_wait (&server->hub->changed, &server->hub->mutex);
  if (halt->phase == BUTLER__HALT_CHANGING)
    change (server, halt);
  committed = halt->phase == BUTLER__HALT_COMMITTED;
  if (committed)
    butler__move_install (move);
  server->halt = NULL;
  server->move = NULL;
  server->pause = butler__now_in_ns () - move->since;
  butler__hub_unlock (server->hub);
  butler__move_finish (move, committed);
  butler__hub_lock (server->hub);
  halt->staying--;
  g_cond_broadcast (&server->hub->changed);
  butler__halt_unref (halt);
}

/* What is held has callbacks in old code, which know the old state. The mutex is held, and let go meanwhile. */
static void
come_to_halt (ButlerServer *server,
              gint64        since)
{
  gint64 deadline = server->halt->deadline;
  gboolean settled;

  butler__hub_unlock (server->hub);
  settled = butler__pending_settle (server, deadline, still_arriving);
  butler__hub_lock (server->hub);
  if (!settled || server->halt == NULL || server->halt->phase != BUTLER__HALT_ARRIVING)
    return;
  server->move->since = since;
  stand_still (server, server->halt);
}

void
butler__server_come_over (ButlerServer *server)
{
  gint64 since = butler__now_in_ns ();

  if (server->coming_over)
    return;
  butler__hub_lock (server->hub);
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_SWAP);
  if (server->rolls)
    {
      take_current (server);
      server->pause = butler__now_in_ns () - since;
      g_cond_broadcast (&server->hub->changed);
    }
  if (server->halt != NULL && (server->starting || server->ending || server->recovery.deaf))
    server->comes_late = TRUE;
  else if (server->halt != NULL)
    {
      server->coming_over = TRUE;
      come_to_halt (server, since);
      server->coming_over = FALSE;
    }
  butler__watchdog_note_run (server); /* its policy may be another one */
  butler__hub_unlock (server->hub);
}

/* Runs that begin and end meanwhile */

/* One that was not asked does not join: its move, if it has one, is that of an earlier swap, which it takes when this one is over. */
static gboolean
must_wait (const ButlerServer *server)
{
  const ButlerHalt *halt = server->module->halt;

  return halt != NULL && (server->move == NULL || halt->phase != BUTLER__HALT_ARRIVING);
}

gboolean
butler__server_await_halt (ButlerServer *server)
{
  gboolean waited = FALSE;

  while (server->module != NULL && must_wait (server))
    {
      g_cond_wait (&server->hub->changed, &server->hub->mutex);
      waited = TRUE;
    }
  return waited;
}

void
butler__server_begin_run (ButlerServer *server)
{
  if (server->module == NULL)
    return;
  if (server->rolls)
    take_current (server); /* the run before had ended while others stood still */
  if (server->module->halt == NULL)
    return;
  server->halt = butler__halt_ref (server->module->halt);
  server->halt->arriving++;
  butler__waits_admit (server->hub->waits, &server->channel->served, BUTLER__ADMITS_HALT, TRUE);
  butler__credits_wake (&server->channel->credits);
  butler__channel_request (server->channel, BUTLER__REQUEST_SWAP);
}

void
butler__server_begin_ending (ButlerServer *server)
{
  butler__hub_lock (server->hub);
  server->ending = TRUE;
  butler__server_leave_halt (server);
  butler__hub_unlock (server->hub);
  butler__server_come_over (server);
}

gboolean
butler__server_await_return (ButlerServer *server)
{
  gboolean lent;

  if (server->loop != NULL || butler__channel_is_mine (server->channel))
    return FALSE;
  butler__hub_lock (server->hub);
  lent = server->lent;
  while (server->lent)
    g_cond_wait (&server->hub->changed, &server->hub->mutex);
  lent |= !butler__channel_has_reader (server->channel); /* it was given back before it could be looked at */
  butler__hub_unlock (server->hub);
  return lent;
}

void
butler__server_leave_halt (ButlerServer *server)
{
  ButlerHalt *halt = g_steal_pointer (&server->halt);

  if (halt == NULL)
    return;
  halt->arriving--;
  g_cond_broadcast (&server->hub->changed);
  butler__halt_unref (halt);
}

void
butler__server_end_run (ButlerServer *server)
{
  if (server->module == NULL)
    return;
  butler__server_leave_halt (server);
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_SWAP);
  server->ending = FALSE;
  server->comes_late = FALSE;
  if (server->module->halt != NULL)
    return; /* whoever ends it sees that the server does not run */
  butler__server_take_left (server);
}

void
butler__server_take_left (ButlerServer *server)
{
  if (server->move != NULL)
    {
      butler__move_apply (server->move);
      butler__move_free (g_steal_pointer (&server->move));
    }
  take_current (server);
}

void
butler__server_leave_module (ButlerServer *server)
{
  butler__unpin (&server->pin);
  server->rolls = FALSE;
  if (server->module != NULL && server->module->halt == NULL)
    g_clear_pointer (&server->move, butler__move_free);
  server->module = NULL;
}
