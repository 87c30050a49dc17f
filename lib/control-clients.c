/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/control.h"

#include <sys/socket.h>

#include "lib/descriptors.h"
#include "lib/log.h"

/* Who comes to a control socket, and how they are let in and sent away. This is what GDBusServer does, but for three
 * things that a library needs and a daemon with a main loop does not: connections tell of their end in this thread's
 * context (those of a GDBusServer do so in the default context, and pile up if no thread runs that); a client that does
 * not say who it is can be sent away; and to be out of descriptors is survived. */

#define MAX_CLIENTS     128
#define PATIENCE        10 /* s: how long a client may take to say who it is */
#define PAUSE           1  /* s: until there may be descriptors again, of which nobody tells */

/* From the door on until its connection is closed, or was refused. */
typedef struct
{
  ButlerControl   *control;     /* (unowned) */
  GDBusConnection *connection;  /* (owned) */
  GSocket         *socket;      /* (owned) */
  GThread         *handshake;   /* (owned) (nullable): waits for the client to say who it is */
  GSource         *patience;    /* (owned): ends that */
  gboolean         welcome;     /* written by that thread before it says that it is done */
  gboolean         closed;
} Client;

static void
client_free (Client *client)
{
  g_clear_pointer (&client->handshake, g_thread_join);
  g_source_destroy (client->patience);
  g_source_unref (client->patience);
  g_signal_handlers_disconnect_by_data (client->connection, client);
  g_object_unref (client->connection);
  g_object_unref (client->socket);
  g_free (client);
}

static void
forget (Client *client)
{
  g_ptr_array_remove_fast (client->control->clients, client);
  client_free (client);
}

/* This may be before it was known that the client is welcome. */
static void
on_closed (GDBusConnection *connection G_GNUC_UNUSED,
           gboolean         vanished G_GNUC_UNUSED,
           GError          *error G_GNUC_UNUSED,
           gpointer         data)
{
  Client *client = data;

  client->closed = TRUE;
  if (client->handshake == NULL)
    forget (client);
}

/* Whatever GDBus does with the socket just now, on which thread ever, it ends as if the client had closed it. A
 * GCancellable would need a descriptor, and neither GSocket nor the closing of a connection is for several threads. */
static void
send_away (Client *client)
{
  if (!client->closed)
    shutdown (g_socket_get_fd (client->socket), SHUT_RDWR);
}

static void
serve (Client *client)
{
  if (butler__control_export (client->control, client->connection) && !g_atomic_int_get (&client->control->ending))
    g_dbus_connection_start_message_processing (client->connection);
  else
    send_away (client);
}

static gboolean
on_handshake_done (gpointer data)
{
  Client *client = data;

  g_thread_join (g_steal_pointer (&client->handshake));
  g_source_destroy (client->patience);
  if (client->welcome && !client->closed)
    serve (client);
  else
    forget (client);
  return G_SOURCE_REMOVE;
}

/* A thread: until the client has spoken, GDBus blocks. */
static gpointer
shake_hands (gpointer data)
{
  Client *client = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) done = g_idle_source_new ();

  client->welcome = g_initable_init (G_INITABLE (client->connection), NULL, &error);
  if (!client->welcome)
    butler__log (G_LOG_LEVEL_DEBUG, NULL, NULL, "%s let a client not in: %s", client->control->path, error->message);
  g_source_set_priority (done, G_PRIORITY_DEFAULT);
  g_source_set_callback (done, on_handshake_done, client, NULL);
  g_source_attach (done, client->control->context);
  return NULL;
}

static gboolean
on_impatient (gpointer client)
{
  send_away (client);
  return G_SOURCE_REMOVE;
}

static GSource *
impatience_new (Client *client)
{
  GSource *source = g_timeout_source_new_seconds (PATIENCE);

  g_source_set_callback (source, on_impatient, client, NULL);
  g_source_attach (source, client->control->context);
  return source;
}

/* The connection belongs to the context that is this thread's own. */
static Client *
client_new (ButlerControl *control,
            GSocket       *socket)
{
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  Client *client = g_new0 (Client, 1);

  client->control = control;
  client->connection = g_object_new (G_TYPE_DBUS_CONNECTION, "stream", stream, "guid", control->guid, "flags",
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                         | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_REQUIRE_SAME_USER
                                         | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                     NULL);
  g_signal_connect (client->connection, "closed", G_CALLBACK (on_closed), client);
  client->socket = g_object_ref (socket);
  client->patience = impatience_new (client);
  return client;
}

static void
let_in (ButlerControl *control,
        GSocket       *socket)
{
  Client *client;

  if (control->clients->len >= MAX_CLIENTS)
    return;
  client = client_new (control, socket);
  g_ptr_array_add (control->clients, client);
  client->handshake = g_thread_try_new ("control-client", shake_hands, client, NULL);
  if (client->handshake == NULL)
    forget (client);
}

static void
set_incoming (ButlerControl *control,
              GSource       *source)
{
  if (control->incoming != NULL)
    {
      g_source_destroy (control->incoming);
      g_source_unref (control->incoming);
    }
  control->incoming = source;
  if (source != NULL)
    g_source_attach (source, control->context);
}

static gboolean on_pause_over (gpointer control);

/* Who waits at the door stays there, and the listener's source would be ready for ever. */
static void
make_a_pause (ButlerControl *control)
{
  GSource *source = g_timeout_source_new_seconds (PAUSE);

  butler__log (G_LOG_LEVEL_DEBUG, NULL, NULL, "%s lets nobody in for a while: there are no descriptors", control->path);
  g_source_set_callback (source, on_pause_over, control, NULL);
  set_incoming (control, source);
}

static void
accept_one (ButlerControl *control)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (control->listener, NULL, &error);

  if (socket != NULL)
    let_in (control, socket);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    make_a_pause (control);
}

/* One for the client, and one for the thread that GDBus starts with its first connection. */
static gboolean
on_incoming (GSocket      *listener G_GNUC_UNUSED,
             GIOCondition  condition G_GNUC_UNUSED,
             gpointer      control)
{
  if (butler__descriptors_are_left (2))
    accept_one (control);
  else
    make_a_pause (control);
  return G_SOURCE_CONTINUE;
}

void
butler__control_open (ButlerControl *control)
{
  GSource *source = g_socket_create_source (control->listener, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_incoming), control, NULL);
  set_incoming (control, source);
}

static gboolean
on_pause_over (gpointer control)
{
  butler__control_open (control);
  return G_SOURCE_REMOVE;
}

void
butler__control_close (ButlerControl *control)
{
  set_incoming (control, NULL);
  for (guint i = 0; i < control->clients->len; i++)
    send_away (control->clients->pdata[i]);
}
