/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <threadbutler/threadbutler.h>
#include <unistd.h>

#include "tools/traps.h"

/* threadbutler-probe COPY: loads a plugin so that the process that wants it need not be the first to do so. COPY is its
 * private copy. butler_module_probe() starts it and reads what it says. */

#define OWN_FD 100 /* from here on: where no plugin expects the descriptor that it must not write to */

/* What was said to be standard output is for the answer alone: constructors print, too. */
static int
take_output (void)
{
  int answer = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, OWN_FD);
  int nothing = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  if (answer < 0) /* there may not be so many: RLIMIT_NOFILE */
    answer = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  dup2 (nothing >= 0 ? nothing : STDERR_FILENO, STDOUT_FILENO);
  if (nothing >= 0)
    close (nothing);
  return answer;
}

/* Crashing is in order here, and nobody wants to see the core. A limit of 0 does not keep it from those who get it
 * through a pipe, so the process also says that it cannot be dumped. */
static void
leave_no_core (void)
{
  const struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  prctl (PR_SET_DUMPABLE, 0);
}

/* The thread that started this process, to be exact, which waits for the answer. It may have ended before it was tied
 * to: then nobody reads what is written. */
static void
die_with_parent (int answer)
{
  struct pollfd pipe = { .fd = answer };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (poll (&pipe, 1, 0) > 0 && (pipe.revents & POLLERR) != 0)
    _exit (1);
}

/* Of the copy, which the user never heard of: who reads the answer puts that right. */
static void
set_image_error (GError **error)
{
  const char *text = dlerror ();

  g_set_error_literal (error, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN, text != NULL ? text : "it cannot be loaded");
}

/* A hub of its own checks the descriptor as that of the user would; its errors begin with "the program: ", for the
 * library thinks that the plugin was linked in. */
static gboolean
check_descriptor (const ButlerPlugin  *plugin,
                  ButlerProbeVerdict  *verdict,
                  GError             **error)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError)    refusal = NULL;
  ButlerModule         *module = butler_module_add_static (hub, plugin, &refusal);
  const char           *reason;

  if (module != NULL)
    {
      verdict->name = g_strdup (butler_module_get_name (module));
      verdict->version = g_strdup (butler_module_get_version (module));
      return TRUE;
    }
  reason = strstr (refusal->message, ": ");
  g_set_error_literal (error, refusal->domain, refusal->code, reason != NULL ? reason + 2 : refusal->message);
  return FALSE;
}

static gboolean
load (const char          *copy,
      ButlerProbeVerdict  *verdict,
      GError             **error)
{
  gpointer            image = dlopen (copy, RTLD_NOW | RTLD_LOCAL);
  const ButlerPlugin *plugin;

  if (image == NULL)
    {
      set_image_error (error);
      return FALSE;
    }

  plugin = dlsym (image, "butler_plugin");
  if (plugin != NULL)
    return check_descriptor (plugin, verdict, error);
  g_set_error_literal (error, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN,
                       "it exports no butler_plugin: is BUTLER_PLUGIN() missing?");
  return FALSE;
}

static void
answer_with (int                 answer,
             ButlerProbeVerdict *verdict,
             const GError       *error)
{
  g_autoptr (GVariant) facts = butler_probe_verdict_to_variant (verdict, NULL);
  g_autoptr (GVariant) all = NULL;
  g_autofree char     *line = NULL;

  all = g_variant_ref_sink (g_variant_new ("(bi^ay@a{sv})", error == NULL, error != NULL ? error->code : 0,
                                           error != NULL ? error->message : "", facts));
  line = g_variant_print (all, TRUE);
  dprintf (answer, "%s\n", line);
}

/* By _exit(), for what the plugin gave to atexit() is no part of loading it. */
int
main (int    argc,
      char **argv)
{
  ButlerProbeVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;
  int                answer;

  if (argc != 2)
    {
      fprintf (stderr, "Usage: threadbutler-probe COPY\n");
      return 2;
    }

  answer = take_output ();
  leave_no_core ();
  die_with_parent (answer);

  dprintf (answer, "%s\n", BUTLER__PROBE_GREETING);
  traps_find (argv[1], &verdict);
  load (argv[1], &verdict, &error);
  answer_with (answer, &verdict, error);
  _exit (0);
}
