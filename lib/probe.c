/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "lib/stage.h"

#define HEARD_MAX (1024 * 1024)

/* How long it may take until the probe itself runs; the limit is for what the plugin does then. */
#define GREETING_LIMIT (30 * G_TIME_SPAN_SECOND)

/* One run of the program; the caller's thread only. */
typedef struct
{
  const char *program; /* (unowned) */
  const char *copy;    /* (unowned) */
  const char *origin;  /* (unowned) */
  gint64      limit;   /* us */
  GPid        pid;
  int         fd;      /* (owned): the program's standard output */
  GString    *heard;   /* (owned) */
  gboolean    timely;  /* it said all, or ended, within the limit */
  int         status;  /* of waitpid(); -1: somebody else reaped it */
} Probe;

static const char *
find_program (void)
{
  const char *program = g_getenv ("BUTLER_PROBE");

  return program != NULL ? program : BUTLER_LIBEXECDIR "/threadbutler-probe";
}

/* Not GSubprocess, nor a child watch: both would put GLib's handler of SIGCHLD into a program that may have its own. */
static gboolean
start (Probe   *self,
       GError **error)
{
  const char        *argv[] = { self->program, self->copy, NULL };
  GSpawnFlags        flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES;
  g_autoptr (GError) reason = NULL;

  if (g_spawn_async_with_pipes (NULL, (char **) argv, NULL, flags, NULL, NULL, &self->pid, NULL, &self->fd, NULL,
                                &reason))
    return TRUE;
  return butler__descriptor_refuse (self->origin, BUTLER_ERROR_FAILED, error,
                                    "it cannot be probed: %s (BUTLER_PROBE is the path of threadbutler-probe)",
                                    reason->message);
}

/* What follows the greeting, or NULL. */
static const char *
skip_greeting (const Probe *self)
{
  return g_str_has_prefix (self->heard->str, BUTLER__PROBE_GREETING "\n")
             ? self->heard->str + strlen (BUTLER__PROBE_GREETING "\n")
             : NULL;
}

static const char *
find_answer (const Probe *self)
{
  const char *answer = skip_greeting (self);

  return answer != NULL && strchr (answer, '\n') != NULL ? answer : NULL;
}

/* The answer's line end, and not the end of the pipe, is waited for: a process that the plugin started may hold the
 * pipe open. */
static void
hear (Probe *self)
{
  gint64   deadline = g_get_monotonic_time () + GREETING_LIMIT;
  gboolean greeted = FALSE;
  char     piece[4096];

  while (find_answer (self) == NULL && self->heard->len < HEARD_MAX)
    {
      struct pollfd ready = { .fd = self->fd, .events = POLLIN };
      gint64        left = deadline - g_get_monotonic_time ();
      gssize        count;

      if (left <= 0)
        return;
      if (poll (&ready, 1, (int) MIN ((left + 999) / 1000, G_MAXINT)) <= 0)
        continue;
      count = read (self->fd, piece, sizeof piece);
      if (count == 0 || (count < 0 && errno != EINTR))
        break;
      if (count > 0)
        g_string_append_len (self->heard, piece, count);
      if (!greeted && skip_greeting (self) != NULL)
        {
          greeted = TRUE;
          deadline = g_get_monotonic_time () + self->limit;
        }
    }
  self->timely = TRUE;
}

/* Killed in any case: one that has ended keeps its own status, one that closed its end of the pipe may never end. */
static void
reap (Probe *self)
{
  pid_t reaped;

  kill (self->pid, SIGKILL);
  do
    reaped = waitpid (self->pid, &self->status, 0);
  while (reaped < 0 && errno == EINTR);
  if (reaped < 0)
    self->status = -1;
  close (self->fd);
  g_spawn_close_pid (self->pid);
}

static char *
describe_end (const Probe *self)
{
  if (!self->timely)
    return g_strdup_printf ("did not load within %g s", (double) self->limit / G_TIME_SPAN_SECOND);
  if (self->status != -1 && WIFSIGNALED (self->status))
    return g_strdup_printf ("crashed while it was loaded (signal %d, %s)", WTERMSIG (self->status),
                            g_strsignal (WTERMSIG (self->status)));
  if (self->status != -1 && WIFEXITED (self->status))
    return g_strdup_printf ("exited with status %d while it was loaded", WEXITSTATUS (self->status));
  return g_strdup ("ended the process while it was loaded");
}

static gboolean
read_answer (const Probe         *self,
             const char          *line,
             ButlerProbeVerdict  *verdict,
             GError             **error)
{
  g_autoptr (GVariant)           answer = NULL;
  g_autoptr (GVariant)           facts = NULL;
  g_autoptr (ButlerProbeVerdict) found = NULL;
  const char                    *end = strchr (line, '\n');
  const char                    *reason;
  gboolean                       loaded;
  gint32                         code;

  answer = g_variant_parse (G_VARIANT_TYPE (BUTLER__PROBE_ANSWER), line, end, NULL, NULL);
  if (answer == NULL)
    return butler__descriptor_refuse (self->origin, BUTLER_ERROR_FAILED, error,
                                      "it cannot be probed: the answer of %s makes no sense", self->program);

  g_variant_get (answer, "(bi^&ay@a{sv})", &loaded, &code, &reason, &facts);
  if (!loaded)
    {
      g_autofree char *text = butler__stage_explain (self->copy, self->origin, reason);

      return butler__descriptor_refuse (self->origin, (ButlerError) code, error, "%s", text);
    }
  found = butler_probe_verdict_from_variant (facts, error);
  if (found == NULL)
    {
      g_prefix_error (error, "%s: it cannot be probed: %s: ", self->origin, self->program);
      return FALSE;
    }

  *verdict = *found;
  memset (found, 0, sizeof *found);
  return TRUE;
}

static gboolean
judge (const Probe         *self,
       ButlerProbeVerdict  *verdict,
       GError             **error)
{
  g_autofree char *end = describe_end (self);
  const char      *answer = find_answer (self);

  if (answer != NULL)
    return read_answer (self, answer, verdict, error);
  if (skip_greeting (self) != NULL)
    return butler__descriptor_refuse (self->origin, BUTLER_ERROR_BAD_PLUGIN, error, "it %s%s", end,
                                      self->timely ? ": is there a constructor in it?" : "");
  return butler__descriptor_refuse (self->origin, BUTLER_ERROR_FAILED, error,
                                    "it cannot be probed: %s is no probe of this version, or %s (BUTLER_PROBE is the "
                                    "path of threadbutler-probe)",
                                    self->program, end);
}

gboolean
butler__probe_run (const char          *copy,
                   const char          *origin,
                   gint64               limit_us,
                   ButlerProbeVerdict  *verdict,
                   GError             **error)
{
  Probe    self = { .program = find_program (), .copy = copy, .origin = origin, .limit = limit_us };
  gboolean good;

  if (!start (&self, error))
    return FALSE;

  self.heard = g_string_new (NULL);
  hear (&self);
  reap (&self);
  good = judge (&self, verdict, error);
  g_string_free (self.heard, TRUE);
  return good;
}

/**
 * butler_module_probe:
 * @path: (type filename): a plugin's file
 * @flags: what is allowed
 * @error: (nullable): where to put an error
 *
 * Finds out whether a plugin can be loaded, without loading it into this process. It is checked and copied as
 * butler_module_load() does; then another process, the program threadbutler-probe, loads the copy, checks what it
 * declares, and ends. That takes 5 seconds at the most. Constructors run there, so one that crashes, exits or never
 * returns is an error here and nothing worse.
 *
 * The verdict also warns of what makes trouble when such a plugin is unloaded or replaced while its program runs: calls
 * that leave pointers into the plugin behind, thread-local variables, large static ones.
 *
 * The plugin has to find all its symbols in the libraries that it was linked with: the program's own are not there.
 *
 * The program is looked for where it was installed, or is what the environment variable BUTLER_PROBE says.
 *
 * Errors: those of butler_module_load() that concern the file alone, %BUTLER_ERROR_BAD_PLUGIN if loading it crashes,
 * ends the process or takes too long, and %BUTLER_ERROR_FAILED if it cannot be probed.
 *
 * Thread: any; it waits.
 *
 * Returns: (transfer full) (nullable): the verdict, for butler_probe_verdict_free(), or %NULL on error
 *
 * Since: 1.0
 */
ButlerProbeVerdict *
butler_module_probe (const char         *path,
                     ButlerModuleFlags   flags,
                     GError            **error)
{
  g_autoptr (ButlerStage)        stage = NULL;
  g_autoptr (ButlerProbeVerdict) verdict = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  stage = butler__stage_new (path, flags, error);
  if (stage == NULL)
    return NULL;

  verdict = butler_probe_verdict_new ();
  if (!butler__probe_run (butler__stage_get_copy (stage), path, BUTLER__PROBE_LIMIT, verdict, error))
    return NULL;
  return g_steal_pointer (&verdict);
}
