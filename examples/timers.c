/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * timers: a server that ticks every 10 milliseconds, without drift, and ends after three ticks. */

#include <threadbutler/threadbutler.h>

#define TICK_FIELDS(F, R) \
  F (R, string, sound)
BUTLER_MESSAGE (Tick, tick, TICK_FIELDS);

#define CLOCK_FIELDS(F, R) \
  F (R, uint64, ticks)     \
  F (R, int64,  first)
BUTLER_RECORD (Clock, clock, CLOCK_FIELDS);

#define PERIOD (10 * 1000) /* µs */

#define CLOCK_HANDLES(H, S) \
  H (S, tick)
BUTLER_HANDLERS (clock, CLOCK_HANDLES);

static gboolean
clock_start (Clock *self, gconstpointer none, ButlerContext *context, GError **error)
{
  (void) self;
  (void) none;
  return tick_send_every (butler_context_get_server (context), &(Tick) { .sound = g_strdup ("tick") }, PERIOD, error) != 0;
}

/* The times are those of a grid, however late this is called. */
static void
clock_on_tick (Clock *self, Tick *tick, ButlerContext *context)
{
  gint64 deadline = butler_context_get_deadline (context);

  if (self->ticks++ == 0)
    self->first = deadline;
  g_print ("%s %s\n", tick->sound, (deadline - self->first) % PERIOD == 0 ? "in time" : "astray");
  if (self->ticks == 3)
    {
      butler_server_cancel_timer (butler_context_get_server (context), butler_context_get_timer (context));
      butler_context_stop_server (context);
    }
}

static const ButlerHandlerSet clock_set = {
  BUTLER_HANDLER_SET (clock),
  BUTLER_START_PLAIN (clock, clock_start),
};

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (butler_server_new (hub, "clock", &clock_set, NULL, &error) != NULL && butler_hub_start (hub, &error)
      && butler_hub_join (hub, &error))
    return 0;
  g_printerr ("timers: %s\n", error->message);
  return 1;
}
