/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/entry.h"
#include "lib/log.h"
#include "lib/message.h"
#include "lib/switch.h"
#include "lib/tap.h"

/* From the channel to the handler, on whatever thread has the reader's role. */

static void
bury (ButlerServer    *server,
      ButlerMessage   *message,
      ButlerDeadReason reason,
      const char      *why)
{
  const char *type = message->layout->type->name;

  butler__log (G_LOG_LEVEL_WARNING, server->name, type, "server %s: a %s is a dead letter: %s", server->name, type, why);
  butler__channel_count_dead (server->channel, reason, 1);
  butler__channel_fail_ask (server->channel, message, reason);
  butler_message_free (message);
}

/* Once, logged, counted; the default failure policy lets the next message follow. */
gboolean
butler__server_note_failure (ButlerServer  *server,
                             ButlerContext *context)
{
  const char *type = context->type != NULL ? context->type : "event";
  gboolean taken;

  if (context->error == NULL)
    return FALSE;
  butler__taps_fail (server, type, context->error);
  if (server->starting)
    {
      butler_context_take_error (&server->context, g_steal_pointer (&context->error));
      return FALSE;
    }
  atomic_fetch_add_explicit (&server->failed, 1, memory_order_relaxed);
  butler__log (G_LOG_LEVEL_WARNING, server->name, context->type, "server %s failed on a %s: %s", server->name, type,
               context->error->message);
  taken = butler__server_follow_policy (server, context);
  g_clear_error (&context->error);
  return taken;
}

/* To what the handler held, as a message fails once: when all is released; else to who asked. */
static void
pass_on_failure (ButlerContext *context)
{
  if (context->held != NULL)
    butler_context_take_error (context->held, g_steal_pointer (&context->error));
  else
    butler__context_answer_failure (context);
}

static inline void
handle (ButlerServer             *server,
        const ButlerHandlerEntry *entry,
        ButlerMessage            *message)
{
  ButlerContext *context = &server->context;

  context->message = message;
  context->type = entry->layout->type->name;
  atomic_store_explicit (&server->doing, context->type, memory_order_relaxed);
  server->busy = TRUE;
  if (G_LIKELY (atomic_load_explicit (&server->taps, memory_order_relaxed) == NULL))
    entry->func (server->record, butler__envelope_payload (message), context);
  else
    butler__call_handler (server, entry, message);
  server->busy = FALSE;
  atomic_store_explicit (&server->doing, NULL, memory_order_relaxed);
  if (G_UNLIKELY (context->error != NULL))
    pass_on_failure (context);
  if (G_UNLIKELY (((guintptr) context->held | (guintptr) context->asked) != 0))
    butler__context_leave (context);
  if (G_UNLIKELY (context->error != NULL) && butler__server_note_failure (server, context))
    {
      context->type = NULL;
      return;
    }
  if (context->message != NULL)
    butler_message_free (g_steal_pointer (&context->message));
  context->type = NULL;

  /* Nobody else writes it: no RMW is needed. */
  atomic_store_explicit (&server->handled, atomic_load_explicit (&server->handled, memory_order_relaxed) + 1,
                         memory_order_relaxed);
}

static void
convert_and_handle (ButlerServer             *server,
                    const ButlerHandlerEntry *entry,
                    ButlerMessage            *message)
{
  g_autoptr (GError) error = NULL;
  ButlerMessage *fitting = butler__message_convert (message, entry->layout, &error);

  if (fitting == NULL)
    bury (server, message, BUTLER_DEAD_LAYOUT, error->message);
  else
    handle (server, entry, fitting);
}

/* FALSE if it was killed while it stood still, and @message is a dead letter. What is handled meanwhile, as the server brings to its end
 * what it holds, is not what the timer sent that may have sent @message. */
static gboolean
come_over_before (ButlerServer  *server,
                  ButlerMessage *message)
{
  ButlerTick tick = server->context.tick;

  server->context.tick = (ButlerTick) { 0 };
  butler__server_come_over (server);
  server->context.tick = tick;
  if (server->recovery.late)
    butler__channel_request (server->channel, BUTLER__REQUEST_RESTART); /* after this message */
  if (!butler__server_is_killed (server))
    return TRUE;
  bury (server, message, BUTLER_DEAD_KILLED, "its server was killed");
  return FALSE;
}

static void
dispatch_one (ButlerServer  *server,
              ButlerMessage *message)
{
  const ButlerHandlerEntry *entry;

  /* After the message was taken out: see lib/switch.h. */
  if (G_UNLIKELY (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP)) && !come_over_before (server, message))
    return;
  entry = butler__handlers_find (server->handlers, message->layout->type);

  if (G_UNLIKELY (entry == NULL))
    bury (server, message, BUTLER_DEAD_UNHANDLED, "no handler takes it");
  else if (G_LIKELY (message->layout == entry->layout))
    handle (server, entry, message);
  else
    convert_and_handle (server, entry, message);
}

static void
dispatch_internal (ButlerServer  *server,
                   ButlerMessage *message)
{
  ButlerEntry *entry = butler__entry_of (message);

  if (entry != NULL)
    entry->run (entry, server);
  else
    dispatch_one (server, message);
}

guint
butler__server_dispatch_lane (ButlerServer *server,
                              guint         max)
{
  ButlerMessage *message;
  guint n = 0;

  while (n < max && (message = butler__channel_next_internal (server->channel)) != NULL)
    {
      dispatch_internal (server, message);
      n++;
      if (server->channel->internal_taken.done == NULL || butler__channel_is_asked (server->channel, BUTLER__REQUEST_RESTART))
        break;
    }
  return n;
}

void
butler__server_handle_internal (ButlerServer  *server,
                                ButlerMessage *message)
{
  dispatch_one (server, message);
}

gboolean
butler__server_is_here (ButlerServer *server)
{
  return butler__channel_is_mine (server->channel) || butler__waits_is_mine (server->hub->waits, &server->channel->served);
}

gboolean
butler__server_refuse_here (ButlerServer *server,
                            const char   *what)
{
  if (!butler__channel_is_mine (server->channel))
    return FALSE;

  g_critical ("server %s cannot be %s here: this is its own thread", server->name, what);
  return TRUE;
}

/* How many messages were tried again. */
static guint
see_to_requests (ButlerServer *server)
{
  if (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP))
    butler__server_come_over (server);
  if (server->recovery.late || butler__channel_is_asked (server->channel, BUTLER__REQUEST_RESTART))
    butler__server_restart (server);
  return butler__server_try_again (server);
}

/* All that lay on the internal lane goes first, but what comes to it meanwhile does not keep a message waiting. */
static guint
dispatch_round (ButlerServer *server,
                guint         max)
{
  ButlerMessage *message;
  guint n;

  if (G_UNLIKELY (butler__channel_is_asked (server->channel, BUTLER__REQUEST_SWAP | BUTLER__REQUEST_RESTART)))
    {
      n = MIN (see_to_requests (server), max);
      if (n > 0 || butler__server_is_killed (server))
        return n;
    }
  n = butler__server_dispatch_lane (server, max);
  if (n == max || butler__server_is_killed (server))
    return n;
  message = butler__channel_next (server->channel);
  if (message == NULL)
    return n;
  dispatch_one (server, message);
  return n + 1;
}

/* The way of nearly every message: nothing else is to be looked after. A kill is a request, too. */
static guint
dispatch_quietly (ButlerServer *server,
                  guint         max)
{
  guint n = 0;

  while (n < max && butler__channel_is_quiet (server->channel))
    {
      dispatch_one (server, butler__channel_pop (server->channel));
      n++;
    }
  return n;
}

/* Who has the reader's role looks before it sleeps; but a foreign loop may sleep already as soon as the channel is armed. */
void
butler__server_tell_alarm (ButlerServer *server)
{
  if (!butler__channel_is_mine (server->channel) || server->channel->armed)
    butler__channel_request (server->channel, BUTLER__REQUEST_TIMER);
}

/* What is due in one moment, but no flood of it; nor what comes after one that failed, if that asks for a restart. */
guint
butler__server_ring_alarms (ButlerServer *server,
                            guint         max)
{
  ButlerAlarm *alarm;
  gint64 now;
  guint n = 0;

  /* Before the look: who sets an earlier one after it asks again. */
  if (G_UNLIKELY (butler__channel_is_asked (server->channel, BUTLER__REQUEST_TIMER)))
    butler__channel_drop_request (server->channel, BUTLER__REQUEST_TIMER);
  if (G_LIKELY (butler__alarms_get_next (&server->alarms) == BUTLER__NO_ALARM))
    return 0;
  now = g_get_monotonic_time ();
  while (n < max && !butler__server_is_killed (server)
         && !butler__channel_is_asked (server->channel, BUTLER__REQUEST_RESTART)
         && (alarm = butler__alarms_take_due (&server->alarms, now)) != NULL)
    {
      alarm->ring (alarm, server);
      n++;
    }
  return n;
}

static guint
dispatch_batch (ButlerServer *server,
                guint         max)
{
  guint n = 0;
  guint more = 1;

  while (more > 0 && n < max && !butler__server_is_killed (server))
    {
      more = dispatch_round (server, max - n);
      n += more;
      if (!butler__server_is_killed (server)) /* in a restart: then there is no state, and the kill's request may be on its way yet */
        n += dispatch_quietly (server, max - n);
    }
  return n;
}

/* The clock is looked at between two batches, if there is an alarm; half of each is for what is due then. */
guint
butler__server_dispatch (ButlerServer *server,
                         guint         max)
{
  guint n = 0;
  guint more = 1;

  if (server->polled)
    butler__waker_drain_fd (&server->channel->waker);
  while (more > 0 && n < max && !butler__server_is_killed (server))
    {
      guint batch = MIN (max - n, BUTLER__BATCH);

      more = butler__server_ring_alarms (server, (batch + 1) / 2);
      more += dispatch_batch (server, batch - more);
      n += more;
    }
  if (server->polled)
    butler__server_arm_descriptor (server);
  return n;
}
