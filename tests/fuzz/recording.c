/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#define BUTLER_STATIC

#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <threadbutler/threadbutler.h>
#include <unistd.h>

#include "lib/tape.h"
#include "tests/fuzz/fuzz.h"

/* A recording that somebody else made, and its replay: the bytes of the file, or its frames as the text of an a(yv) behind a '~'. */

#define STEP_FIELDS(F, R)         \
  F (R, int32,           value)   \
  F (R, string,          text)    \
  F (R, variant,         any)     \
  F (R, array (string),  words)
BUTLER_MESSAGE (FuzzStep, fuzz_step, STEP_FIELDS);

#define PLAYER_FIELDS(F, R) \
  F (R, uint64, timer)
BUTLER_RECORD (FuzzPlayer, player, PLAYER_FIELDS);

#define PLAYER_SETTINGS_FIELDS(F, R)              \
  F (R, int32,  first, "0", "what to begin with") \
  F (R, string, motto, "go on", "what to say")
BUTLER_SETTINGS (FuzzPlayerSettings, player_settings, PLAYER_SETTINGS_FIELDS);

#define PLAYER_HANDLES(H, S) \
  H (S, fuzz_step)
BUTLER_HANDLERS (player, PLAYER_HANDLES);

typedef enum
{
  SEND,
  SEND_URGENTLY,
  PUBLISH,
  ASK,
  ASK_AND_WAIT,
  REPLY,
  SEND_LATER,
  SEND_EVERY,
  CANCEL,
  FAIL,
  STOP,
  N_STEPS,
} Step;

static ButlerHub    *hub;
static ButlerModule *module;
static int           file;

static void
on_answer (GObject      *nobody G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      held)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FuzzStep) step = fuzz_step_from_message (fuzz_step_ask_finish (result, &error), &error);

  g_assert_true ((step != NULL) != (error != NULL));
  if (step != NULL)
    fuzz_step_reply (held, step);
  butler_context_release (held);
}

static void
do_step (FuzzPlayer    *self,
         FuzzStep      *step,
         ButlerContext *context)
{
  ButlerHub *here = butler_context_get_hub (context);
  ButlerServer *server = butler_context_get_server (context);

  switch ((Step) ((guint) step->value % N_STEPS))
    {
    case SEND_URGENTLY:
      fuzz_step_send_urgent (here, step, NULL);
      break;
    case PUBLISH:
      step->value = (int) fuzz_step_publish (here, step, NULL);
      break;
    case ASK:
      fuzz_step_ask_async (here, step, 1, NULL, on_answer, butler_context_hold (context));
      break;
    case ASK_AND_WAIT:
      butler_message_free (fuzz_step_ask_sync (here, step, -1, NULL, NULL));
      break;
    case REPLY:
      fuzz_step_reply (context, step);
      break;
    case SEND_LATER:
      self->timer = fuzz_step_send_later (server, step, 1, NULL);
      break;
    case SEND_EVERY:
      self->timer = fuzz_step_send_every (server, step, 1, NULL);
      break;
    case CANCEL:
      butler_server_cancel_timer (server, self->timer);
      break;
    case FAIL:
      butler_context_fail (context, "%s", step->text != NULL ? step->text : "no text");
      break;
    case STOP:
      butler_context_stop_server (context);
      break;
    case SEND:
    case N_STEPS:
    default:
      fuzz_step_send (here, step, NULL);
    }
}

static void
player_on_fuzz_step (FuzzPlayer    *self,
                     FuzzStep      *step,
                     ButlerContext *context)
{
  do_step (self, step, context);
}

static gboolean
player_start (FuzzPlayer               *self,
              const FuzzPlayerSettings *settings,
              ButlerContext            *context,
              GError                  **error G_GNUC_UNUSED)
{
  FuzzStep step = { .value = settings->first, .text = g_strdup (settings->motto) };

  do_step (self, &step, context);
  fuzz_step_clear (&step);
  return TRUE;
}

static void
player_stop (FuzzPlayer    *self,
             ButlerContext *context)
{
  do_step (self, &(FuzzStep) { .value = ASK }, context);
}

static const ButlerHandlerSet player_set = {
  BUTLER_HANDLER_SET (player),
  BUTLER_START (player, player_settings, player_start),
  BUTLER_STOP (player, player_stop),
};
BUTLER_PLUGIN (player, "1", &player_set)

static void
clean_up (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  close (file);
}

int
LLVMFuzzerInitialize (int    *argc G_GNUC_UNUSED,
                      char ***argv G_GNUC_UNUSED)
{
  GError *error = NULL;

  fuzz_begin ();
  file = memfd_create ("recording", MFD_CLOEXEC);
  g_assert_cmpint (file, >=, 0);
  hub = butler_hub_new ();
  module = butler_module_add_static (hub, &butler_plugin_player, &error);
  g_assert_no_error (error);
  atexit (clean_up);
  return 0;
}

/* FALSE if the text is none. */
static gboolean
put_text (ButlerSink    *sink,
          const uint8_t *text,
          size_t         size)
{
  g_autoptr (GVariant) frames = NULL;
  GVariantIter iter;
  GVariant *body;
  guint8 kind;

  if (!g_utf8_validate ((const char *) text, (gssize) size, NULL))
    return FALSE;
  frames = g_variant_parse (G_VARIANT_TYPE ("a(yv)"), (const char *) text, (const char *) text + size, NULL, NULL);
  if (frames == NULL)
    return FALSE;
  butler__tape_begin (sink);
  g_variant_iter_init (&iter, frames);
  while (g_variant_iter_next (&iter, "(yv)", &kind, &body))
    {
      butler__tape_write (sink, (ButlerFrameKind) kind, body);
      g_variant_unref (body);
    }
  return TRUE;
}

static gboolean
put_file (const char    *path,
          const uint8_t *data,
          size_t         size)
{
  ButlerSink sink;
  gboolean ok;

  g_assert_true (butler__sink_open (&sink, "recording", path, 0600, NULL));
  ok = size > 0 && data[0] == '~' ? put_text (&sink, data + 1, size - 1) : butler__sink_write (&sink, data, size);
  g_assert_true (butler__sink_close (&sink, NULL));
  return ok;
}

static void
check_line (const char *difference,
            gpointer    n)
{
  g_assert_true (g_utf8_validate (difference, -1, NULL) && strchr (difference, '\n') == NULL);
  ++*(guint64 *) n;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", file);
  g_autoptr (ButlerReplayReport) report = NULL;
  g_autoptr (GError) error = NULL;
  guint64 n = 0;

  if (!put_file (path, data, size))
    return 0;
  report = butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.difference = check_line, .data = &n), &error);
  g_assert_true (report == NULL || report->differences == n);
  fuzz_check_error (report != NULL, &error);
  return 0;
}
