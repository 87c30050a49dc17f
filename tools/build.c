/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/build.h"

#include <gio/gio.h>
#include <signal.h>
#include <unistd.h>

#include "tools/common.h"

struct _ToolBuild
{
  const ButlerAppDev *dev;     /* (unowned) */
  ToolBuildFunc       func;
  gpointer            data;
  GCancellable       *ended;   /* (owned): nobody is told any more */
  GSubprocess        *process; /* (owned) (nullable): while it runs */
  gint64              began;   /* µs */
};

ToolBuild *
tool_build_new (const ButlerAppDev *dev,
                ToolBuildFunc       func,
                gpointer            data)
{
  ToolBuild *self = g_new0 (ToolBuild, 1);

  self->dev = dev;
  self->func = func;
  self->data = data;
  self->ended = g_cancellable_new ();
  return self;
}

void
tool_build_free (ToolBuild *self)
{
  g_cancellable_cancel (self->ended);
  if (self->process != NULL)
    {
      tool_build_stop (self, SIGTERM);
      g_subprocess_wait (self->process, NULL, NULL);
      g_object_unref (self->process);
    }
  g_object_unref (self->ended);
  g_free (self);
}

static void
on_over (GObject      *process,
         GAsyncResult *result,
         gpointer      data)
{
  ToolBuild         *self = data;
  g_autoptr (GError) error = NULL;
  gboolean           ok = g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* it is gone */

  g_clear_object (&self->process);
  self->func (ok, (double) (g_get_monotonic_time () - self->began) / G_USEC_PER_SEC, self->data);
}

/* In the child: a process group of its own can be stopped as a whole, whatever it starts. */
static void
become_group (gpointer data)
{
  (void) data;
  setpgid (0, 0);
}

static GSubprocess *
spawn (ToolBuild *self,
       GError   **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_auto (GStrv)                  argv = NULL;

  if (!g_shell_parse_argv (self->dev->build, NULL, &argv, error))
    return NULL;

  g_subprocess_launcher_set_cwd (launcher, self->dev->folder);
  g_subprocess_launcher_set_child_setup (launcher, become_group, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, error);
}

void
tool_build_start (ToolBuild *self)
{
  g_autoptr (GError) error = NULL;

  self->began = g_get_monotonic_time ();
  self->process = spawn (self, &error);
  if (self->process != NULL)
    {
      g_subprocess_wait_check_async (self->process, self->ended, on_over, self);
      return;
    }

  tool_say ("[dev] build: %s", error->message);
  self->func (FALSE, 0, self->data);
}

gboolean
tool_build_is_busy (ToolBuild *self)
{
  return self->process != NULL;
}

void
tool_build_stop (ToolBuild *self,
                 int        signal_number)
{
  const char *pid = self->process != NULL ? g_subprocess_get_identifier (self->process) : NULL;

  if (pid != NULL) /* it has not ended */
    kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), signal_number);
}
