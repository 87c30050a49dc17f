/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * gtk-thread: GTK in a server's loop. GTK may run on any thread, as long as all of it runs on that one, and that one
 * alone iterates the default main context: here it is the client's, and the main thread is free. Close the window, or
 * press Ctrl+W, to end. */

#include <glib-unix.h>

#include "gtk-window.h"

#define BATCH 64 /* messages between two looks at what else is to be done */

/* Lower than GTK's redraw (GDK_PRIORITY_REDRAW, 120), which a descriptor that is always readable would starve. */
#define PRIORITY (G_PRIORITY_HIGH_IDLE + 30)

static gboolean
dispatch (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer client)
{
  butler_server_dispatch (client, BATCH);
  return G_SOURCE_CONTINUE;
}

/* The loop of the client: GTK's main context, woken by messages through the server's descriptor. */
static void
run_gtk (ButlerServer *client, gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  int fd = butler_server_get_fd (client, &error);
  g_autoptr (GSource) source = NULL;

  if (fd < 0)
    {
      butler_hub_fail (butler_server_get_hub (client), g_steal_pointer (&error));
      return;
    }
  source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (dispatch), client, NULL);
  g_source_set_priority (source, PRIORITY);
  g_source_attach (source, NULL);
  while (butler_server_keep_running (client))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
}

/* The client comes first, so that it ends first: with the window. A worker that is faster than GTK waits. */
static gboolean
add_servers (ButlerHub *hub, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.loop = run_gtk, .capacity = 100000,
                                                              .overflow = BUTLER_OVERFLOW_BLOCK);

  return butler_server_new (hub, "gtk-thread", &client_set, options, error) != NULL
         && butler_server_new (hub, "worker", &worker_set, NULL, error) != NULL;
}

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  /* From the start on this thread has nothing to do: here it waits for the end. */
  if (add_servers (hub, &error) && butler_hub_start (hub, &error) && butler_hub_join (hub, &error))
    return 0;
  g_printerr ("gtk-thread: %s\n", error->message);
  return 1;
}
