/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/guard.h"

#include "lib/tap.h"
#include "lib/watchdog.h"

/* A message belongs to its handler, which may free it: so who looks from outside needs a reference of the question of its own. */

struct _ButlerGuard
{
  ButlerTap       tap;      /* first */
  GMutex          mutex;    /* a leaf lock */
  ButlerQuestion *question; /* (owned) (nullable), under the mutex: while the handler runs */
};

static void
exchange (ButlerGuard    *self,
          ButlerQuestion *question)
{
  ButlerQuestion *old;

  g_mutex_lock (&self->mutex);
  old = self->question;
  self->question = question;
  g_mutex_unlock (&self->mutex);
  if (old != NULL)
    butler__question_unref (old);
}

static gboolean
begin (ButlerTap  *tap,
       ButlerCall *call)
{
  if (call->message != NULL && call->message->ask != NULL)
    exchange ((ButlerGuard *) tap, butler__question_ref ((ButlerQuestion *) call->message->ask));
  return TRUE;
}

static gboolean
hear (ButlerTap  *tap G_GNUC_UNUSED,
      ButlerCall *call G_GNUC_UNUSED,
      ButlerDeed *deed G_GNUC_UNUSED)
{
  return FALSE;
}

static void
end (ButlerTap    *tap,
     ButlerCall   *call G_GNUC_UNUSED,
     const GError *failure G_GNUC_UNUSED)
{
  exchange ((ButlerGuard *) tap, NULL);
}

static void
guard_free (ButlerTap *tap)
{
  ButlerGuard *self = (ButlerGuard *) tap;

  g_mutex_clear (&self->mutex);
  g_free (self);
}

static const ButlerTapKind guard_kind = { .begin = begin, .hear = hear, .end = end, .free = guard_free };

/* It stays as long as the server: the policy may change back. */
void
butler__guard_begin (ButlerServer *server)
{
  ButlerGuard *self;

  if (server->guard != NULL || butler__server_get_policy (server).late_asks != BUTLER_ASKS_FAIL
      || butler__overrun_get_limit (server) == 0)
    return;
  self = g_new0 (ButlerGuard, 1);
  butler__tap_init (&self->tap, &guard_kind, (ButlerObserver *) (gpointer) self); /* no observer's */
  g_mutex_init (&self->mutex);
  server->guard = self;
  butler__taps_add (server, &self->tap);
}

ButlerQuestion *
butler__guard_look (ButlerServer *server)
{
  ButlerQuestion *question = NULL;
  ButlerGuard *self = server->guard;

  if (self == NULL)
    return NULL;
  g_mutex_lock (&self->mutex);
  if (self->question != NULL && atomic_load_explicit (&self->question->place, memory_order_relaxed) == server->channel)
    question = butler__question_ref (self->question);
  g_mutex_unlock (&self->mutex);
  return question;
}
