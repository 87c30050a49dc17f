/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/tap.h"

#include <threadbutler/error.h>

#include "lib/ask.h"
#include "lib/log.h"
#include "lib/switch.h"

const char butler__call_start[] = "start";
const char butler__call_stop[] = "stop";

/* Immutable: a call that goes on keeps those it began with. */
struct _ButlerTaps
{
  gatomicrefcount ref_count;
  guint           n;
  ButlerTap      *taps[]; /* (owned) */
};

void
butler__tap_init (ButlerTap           *tap,
                  const ButlerTapKind *kind,
                  ButlerObserver      *observer)
{
  g_atomic_ref_count_init (&tap->ref_count);
  tap->kind = kind;
  tap->observer = observer;
}

void
butler__tap_unref (ButlerTap *tap)
{
  if (g_atomic_ref_count_dec (&tap->ref_count))
    tap->kind->free (tap);
}

static ButlerTap *
tap_ref (ButlerTap *tap)
{
  g_atomic_ref_count_inc (&tap->ref_count);
  return tap;
}

/* Sets of taps */

static void
taps_unref (ButlerTaps *taps)
{
  if (!g_atomic_ref_count_dec (&taps->ref_count))
    return;
  for (guint i = 0; i < taps->n; i++)
    butler__tap_unref (taps->taps[i]);
  g_free (taps);
}

static ButlerTaps *
get_taps (ButlerServer *server)
{
  ButlerTaps *taps;

  g_mutex_lock (&server->taps_lock);
  taps = atomic_load_explicit (&server->taps, memory_order_relaxed);
  if (taps != NULL)
    g_atomic_ref_count_inc (&taps->ref_count);
  g_mutex_unlock (&server->taps_lock);
  return taps;
}

/* @taps (transfer full) (nullable) */
static void
set_taps (ButlerServer *server,
          ButlerTaps   *taps)
{
  ButlerTaps *old;

  g_mutex_lock (&server->taps_lock);
  old = atomic_exchange_explicit (&server->taps, taps, memory_order_relaxed);
  g_mutex_unlock (&server->taps_lock);
  if (old != NULL)
    taps_unref (old);
}

/* Those of @old (nullable) but for @without's (nullable), and @more (transfer full) (nullable). NULL: none is left. */
static ButlerTaps *
taps_new (const ButlerTaps     *old,
          const ButlerObserver *without,
          ButlerTap            *more)
{
  guint n = (old != NULL ? old->n : 0) + 1;
  ButlerTaps *taps = g_malloc (sizeof *taps + n * sizeof (ButlerTap *));

  g_atomic_ref_count_init (&taps->ref_count);
  taps->n = 0;
  for (guint i = 0; i + 1 < n; i++)
    if (old->taps[i]->observer != without)
      taps->taps[taps->n++] = tap_ref (old->taps[i]);
  if (more != NULL)
    taps->taps[taps->n++] = more;
  if (taps->n == 0)
    g_clear_pointer (&taps, g_free);
  return taps;
}

void
butler__taps_add (ButlerServer *server,
                  ButlerTap    *tap)
{
  ButlerTaps *old = get_taps (server);

  set_taps (server, taps_new (old, NULL, tap));
  if (old != NULL)
    taps_unref (old);
}

static void
remove_tap (ButlerServer         *server,
            const ButlerObserver *observer)
{
  ButlerTaps *old = get_taps (server);

  if (old == NULL)
    return;
  set_taps (server, taps_new (old, observer, NULL));
  taps_unref (old);
}

void
butler__taps_end (ButlerServer *server)
{
  set_taps (server, NULL);
}

static void
tap (ButlerObserver *observer,
     ButlerServer   *server)
{
  ButlerTap *one = observer->kind->make_tap (observer, server);

  if (one != NULL)
    butler__taps_add (server, one);
}

void
butler__taps_begin (ButlerServer *server)
{
  for (GSList *item = server->hub->observers; item != NULL; item = item->next)
    tap (item->data, server);
}

/* Observers */

/* (nullable). The mutex is held. */
static ButlerObserver *
find_observer (ButlerHub                *hub,
               const ButlerObserverKind *kind)
{
  for (GSList *item = hub->observers; item != NULL; item = item->next)
    if (((ButlerObserver *) item->data)->kind == kind)
      return item->data;
  return NULL;
}

/* At the hub's end nobody asks any more how it went. */
static void
finish_all (ButlerHub *hub)
{
  while (hub->observers != NULL)
    {
      ButlerObserver *observer = hub->observers->data;
      g_autoptr (GError) error = NULL;

      if (!butler__observer_finish (hub, observer->kind, &error))
        butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "%s", error->message);
    }
}

/* The mutex is held. */
static gboolean
check_free (ButlerHub                *hub,
            const ButlerObserverKind *kind,
            const char               *what,
            GError                  **error)
{
  if (hub->gone)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "no %s: the hub ends", what);
  else if (find_observer (hub, kind) != NULL)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY, "the hub has a %s already: stop that first", what);
  else
    return TRUE;
  return FALSE;
}

gboolean
butler__observer_is_free (ButlerHub                *hub,
                          const ButlerObserverKind *kind,
                          const char               *what,
                          GError                  **error)
{
  gboolean ok;

  butler__hub_lock (hub);
  ok = check_free (hub, kind, what, error);
  butler__hub_unlock (hub);
  return ok;
}

gboolean
butler__observer_add (ButlerHub      *hub,
                      ButlerObserver *observer,
                      const char     *what,
                      GError        **error)
{
  gboolean ok;

  butler__hub_lock (hub);
  ok = check_free (hub, observer->kind, what, error);
  if (ok)
    {
      butler__ears_open ();
      hub->observers = g_slist_append (hub->observers, observer);
      hub->end.observers = finish_all;
      for (guint i = 0; i < hub->servers->len; i++)
        tap (observer, hub->servers->pdata[i]);
    }
  butler__hub_unlock (hub);
  return ok;
}

gboolean
butler__observer_finish (ButlerHub                *hub,
                         const ButlerObserverKind *kind,
                         GError                  **error)
{
  ButlerObserver *observer;

  butler__hub_lock (hub);
  observer = find_observer (hub, kind);
  if (observer != NULL)
    {
      hub->observers = g_slist_remove (hub->observers, observer);
      for (guint i = 0; i < hub->servers->len; i++)
        remove_tap (hub->servers->pdata[i], observer);
      butler__ears_close ();
    }
  butler__hub_unlock (hub);
  return observer == NULL || kind->finish (observer, error);
}

void
butler__observers_swapped (ButlerHub  *hub,
                           const char *plugin,
                           guint       from,
                           guint       to)
{
  for (GSList *item = hub->observers; item != NULL; item = item->next)
    {
      ButlerObserver *observer = item->data;

      if (observer->kind->swapped != NULL)
        observer->kind->swapped (observer, plugin, from, to);
    }
}

/* Calls */

static gboolean
hear (ButlerEar  *ear,
      ButlerDeed *deed)
{
  ButlerCall *call = (ButlerCall *) ear;
  gboolean taken = FALSE;

  for (guint i = 0; i < call->taps->n; i++)
    taken |= call->taps->taps[i]->kind->hear (call->taps->taps[i], call, deed);
  return taken;
}

static void
told (ButlerEar        *ear,
      const ButlerDeed *deed)
{
  ButlerCall *call = (ButlerCall *) ear;

  for (guint i = 0; i < call->taps->n; i++)
    if (call->taps->taps[i]->kind->told != NULL)
      call->taps->taps[i]->kind->told (call->taps->taps[i], call, deed);
}

static gboolean
begin (ButlerCall *call)
{
  gboolean wanted = TRUE;

  call->ear.hear = hear;
  call->ear.told = told;
  call->taps = atomic_load_explicit (&call->server->taps, memory_order_relaxed) != NULL ? get_taps (call->server) : NULL;
  if (call->taps == NULL)
    return TRUE;
  for (guint i = 0; i < call->taps->n; i++)
    wanted &= call->taps->taps[i]->kind->begin (call->taps->taps[i], call);
  butler__ear_begin (&call->ear);
  call->began = butler__now_in_ns ();
  return wanted;
}

gboolean
butler__call_begin (ButlerCall    *call,
                    ButlerServer  *server,
                    const char    *what,
                    ButlerMessage *message)
{
  *call = (ButlerCall) { .server = server, .what = what, .message = message, .id = (guint64) (guintptr) message, .carried = what };
  return begin (call);
}

void
butler__call_end (ButlerCall   *call,
                  const GError *failure)
{
  if (call->taps == NULL)
    return;
  call->ended = butler__now_in_ns ();
  butler__ear_end (&call->ear);
  for (guint i = 0; i < call->taps->n; i++)
    call->taps->taps[i]->kind->end (call->taps->taps[i], call, failure);
  taps_unref (call->taps);
}

void
butler__call_handler (ButlerServer             *server,
                      const ButlerHandlerEntry *entry,
                      ButlerMessage            *message)
{
  ButlerCall call;

  if (butler__call_begin (&call, server, entry->layout->type->name, message))
    entry->func (server->record, butler__envelope_payload (message), &server->context);
  butler__call_end (&call, server->context.error);
}

void
butler__call_answer (ButlerServer   *server,
                     ButlerQuestion *question,
                     void          (*call_back) (ButlerQuestion *question))
{
  ButlerCall call = { .server = server, .what = question->type, .question = question, .id = (guint64) (guintptr) question->reply };

  if (question->reply != NULL)
    call.carried = question->reply->layout->type->name;
  begin (&call);
  call_back (question);
  butler__call_end (&call, NULL);
}

void
butler__taps_fail (ButlerServer *server,
                   const char   *what,
                   const GError *failure)
{
  ButlerTaps *taps = get_taps (server);

  for (guint i = 0; taps != NULL && i < taps->n; i++)
    if (taps->taps[i]->kind->fail != NULL)
      taps->taps[i]->kind->fail (taps->taps[i], what, failure);
  if (taps != NULL)
    taps_unref (taps);
}
