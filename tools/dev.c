/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "tools/build.h"
#include "tools/common.h"
#include "tools/run.h"
#include "tools/swaps.h"

/* A source is saved, the build runs, what it changed is swapped. The main thread's. */
typedef struct
{
  ButlerApp      *app;       /* (unowned) */
  ButlerAppDev   *dev;       /* (owned) */
  const char     *path;      /* (unowned): the app file */
  const char     *name;      /* (unowned) (nullable): what status and stop call it */
  gboolean        no_control;
  ToolBuild      *build;     /* (owned) (nullable): no command was given */
  ButlerHubWatch *plugins;   /* (owned) */
  ButlerWatch    *sources;   /* (owned) (nullable) */
  GMainLoop      *first;     /* (owned) (nullable): waits for the build before the servers start */
  gboolean        ok;        /* the last build was */
  gboolean        held;      /* `plugins` is, from the beginning of a build until one succeeds */
  gboolean        stopped;   /* by a signal: nothing is built any more */
  gboolean        saved;     /* something was, while the build ran */
  gboolean        own;       /* ... and all of it by the build, as it looks */
  gint64          began;     /* the last build, in µs of the clock that files have */
  gint64          ended;     /* G_MAXINT64 while it runs */
  guint           own_in_row; /* builds that only builds have caused */
} Dev;

#define OWN_IN_ROW 3

/* What a compiler or a build reads; not what it makes. */
static const char *const patterns[] = { "*.c", "*.cc", "*.cpp", "*.cxx", "*.C", "*.h", "*.hh", "*.hpp", "*.hxx", "*.inc",
                                        "*.def", "*.y", "*.l", "*.s", "*.S", "Makefile", "makefile", "GNUmakefile", "*.mk",
                                        "*.am", "CMakeLists.txt", "*.cmake", "meson.build", NULL };

static void
begin_build (Dev *self)
{
  if (self->stopped)
    return;

  if (!self->held && self->plugins != NULL)
    butler_hub_watch_hold (self->plugins);
  self->held = self->plugins != NULL;
  self->saved = FALSE;
  self->own = TRUE;
  self->began = g_get_real_time ();
  self->ended = G_MAXINT64;
  tool_build_start (self->build);
}

static void
swap (Dev   *self,
      double seconds)
{
  tool_swap (butler_app_get_hub (self->app), seconds);
  butler_hub_watch_release (self->plugins);
  self->held = FALSE;
}

/* A build that writes what it is watched for would go on for ever. */
static void
build_again (Dev        *self,
             const char *file)
{
  self->own_in_row = self->own ? self->own_in_row + 1 : 0;
  if (self->own_in_row < OWN_IN_ROW)
    {
      begin_build (self);
      return;
    }

  self->own_in_row = 0;
  tool_say ("%s changes with each build: it is no source, name those in [dev] sources=", file);
}

static void
on_built (gboolean ok,
          double   seconds,
          gpointer data)
{
  Dev *self = data;

  self->ok = ok;
  self->ended = g_get_real_time ();
  if (self->first != NULL)
    g_main_loop_quit (self->first);
  else if (ok)
    swap (self, seconds);
  else if (!self->stopped)
    tool_say ("the build failed: nothing was swapped");
  if (self->saved && self->first == NULL)
    build_again (self, "a file");
}

/* Whether the last build can have written it. */
static gboolean
is_own (Dev        *self,
        const char *path)
{
  GStatBuf file;
  gint64   modified;

  if (g_stat (path, &file) != 0)
    return FALSE;
  modified = file.st_mtim.tv_sec * G_USEC_PER_SEC + file.st_mtim.tv_nsec / 1000;
  return modified >= self->began && modified <= self->ended;
}

static void
on_saved (ButlerWatch       *watch,
          const char *const *files,
          gpointer           data)
{
  Dev *self = data;

  (void) watch;
  if (!tool_build_is_busy (self->build))
    self->own = TRUE;
  for (guint i = 0; files[i] != NULL; i++)
    self->own = self->own && is_own (self, files[i]);
  self->saved = TRUE;
  if (!tool_build_is_busy (self->build))
    build_again (self, files[0]);
}

static gboolean
add_source (ButlerWatch *sources,
            const char  *path,
            GError     **error)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR) || !g_file_test (path, G_FILE_TEST_EXISTS))
    return butler_watch_add_folder (sources, path, patterns, error);
  return butler_watch_add_file (sources, path, error);
}

/* Of a loaded app: only then it is known where its plugins are. */
static gboolean
watch_sources (Dev *self)
{
  g_autoptr (ButlerAppDev) dev = butler_app_get_dev (self->app, NULL);
  g_autofree char         *list = g_strjoinv (", ", dev->sources);
  g_autoptr (GError)       error = NULL;

  if (self->build == NULL)
    {
      tool_say ("the app file has no [dev] build=: a plugin is replaced when its file changes");
      return TRUE;
    }
  self->sources = butler_watch_new (on_saved, self);
  for (guint i = 0; dev->sources[i] != NULL; i++)
    if (!add_source (self->sources, dev->sources[i], &error))
      {
        tool_say ("%s", error->message);
        return FALSE;
      }
  tool_say ("what is saved here is built: %s", list);
  return TRUE;
}

static gboolean
on_signal (gpointer data)
{
  Dev *self = data;

  if (self->build != NULL)
    tool_build_stop (self->build, self->stopped ? SIGKILL : SIGTERM);
  self->stopped = TRUE;
  return G_SOURCE_CONTINUE;
}

/* What runs is to be what stands there. If it does not compile, what was built before may run. */
static void
build_first (Dev *self)
{
  self->first = g_main_loop_new (NULL, FALSE);
  begin_build (self);
  if (tool_build_is_busy (self->build))
    g_main_loop_run (self->first);
  g_clear_pointer (&self->first, g_main_loop_unref);
  if (!self->ok && !self->stopped)
    tool_say ("the build failed: what is there runs");
}

static int
run (Dev *self)
{
  g_autoptr (ButlerControl) control = NULL;

  if (self->build != NULL)
    build_first (self);
  if (self->stopped)
    return TOOL_OK;
  if (!tool_load (self->app))
    return TOOL_REFUSED;
  self->plugins = tool_watch (butler_app_get_hub (self->app));
  if (self->plugins == NULL || !watch_sources (self))
    return TOOL_FAILED;
  if (!self->no_control && !tool_open_control (self->app, self->path, self->name, &control))
    return TOOL_REFUSED;
  return tool_run_app (self->app, control);
}

static int
develop (const Dev *dev)
{
  Dev   self = *dev;
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &self);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &self);
  int   status;

  if (self.dev->build != NULL)
    self.build = tool_build_new (self.dev, on_built, &self);
  status = run (&self);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_clear_pointer (&self.sources, butler_watch_free);
  g_clear_pointer (&self.build, tool_build_free);
  g_clear_pointer (&self.plugins, butler_hub_watch_free);
  return status;
}

int
tool_dev (int    argc,
          char **argv)
{
  g_autofree char         *path = NULL;
  g_autofree char         *name = NULL;
  gboolean                 no_control = FALSE;
  g_autoptr (ButlerApp)    app = NULL;
  g_autoptr (ButlerAppDev) settings = NULL;
  g_autoptr (GError)       error = NULL;
  const GOptionEntry       entries[] = {
    TOOL_CONTROL_ENTRIES (&name, &no_control),
    G_OPTION_ENTRY_NULL,
  };

  signal (SIGPIPE, SIG_IGN); /* who writes to a closed pipe is told by errno */
  app = tool_read_app ("dev",
                       "Runs an app file as run --watch does. When a source is saved, the command that [dev] build= names\n"
                       "builds the plugins, and those that have changed are replaced while messages flow.",
                       entries, argc, argv, &path);
  if (app == NULL)
    return TOOL_REFUSED;
  settings = butler_app_get_dev (app, &error);
  if (settings != NULL)
    return develop (&(Dev) { .app = app, .dev = settings, .ok = TRUE, .path = path, .name = name, .no_control = no_control });

  tool_say ("%s", error->message);
  return TOOL_REFUSED;
}
