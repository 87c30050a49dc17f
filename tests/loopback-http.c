/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * loopback-http: an HTTP server for the tests. Prints its address, and ends when its standard input does.
 *
 *   /NAME      "this is /NAME"
 *   /missing   404
 *   /late      answered when somebody has asked for /now */

#include <libsoup/soup.h>

typedef struct
{
  GMainLoop         *loop;
  SoupServer        *server;
  SoupServerMessage *late;    /* (owned) (nullable): what is not answered yet */
  gboolean           was_now;
} Loopback;

static void
say (SoupServerMessage *message, const char *path)
{
  g_autofree char *body = g_strdup_printf ("this is %s", path);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY, body, strlen (body));
}

static void
answer_late (Loopback *self)
{
  if (self->late == NULL)
    return;
  say (self->late, "/late");
  soup_server_message_unpause (self->late);
  g_clear_object (&self->late);
}

static void
on_request (SoupServer        *server G_GNUC_UNUSED,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query G_GNUC_UNUSED,
            gpointer           data)
{
  Loopback *self = data;

  if (g_str_equal (path, "/missing"))
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
  else if (g_str_equal (path, "/late") && !self->was_now)
    {
      soup_server_message_pause (message);
      g_set_object (&self->late, message);
    }
  else
    say (message, path);
  if (!g_str_equal (path, "/now"))
    return;
  self->was_now = TRUE;
  answer_late (self);
}

static gboolean
on_end_of_input (GIOChannel *input G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
  g_main_loop_quit (((Loopback *) data)->loop);
  return G_SOURCE_REMOVE;
}

static void
print_address (SoupServer *server)
{
  GSList *addresses = soup_server_get_uris (server);
  g_autofree char *address = g_uri_to_string (addresses->data);

  g_print ("%s\n", address);
  g_slist_free_full (addresses, (GDestroyNotify) g_uri_unref);
}

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  g_autoptr (GError) error = NULL;
  Loopback self = { loop, server, NULL, FALSE };

  soup_server_add_handler (server, NULL, on_request, &self, NULL);
  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    {
      g_printerr ("loopback-http: %s\n", error->message);
      return 1;
    }
  g_io_add_watch (input, G_IO_IN | G_IO_HUP | G_IO_ERR, on_end_of_input, &self);
  print_address (server);
  g_main_loop_run (loop);
  soup_server_disconnect (server);
  g_clear_object (&self.late);
  return 0;
}
