/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
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

#define QUIET_AFTER 1000 /* reports of files may still come; swaps that go round would bring more each time */

/* What was to be swapped because of what went before has been, when nothing is left to swap, or to do. */
static void
is_told_no_more (void)
{
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, NULL);
  guint rounds = 0;

  ck_assert_ptr_nonnull (report);
  ck_assert_uint_eq (report->plugins->len, 0);
  while (g_main_context_iteration (NULL, FALSE))
    {
      settle ();
      ck_assert_uint_lt (rounds++, QUIET_AFTER);
    }
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

/* Another watch of the file, behind the hub's: when it has its report, that mostly has its own; that is all the difference. */
static void
is_reported (const char *plugin)
{
  g_autoptr (ButlerWatch) files = butler_watch_new (on_files, loop);

  ck_assert (butler_watch_add_file (files, file, NULL));
  put (plugin);
  g_main_loop_run (loop);
}

START_TEST (is_silent_of_what_is_the_same)
{
  butler_hub_watch_hold (watch);
  is_reported ("swap-1");
  butler_hub_watch_release (watch);
  is_told_no_more ();
  put ("swap-2");
  is_told ("1-2");
}
END_TEST

START_TEST (swaps_nothing_while_held)
{
  butler_hub_watch_hold (watch);
  butler_hub_watch_hold (watch);
  is_reported ("swap-2");
  butler_hub_watch_release (watch);
  settle ();
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
  is_reported ("swap-2");
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

/* A swap that is under way for as long as the test likes: its probe says that it is there, and waits. */

static int   probe_is_there; /* pipes */
static int   probe_may_go;
static char *real_probe;

static int
open_pipe (const char *name)
{
  g_autofree char *path = leftovers_path (&left, name);
  int fd;

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  fd = open (path, O_RDWR | O_CLOEXEC); /* waits for nobody */
  ck_assert_int_ge (fd, 0);
  return fd;
}

static gboolean
on_probe (int          fd G_GNUC_UNUSED,
          GIOCondition condition G_GNUC_UNUSED,
          gpointer     data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
begin_swap (void)
{
  g_autofree char *script = leftovers_path (&left, "probe");
  g_autofree char *text = NULL;
  char line;

  real_probe = g_strdup (g_getenv ("BUTLER_PROBE"));
  text = g_strdup_printf ("#!/bin/sh\necho >\"$0.there\"\nread -r line <\"$0.go\"\nexec '%s' \"$@\"\n", real_probe);
  ck_assert (g_file_set_contents_full (script, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  probe_is_there = open_pipe ("probe.there");
  probe_may_go = open_pipe ("probe.go");
  g_setenv ("BUTLER_PROBE", script, TRUE);
  put ("swap-2");
  g_unix_fd_add (probe_is_there, G_IO_IN, on_probe, loop);
  g_main_loop_run (loop);
  ck_assert_int_eq (read (probe_is_there, &line, 1), 1);
}

/* It, and all after it: whoever probes waits for this one. */
static void
let_probes_go (void)
{
  g_setenv ("BUTLER_PROBE", real_probe, TRUE);
  ck_assert_int_eq (write (probe_may_go, "\n", 1), 1);
}

static void
end_swap (void)
{
  g_clear_pointer (&real_probe, g_free);
  close (probe_is_there);
  close (probe_may_go);
}

START_TEST (what_changes_during_a_swap_is_swapped_next)
{
  begin_swap ();
  is_reported ("swap-1");
  ck_assert_uint_eq (told->len, 0);
  let_probes_go ();
  is_told ("1-2");
  is_told ("2-3");
  runs (1);
  end_swap ();
}
END_TEST

/* There is only one, whatever was reported meanwhile: of two, one would still tell. */
START_TEST (a_swap_that_is_under_way_is_given_up)
{
  begin_swap ();
  is_reported ("swap-1");
  g_clear_pointer (&watch, butler_hub_watch_free);
  let_probes_go ();
  settle ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_uint_eq (told->len, 0);
  runs (1);
  end_swap ();
}
END_TEST

START_TEST (runs_in_the_context_where_it_was_made)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  butler_hub_watch_free (watch);
  g_main_context_push_thread_default (context);
  watch = butler_hub_watch (hub, on_swap, &left, NULL);
  g_main_context_pop_thread_default (context);
  put ("swap-2");
  while (told->len == 0)
    g_main_context_iteration (context, TRUE);
  is_told ("1-2");
  g_clear_pointer (&watch, butler_hub_watch_free);
  settle ();
  while (g_main_context_iteration (context, FALSE))
    ;
}
END_TEST

/* Who gives no function finds it in the log. */

/* Written by the main thread, and looked at by whoever logs. */
static _Atomic gboolean logging;

static GLogWriterOutput
keep_log (GLogLevelFlags   level,
          const GLogField *fields,
          gsize            n,
          gpointer         data G_GNUC_UNUSED)
{
  for (gsize i = 0; logging && i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE")
        && (strstr (fields[i].value, "takes over") != NULL || strstr (fields[i].value, "nothing was swapped") != NULL))
      {
        g_ptr_array_add (told, g_strdup (fields[i].value));
        g_main_loop_quit (loop);
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n, NULL);
}

START_TEST (without_a_function_it_is_logged)
{
  butler_hub_watch_free (watch);
  watch = butler_hub_watch (hub, NULL, NULL, NULL);
  logging = TRUE;
  put ("swap-2");
  is_told ("plugin swap: generation 2 takes over from 1");
  put ("swap-narrow");
  is_told ("nothing was swapped: ");
  logging = FALSE;
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
  tcase_add_test (test, what_changes_during_a_swap_is_swapped_next);
  tcase_add_test (test, a_swap_that_is_under_way_is_given_up);
  tcase_add_test (test, runs_in_the_context_where_it_was_made);
  tcase_add_test (test, without_a_function_it_is_logged);
  g_log_set_writer_func (keep_log, NULL, NULL);
  return butler_test_main (suite);
}
