/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* A ticket lies in a GBytes, which a message owns and its copies share: when the last is gone, it is written down what became of it. */

#define CROWD 20000 /* tickets; those who load from outside wait then */

Ticket *
ticket_of (GBytes *bytes)
{
  return (Ticket *) g_bytes_get_data (bytes, NULL);
}

static void
leave (Field *field)
{
  if (atomic_fetch_sub_explicit (&field->tally.alive, 1, memory_order_relaxed) != CROWD)
    return;
  g_mutex_lock (&field->mutex);
  g_cond_broadcast (&field->changed);
  g_mutex_unlock (&field->mutex);
}

static void
ticket_free (gpointer data)
{
  Ticket *ticket = data;
  Field *field = ticket->field;

  if (ticket->kind != TICKET_OFTEN && ticket->kind != TICKET_PUBLISHED)
    add (&field->slots[ticket->to].fates[ticket->kind][ticket->fate], 1);
  g_free (ticket);
  leave (field);
}

void
tickets_await_room (Field *field)
{
  if (atomic_load_explicit (&field->tally.alive, memory_order_relaxed) < CROWD)
    return;
  g_mutex_lock (&field->mutex);
  while (!field->is_over && atomic_load_explicit (&field->tally.alive, memory_order_relaxed) >= CROWD)
    g_cond_wait (&field->changed, &field->mutex);
  g_mutex_unlock (&field->mutex);
}

/* Most are short, a few take 64 KiB. */
static gsize
draw_size (Sender *sender)
{
  return dice (sender, 200) == 0 ? dice (sender, 65536) : dice (sender, 200);
}

Load
ticket_new (Field      *field,
            Sender     *sender,
            TicketKind  kind,
            guint       to,
            guint       lane,
            guint       hops)
{
  Ticket *ticket = g_new0 (Ticket, 1);

  ticket->head.func = act_handle;
  ticket->field = field;
  ticket->kind = kind;
  ticket->to = to;
  ticket->lane = lane;
  ticket->hops = hops;
  ticket->size = draw_size (sender);
  ticket->letter = (char) ('a' + to % 26);
  ticket->in_order = kind == TICKET_SENT;
  add (&field->tally.alive, 1);
  return (Load) {
    .ticket = g_bytes_new_with_free_func (ticket, sizeof *ticket, ticket_free, ticket),
    .from = sender->id,
    .nth = kind == TICKET_SENT ? ++sender->sent[to][lane] : 0,
    .text = g_strnfill (ticket->size, ticket->letter),
  };
}

static void
check_text (const Ticket *ticket,
            const char   *text)
{
  g_assert_nonnull (text);
  g_assert_cmpuint (strlen (text), ==, ticket->size);
  if (ticket->size > 0)
    g_assert_true (text[0] == ticket->letter && text[ticket->size - 1] == ticket->letter);
}

/* One that is tried again comes before those that follow it. */
static void
check_order (Slot      *slot,
             Ticket    *ticket,
             LoadScene *scene,
             gboolean   again)
{
  guint64 *next = &slot->next[scene->from][ticket->lane];

  if (!ticket->in_order)
    return;
  g_assert_cmpuint (scene->nth + again, >, *next);
  *next = scene->nth;
}

/* The state was carried along since it was made, whatever code there was meanwhile, and no older code came back. */
static void
check_code (Slot      *slot,
            LoadScene *scene)
{
  g_assert_cmpuint (scene->count, ==, ++slot->count);
  g_assert_cmpuint (scene->number, >=, slot->number);
  slot->number = scene->number;
}

void
ticket_check (Slot      *slot,
              LoadScene *scene)
{
  Ticket *ticket = ticket_of (scene->ticket);
  guint calls = atomic_fetch_add_explicit (&ticket->calls, 1, memory_order_relaxed);

  g_assert_false (atomic_load_explicit (&ticket->cancelled, memory_order_relaxed));
  check_text (ticket, scene->text);
  check_code (slot, scene);
  check_order (slot, ticket, scene, calls > 0);
  if (ticket->kind == TICKET_PUBLISHED || ticket->kind == TICKET_OFTEN)
    {
      add (&slot->shared, 1);
      add (&slot->published, ticket->kind == TICKET_PUBLISHED);
      return;
    }
  g_assert_cmpuint (ticket->to, ==, slot->index);
  g_assert_true (calls == 0 || ticket->fate == FATE_TRIED); /* nothing comes twice */
  ticket->fate = FATE_HANDLED;
}
