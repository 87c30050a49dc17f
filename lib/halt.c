/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/halt.h"

#include <threadbutler/error.h>

#include "lib/candidate.h"
#include "lib/pending.h"

/* The servers of one swap stand still together. All that is not said to be without it holds the hub's mutex. */

typedef struct
{
  ButlerHub    *hub;
  ButlerHalt   *halt;       /* (owned) */
  GPtrArray    *candidates; /* (unowned) */
  GPtrArray    *moves;      /* (unowned) */
  GPtrArray    *claimed;    /* (owned): ButlerMove, whose servers have no thread: they are moved here */
  GPtrArray    *over;       /* (owned): ButlerMove (owned), to be freed without the mutex: the last reference of a server goes with it */
  GCancellable *cancellable; /* (unowned) (nullable) */
} Halting;

/* Servers without a thread */

/* Takes the reader's role of a server that nobody dispatches. Who did so before is to be taken for its thread again afterwards. One
 * that starts is left to who starts it, also before that has the role. */
static gboolean
claim (ButlerServer *server,
       GThread     **before)
{
  gboolean runs = server->state == BUTLER_SERVER_RUNNING || server->state == BUTLER_SERVER_STOPPING;

  if (server->loop != NULL || server->source != NULL || !runs || server->finishing)
    return FALSE;
  server->lent = butler__channel_claim_from (server->channel, before);
  return server->lent;
}

/* Without the mutex: the release may free messages that somebody wanted cleared. */
static void
unclaim (ButlerServer *server,
         GThread      *before)
{
  ButlerChannel *channel = server->channel;
  GThread *self = butler__waits_hand_over (channel->waits, &channel->served, before);

  g_clear_pointer (&self, g_thread_unref);
  butler__channel_release (channel);
  butler__hub_lock (server->hub);
  server->lent = FALSE;
  g_cond_broadcast (&server->hub->changed);
  butler__hub_unlock (server->hub);
}

gboolean
butler__halt_bring_over (ButlerHub *hub,
                         GPtrArray *servers)
{
  gboolean found = FALSE;

  for (guint i = 0; i < servers->len && !found; i++)
    {
      ButlerServer *server = servers->pdata[i];
      GThread *before;

      if (!butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP) || !claim (server, &before))
        continue;
      butler__hub_unlock (hub);
      butler__server_come_over (server);
      unclaim (server, before);
      butler__hub_lock (hub);
      found = TRUE;
    }
  return found;
}

/* Arriving */

static void
ask (Halting    *self,
     ButlerMove *move)
{
  ButlerServer *server = move->server;

  move->earlier = g_steal_pointer (&server->move); /* of a swap that came too late for its run */
  server->move = move;
  if (!butler__server_is_active (server) || server->ending)
    return;
  server->halt = butler__halt_ref (self->halt);
  self->halt->arriving++;
  butler__waits_admit (self->hub->waits, &server->channel->served, BUTLER__ADMITS_HALT, TRUE);
  butler__channel_request (server->channel, BUTLER__REQUEST_SWAP);
}

/* All admit each other before any that waits for room looks again: it would not look twice. */
static void
ask_all (Halting *self)
{
  self->halt->phase = BUTLER__HALT_ARRIVING;
  for (guint i = 0; i < self->moves->len; i++)
    ask (self, self->moves->pdata[i]);
  for (guint i = 0; i < self->moves->len; i++)
    butler__credits_wake (&((ButlerMove *) self->moves->pdata[i])->server->channel->credits);
  g_cond_broadcast (&self->hub->changed);
}

/* From now on servers start and end with regard to it. */
static void
set_halt (Halting    *self,
          ButlerHalt *halt)
{
  for (guint i = 0; i < self->candidates->len; i++)
    ((ButlerCandidate *) self->candidates->pdata[i])->module->halt = halt;
  g_cond_broadcast (&self->hub->changed);
}

/* It is left to who dispatches it, and so ends what it holds. The mutex is let go. */
static void
leave_held (Halting    *self,
            ButlerMove *move)
{
  move->left = TRUE;
  butler__hub_unlock (self->hub);
  unclaim (move->server, g_steal_pointer (&move->before));
  butler__hub_lock (self->hub);
}

/* TRUE if it let go of the mutex: what it looked at before may have changed. */
static gboolean
claim_idle (Halting *self)
{
  for (guint i = 0; i < self->moves->len; i++)
    {
      ButlerMove *move = self->moves->pdata[i];
      ButlerServer *server = move->server;

      if (server->halt != self->halt || move->arrived || move->left || !claim (server, &move->before))
        continue;
      if (butler__pending_is_held (server))
        {
          leave_held (self, move);
          return TRUE;
        }
      move->since = butler__now_in_ns ();
      move->arrived = TRUE;
      self->halt->arriving--;
      g_ptr_array_add (self->claimed, move);
    }
  return FALSE;
}

static gboolean
has_time (Halting *self,
          GError **error)
{
  if (self->hub->gone)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "nothing was swapped: the hub ends");
  return !self->hub->gone && !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static char *
describe_delay (const ButlerServer *server)
{
  const char *doing = atomic_load_explicit (&server->doing, memory_order_relaxed);

  if (doing != NULL)
    return g_strdup_printf ("server %s is in its handler of %s", server->name, doing);
  if (server->state == BUTLER_SERVER_STARTING)
    return g_strdup_printf ("server %s is starting", server->name);
  return g_strdup_printf ("server %s did not come to a boundary: something that it holds goes on, or its loop does not dispatch it",
                          server->name);
}

static void
set_late (Halting *self,
          GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->moves->len; i++)
    {
      const ButlerMove *move = self->moves->pdata[i];
      g_autofree char *line = NULL;

      if (move->server->halt != self->halt || (move->arrived && self->halt->phase == BUTLER__HALT_ARRIVING))
        continue;
      if (self->halt->phase == BUTLER__HALT_ARRIVING)
        line = describe_delay (move->server);
      else if (!move->prepared)
        line = g_strdup_printf ("the swapped function of server %s has not returned", move->server->name);
      if (line != NULL)
        g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", line);
    }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_TIMED_OUT, "nothing was swapped within %" G_GINT64_FORMAT " ms: %s",
               self->hub->swap_limit / 1000, text->str);
}

/* Until *@count is 0. */
static gboolean
wait_for (Halting *self,
          guint   *count,
          GError **error)
{
  gboolean in_time = TRUE;

  for (;;)
    {
      if (self->halt->phase == BUTLER__HALT_ARRIVING && claim_idle (self))
        continue;
      if (!has_time (self, error))
        return FALSE;
      if (*count == 0)
        return TRUE;
      if (!in_time)
        {
          set_late (self, error);
          return FALSE;
        }
      in_time = g_cond_wait_until (&self->hub->changed, &self->hub->mutex, self->halt->deadline);
    }
}

/* (nullable): one that has not gone on yet after an earlier swap, which was given up or is only just over. */
static const ButlerServer *
find_staying (Halting *self)
{
  for (guint i = 0; i < self->moves->len; i++)
    if (((ButlerMove *) self->moves->pdata[i])->server->halt != NULL)
      return ((ButlerMove *) self->moves->pdata[i])->server;
  return NULL;
}

/* Till then the halts and moves of the servers are those of that swap. */
static gboolean
wait_until_free (Halting *self,
                 GError **error)
{
  const ButlerServer *staying;
  gboolean in_time = TRUE;

  while ((staying = find_staying (self)) != NULL && in_time)
    {
      if (!has_time (self, error))
        return FALSE;
      in_time = g_cond_wait_until (&self->hub->changed, &self->hub->mutex, self->halt->deadline);
    }
  if (staying != NULL)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_TIMED_OUT,
                 "nothing was swapped within %" G_GINT64_FORMAT " ms: the swapped function of server %s, of a swap that was given up, "
                 "has not returned", self->hub->swap_limit / 1000, staying->name);
  return staying == NULL;
}

/* Changing */

/* Without the mutex. */
static void
change_claimed (Halting *self,
                GError **error)
{
  for (guint i = 0; i < self->claimed->len; i++)
    {
      ButlerMove *move = self->claimed->pdata[i];
      GError *failure = NULL;

      butler__move_prepare (move, &failure);
      move->prepared = TRUE;
      if (failure != NULL && *error == NULL)
        *error = g_steal_pointer (&failure);
      g_clear_error (&failure);
    }
}

static gboolean
change (Halting *self,
        GError **error)
{
  GError *failure = NULL;

  self->halt->changing = self->halt->staying;
  self->halt->phase = BUTLER__HALT_CHANGING;
  g_cond_broadcast (&self->hub->changed);
  butler__hub_unlock (self->hub);
  change_claimed (self, &failure);
  butler__hub_lock (self->hub);
  if (failure == NULL && !wait_for (self, &self->halt->changing, error))
    return FALSE;
  if (failure == NULL)
    failure = g_steal_pointer (&self->halt->error);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/* The verdict */

/* What becomes of a move whose server did not arrive, as it does not run, or not any more, or is in a handler. */
static void
settle_absent (Halting    *self,
               ButlerMove *move,
               gboolean    committed)
{
  ButlerServer *server = move->server;

  if (g_steal_pointer (&server->halt) != NULL)
    {
      butler__channel_request (server->channel, BUTLER__REQUEST_SWAP); /* it may sleep till the deadline, to arrive */
      butler__halt_unref (self->halt);
    }
  if (committed && server->module != NULL && butler__server_is_active (server))
    {
      server->rolls = FALSE; /* it ends, and then takes this, which is its own from now on */
      return;
    }
  if (committed && server->module != NULL)
    butler__move_apply (move);
  server->move = committed ? NULL : g_steal_pointer (&move->earlier);
  g_ptr_array_add (self->over, move);
}

/* Those that ended meanwhile left it to who ends the halt. */
static void
leave_to_their_own (Halting *self)
{
  set_halt (self, NULL);
  for (guint i = 0; i < self->hub->servers->len; i++)
    {
      ButlerServer *server = self->hub->servers->pdata[i];

      if (server->module != NULL && server->module->halt == NULL && !butler__server_is_active (server))
        butler__server_take_left (server);
    }
}

/* If it was for nothing the bit stays: an earlier swap may have set it too. */
static void
settle_claimed (ButlerMove *move,
                gboolean    committed)
{
  ButlerServer *server = move->server;

  g_clear_pointer (&server->halt, butler__halt_unref);
  server->move = NULL;
  server->pause = butler__now_in_ns () - move->since;
  if (!committed)
    return;
  butler__channel_drop_request (server->channel, BUTLER__REQUEST_SWAP);
  butler__move_install (move);
}

/* All moves are their servers' from here on. */
static void
settle (Halting *self,
        gboolean committed)
{
  for (guint i = 0; i < self->moves->len; i++)
    {
      ButlerMove *move = self->moves->pdata[i];

      butler__waits_admit (self->hub->waits, &move->server->channel->served, BUTLER__ADMITS_HALT, FALSE);
      if (!move->arrived)
        settle_absent (self, move, committed);
      else if (g_ptr_array_find (self->claimed, move, NULL))
        settle_claimed (move, committed);
    }
  g_ptr_array_set_free_func (self->moves, NULL);
  g_ptr_array_set_size (self->moves, 0);
}

/* Without the mutex. */
static void
finish_claimed (Halting *self,
                gboolean committed)
{
  for (guint i = 0; i < self->claimed->len; i++)
    {
      ButlerMove *move = self->claimed->pdata[i];
      g_autoptr (ButlerServer) server = butler_server_ref (move->server);
      GThread *before = g_steal_pointer (&move->before);

      butler__move_finish (move, committed);
      unclaim (server, before);
    }
}

/* Then nothing of the swap goes on: what it was to commit is committed, and the old code is let go. Not for ever, as a function that
 * commits may wait for who swaps. */
static void
wait_until_gone_on (Halting *self)
{
  gboolean in_time = TRUE;

  while (self->halt->staying > 0 && in_time)
    in_time = g_cond_wait_until (&self->hub->changed, &self->hub->mutex, self->halt->deadline);
}

gboolean
butler__halt_run (ButlerHub    *hub,
                  GPtrArray    *candidates,
                  GPtrArray    *moves,
                  gboolean    (*publish) (ButlerHub *hub, GPtrArray *candidates, GPtrArray *moves, GError **error),
                  GCancellable *cancellable,
                  GError      **error)
{
  Halting self = { hub, butler__halt_new (g_get_monotonic_time () + hub->swap_limit), candidates, moves, g_ptr_array_new (),
                   g_ptr_array_new_with_free_func ((GDestroyNotify) butler__move_free), cancellable };
  gboolean committed = FALSE;

  set_halt (&self, self.halt);
  if (wait_until_free (&self, error))
    {
      ask_all (&self);
      committed = wait_for (&self, &self.halt->arriving, error) && change (&self, error) && publish (hub, candidates, moves, error);
      self.halt->phase = committed ? BUTLER__HALT_COMMITTED : BUTLER__HALT_ABORTED;
      settle (&self, committed);
    }
  leave_to_their_own (&self);
  butler__hub_unlock (hub);
  finish_claimed (&self, committed);
  g_ptr_array_unref (self.over);
  butler__hub_lock (hub);
  wait_until_gone_on (&self);
  butler__halt_unref (self.halt);
  g_ptr_array_unref (self.claimed);
  return committed;
}
