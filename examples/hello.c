/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * hello: one message, one server, one handler. cc hello.c $(pkg-config --cflags --libs threadbutler) */

#include <threadbutler/threadbutler.h>

#define GREETING_FIELDS(F, R) \
  F (R, string, name)
BUTLER_MESSAGE (Greeting, greeting, GREETING_FIELDS);

#define GREETER_FIELDS(F, R) \
  F (R, uint64, greeted)
BUTLER_RECORD (Greeter, greeter, GREETER_FIELDS);

#define GREETER_HANDLES(H, S) \
  H (S, greeting)
BUTLER_HANDLERS (greeter, GREETER_HANDLES);

static void
greeter_on_greeting (Greeter *self, Greeting *message, ButlerContext *context)
{
  self->greeted++;
  g_print ("%s: hello, %s!\n", butler_server_get_name (butler_context_get_server (context)), message->name);
}

static const ButlerHandlerSet greeter_set = { BUTLER_HANDLER_SET (greeter) };

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (butler_server_new (hub, "butler", &greeter_set, NULL, &error) != NULL && butler_hub_start (hub, &error)
      && greeting_send (hub, &(Greeting) { .name = g_strdup ("world") }, &error))
    return 0; /* the last reference to the hub waits until everything sent has been handled */
  g_printerr ("hello: %s\n", error->message);
  return 1;
}
