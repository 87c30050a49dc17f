/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * server: all that a server has: settings, startup and shutdown events, one of them asynchronous, a handler that
 * fails, and a scope that stops it on every way out of a block.
 *
 *     examples/server 100 8 0 4 */

#include <stdlib.h>
#include <threadbutler/threadbutler.h>

#define DIVISION_FIELDS(F, R) \
  F (R, int32, divisor)
BUTLER_MESSAGE (ServerDivision, division, DIVISION_FIELDS);

#define DIVIDER_FIELDS(F, R) \
  F (R, int32,   dividend)   \
  F (R, uint64,  divisions)  \
  F (R, boolean, warm)
BUTLER_RECORD (ServerDivider, divider, DIVIDER_FIELDS);

#define DIVIDER_SETTINGS_FIELDS(F, R) \
  F (R, int32, dividend, "100", "what is divided")
BUTLER_SETTINGS (ServerDividerSettings, divider_settings, DIVIDER_SETTINGS_FIELDS);

#define DIVIDER_HANDLES(H, S) \
  H (S, division)
BUTLER_HANDLERS (divider, DIVIDER_HANDLES);

/* The first startup event: the state is all zero before. It may refuse to start. */
static gboolean
divider_start (ServerDivider *self, const ServerDividerSettings *settings, ButlerContext *context, GError **error)
{
  self->dividend = settings->dividend;
  if (self->dividend != 0)
    g_print ("%s starts\n", butler_server_get_name (butler_context_get_server (context)));
  else
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "a dividend of 0 is dull");
  return self->dividend != 0;
}

/* A failure is logged and counted, once; the next message follows. */
static void
divider_on_division (ServerDivider *self, ServerDivision *message, ButlerContext *context)
{
  if (message->divisor == 0)
    {
      butler_context_fail (context, "%d cannot be divided by 0", self->dividend);
      return;
    }
  self->divisions++;
  g_print ("%d / %d = %d\n", self->dividend, message->divisor, self->dividend / message->divisor);
}

/* The last shutdown event */
static void
divider_stop (ServerDivider *self, ButlerContext *context G_GNUC_UNUSED)
{
  g_print ("%" G_GUINT64_FORMAT " divisions, %s\n", self->divisions, self->warm ? "warm" : "cold");
}

static const ButlerHandlerSet divider_set = {
  BUTLER_HANDLER_SET (divider),
  BUTLER_START (divider, divider_settings, divider_start),
  BUTLER_STOP (divider, divider_stop),
};

/* On the server's thread, between two messages, or, as here, before the first. */
static gboolean
warm_up (gpointer data)
{
  ButlerContext *held = data;
  ServerDivider *self = butler_context_state (held);

  self->warm = TRUE;
  g_print ("warmed up\n");
  butler_context_release (held); /* now the event is over, and butler_server_start() goes on */
  return G_SOURCE_REMOVE;
}

static gboolean
begin_to_warm_up (ButlerContext *context, gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GSource) source = g_timeout_source_new (1);

  g_source_set_callback (source, warm_up, butler_context_hold (context), NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return TRUE;
}

static void
say_good_bye (ButlerContext *context G_GNUC_UNUSED, gpointer data)
{
  g_print ("%s\n", (const char *) data);
}

static gboolean
divide (ButlerServer *server, char **divisors, GError **error)
{
  g_autoptr (ButlerServerScope) scope = butler_server_scope_new (server, error);

  if (scope == NULL)
    return FALSE;
  g_print ("started\n");
  for (; *divisors != NULL; divisors++)
    if (!division_send (butler_server_get_hub (server), &(ServerDivision) { atoi (*divisors) }, error))
      return FALSE; /* here, too, the server is stopped and joined */
  return TRUE;
}

int
main (int argc, char **argv)
{
  const ServerDividerSettings settings = { .dividend = argc > 1 ? atoi (argv[1]) : 100 };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  ButlerServer *server =
      butler_server_new (hub, "divider", &divider_set, BUTLER_SERVER_OPTIONS (.settings = &settings), &error);

  if (server != NULL)
    {
      butler_server_add_startup (server, begin_to_warm_up, NULL, NULL);
      butler_server_add_shutdown (server, say_good_bye, (gpointer) "good-bye", NULL);
    }
  if (server == NULL || !divide (server, argv + MIN (argc, 2), &error))
    {
      g_printerr ("server: %s\n", error->message);
      return 1;
    }
  g_print ("stopped\n");
  return 0;
}
