/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * gtk-flood: linked to the programs of the GTK example in the place of their window. It draws a number of frames while
 * no message comes, and then for as long again while the worker sends as fast as the client's channel takes it. It does so
 * several times, so that what else runs on the machine costs both as much; it prints the sums, and ends:
 *
 *     frames while quiet, frames in the floods, messages in the floods, how long it was quiet in microseconds */

#include "examples/gtk-window.h"

#include <gtk/gtk.h>

#define FIRST  10 /* frames that are not counted: fonts and themes are read */
#define FRAMES 15 /* of each phase */
#define ROUNDS 6
#define BURST  1000
#define WORK   400
#define BATCH  64

#define FLOOD_FIELDS(F, R) \
  F (R, int64, duration)
BUTLER_MESSAGE (GtkFlood, flood, FLOOD_FIELDS);

#define DROP_FIELDS(F, R) \
  F (R, uint64, number)
BUTLER_MESSAGE (GtkFloodDrop, drop, DROP_FIELDS);

#define EBB_FIELDS(F, R) \
  F (R, uint64, drops)
BUTLER_MESSAGE (GtkFloodEbb, ebb, EBB_FIELDS);

#define WORKER_FIELDS(F, R) \
  F (R, uint64, drops)
BUTLER_RECORD (GtkFloodWorker, worker, WORKER_FIELDS);

#define WORKER_HANDLES(H, S) \
  H (S, flood)
BUTLER_HANDLERS (worker, WORKER_HANDLES);

static void
worker_on_flood (GtkFloodWorker *self, GtkFlood *message, ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  gint64 end = g_get_monotonic_time () + message->duration;
  gboolean ok = TRUE;

  while (ok && g_get_monotonic_time () < end)
    for (guint i = 0; ok && i < BURST; i++)
      ok = drop_send (hub, &(GtkFloodDrop) { ++self->drops }, NULL);
  ebb_send (hub, &(GtkFloodEbb) { self->drops }, NULL);
}

const ButlerHandlerSet worker_set = { BUTLER_HANDLER_SET (worker) };

#define CLIENT_HANDLES(H, S) \
  H (S, drop)                \
  H (S, ebb)
BUTLER_HANDLERS (client, CLIENT_HANDLES);

/* The client is to be slower than the worker: then its channel is never empty, and what runs it is always ready. */
static void
work (guint64 number)
{
  volatile guint64 sum = number;

  for (guint i = 0; i < WORK; i++)
    sum = sum * 31 + i;
}

/* GTK's thread only. */
static struct
{
  guint    first;    /* frames that were not counted */
  guint    rounds;   /* that are over */
  gboolean flood;    /* the phase that goes on; a quiet one and a flood of the same duration are a round */
  guint    frames;   /* of that phase */
  gint64   begin;    /* of that phase */
  gint64   duration; /* of the last quiet one */
  guint64  seen;     /* messages at the last frame of the flood */
  guint    flooded;  /* frames of all floods, and the messages up to the last one of each */
  guint64  messages;
  gint64   quiet;    /* duration of all quiet phases */
} drawn;

/* While it is quiet GTK's thread is as busy as in the flood. */
static gboolean
keep_busy (gpointer data G_GNUC_UNUSED)
{
  for (guint i = 0; i < BATCH; i++)
    work (i);
  return !drawn.flood;
}

static void
begin_phase (gboolean flood, gint64 now)
{
  drawn.flood = flood;
  drawn.frames = 0;
  drawn.begin = now;
  if (!flood)
    g_idle_add_full (G_PRIORITY_LOW, keep_busy, NULL, NULL);
}

static void
count_quiet_frame (GtkExampleClient *self, gint64 now)
{
  if (++drawn.frames < FRAMES)
    return;
  drawn.duration = now - drawn.begin;
  drawn.quiet += drawn.duration;
  begin_phase (TRUE, now);
  flood_send (self->hub, &(GtkFlood) { drawn.duration }, NULL);
}

static void
count_flooded_frame (const GtkExampleClient *self)
{
  drawn.flooded++;
  drawn.messages += self->answers - drawn.seen;
  drawn.seen = self->answers;
}

static void
draw (GtkDrawingArea *area G_GNUC_UNUSED, cairo_t *cairo, int width, int height, gpointer client)
{
  gint64 now = g_get_monotonic_time ();

  cairo_rectangle (cairo, 0, 0, width, (double) (now % height));
  cairo_fill (cairo);
  if (drawn.first < FIRST && ++drawn.first == FIRST)
    begin_phase (FALSE, now);
  else if (drawn.first == FIRST && !drawn.flood)
    count_quiet_frame (client, now);
  else if (drawn.flood && now <= drawn.begin + drawn.duration)
    count_flooded_frame (client);
}

static void
client_on_drop (GtkExampleClient *self, GtkFloodDrop *message, ButlerContext *context)
{
  if (message->number != ++self->answers)
    butler_context_fail (context, "message %" G_GUINT64_FORMAT " is not the next one", message->number);
  work (message->number);
}

static void
client_on_ebb (GtkExampleClient *self, GtkFloodEbb *message, ButlerContext *context)
{
  if (message->drops != self->answers)
    butler_context_fail (context, "%" G_GUINT64_FORMAT " messages were sent", message->drops);
  drawn.seen = self->answers;
  begin_phase (FALSE, g_get_monotonic_time ());
  if (++drawn.rounds < ROUNDS)
    return;
  g_print ("%d %u %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT "\n", ROUNDS * FRAMES, drawn.flooded,
           drawn.messages, drawn.quiet);
  butler_hub_fail (self->hub, NULL);
}

static gboolean
draw_next_frame (GtkWidget *area, GdkFrameClock *clock G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  gtk_widget_queue_draw (area);
  return G_SOURCE_CONTINUE;
}

static gboolean
client_start (GtkExampleClient *self, gconstpointer none G_GNUC_UNUSED, ButlerContext *context, GError **error)
{
  GtkWidget *area;

  if (!gtk_init_check ())
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "GTK finds no display");
      return FALSE;
    }
  self->hub = butler_context_get_hub (context);
  self->window = gtk_window_new ();
  area = gtk_drawing_area_new ();
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (area), draw, self, NULL);
  gtk_widget_add_tick_callback (area, draw_next_frame, NULL, NULL);
  gtk_window_set_default_size (self->window, 100, 100);
  gtk_window_set_child (self->window, area);
  gtk_window_present (self->window);
  return TRUE;
}

static void
client_stop (GtkExampleClient *self, ButlerContext *context G_GNUC_UNUSED)
{
  gtk_window_destroy (self->window);
}

const ButlerHandlerSet client_set = {
  BUTLER_HANDLER_SET (client),
  BUTLER_START_PLAIN (client, client_start),
  BUTLER_STOP (client, client_stop),
};
