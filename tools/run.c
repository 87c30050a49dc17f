/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/run.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "tools/common.h"
#include "tools/swaps.h"

/* timeout(1), and others who end what they started, send a signal to the program and then to its whole group, which is one wish. Nobody
 * presses a key twice in this time. */
#define SAME_WISH (100 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  ButlerApp     *app;         /* (unowned): its hub may be used by both threads */
  ButlerControl *control;     /* (unowned) (nullable) */
  GMainLoop     *loop;        /* (owned) */
  gint           n_signals;   /* atomic: raised by the main thread */
  int            last_signal; /* the main thread's, and when it came */
  gint64         last_time;
  GError        *error;       /* (owned) (nullable): the lifetime thread's until that is joined */
} Run;

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gboolean
is_to_stop (Run *run)
{
  return g_atomic_int_get (&run->n_signals) > 0 || (run->control != NULL && butler_control_was_stopped (run->control));
}

/* Whoever looks at the exit status alone, as systemd does, learns that a failure policy ended a server, and that nothing started it
 * again. */
static gboolean
none_has_failed (ButlerHub *hub,
                 GError   **error)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (hub);

  for (guint i = 0; i < status->servers->len; i++)
    {
      const ButlerServerStatus *one = &g_array_index (status->servers, ButlerServerStatus, i);

      if (g_strcmp0 (one->state, butler_server_state_to_string (BUTLER_SERVER_FAILED)) != 0)
        continue;
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "server %s had failed: %s", one->name,
                   one->reason != NULL ? one->reason : "it did not say why");
      return FALSE;
    }
  return TRUE;
}

/* Starting and stopping wait, and so cannot be done by the thread that listens to signals. */
static gpointer
live (gpointer data)
{
  Run       *run = data;
  ButlerHub *hub = butler_app_get_hub (run->app);

  if (butler_app_start (run->app, &run->error))
    {
      if (is_to_stop (run)) /* it came too early to stop servers that were still to be started */
        butler_hub_fail (hub, NULL);
      if (butler_hub_join (hub, &run->error))
        none_has_failed (hub, &run->error);
    }
  g_idle_add (quit, run->loop); /* not g_main_context_invoke(): the loop may not run yet */
  return NULL;
}

/* The first signal asks, the second kills, and a third one finds its default action: a handler that never returns must
 * not make the program immortal. */
static gboolean
on_signal (Run *run,
           int  number)
{
  ButlerHub *hub = butler_app_get_hub (run->app);
  gint64     now = g_get_monotonic_time ();

  if (number == run->last_signal && now - run->last_time < SAME_WISH)
    {
      g_info ("the same signal came twice: it counts once");
      return G_SOURCE_CONTINUE;
    }
  run->last_signal = number;
  run->last_time = now;
  if (g_atomic_int_add (&run->n_signals, 1) == 0)
    {
      g_info ("stopping; a second signal kills");
      butler_hub_fail (hub, NULL);
      return G_SOURCE_CONTINUE;
    }

  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  g_info ("killing; a third signal ends the process at once");
  butler_hub_kill (hub);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer run)
{
  return on_signal (run, SIGINT);
}

static gboolean
on_terminate (gpointer run)
{
  return on_signal (run, SIGTERM);
}

static gboolean
on_hangup (gpointer app)
{
  tool_swap (butler_app_get_hub (app), TOOL_NOT_BUILT);
  return G_SOURCE_CONTINUE;
}

int
tool_run_app (ButlerApp     *app,
              ButlerControl *control)
{
  Run      run = { .app = app, .control = control, .loop = g_main_loop_new (NULL, FALSE) };
  guint    interrupt = g_unix_signal_add (SIGINT, on_interrupt, &run);
  guint    terminate = g_unix_signal_add (SIGTERM, on_terminate, &run);
  guint    hangup = g_unix_signal_add (SIGHUP, on_hangup, app);
  GThread *lifetime = g_thread_new ("lifetime", live, &run);

  g_main_loop_run (run.loop);
  g_thread_join (lifetime);
  g_source_remove (interrupt); /* from here on a signal ends the process at once */
  g_source_remove (terminate);
  g_source_remove (hangup);
  g_main_loop_unref (run.loop);
  if (run.error == NULL && run.n_signals < 2)
    return tool_finish_run ();

  tool_say ("%s", run.error != NULL ? run.error->message : "killed by a second signal: what was still queued is lost");
  g_clear_error (&run.error);
  return TOOL_FAILED;
}

/* The app file's name, but for what all of them end in. */
static char *
name_app (const char *path)
{
  char *name = g_path_get_basename (path);

  if (g_str_has_suffix (name, ".ini") && !g_str_equal (name, ".ini"))
    name[strlen (name) - strlen (".ini")] = '\0';
  return name;
}

gboolean
tool_open_control (ButlerApp      *app,
                   const char     *path,
                   const char     *name,
                   ButlerControl **control)
{
  g_autofree char   *own = name_app (path);
  g_autoptr (GError) error = NULL;

  *control = butler_control_new (butler_app_get_hub (app), name != NULL ? name : own, &error);
  if (*control != NULL)
    return TRUE;
  if (name != NULL && g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE))
    {
      tool_say ("--name: %s", error->message);
      return FALSE;
    }
  g_warning ("threadbutler status, reload and stop will not find this program: %s", error->message);
  return TRUE;
}

/* What is written down while the servers run. */
typedef struct
{
  char *trace;       /* (owned) (nullable) */
  char *record;      /* (owned) (nullable) */
  char *record_only; /* (owned) (nullable): "NAME,NAME" */
} Files;

static gboolean
check_names (ButlerHub *hub,
             GStrv      names,
             GError   **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (butler_hub_get_server (hub, names[i]) == NULL)
      {
        g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "--record-only: there is no server \"%s\"", names[i]);
        return FALSE;
      }
  return TRUE;
}

static gboolean
start_recording (ButlerHub   *hub,
                 const Files *files,
                 GError     **error)
{
  g_auto (GStrv) only = files->record_only != NULL ? g_strsplit (files->record_only, ",", -1) : NULL;

  if (files->record == NULL && only == NULL)
    return TRUE;
  if (files->record == NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_CONFIG, "--record-only says which servers, but not which file: --record=FILE");
      return FALSE;
    }
  return check_names (hub, only, error) && butler_hub_record_start (hub, files->record, (const char *const *) only, error);
}

static gboolean
start_files (ButlerHub   *hub,
             const Files *files)
{
  g_autoptr (GError) error = NULL;

  if (start_recording (hub, files, &error) && (files->trace == NULL || butler_hub_trace_start (hub, files->trace, &error)))
    return TRUE;
  tool_say ("%s", error->message);
  return FALSE;
}

/* @status is that of the servers; a file that is not whole is a failure of its own. */
static int
stop_files (ButlerHub *hub,
            int        status)
{
  g_autoptr (GError) trace = NULL;
  g_autoptr (GError) record = NULL;

  if (!butler_hub_trace_stop (hub, &trace))
    tool_say ("%s", trace->message);
  if (!butler_hub_record_stop (hub, &record))
    tool_say ("%s", record->message);
  return trace != NULL || record != NULL ? TOOL_FAILED : status;
}

/* A file as long as files may be (`ulimit -f`) is a full disk, and no end of the program. A function, and not SIG_IGN, since programs that
 * plugins start would keep that. */
static void
on_file_limit (int number G_GNUC_UNUSED)
{
}

static void
files_clear (Files *files)
{
  g_free (files->trace);
  g_free (files->record);
  g_free (files->record_only);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Files, files_clear)

int
tool_run (int    argc,
          char **argv)
{
  gboolean                   watched = FALSE;
  g_autofree char           *path = NULL;
  g_autofree char           *name = NULL;
  g_auto (Files)             files = { 0 };
  gboolean                   no_control = FALSE;
  g_autoptr (ButlerControl)  control = NULL;
  g_autoptr (ButlerApp)      app = NULL; /* goes before the control: who waits for the end sees that go */
  g_autoptr (ButlerHubWatch) watch = NULL; /* goes before its hub */
  const GOptionEntry         entries[] = {
    { "watch", 'w', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &watched, "Replace a plugin when its file changes", NULL },
    { "trace", 't', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &files.trace,
      "Write what all handlers did, for chrome://tracing or ui.perfetto.dev", "FILE" },
    { "record", 'r', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &files.record,
      "Write what enters the servers, and what their handlers send, for threadbutler replay", "FILE" },
    { "record-only", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &files.record_only, "Record these servers alone", "NAME,..." },
    TOOL_CONTROL_ENTRIES (&name, &no_control),
    G_OPTION_ENTRY_NULL,
  };

  signal (SIGPIPE, SIG_IGN); /* who writes to a closed pipe is told by errno */
  signal (SIGXFSZ, on_file_limit);
  app = tool_load_app ("run",
                       "Loads the plugins that an app file names and runs its servers, until they are done or until\n"
                       "SIGINT or SIGTERM: the first stops them in order, a second one kills them. SIGHUP replaces the\n"
                       "plugins whose files have changed, while messages flow.",
                       entries, FALSE, argc, argv, &path);
  if (app == NULL)
    return TOOL_REFUSED;
  if (watched && (watch = tool_watch (butler_app_get_hub (app))) == NULL)
    return TOOL_FAILED;
  if (!no_control && !tool_open_control (app, path, name, &control))
    return TOOL_REFUSED;
  if (!start_files (butler_app_get_hub (app), &files))
    return TOOL_REFUSED;
  return stop_files (butler_app_get_hub (app), tool_run_app (app, control));
}
