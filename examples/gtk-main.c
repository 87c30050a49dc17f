/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * gtk-main: GTK on the main thread. The client is a server without a thread: a GSource in GTK's main context runs its
 * handlers, so they may touch the widgets. Its state is the application's own. Close the window, or press Ctrl+W, to
 * end. */

#include "gtk-window.h"

/* The client comes first, so that it ends first: with the window. A worker that is faster than GTK waits. */
static ButlerServer *
add_servers (ButlerHub *hub, GtkExampleClient *state, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.no_thread = TRUE, .state = state, .capacity = 100000,
                                                              .overflow = BUTLER_OVERFLOW_BLOCK);
  ButlerServer *client = butler_server_new (hub, "gtk-main", &client_set, options, error);

  if (client == NULL || butler_server_new (hub, "worker", &worker_set, NULL, error) == NULL)
    return NULL;
  return client;
}

/* GTK's main context is the default one. The end of the client wakes it once more. */
static gboolean
run (ButlerHub *hub, ButlerServer *client, GError **error)
{
  g_autoptr (GSource) source = butler_server_create_source (client);

  g_source_attach (source, NULL);
  if (!butler_hub_start (hub, error)) /* on this thread: the client's start function, which makes the window */
    return FALSE;
  while (butler_server_keep_running (client))
    g_main_context_iteration (NULL, TRUE);
  return butler_hub_join (hub, error);
}

int
main (void)
{
  GtkExampleClient state = { 0 };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  ButlerServer *client = add_servers (hub, &state, &error);

  if (client != NULL && run (hub, client, &error))
    {
      g_print ("answers: %" G_GUINT64_FORMAT "\n", state.answers);
      return 0;
    }
  g_printerr ("gtk-main: %s\n", error->message);
  return 1;
}
