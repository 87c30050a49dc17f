/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/together.h"

#include "lib/log.h"
#include "lib/switch.h"

/* Each does its part on its own thread, and sleeps on its own channel until the others have done theirs: so it is woken by what is asked
 * of it, too. All of this is under the hub's mutex. */

struct _ButlerTogether
{
  GPtrArray *members; /* (owned): servers, not owned, as they were made. Who has come up, or ended, leaves */
  gboolean   rises;   /* all were down at once */
  gboolean   hurries; /* one of them is to stop */
  gint64     since;   /* when the last of them did its part, monotonic, µs */
  gint64     limit;   /* how long they wait for one to come down, µs */
};

/* What is held has its limit twice, before the shutdown events and after them, and then this to come back when it is cancelled. */
#define GRACE (1 * G_USEC_PER_SEC)

static gboolean
are_all_down (const ButlerTogether *self)
{
  for (guint i = 0; i < self->members->len; i++)
    if (((ButlerServer *) self->members->pdata[i])->recovery.stage != BUTLER__STAGE_DOWN)
      return FALSE;
  return TRUE;
}

/* Those that wait look anew whose turn it is. */
static void
go_on (ButlerTogether *self)
{
  self->since = g_get_monotonic_time ();
  self->rises = self->rises || are_all_down (self);
  for (guint i = 0; i < self->members->len; i++)
    {
      ButlerServer *server = self->members->pdata[i];

      if (server->recovery.stage == BUTLER__STAGE_WAITS || server->recovery.stage == BUTLER__STAGE_DOWN)
        butler__channel_request (server->channel, BUTLER__REQUEST_RESTART);
    }
}

static void
together_free (ButlerTogether *self)
{
  g_ptr_array_unref (self->members);
  g_free (self);
}

/* A handler that sends to one that waits for it need not wait for room there. */
static void
join (ButlerTogether *self,
      ButlerServer   *server)
{
  server->recovery.together = self;
  self->limit = MAX (self->limit, 2 * (server->end_limit + GRACE));
  butler__waits_admit (server->hub->waits, &server->channel->served, BUTLER__ADMITS_TOGETHER, TRUE);
  butler__credits_wake (&server->channel->credits);
}

static void
join_with_all (ButlerTogether *self,
               ButlerServer   *server)
{
  ButlerTogether *other = server->recovery.together;

  if (other == self)
    return;
  if (other == NULL)
    {
      join (self, server);
      return;
    }
  for (guint i = 0; i < other->members->len; i++)
    join (self, other->members->pdata[i]);
  self->hurries |= other->hurries;
  together_free (other);
}

static guint
count_threads (const GPtrArray *servers)
{
  guint n = 0;

  for (guint i = 0; i < servers->len; i++)
    n += ((ButlerServer *) servers->pdata[i])->loop != NULL;
  return n;
}

void
butler__together_begin (ButlerHub *hub,
                        GPtrArray *servers)
{
  ButlerTogether *self;

  if (count_threads (servers) < 2)
    return; /* who is to restart together with others already does so */
  self = g_new0 (ButlerTogether, 1);
  self->members = g_ptr_array_new ();
  for (guint i = 0; i < servers->len; i++)
    if (((ButlerServer *) servers->pdata[i])->loop != NULL)
      join_with_all (self, servers->pdata[i]);
  for (guint i = 0; i < hub->servers->len; i++)
    if (((ButlerServer *) hub->servers->pdata[i])->recovery.together == self)
      g_ptr_array_add (self->members, hub->servers->pdata[i]);
  go_on (self);
}

void
butler__together_leave (ButlerServer *server)
{
  ButlerTogether *self = g_steal_pointer (&server->recovery.together);

  server->recovery.stage = BUTLER__STAGE_UP;
  if (self == NULL)
    return;
  butler__waits_admit (server->hub->waits, &server->channel->served, BUTLER__ADMITS_TOGETHER, FALSE);
  g_ptr_array_remove (self->members, server);
  if (self->members->len > 0)
    go_on (self);
  else
    together_free (self);
}

void
butler__together_note (ButlerServer      *server,
                       ButlerRestartStage stage)
{
  ButlerTogether *self = server->recovery.together;

  server->recovery.stage = stage;
  if (stage == BUTLER__STAGE_UP && self != NULL && self->rises)
    butler__together_leave (server);
  else if (self != NULL && stage == BUTLER__STAGE_DOWN)
    go_on (self);
}

/* (nullable): whom @server waits for. Who is to go down waits for those behind it; who is down for all to be so, and then for those before
 * it. */
static ButlerServer *
find_next (const ButlerServer *server)
{
  ButlerTogether *self = server->recovery.together;

  if (self == NULL)
    return NULL;
  if (server->recovery.stage == BUTLER__STAGE_DOWN && self->rises)
    return self->members->pdata[0] != server ? self->members->pdata[0] : NULL;
  for (guint i = self->members->len; i > 0; i--)
    {
      ButlerServer *other = self->members->pdata[i - 1];

      if (other == server && server->recovery.stage == BUTLER__STAGE_WAITS)
        return NULL;
      if (other != server && other->recovery.stage != BUTLER__STAGE_DOWN)
        return other;
    }
  return NULL;
}

static gboolean
is_late (const ButlerServer *server)
{
  return server->recovery.stage == BUTLER__STAGE_UP || server->recovery.stage == BUTLER__STAGE_FALLS
         || server->recovery.stage == BUTLER__STAGE_RISES;
}

static void
note_late (GPtrArray          *lines,
           const ButlerServer *server)
{
  const char *type = atomic_load_explicit (&server->doing, memory_order_relaxed);

  g_ptr_array_add (lines, g_strdup (server->name));
  g_ptr_array_add (lines, g_strdup_printf ("server %s did not come down in time: it is in %s%s, and the others restart without it",
                                           server->name, type != NULL ? "its handler of " : "an event",
                                           type != NULL ? type : ""));
}

/* They restart all the same, each by itself, when they come to it. */
static void
leave_late (ButlerTogether *self,
            GPtrArray      *lines)
{
  g_autoptr (GPtrArray) late = g_ptr_array_new ();

  for (guint i = 0; i < self->members->len; i++)
    if (is_late (self->members->pdata[i]))
      g_ptr_array_add (late, self->members->pdata[i]);
  for (guint i = 0; i < late->len; i++)
    {
      ButlerServer *server = late->pdata[i];
      ButlerRestartStage stage = server->recovery.stage;

      note_late (lines, server);
      butler__together_leave (server);
      server->recovery.stage = stage;
    }
}

/* (nullable): whom to wait for until @deadline; startup events have no limit. */
static ButlerServer *
look (ButlerServer *server,
      gint64       *deadline,
      GPtrArray    *lines)
{
  ButlerTogether *self = server->recovery.together;

  if (self != NULL && !self->hurries && butler_channel_is_closed (server->channel))
    {
      self->hurries = TRUE;
      go_on (self);
    }
  if (self != NULL && !self->rises && find_next (server) != NULL && g_get_monotonic_time () >= self->since + self->limit)
    leave_late (self, lines);
  *deadline = self != NULL && !self->rises ? self->since + self->limit : -1;
  return find_next (server);
}

static void
say_all (const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i += 2)
    butler__log (G_LOG_LEVEL_WARNING, lines->pdata[i], NULL, "%s", (const char *) lines->pdata[i + 1]);
}

/* FALSE when it is its turn. The graph is entered for the sleep alone: what is seen to afterwards may wait by itself. */
static gboolean
sleep_once (ButlerServer *server)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  ButlerHub *hub = server->hub;
  ButlerServer *next;
  ButlerWait wait;
  gint64 deadline;

  butler__hub_lock (hub);
  next = look (server, &deadline, lines);
  if (next != NULL)
    butler__waits_insist (hub->waits, &wait, &next->channel->served);
  butler__hub_unlock (hub);
  say_all (lines);
  if (next == NULL)
    return FALSE;
  butler__channel_wait_control (server->channel, deadline, FALSE);
  butler__waits_leave (hub->waits, &wait);
  return TRUE;
}

gboolean
butler__together_await (ButlerServer *server)
{
  while (!butler__server_is_killed (server))
    {
      if (!sleep_once (server))
        return TRUE;
      butler__server_see_to_control (server);
    }
  return FALSE;
}

gboolean
butler__together_hurries (ButlerServer *server)
{
  gboolean hurries;

  butler__hub_lock (server->hub);
  hurries = server->recovery.together != NULL && server->recovery.together->hurries;
  butler__hub_unlock (server->hub);
  return hurries;
}
