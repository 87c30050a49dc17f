/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* What handlers and drivers do, as the dice say. */

#define PATIENCE 512 /* handled messages from one wish for trouble to the next */
#define SWAP_PATIENCE 4096

static char wish;

/* Sending */

static gboolean
send_one (ButlerChannel *channel,
          Sender        *sender,
          Load          *load,
          guint          lane,
          GError       **error)
{
  gboolean sent;

  if (lane == 1)
    return load_send_urgent_to (channel, load, error);
  switch (dice (sender, 3))
    {
    case 0:
      return load_send_to (channel, load, error);
    case 1:
      sent = load_try_send_to (channel, load, error);
      load_clear (load);
      return sent;
    default:
      {
        Load *record = load_new ();

        *record = *load;
        return load_post_to (channel, record, error);
      }
    }
}

static void
note_sent (Slot   *slot,
           gboolean sent,
           GError  *error)
{
  add (sent ? &slot->accepted : &slot->refused, 1);
  g_assert_true (sent == (error == NULL));
  if (error != NULL)
    g_assert_true (error->domain == BUTLER_ERROR
                   && (error->code == BUTLER_ERROR_CLOSED || error->code == BUTLER_ERROR_FULL
                       || error->code == BUTLER_ERROR_WOULD_DEADLOCK || error->code == BUTLER_ERROR_CANCELLED));
  g_clear_error (&error);
}

static void
send_somewhere (Field  *field,
                Sender *sender,
                guint   hops)
{
  Slot *slot = &field->slots[dice (sender, SERVERS)];
  guint lane = dice (sender, 16) == 0;
  Load load = ticket_new (field, sender, TICKET_SENT, slot->index, lane, hops);
  GError *error = NULL;
  gboolean sent = send_one (atomic_load (&slot->channel), sender, &load, lane, &error);

  note_sent (slot, sent, error);
}

static void
publish (Field  *field,
         Sender *sender)
{
  Load load = ticket_new (field, sender, TICKET_PUBLISHED, 0, 0, 0);
  GError *error = NULL;
  guint n = load_publish (field->hub, &load, &error);

  g_assert_no_error (error);
  add (&field->tally.copies, n);
}

/* Another server gets the very message. */
static void
pass_on (Slot      *slot,
         LoadScene *scene)
{
  Ticket *ticket = ticket_of (scene->ticket);
  Slot *next = &slot->field->slots[dice (&slot->sender, SERVERS)];
  gboolean counts = ticket->kind == TICKET_SENT;
  gpointer record = butler_context_take (scene->context, scene->info);
  GError *error = NULL;
  gboolean sent;

  add (&slot->fates[ticket->kind][FATE_HANDLED], 1); /* here; there it is another one */
  ticket->to = next->index;
  ticket->in_order = FALSE;
  ticket->fate = FATE_PENDING;
  atomic_store_explicit (&ticket->calls, 0, memory_order_relaxed);
  sent = butler_channel_post (atomic_load (&next->channel), scene->info, record, &error);
  if (counts)
    note_sent (next, sent, error);
  else
    g_clear_error (&error);
}

/* Timers */

static void
set_timer (Field  *field,
           Sender *sender,
           Slot   *slot)
{
  g_autoptr (ButlerServer) server = trouble_get_server (slot);
  gboolean often = dice (sender, 4) == 0;
  Load load = ticket_new (field, sender, often ? TICKET_OFTEN : TICKET_ONCE, slot->index, 0, 0);
  GBytes *ticket = g_bytes_ref (load.ticket);
  guint64 timer = often ? load_send_every (server, &load, 100 + dice (sender, 3000), NULL)
                        : load_send_later (server, &load, dice (sender, 3000), NULL);

  add (&field->tally.timers, timer != 0);
  if (timer != 0 && !often && sender == &slot->sender)
    {
      slot->timer = timer;
      g_clear_pointer (&slot->timed, g_bytes_unref);
      slot->timed = g_bytes_ref (ticket);
    }
  g_bytes_unref (ticket);
}

static void
cancel_timer (Slot          *slot,
              ButlerContext *context)
{
  if (slot->timed == NULL)
    return;
  if (butler_server_cancel_timer (butler_context_get_server (context), slot->timer))
    {
      atomic_store (&ticket_of (slot->timed)->cancelled, TRUE);
      add (&slot->field->tally.cancelled, 1);
    }
  g_clear_pointer (&slot->timed, g_bytes_unref);
}

static void
hear_often (Slot          *slot,
            Ticket        *ticket,
            ButlerContext *context)
{
  if (atomic_load_explicit (&ticket->calls, memory_order_relaxed) < 5)
    return;
  g_assert_true (butler_server_cancel_timer (butler_context_get_server (context), butler_context_get_timer (context)));
  atomic_store (&ticket->cancelled, TRUE);
  add (&slot->field->tally.cancelled, 1);
}

/* Handling */

static void
fail_it (Slot          *slot,
         Ticket        *ticket,
         ButlerContext *context)
{
  if (slot->poison > 0)
    ticket->fate = FATE_TRIED;
  add (&slot->field->tally.failures, 1);
  butler_context_fail (context, "as the dice say");
}

static void
act_inside (Slot          *slot,
            Ticket        *ticket,
            ButlerContext *context)
{
  Field *field = slot->field;
  Sender *sender = &slot->sender;
  guint act = dice (sender, 1000);

  if (act < 20)
    ask_async (field, sender, dice (sender, SERVERS));
  else if (act < 40)
    set_timer (field, sender, slot);
  else if (act < 50)
    cancel_timer (slot, context);
  else if (act < 53)
    publish (field, sender);
  else if (act < 55)
    trouble_stop (field, dice (sender, SERVERS), context);
  else if (ticket->hops > 0)
    send_somewhere (field, sender, ticket->hops - 1);
}

static void
wish_for (GAsyncQueue *queue)
{
  if (g_async_queue_length (queue) < 2)
    g_async_queue_push (queue, &wish);
}

static void
count_call (Field *field)
{
  guint64 calls = atomic_fetch_add_explicit (&field->tally.calls, 1, memory_order_relaxed);

  if (calls % PATIENCE == 0)
    wish_for (field->troubles);
  if (calls % SWAP_PATIENCE == 0)
    wish_for (field->swaps);
}

void
act_handle (LoadScene *scene)
{
  Ticket *ticket = ticket_of (scene->ticket);
  Field *field = ticket->field;
  const char *name = butler_server_get_name (butler_context_get_server (scene->context));
  Slot *slot = &field->slots[atoi (name + 1)];
  guint act = dice (&slot->sender, 1000);

  count_call (field);
  ticket_check (slot, scene);
  if (ticket->kind == TICKET_PUBLISHED)
    return;
  if (ticket->kind == TICKET_OFTEN)
    hear_often (slot, ticket, scene->context);
  else if (act < 5)
    fail_it (slot, ticket, scene->context);
  else if (act < 20 && (ticket->kind == TICKET_SENT || ticket->kind == TICKET_ASKED))
    pass_on (slot, scene);
  else
    {
      if (ticket->kind == TICKET_ASKED)
        ask_answer (slot, scene->context);
      if (!atomic_load_explicit (&field->stops, memory_order_relaxed))
        act_inside (slot, ticket, scene->context);
    }
}

void
act_outside (Field  *field,
             Sender *sender)
{
  guint act = dice (sender, 1000);

  if (act < 20)
    ask_async (field, sender, dice (sender, SERVERS));
  else if (act < 30)
    ask_sync (field, sender, dice (sender, SERVERS));
  else if (act < 40)
    set_timer (field, sender, &field->slots[dice (sender, SERVERS)]);
  else if (act < 45)
    publish (field, sender);
  else
    send_somewhere (field, sender, dice (sender, 6));
}
