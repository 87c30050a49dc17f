/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>
#include <threadbutler/threadbutler.h>

#include "tests/swaps.h"

#define GUARD 30 /* s: far beyond what a case takes */

static GMainLoop      *loop;
static ButlerHubWatch *watch;
static GPtrArray      *told; /* "FROM-TO" of a swap, "none" of an empty one, or the message of an error */
static guint           guard;

static gboolean
on_guard (gpointer data)
{
  (void) data;
  ck_abort_msg ("what is waited for was not told");
  return G_SOURCE_REMOVE;
}

static char *
describe (const ButlerSwapReport *report,
          const GError           *error)
{
  const ButlerSwappedPlugin *plugin;

  if (report == NULL)
    return g_strdup (error->message);
  if (report->plugins->len == 0)
    return g_strdup ("none");

  ck_assert_uint_eq (report->plugins->len, 1);
  plugin = &g_array_index (report->plugins, ButlerSwappedPlugin, 0);
  ck_assert_str_eq (plugin->name, "swap");
  ck_assert_str_eq (plugin->path, file);
  return g_strdup_printf ("%u-%u", plugin->from, plugin->to);
}

static void
on_swap (ButlerHub              *of,
         const ButlerSwapReport *report,
         const GError           *error,
         gpointer                data)
{
  ck_assert_ptr_eq (of, hub);
  ck_assert_ptr_eq (data, &left);
  ck_assert ((report == NULL) != (error == NULL));
  g_ptr_array_add (told, describe (report, error));
  g_main_loop_quit (loop);
}

/* GIO starts a thread and opens a descriptor for the first monitor, and keeps both. */
static void
make_first_monitor (void)
{
  g_autoptr (GFile)        root = g_file_new_for_path ("/");
  g_autoptr (GFileMonitor) monitor = g_file_monitor_directory (root, G_FILE_MONITOR_NONE, NULL, NULL);

  ck_assert_ptr_nonnull (monitor);
  g_file_monitor_cancel (monitor);
}

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  make_first_monitor ();
  swaps_begin ();
  loop = g_main_loop_new (NULL, FALSE);
  told = g_ptr_array_new_with_free_func (g_free);
  guard = g_timeout_add_seconds (GUARD, on_guard, NULL);
  start_server ("one", ROUTED);
  watch = butler_hub_watch (hub, on_swap, &left, &error);
  butler_assert_no_error (error);
}

static void
teardown (void)
{
  g_clear_pointer (&watch, butler_hub_watch_free);
  g_source_remove (guard);
  g_ptr_array_unref (told);
  g_main_loop_unref (loop);
  swaps_end ();
}

static void
is_told (const char *text)
{
  while (told->len == 0)
    g_main_loop_run (loop);
  ck_assert_ptr_nonnull (strstr (g_ptr_array_index (told, 0), text));
  g_ptr_array_remove_index (told, 0);
}

/* What was to be swapped because of what went before has been, when nothing is left to swap. */
static void
is_told_no_more (void)
{
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, NULL);

  ck_assert_ptr_nonnull (report);
  ck_assert_uint_eq (report->plugins->len, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (told->len, 0);
}

static void
runs (guint32 version)
{
  g_autoptr (SwapAnswer) answer = NULL;

  tick (butler_hub_get_server (hub, "one"), 1, 1);
  answer = next_answer ();
  ck_assert_uint_eq (answer->version, version);
}

START_TEST (swaps_what_changes)
{
  runs (1);
  put ("swap-2");
  is_told ("1-2");
  runs (2);
  put ("swap-1");
  is_told ("2-3");
  runs (1);
  is_told_no_more ();
}
END_TEST

START_TEST (is_silent_of_what_is_the_same)
{
  put ("swap-1");
  is_told_no_more ();
  put ("swap-2");
  is_told ("1-2");
}
END_TEST

START_TEST (goes_on_after_a_failure)
{
  put ("swap-narrow");
  is_told ("count");
  runs (1);
  put ("swap-2");
  is_told ("1-3");
  runs (2);
}
END_TEST

static void
on_files (ButlerWatch       *files,
          const char *const *paths,
          gpointer           data)
{
  (void) files;
  (void) paths;
  g_main_loop_quit (data);
}

/* Another watch of the file, behind the hub's: when it has its report, so has that. */
static void
is_reported (void)
{
  g_autoptr (ButlerWatch) files = butler_watch_new (on_files, loop);

  ck_assert (butler_watch_add_file (files, file, NULL));
  put ("swap-2");
  g_main_loop_run (loop);
}

START_TEST (swaps_nothing_while_held)
{
  butler_hub_watch_hold (watch);
  butler_hub_watch_hold (watch);
  is_reported ();
  butler_hub_watch_release (watch);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (told->len, 0);
  runs (1);
  butler_hub_watch_release (watch);
  is_told ("1-2");
}
END_TEST

START_TEST (can_be_freed_during_a_swap)
{
  butler_hub_watch_hold (watch);
  is_reported ();
  butler_hub_watch_release (watch);
  g_clear_pointer (&watch, butler_hub_watch_free);
  g_clear_pointer (&hub, butler_hub_unref);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (told->len, 0);
}
END_TEST

static void
free_watch (ButlerHub              *of,
            const ButlerSwapReport *report,
            const GError           *error,
            gpointer                data)
{
  on_swap (of, report, error, data);
  g_clear_pointer (&watch, butler_hub_watch_free);
}

START_TEST (can_be_freed_by_its_function)
{
  butler_hub_watch_free (watch);
  watch = butler_hub_watch (hub, free_watch, &left, NULL);
  put ("swap-2");
  is_told ("1-2");
  ck_assert_ptr_null (watch);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("hub-watch");
  TCase *test = tcase_create ("hub-watch");

  suite_add_tcase (suite, test);
  tcase_set_timeout (test, GUARD);
  tcase_add_checked_fixture (test, setup, teardown);
  tcase_add_test (test, swaps_what_changes);
  tcase_add_test (test, is_silent_of_what_is_the_same);
  tcase_add_test (test, goes_on_after_a_failure);
  tcase_add_test (test, swaps_nothing_while_held);
  tcase_add_test (test, can_be_freed_during_a_swap);
  tcase_add_test (test, can_be_freed_by_its_function);
  return butler_test_main (suite);
}
