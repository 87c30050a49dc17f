/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * glib-loop: a server without a thread of its own lives in the program's GMainLoop, beside whatever else runs there:
 * that is how handlers run on GTK's thread. A second server, with a thread, does the work.
 *
 *     examples/glib-loop 5 */

#include <stdlib.h>
#include <threadbutler/threadbutler.h>

#define ORDER_FIELDS(F, R) \
  F (R, uint64, number)
BUTLER_MESSAGE (GlibLoopOrder, order, ORDER_FIELDS);

#define RESULT_FIELDS(F, R) \
  F (R, uint64, number)     \
  F (R, uint64, square)
BUTLER_MESSAGE (GlibLoopResult, result, RESULT_FIELDS);

/* The one with a thread */

#define WORKER_FIELDS(F, R) \
  F (R, uint64, orders)
BUTLER_RECORD (GlibLoopWorker, worker, WORKER_FIELDS);

#define WORKER_HANDLES(H, S) \
  H (S, order)
BUTLER_HANDLERS (worker, WORKER_HANDLES);

static void
worker_on_order (GlibLoopWorker *self, GlibLoopOrder *message, ButlerContext *context)
{
  GlibLoopResult reply = { message->number, message->number * message->number };
  GError *error = NULL;

  self->orders++;
  if (!result_send (butler_context_get_hub (context), &reply, &error))
    butler_context_take_error (context, error);
}

static const ButlerHandlerSet worker_set = { BUTLER_HANDLER_SET (worker) };

/* The one in the main loop: its state is the application's, as the widgets of a window would be */

#define VIEW_FIELDS(F, R)  \
  F (R, pointer, loop)     \
  F (R, pointer, thread)   \
  F (R, uint64,  expected)
BUTLER_RECORD (GlibLoopView, view, VIEW_FIELDS);

#define VIEW_HANDLES(H, S) \
  H (S, result)
BUTLER_HANDLERS (view, VIEW_HANDLES);

static void
view_on_result (GlibLoopView *self, GlibLoopResult *message, ButlerContext *context)
{
  if (self->thread != g_thread_self ())
    butler_context_fail (context, "this is not the main loop's thread");
  g_print ("%" G_GUINT64_FORMAT " * %" G_GUINT64_FORMAT " = %" G_GUINT64_FORMAT "\n", message->number, message->number,
           message->square);
  if (--self->expected == 0)
    g_main_loop_quit (self->loop);
}

static const ButlerHandlerSet view_set = { BUTLER_HANDLER_SET (view) };

static gboolean
send_orders (ButlerHub *hub, guint64 n, GError **error)
{
  for (guint64 i = 1; i <= n; i++)
    if (!order_send (hub, &(GlibLoopOrder) { i }, error))
      return FALSE;
  return TRUE;
}

static gboolean
run (ButlerHub *hub, GlibLoopView *state, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.no_thread = TRUE, .state = state);
  ButlerServer *view = butler_server_new (hub, "view", &view_set, options, error);
  g_autoptr (GSource) source = view != NULL ? butler_server_create_source (view) : NULL;

  if (view == NULL || butler_server_new (hub, "worker", &worker_set, NULL, error) == NULL)
    return FALSE;
  g_source_attach (source, g_main_loop_get_context (state->loop));
  if (!butler_hub_start (hub, error) || !send_orders (hub, state->expected, error))
    return FALSE;
  g_main_loop_run (state->loop); /* woken by messages; it never polls */
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  GlibLoopView state = { loop, g_thread_self (), argc > 1 ? MAX (strtoull (argv[1], NULL, 10), 1) : 5 };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (run (hub, &state, &error))
    return 0;
  g_printerr ("glib-loop: %s\n", error->message);
  return 1;
}
