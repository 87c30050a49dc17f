/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>
#include <threadbutler/error.h>
#include <threadbutler/watch.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/watch-item.h"

#define QUIET   (50 * G_TIME_SPAN_MILLISECOND) /* without a change, before a report */
#define PATIENT (2 * G_TIME_SPAN_SECOND)       /* after the first change, if there is no quiet */
#define RATE    10                             /* ms, between two events of one file: less than QUIET */

/* Each folder on the way to an item has one monitor, so whatever happens to a name, a link or a folder is an event. It says
 * only that one has to look: GIO can hold events back for a tenth of a second, so it is quiet when all looks as it did
 * QUIET ago. Only the thread of its context. */
struct _ButlerWatch
{
  ButlerWatchFunc  func;
  gpointer         user_data;
  GMainContext    *context; /* (owned) */
  GSource         *timer;   /* (owned) */
  gint64           since;   /* the first event of which there was no report yet; 0: none */
  GPtrArray       *items;   /* (owned): ButlerWatchItem */
  GHashTable      *folders; /* (owned): path -> GFileMonitor */
  GHashTable      *open;    /* (owned): paths that somebody is writing to */
};

/* A cancelled one emits nothing any more, also if this is its own signal. */
static void
monitor_free (gpointer monitor)
{
  g_file_monitor_cancel (monitor);
  g_object_unref (monitor);
}

static gboolean
look (ButlerWatch *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < self->items->len; i++)
    changed = butler__watch_item_look (g_ptr_array_index (self->items, i)) || changed;
  return changed;
}

/* A writer that pauses, as a linker does, holds up the report until it has closed its file. */
static void
arm (ButlerWatch *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 latest;

  if (self->since == 0)
    {
      self->since = now;
      look (self);
    }
  latest = self->since + PATIENT;
  g_source_set_ready_time (self->timer, g_hash_table_size (self->open) > 0 ? latest : MIN (now + QUIET, latest));
}

/* The name stands for another folder now, or for none: the monitors of it and of those below see what it was. */
static void
forget_folder (ButlerWatch *self,
               const char  *path)
{
  g_autofree char *below = g_strconcat (path, "/", NULL);
  GHashTableIter   iter;
  gpointer         folder;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, &folder, NULL))
    if (g_str_equal (folder, path) || g_str_has_prefix (folder, below))
      g_hash_table_iter_remove (&iter);
}

static gboolean
cares (ButlerWatch *self,
       const char  *path)
{
  for (guint i = 0; i < self->items->len; i++)
    if (butler__watch_item_cares (g_ptr_array_index (self->items, i), path))
      return TRUE;
  return FALSE;
}

/* After a creation or a change GIO says when it is done: when the file was closed, at once for links and folders. */
static void
note_writer (ButlerWatch       *self,
             const char        *path,
             GFileMonitorEvent  event)
{
  if (event == G_FILE_MONITOR_EVENT_CREATED || event == G_FILE_MONITOR_EVENT_CHANGED)
    g_hash_table_add (self->open, g_strdup (path));
  else if (event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
    g_hash_table_remove (self->open, path);
}

static void
take_event (ButlerWatch       *self,
            const char        *path,
            GFileMonitorEvent  event)
{
  if (path == NULL || !cares (self, path))
    return;

  note_writer (self, path, event);
  if (event != G_FILE_MONITOR_EVENT_CHANGED && event != G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT
      && event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
    forget_folder (self, path);
  arm (self);
}

static void
on_changed (ButlerWatch       *self,
            GFile             *file,
            GFile             *other,
            GFileMonitorEvent  event)
{
  take_event (self, g_file_peek_path (file), event);
  if (other != NULL)
    take_event (self, g_file_peek_path (other), event);
}

/* GIO would look every few seconds whether it may read a folder by now. */
static gboolean
is_readable_folder (const char *path)
{
  return access (path, R_OK) == 0 && g_file_test (path, G_FILE_TEST_IS_DIR);
}

static gboolean
add_monitor (ButlerWatch *self,
             const char  *folder,
             GError     **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  GFileMonitor     *monitor;

  g_main_context_push_thread_default (self->context);
  monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, error);
  g_main_context_pop_thread_default (self->context);
  if (monitor == NULL)
    return FALSE;

  g_file_monitor_set_rate_limit (monitor, RATE);
  g_signal_connect_swapped (monitor, "changed", G_CALLBACK (on_changed), self);
  g_hash_table_insert (self->folders, g_strdup (folder), monitor);
  return TRUE;
}

static gboolean
is_unneeded (gpointer path,
             gpointer monitor,
             gpointer needed)
{
  (void) monitor;
  return !g_hash_table_contains (needed, path);
}

/* Goes all ways anew. @is_new says that a folder is watched that was not: what happened there meanwhile is no event, so the
 * way has to be gone once more. */
static gboolean
update_monitors (ButlerWatch *self,
                 gboolean    *is_new,
                 GError     **error)
{
  g_autoptr (GHashTable) needed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter         iter;
  gpointer               folder;

  for (guint i = 0; i < self->items->len; i++)
    butler__watch_item_walk (g_ptr_array_index (self->items, i), needed);
  g_hash_table_foreach_remove (self->folders, is_unneeded, needed);

  *is_new = FALSE;
  g_hash_table_iter_init (&iter, needed);
  while (g_hash_table_iter_next (&iter, &folder, NULL))
    if (!g_hash_table_contains (self->folders, folder) && is_readable_folder (folder))
      {
        if (!add_monitor (self, folder, error))
          return FALSE;
        *is_new = TRUE;
      }
  return TRUE;
}

/* May free @self: the last that is done with it. */
static void
report (ButlerWatch *self)
{
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->items->len; i++)
    butler__watch_item_take_changed (g_ptr_array_index (self->items, i), changed);
  if (changed->len == 0)
    return;

  g_ptr_array_add (changed, NULL);
  self->func (self, (const char *const *) changed->pdata, self->user_data);
}

static gboolean
on_quiet (gpointer data)
{
  ButlerWatch       *self = data;
  g_autoptr (GError) error = NULL;
  gboolean           is_new;
  gboolean           changed;

  g_source_set_ready_time (self->timer, -1);
  if (!update_monitors (self, &is_new, &error))
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "a folder cannot be watched: %s", error->message);
  changed = look (self);
  if ((is_new || changed) && g_get_monotonic_time () < self->since + PATIENT)
    {
      arm (self);
      return G_SOURCE_CONTINUE;
    }

  self->since = 0;
  g_hash_table_remove_all (self->open);
  report (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timer (GSource     *source,
                GSourceFunc  callback,
                gpointer     data)
{
  (void) source;
  return callback (data);
}

/* Behind the monitors: what they have seen already comes first. */
static GSource *
make_timer (ButlerWatch *self)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_timer };
  GSource            *timer = g_source_new (&funcs, sizeof (GSource));

  g_source_set_priority (timer, G_PRIORITY_DEFAULT + 1);
  g_source_set_callback (timer, on_quiet, self, NULL);
  g_source_set_static_name (timer, "butler-watch");
  g_source_attach (timer, self->context);
  return timer;
}

/**
 * butler_watch_new:
 * @func: (scope forever) (closure user_data): is told what has changed; it may free the watch
 * @user_data: for @func
 *
 * Makes a watch for files, to which they are added. It reports what is new once nothing of it has changed any more for 50
 * ms, all of it in one call. A file that is written without such a pause, or stays open for writing, is reported after two
 * seconds all the same, and again later. A file is reported if it looks otherwise than the last time, whoever wrote it
 * and however: in place, by renaming another, by changing a symbolic link or replacing a folder on the way to it. One that is
 * deleted is reported when it is there again.
 *
 * It runs in the thread-default GMainContext of the calling thread.
 *
 * Thread: any; a watch is used, and freed, by the thread of its context.
 *
 * Returns: (transfer full): the watch, for butler_watch_free()
 *
 * Since: 1.0
 */
ButlerWatch *
butler_watch_new (ButlerWatchFunc func,
                  gpointer        user_data)
{
  ButlerWatch *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_new0 (ButlerWatch, 1);
  self->func = func;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->timer = make_timer (self);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__watch_item_free);
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, monitor_free);
  self->open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

/**
 * butler_watch_free:
 * @watch: (transfer full): a watch
 *
 * Ends the watch; nothing is reported any more.
 *
 * Thread: that of its context.
 *
 * Since: 1.0
 */
void
butler_watch_free (ButlerWatch *watch)
{
  g_return_if_fail (watch != NULL);

  g_source_destroy (watch->timer);
  g_source_unref (watch->timer);
  g_hash_table_unref (watch->open);
  g_hash_table_unref (watch->folders);
  g_ptr_array_unref (watch->items);
  g_main_context_unref (watch->context);
  g_free (watch);
}

/* What it looks like now is what it will be compared with. */
static gboolean
add_item (ButlerWatch     *self,
          ButlerWatchItem *item,
          GError         **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean           is_new;

  g_ptr_array_add (self->items, item);
  if (update_monitors (self, &is_new, &reason))
    {
      butler__watch_item_look (item);
      butler__watch_item_take_changed (item, NULL);
      return TRUE;
    }

  g_ptr_array_remove (self->items, item);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "files cannot be watched: %s", reason->message);
  return FALSE;
}

/**
 * butler_watch_add_file:
 * @watch: a watch
 * @path: (type filename): a file, which need not exist yet, nor the folders on the way to it
 * @error: (nullable): where to put an error
 *
 * Watches a file.
 *
 * Errors: %BUTLER_ERROR_FAILED if the system has no way to watch files.
 *
 * Thread: that of its context.
 *
 * Returns: %TRUE if it is watched
 *
 * Since: 1.0
 */
gboolean
butler_watch_add_file (ButlerWatch *watch,
                       const char  *path,
                       GError     **error)
{
  g_return_val_if_fail (watch != NULL && path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return add_item (watch, butler__watch_item_new (path, NULL), error);
}

/**
 * butler_watch_add_folder:
 * @watch: a watch
 * @folder: (type filename): a folder, which need not exist yet
 * @patterns: (array zero-terminated=1): which files matter, as the shell would write it: `*.c`
 * @error: (nullable): where to put an error
 *
 * Watches the files in a folder, and in the folders below, whose names match one of @patterns, also those that are made
 * later. What begins with a dot, file or folder, does not count, and links to folders are not followed.
 *
 * Errors: %BUTLER_ERROR_FAILED if the system has no way to watch files.
 *
 * Thread: that of its context.
 *
 * Returns: %TRUE if it is watched
 *
 * Since: 1.0
 */
gboolean
butler_watch_add_folder (ButlerWatch       *watch,
                         const char        *folder,
                         const char *const *patterns,
                         GError           **error)
{
  g_return_val_if_fail (watch != NULL && folder != NULL && patterns != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return add_item (watch, butler__watch_item_new (folder, patterns), error);
}
