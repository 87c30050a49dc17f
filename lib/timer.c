/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/timer.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/ear.h"
#include "lib/message.h"
#include "lib/outbox.h"
#include "lib/server.h"

typedef struct
{
  ButlerAlarm    alarm;     /* first; not set while it rings, and while it is withheld */

  /* Set when made. */
  guint64        id;
  gint64         period;    /* µs; 0: once */

  ButlerMessage *message;   /* (owned) (nullable): what it sends: who has the reader's role only */
  gboolean       cancelled; /* under the lock: while it rings, who rings it frees it */
  gboolean       withheld;  /* under the lock: until it is certain that it was set */
} Timer;

static void
timer_free (Timer *timer)
{
  g_clear_pointer (&timer->message, butler_message_free);
  g_free (timer);
}

void
butler__timers_init (ButlerTimers *timers)
{
  g_mutex_init (&timers->lock);
}

void
butler__timers_clear (ButlerTimers *timers)
{
  g_clear_pointer (&timers->all, g_hash_table_unref);
  g_mutex_clear (&timers->lock);
}

/* Ringing */

/* FALSE if it was cancelled after it was taken out. A timer that rings once is gone for all others from here on. */
static gboolean
begin_ringing (ButlerTimers *timers,
               Timer        *timer)
{
  gboolean goes_on;

  g_mutex_lock (&timers->lock);
  goes_on = !timer->cancelled;
  if (goes_on && timer->period == 0)
    g_hash_table_remove (timers->all, &timer->id);
  g_mutex_unlock (&timers->lock);
  return goes_on;
}

/* FALSE if it was cancelled meanwhile. */
static gboolean
set_again (ButlerServer *server,
           Timer        *timer)
{
  gboolean again;

  g_mutex_lock (&server->timers.lock);
  again = !timer->cancelled;
  if (again)
    butler__alarms_set (&server->alarms, &timer->alarm);
  g_mutex_unlock (&server->timers.lock);
  return again;
}

/* Deadlines stand on the grid of the first one, however late this is: no delay adds up. Those that have passed are one tick. */
static guint64
skip_missed (Timer *timer)
{
  gint64 late = g_get_monotonic_time () - timer->alarm.deadline;
  gint64 missed = late / timer->period;

  timer->alarm.deadline += (missed + 1) * timer->period;
  return (guint64) missed;
}

static void
deliver (ButlerServer  *server,
         ButlerMessage *message,
         ButlerTick     tick)
{
  atomic_fetch_add_explicit (&server->results, 1, memory_order_relaxed);
  server->context.tick = tick;
  butler__server_handle_internal (server, message);
  server->context.tick = (ButlerTick) { 0 };
}

static void
ring_once (ButlerServer *server,
           Timer        *timer)
{
  ButlerTick tick = { timer->id, timer->alarm.deadline, 0 };
  ButlerMessage *message = g_steal_pointer (&timer->message);

  timer_free (timer);
  deliver (server, message, tick);
}

static void
ring_again (ButlerServer *server,
            Timer        *timer)
{
  ButlerTick tick = { timer->id, timer->alarm.deadline, skip_missed (timer) };

  deliver (server, butler_message_copy (timer->message), tick);
  if (!set_again (server, timer))
    timer_free (timer);
}

static void
ring (ButlerAlarm  *alarm,
      ButlerServer *server)
{
  Timer *timer = (Timer *) alarm;

  if (!begin_ringing (&server->timers, timer))
    timer_free (timer);
  else if (timer->period == 0)
    ring_once (server, timer);
  else
    ring_again (server, timer);
}

/* Setting */

/* 0 if the server takes nothing any more: its channel is closed before all timers are cancelled, under the lock, so none is left over.
 * @timer may be gone when this returns. */
static guint64
add (ButlerServer *server,
     Timer        *timer,
     gboolean     *first)
{
  ButlerTimers *timers = &server->timers;
  guint64 id = 0;

  g_mutex_lock (&timers->lock);
  if (!butler_channel_is_closed (server->channel))
    {
      if (timers->all == NULL)
        timers->all = g_hash_table_new (g_int64_hash, g_int64_equal);
      id = timer->id = ++timers->last;
      g_hash_table_insert (timers->all, &timer->id, timer);
      *first = !timer->withheld && butler__alarms_set (&server->alarms, &timer->alarm);
    }
  g_mutex_unlock (&timers->lock);
  return id;
}

/* What `swapped` does waits for the verdict. */
typedef struct
{
  ButlerServer *server; /* (owned) */
  guint64       id;
} Decision;

static Decision *
decision_new (ButlerServer *server,
              guint64       id)
{
  Decision *decision = g_new (Decision, 1);

  *decision = (Decision) { butler_server_ref (server), id };
  return decision;
}

static void
decision_free (gpointer data)
{
  Decision *decision = data;

  butler_server_unref (decision->server);
  g_free (decision);
}

static void
set_withheld (gpointer data)
{
  Decision *decision = data;
  ButlerServer *server = decision->server;
  gboolean first = FALSE;
  Timer *timer = NULL;

  g_mutex_lock (&server->timers.lock);
  if (server->timers.all != NULL)
    timer = g_hash_table_lookup (server->timers.all, &decision->id);
  if (timer != NULL)
    {
      timer->withheld = FALSE;
      first = butler__alarms_set (&server->alarms, &timer->alarm);
    }
  g_mutex_unlock (&server->timers.lock);
  if (first)
    butler__server_tell_alarm (server);
  decision_free (decision);
}

/* TRUE if it was there. (transfer full) (nullable): *@timer, to be freed; who rings it frees it by itself. The lock is held. */
static gboolean
take_out (ButlerServer *server,
          guint64       id,
          Timer       **timer)
{
  Timer *found = server->timers.all != NULL ? g_hash_table_lookup (server->timers.all, &id) : NULL;

  *timer = NULL;
  if (found == NULL)
    return FALSE;
  g_hash_table_remove (server->timers.all, &id);
  if (found->withheld || butler__alarms_take_away (&server->alarms, &found->alarm))
    *timer = found;
  else
    found->cancelled = TRUE;
  return TRUE;
}

static gboolean
cancel (ButlerServer *server,
        guint64       id)
{
  Timer *timer;
  gboolean found;

  g_mutex_lock (&server->timers.lock);
  found = take_out (server, id, &timer);
  g_mutex_unlock (&server->timers.lock);
  g_clear_pointer (&timer, timer_free);
  return found;
}

static void
cancel_decided (gpointer data)
{
  Decision *decision = data;

  cancel (decision->server, decision->id);
  decision_free (decision);
}

static gboolean
is_set (ButlerServer *server,
        guint64       id)
{
  gboolean found;

  g_mutex_lock (&server->timers.lock);
  found = server->timers.all != NULL && g_hash_table_contains (server->timers.all, &id);
  g_mutex_unlock (&server->timers.lock);
  return found;
}

void
butler__timers_cancel_all (ButlerServer *server)
{
  g_autofree gpointer *ids = NULL;
  g_autoptr (GPtrArray) timers = g_ptr_array_new_with_free_func ((GDestroyNotify) timer_free);
  Timer *timer;
  guint n = 0;

  g_mutex_lock (&server->timers.lock);
  if (server->timers.all != NULL)
    ids = g_hash_table_get_keys_as_array (server->timers.all, &n);
  for (guint i = 0; i < n; i++)
    if (take_out (server, *(guint64 *) ids[i], &timer) && timer != NULL)
      g_ptr_array_add (timers, timer);
  g_mutex_unlock (&server->timers.lock);
}

static Timer *
timer_new (const ButlerLayout *layout,
           gpointer            value,
           gint64              delay,
           gint64              period)
{
  Timer *timer = g_new0 (Timer, 1);
  gint64 deadline = butler__deadline_after (delay);

  timer->alarm.deadline = deadline < 0 ? BUTLER__NO_ALARM - 1 : deadline;
  timer->alarm.ring = ring;
  timer->period = period;
  timer->message = butler__message_new (layout, value);
  timer->withheld = butler__outbox_is_open ();
  memset (value, 0, layout->size);
  return timer;
}

static guint64
set_now (ButlerServer *server,
         Timer        *timer)
{
  gboolean withheld = timer->withheld;
  gboolean first = FALSE;
  guint64 id = add (server, timer, &first);

  if (id == 0)
    timer_free (timer);
  else if (withheld)
    butler__outbox_put (set_withheld, cancel_decided, decision_new (server, id));
  else if (first)
    butler__server_tell_alarm (server);
  return id;
}

static guint64
set (ButlerServer       *server,
     const ButlerLayout *layout,
     Timer              *timer,
     gint64              delay,
     GError            **error)
{
  ButlerDeed deed = {
    .kind = timer->period > 0 ? BUTLER__DEED_EVERY : BUTLER__DEED_LATER,
    .layout = layout,
    .value = butler__envelope_payload (timer->message),
    .message = timer->message,
    .argument = delay,
  };

  if (butler__deed_begin (&deed))
    timer_free (timer);
  else
    deed.outcome = (gint64) set_now (server, timer);
  butler__deed_end (&deed);
  if (deed.outcome == 0)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "no timer was set for %s: server %s takes nothing more",
                 layout->type->name, server->name);
  return (guint64) deed.outcome;
}

/**
 * butler_server_send_later:
 * @server: the server
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @delay: after how many microseconds
 * @error: (nullable): where to put an error
 *
 * Lets @server handle a message later; NAME_send_later() is the typed form. It does not count for the capacity. It is handled after the
 * messages of the batch in which its time comes, never before its time. It is kept while the server's plugin is swapped, and converted as
 * any message is; in a `swapped` function it is set when the swap has happened.
 *
 * The end of the server's run cancels all its timers, and none keeps it from ending. A server that was never started has them as it has
 * messages: they wait.
 *
 * Errors: %BUTLER_ERROR_CLOSED if @server has been asked to stop, or does not run any more.
 *
 * Thread: any.
 *
 * Returns: a number for butler_server_cancel_timer(), or 0 with an error
 *
 * Since: 1.0
 */
guint64
butler_server_send_later (ButlerServer            *server,
                          const ButlerRecordInfo  *info,
                          gpointer                 value,
                          gint64                   delay,
                          GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (server != NULL, 0);
  g_return_val_if_fail (info != NULL && value != NULL, 0);
  g_return_val_if_fail (delay >= 0, 0);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, 0);
  return set (server, layout, timer_new (layout, value, delay, 0), delay, error);
}

/**
 * butler_server_send_every:
 * @server: the server
 * @info: the type of @value
 * @value: a record; its fields move into the timer and it is zero afterwards, also on error
 * @period: the microseconds from one to the next, and to the first; at least 1
 * @error: (nullable): where to put an error
 *
 * Lets @server handle a copy of @value again and again; NAME_send_every() is the typed form. The times are those of a grid that begins
 * now: however late one comes, none moves those after it. Of those that passed while @server was busy only one message comes, and
 * butler_context_get_missed() says how many it stands for beside itself. For the rest see butler_server_send_later().
 *
 * Errors: as butler_server_send_later().
 *
 * Thread: any.
 *
 * Returns: a number for butler_server_cancel_timer(), or 0 with an error
 *
 * Since: 1.0
 */
guint64
butler_server_send_every (ButlerServer            *server,
                          const ButlerRecordInfo  *info,
                          gpointer                 value,
                          gint64                   period,
                          GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (server != NULL, 0);
  g_return_val_if_fail (info != NULL && value != NULL, 0);
  g_return_val_if_fail (period > 0, 0);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, 0);
  return set (server, layout, timer_new (layout, value, period, period), period, error);
}

/**
 * butler_server_cancel_timer:
 * @server: the server
 * @timer: what butler_server_send_later() or butler_server_send_every() returned
 *
 * Cancels a timer. In its own handler it lets no further message come.
 *
 * Thread: any.
 *
 * Returns: %TRUE if a message that would have come does not; %FALSE if it is over, was cancelled, or its message is on the way to the
 *   handler just now
 *
 * Since: 1.0
 */
gboolean
butler_server_cancel_timer (ButlerServer *server,
                            guint64       timer)
{
  ButlerDeed deed = { .kind = BUTLER__DEED_CANCEL, .argument = (gint64) timer };

  g_return_val_if_fail (server != NULL, FALSE);

  if (!butler__outbox_is_open ())
    {
      if (!butler__deed_begin (&deed))
        deed.outcome = cancel (server, timer);
      butler__deed_end (&deed);
      return deed.outcome != 0;
    }
  if (!is_set (server, timer))
    return FALSE;
  butler__outbox_put (cancel_decided, decision_free, decision_new (server, timer));
  return TRUE;
}

/**
 * butler_context_get_timer:
 * @context: the context
 *
 * Gets the timer that sent the message that is being handled.
 *
 * Thread: the server's, in a handler; for a held context any.
 *
 * Returns: its number, or 0 if it was sent otherwise
 *
 * Since: 1.0
 */
guint64
butler_context_get_timer (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, 0);

  return context->tick.timer;
}

/**
 * butler_context_get_deadline:
 * @context: the context
 *
 * Gets the time for which a timer was set whose message is being handled; it is later now.
 *
 * Thread: the server's, in a handler; for a held context any.
 *
 * Returns: microseconds of g_get_monotonic_time(), or 0 if no timer sent it
 *
 * Since: 1.0
 */
gint64
butler_context_get_deadline (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, 0);

  return context->tick.deadline;
}

/**
 * butler_context_get_missed:
 * @context: the context
 *
 * Gets how many times of butler_server_send_every() have passed without a message of their own, since the one of
 * butler_context_get_deadline().
 *
 * Thread: the server's, in a handler; for a held context any.
 *
 * Returns: the number; 0 if it is in time
 *
 * Since: 1.0
 */
guint64
butler_context_get_missed (ButlerContext *context)
{
  g_return_val_if_fail (context != NULL, 0);

  return context->tick.missed;
}
