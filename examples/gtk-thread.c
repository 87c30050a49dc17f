/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * gtk-thread: GTK in a server's loop. GTK may run on any thread, as long as all of it runs on that one, and that one
 * alone iterates the default main context: here it is the client's, and the main thread is free. Close the window, or
 * press Ctrl+W, to end. */

#include "gtk-window.h"

/* The loop of the client: GTK's main context, in which the server's source runs its handlers. It goes with the server. */
static void
run_gtk (ButlerServer *client, gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GSource) source = butler_server_create_source (client);

  g_source_attach (source, NULL);
  while (butler_server_keep_running (client))
    g_main_context_iteration (NULL, TRUE);
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
