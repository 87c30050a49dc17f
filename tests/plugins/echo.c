/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>
#include <threadbutler/threadbutler.h>
#include <unistd.h>

/* Says what it is told, and ends as it is told; each line is written at once, so that tests can wait for it. */

#define TEST_ECHO_FIELDS(F, R) F (R, uint32, number)
BUTLER_MESSAGE (TestEcho, test_echo, TEST_ECHO_FIELDS);

#define ECHO_FIELDS(F, R) \
  F (R, string, text)     \
  F (R, string, then)     \
  F (R, uint32, times)    \
  F (R, boolean, quiet)
BUTLER_RECORD (Echo, echo, ECHO_FIELDS);

#define ECHO_SETTINGS_FIELDS(F, R)                                                              \
  F (R, string, text, "hello", "what it says")                                                  \
  F (R, uint32, times, "1", "how often")                                                        \
  F (R, string, and_then, "stop", "stop, stay, fail, stumble, or wait for the end of standard input")    \
  F (R, boolean, quiet, NULL, "do not tell of start and stop")
BUTLER_SETTINGS (EchoSettings, echo_settings, ECHO_SETTINGS_FIELDS);

#define ECHO_HANDLES(H, S) H (S, test_echo)
BUTLER_HANDLERS (echo, ECHO_HANDLES);

static void
say (const char *text)
{
  printf ("%s\n", text);
  fflush (stdout);
}

static void
wait_for_end_of_input (void)
{
  char byte;

  say ("waiting");
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
}

static void
echo_on_test_echo (Echo *self, TestEcho *echo, ButlerContext *context)
{
  ButlerHub     *hub = butler_context_get_hub (context);
  ButlerChannel *channel = butler_server_get_channel (butler_context_get_server (context));

  say (self->text);
  if (echo->number < self->times)
    test_echo_send_to (channel, &(TestEcho) { .number = echo->number + 1 }, NULL);
  else if (g_str_equal (self->then, "stop"))
    butler_hub_shutdown (hub);
  else if (g_str_equal (self->then, "fail"))
    butler_hub_fail (hub, g_error_new (BUTLER_ERROR, BUTLER_ERROR_FAILED, "as it was told"));
  else if (g_str_equal (self->then, "stumble"))
    butler_context_fail (context, "over its own feet");
  else if (g_str_equal (self->then, "wait"))
    wait_for_end_of_input ();
}

static gboolean
echo_start (Echo *self, const EchoSettings *settings, ButlerContext *context, GError **error)
{
  ButlerChannel *channel = butler_server_get_channel (butler_context_get_server (context));

  self->text = g_strdup (settings->text);
  self->then = g_strdup (settings->and_then);
  self->times = settings->times;
  self->quiet = settings->quiet;
  if (!self->quiet)
    say ("started");
  return test_echo_send_to (channel, &(TestEcho) { .number = 1 }, error);
}

static void
echo_stop (Echo *self, ButlerContext *context)
{
  (void) context;
  if (!self->quiet)
    say ("stopped");
}

static const ButlerHandlerSet echo_set = {
  BUTLER_HANDLER_SET (echo),
  BUTLER_START (echo, echo_settings, echo_start),
  BUTLER_STOP (echo, echo_stop),
  BUTLER_DOC ("says what it is told"),
};

BUTLER_PLUGIN (echo, "1.0", &echo_set)
