/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>
#include <threadbutler/error.h>
#include <threadbutler/watch.h>

#include "lib/hub.h"
#include "lib/log.h"

/* A swap that is under way; it may outlive its watch. */
typedef struct
{
  ButlerHubWatch *watch;  /* (unowned) (nullable) */
  GCancellable   *cancel; /* (owned) */
} Swap;

/* One swap at a time; what is reported meanwhile is swapped next, together. Only the thread of the watch's context. */
struct _ButlerHubWatch
{
  ButlerHub         *hub;     /* (unowned): it outlives the watch */
  ButlerHubWatchFunc func;    /* (nullable) */
  gpointer           user_data;
  GMainContext      *context; /* (owned) */
  ButlerWatch       *files;   /* (owned) */
  Swap              *swap;    /* (unowned) (nullable): its own callback frees it */
  guint              holds;
  gboolean           wanted;  /* something was reported since the last swap began */
};

static void
log_plugin (const ButlerSwappedPlugin *plugin)
{
  butler__log (G_LOG_LEVEL_INFO, NULL, NULL, "plugin %s: generation %u takes over from %u", plugin->name, plugin->to,
               plugin->from);
}

static void
log_swap (const ButlerSwapReport *report,
          const GError           *error)
{
  if (error != NULL)
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "nothing was swapped: %s", error->message);
  for (guint i = 0; report != NULL && i < report->plugins->len; i++)
    log_plugin (&g_array_index (report->plugins, ButlerSwappedPlugin, i));
}

/* May free @self. */
static void
tell (ButlerHubWatch         *self,
      const ButlerSwapReport *report,
      const GError           *error)
{
  if (self->func != NULL)
    self->func (self->hub, report, error, self->user_data);
  else
    log_swap (report, error);
}

static void on_swapped (GObject      *source,
                        GAsyncResult *result,
                        gpointer      data);

/* Of all plugins those whose file has changed: one that could not be swapped before comes along with the next. */
static void
begin_if_due (ButlerHubWatch *self)
{
  Swap *swap;

  if (!self->wanted || self->swap != NULL || self->holds > 0)
    return;

  swap = g_new0 (Swap, 1);
  swap->watch = self;
  swap->cancel = g_cancellable_new ();
  self->swap = swap;
  self->wanted = FALSE;
  g_main_context_push_thread_default (self->context);
  butler_hub_swap_async (self->hub, NULL, swap->cancel, on_swapped, swap);
  g_main_context_pop_thread_default (self->context);
}

static gboolean
is_news (const ButlerSwapReport *report,
         const GError           *error)
{
  return report != NULL ? report->plugins->len > 0 : !g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_UNCHANGED);
}

/* If the watch is gone, its hub may be too: then nobody asks for the result. */
static void
on_swapped (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Swap                        *swap = data;
  ButlerHubWatch              *self = swap->watch;
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (GError)           error = NULL;

  (void) source;
  g_object_unref (swap->cancel);
  g_free (swap);
  if (self == NULL)
    return;

  self->swap = NULL;
  report = butler_hub_swap_finish (self->hub, result, &error);
  begin_if_due (self);
  if (is_news (report, error))
    tell (self, report, error);
}

static void
on_files (ButlerWatch       *files,
          const char *const *paths,
          gpointer           data)
{
  ButlerHubWatch *self = data;

  (void) files;
  (void) paths;
  self->wanted = TRUE;
  begin_if_due (self);
}

/**
 * butler_hub_watch:
 * @hub: a hub that outlives the watch
 * @func: (nullable) (scope forever) (closure user_data): is told of each swap, and of each that failed; it may free the
 * watch. %NULL: they are logged
 * @user_data: for @func
 * @error: (nullable): where to put an error
 *
 * Watches the files of all plugins that @hub has loaded by now, and swaps those that change, as butler_hub_swap() does. A
 * file is looked at once it is quiet, as by butler_watch_new(); files that change together are swapped together, and those
 * that change during a swap in the next one. If a swap fails, everything goes on as before, and what it was about is tried
 * again with the next change.
 *
 * It runs in the thread-default GMainContext of the calling thread.
 *
 * Errors: %BUTLER_ERROR_FAILED if the system has no way to watch files.
 *
 * Thread: any but a server's; a watch is used, and freed, by the thread of its context.
 *
 * Returns: (transfer full) (nullable): the watch, for butler_hub_watch_free(), or %NULL on error
 *
 * Since: 1.0
 */
ButlerHubWatch *
butler_hub_watch (ButlerHub          *hub,
                  ButlerHubWatchFunc  func,
                  gpointer            user_data,
                  GError            **error)
{
  g_autoptr (GPtrArray)      modules = NULL;
  g_autoptr (ButlerHubWatch) self = NULL;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_new0 (ButlerHubWatch, 1);
  self->hub = hub;
  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->files = butler_watch_new (on_files, self);
  modules = butler__hub_get_modules (hub);
  for (guint i = 0; i < modules->len; i++)
    {
      const char *path = butler_module_get_path (g_ptr_array_index (modules, i));

      if (path != NULL && !butler_watch_add_file (self->files, path, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * butler_hub_watch_free:
 * @watch: (transfer full): a watch
 *
 * Ends the watch. A swap that is under way is given up, unless it is too late for that; of neither its function is told.
 *
 * Thread: that of its context.
 *
 * Since: 1.0
 */
void
butler_hub_watch_free (ButlerHubWatch *watch)
{
  g_return_if_fail (watch != NULL);

  if (watch->swap != NULL)
    {
      watch->swap->watch = NULL;
      g_cancellable_cancel (watch->swap->cancel);
    }
  butler_watch_free (watch->files);
  g_main_context_unref (watch->context);
  g_free (watch);
}

/**
 * butler_hub_watch_hold:
 * @watch: a watch
 *
 * Lets no swap begin until butler_hub_watch_release(): for as long as a build runs, of which the files belong together.
 * Holds are counted.
 *
 * Thread: that of its context.
 *
 * Since: 1.0
 */
void
butler_hub_watch_hold (ButlerHubWatch *watch)
{
  g_return_if_fail (watch != NULL);

  watch->holds++;
}

/**
 * butler_hub_watch_release:
 * @watch: a watch that is held
 *
 * Ends a hold. What was reported meanwhile is swapped now.
 *
 * Thread: that of its context.
 *
 * Since: 1.0
 */
void
butler_hub_watch_release (ButlerHubWatch *watch)
{
  g_return_if_fail (watch != NULL && watch->holds > 0);

  watch->holds--;
  begin_if_due (watch);
}
