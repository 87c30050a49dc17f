/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * async: a server that fetches pages by HTTP. Its handler starts the request and returns; libsoup does the rest on the
 * server's own GMainContext, while other messages are handled. What is held keeps the message, and is waited for when
 * the server is stopped.
 *
 *     examples/async http://localhost/ http://localhost/missing */

#include <libsoup/soup.h>
#include <threadbutler/threadbutler.h>

#define FETCH_FIELDS(F, R) \
  F (R, string, url)
BUTLER_MESSAGE (AsyncFetch, fetch, FETCH_FIELDS);

#define CLIENT_FIELDS(F, R) \
  F (R, object, session)    \
  F (R, uint32, fetched)
BUTLER_RECORD (AsyncClient, client, CLIENT_FIELDS);

#define CLIENT_HANDLES(H, S) \
  H (S, fetch)
BUTLER_HANDLERS (client, CLIENT_HANDLES);

/* A session belongs to the thread-default context of where it is made: to this server's. */
static gboolean
client_start (AsyncClient *self,
              gconstpointer none G_GNUC_UNUSED,
              ButlerContext *context G_GNUC_UNUSED,
              GError **error G_GNUC_UNUSED)
{
  self->session = G_OBJECT (soup_session_new ());
  return TRUE;
}

static void
client_stop (AsyncClient *self, ButlerContext *context G_GNUC_UNUSED)
{
  g_print ("%u fetched\n", self->fetched);
  g_clear_object (&self->session);
}

static gboolean
check_status (SoupMessage *request, GError **error)
{
  if (SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (request)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%u %s", soup_message_get_status (request),
               soup_message_get_reason_phrase (request));
  return FALSE;
}

/* On the server's thread, between two messages: the state needs no lock here either. */
static void
on_page (GObject *session, GAsyncResult *result, gpointer data)
{
  ButlerContext *held = data;
  AsyncClient *self = butler_context_state (held);
  g_autoptr (AsyncFetch) message = fetch_take (held);
  GError *error = NULL;
  g_autoptr (GBytes) page = soup_session_send_and_read_finish (SOUP_SESSION (session), result, &error);

  if (page != NULL && self != NULL
      && check_status (soup_session_get_async_result_message (SOUP_SESSION (session), result), &error))
    {
      self->fetched++;
      g_print ("%s: %.*s\n", message->url, (int) g_bytes_get_size (page), (const char *) g_bytes_get_data (page, NULL));
    }
  if (error != NULL)
    butler_context_take_error (held, error); /* as if the handler had failed */
  butler_context_release (held);
}

static void
client_on_fetch (AsyncClient *self, AsyncFetch *message, ButlerContext *context)
{
  g_autoptr (SoupMessage) request = soup_message_new (SOUP_METHOD_GET, message->url);

  if (request != NULL)
    soup_session_send_and_read_async (SOUP_SESSION (self->session), request, G_PRIORITY_DEFAULT,
                                      butler_context_get_cancellable (context), on_page, butler_context_hold (context));
  else
    butler_context_fail (context, "%s is no address", message->url);
}

static const ButlerHandlerSet client_set = {
  BUTLER_HANDLER_SET (client),
  BUTLER_START_PLAIN (client, client_start),
  BUTLER_STOP (client, client_stop),
};

static gboolean
run (ButlerHub *hub, char **urls, GError **error)
{
  if (butler_server_new (hub, "client", &client_set, NULL, error) == NULL || !butler_hub_start (hub, error))
    return FALSE;
  for (; *urls != NULL; urls++)
    if (!fetch_send (hub, &(AsyncFetch) { g_strdup (*urls) }, error))
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (run (hub, argv + MIN (argc, 1), &error))
    return 0; /* the hub goes when every request has been answered */
  g_printerr ("async: %s\n", error->message);
  return 1;
}
