/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * stdin: the main thread reads lines and sends each to a server, which numbers them.
 *
 *     printf 'one\ntwo\n' | examples/stdin */

#include <stdio.h>
#include <threadbutler/threadbutler.h>

#define LINE_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (StdinLine, line, LINE_FIELDS);

#define PRINTER_FIELDS(F, R) \
  F (R, uint64, lines)
BUTLER_RECORD (StdinPrinter, printer, PRINTER_FIELDS);

#define PRINTER_HANDLES(H, S) \
  H (S, line)
BUTLER_HANDLERS (printer, PRINTER_HANDLES);

static void
printer_on_line (StdinPrinter *self, StdinLine *message, ButlerContext *context G_GNUC_UNUSED)
{
  g_print ("%" G_GUINT64_FORMAT ": %s\n", ++self->lines, message->text);
}

static void
printer_stop (StdinPrinter *self, ButlerContext *context G_GNUC_UNUSED)
{
  g_print ("%" G_GUINT64_FORMAT " lines\n", self->lines);
}

static const ButlerHandlerSet printer_set = { BUTLER_HANDLER_SET (printer), BUTLER_STOP (printer, printer_stop) };

static gboolean
send_lines (ButlerHub *hub, GError **error)
{
  g_autofree char *text = NULL;
  gsize size = 0;

  while (getline (&text, &size, stdin) >= 0)
    if (!line_send (hub, &(StdinLine) { .text = g_strdup (g_strchomp (text)) }, error))
      return FALSE;
  return TRUE;
}

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (butler_server_new (hub, "printer", &printer_set, NULL, &error) != NULL && butler_hub_start (hub, &error)
      && send_lines (hub, &error))
    return 0; /* the hub goes when every line has been printed */
  g_printerr ("stdin: %s\n", error->message);
  return 1;
}
