/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <gio/gio.h>
#include <threadbutler/watch.h>

#include "tests/leftovers.h"

#define GUARD 30 /* s: far beyond what a case takes, so what was not reported by then will not be */

static Leftovers    left;
static GMainLoop   *loop;
static ButlerWatch *watch;
static GPtrArray   *reports; /* the files of each report, in the order of their names, with blanks between */
static guint        guard;

static gboolean
on_guard (gpointer data)
{
  (void) data;
  ck_abort_msg ("what is waited for was not reported");
  return G_SOURCE_REMOVE;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
on_report (ButlerWatch       *self,
           const char *const *files,
           gpointer           data)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  ck_assert_ptr_eq (self, watch);
  ck_assert_ptr_eq (data, &left);
  for (guint i = 0; files[i] != NULL; i++)
    {
      ck_assert (g_str_has_prefix (files[i], left.folder));
      g_ptr_array_add (names, (gpointer) (files[i] + strlen (left.folder) + 1));
    }
  ck_assert_uint_gt (names->len, 0);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  g_ptr_array_add (reports, g_strjoinv (" ", (char **) names->pdata));
  g_main_loop_quit (loop);
}

/* GIO starts a thread and opens a descriptor for the first monitor, and keeps both. */
static void
make_first_monitor (void)
{
  g_autoptr (GFile)        file = g_file_new_for_path ("/");
  g_autoptr (GFileMonitor) monitor = g_file_monitor_directory (file, G_FILE_MONITOR_NONE, NULL, NULL);

  ck_assert_ptr_nonnull (monitor);
  g_file_monitor_cancel (monitor);
}

static void
setup (void)
{
  make_first_monitor ();
  leftovers_begin (&left);
  loop = g_main_loop_new (NULL, FALSE);
  reports = g_ptr_array_new_with_free_func (g_free);
  guard = g_timeout_add_seconds (GUARD, on_guard, NULL);
  watch = butler_watch_new (on_report, &left);
}

static guint
count_inotify_watches (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fdinfo", 0, NULL);
  const char      *name;
  guint            n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fdinfo", name, NULL);
      g_autofree char *text = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      for (const char *at = text; (at = strstr (at, "inotify wd:")) != NULL; at++)
        n++;
    }
  return n;
}

static void
teardown (void)
{
  g_clear_pointer (&watch, butler_watch_free);
  g_source_remove (guard);
  g_ptr_array_unref (reports);
  g_main_loop_unref (loop);
  leftovers_end (&left);
}

/* In the folder of the test. */
static void
shell (const char *command)
{
  const char        *argv[] = { "/bin/sh", "-e", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  int                status;

  ck_assert (g_spawn_sync (left.folder, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status,
                           &error));
  ck_assert_msg (g_spawn_check_wait_status (status, NULL), "%s", command);
}

static void
add (const char *name)
{
  g_autofree char   *path = leftovers_path (&left, name);
  g_autoptr (GError) error = NULL;

  butler_watch_add_file (watch, path, &error);
  butler_assert_no_error (error);
}

static void
add_sources (const char *name)
{
  static const char *const patterns[] = { "*.c", "Makefile", NULL };
  g_autofree char         *path = leftovers_path (&left, name);
  g_autoptr (GError)       error = NULL;

  butler_watch_add_folder (watch, path, patterns, &error);
  butler_assert_no_error (error);
}

static void
wait_for_reports (guint n)
{
  while (reports->len < n)
    g_main_loop_run (loop);
}

/* What was to be reported of what went before has been, once `marker` is. */
static void
finish (void)
{
  guint n = reports->len;

  shell ("echo >>marker");
  wait_for_reports (n + 1);
  ck_assert_str_eq (g_ptr_array_index (reports, reports->len - 1), "marker");
  g_ptr_array_remove_index (reports, reports->len - 1);
}

static void
is_reported_once (const char *name)
{
  wait_for_reports (1);
  finish ();
  ck_assert_uint_eq (reports->len, 1);
  ck_assert_str_eq (g_ptr_array_index (reports, 0), name);
  g_ptr_array_set_size (reports, 0);
}

static void
is_not_reported (void)
{
  finish ();
  ck_assert_uint_eq (reports->len, 0);
}

/* Each makes another file of `lib/plugin.so`; `new.so` is like it. */
static const char *const ways[] = {
  "mv new.so lib/plugin.so",
  "cp new.so lib/plugin.so",
  "cp -p new.so lib/plugin.so",
  "cp --remove-destination new.so lib/plugin.so",
  "install -m 644 new.so lib/plugin.so",
  "ln -f new.so lib/plugin.so",
  "ln -sf ../new.so lib/plugin.so",
  "rm lib/plugin.so; cp new.so lib/plugin.so",
  "echo x >>lib/plugin.so",
  ": >lib/plugin.so",
  "dd if=new.so of=lib/plugin.so conv=notrunc bs=100 count=1 2>dd",
  "strip lib/plugin.so",
  "objcopy --strip-debug lib/plugin.so",
  "ld -shared -o lib/plugin.so -b binary new.so",
  /* editors */
  "cp new.so lib/.plugin.so.swp; mv lib/.plugin.so.swp lib/plugin.so",
  "mv lib/plugin.so lib/plugin.so~; cp new.so lib/plugin.so; rm lib/plugin.so~",
  "cp new.so 4913; mv lib/plugin.so plugin.so~; mv 4913 lib/plugin.so",
  "sed -i s/ELF/elf/ lib/plugin.so",
  /* folders */
  "rm -r lib; mkdir lib; cp new.so lib/plugin.so",
  "mkdir lib.new; cp new.so lib.new/plugin.so; mv lib lib.old; mv lib.new lib",
  "mkdir v2; cp new.so v2/plugin.so; rm -r lib; ln -s v2 lib",
  "mv lib v2; ln -s v2 lib; cp new.so lib/plugin.so",
};

START_TEST (reports_each_way_once)
{
  g_free (leftovers_copy (&left, "echo", "new.so", G_MAXSIZE));
  shell ("mkdir lib; cp new.so lib/plugin.so; echo >marker");
  add ("lib/plugin.so");
  add ("marker");
  is_not_reported ();
  shell (ways[_i]);
  is_reported_once ("lib/plugin.so");
}
END_TEST

START_TEST (reports_what_was_not_there)
{
  shell ("echo >marker");
  add ("build/lib/plugin.so");
  add ("marker");
  is_not_reported ();
  shell ("mkdir -p build/lib");
  is_not_reported ();
  shell ("echo >build/lib/plugin.so");
  is_reported_once ("build/lib/plugin.so");
}
END_TEST

START_TEST (survives_a_clean)
{
  shell ("mkdir -p build/lib; echo >build/lib/plugin.so; echo >marker");
  add ("build/lib/plugin.so");
  add ("marker");
  for (guint i = 0; i < 5; i++)
    {
      shell (i % 2 == 0 ? "rm -r build" : "rm -r build/lib");
      is_not_reported ();
      shell ("mkdir -p build/lib; echo >build/lib/plugin.so");
      is_reported_once ("build/lib/plugin.so");
    }
}
END_TEST

/* GIO would find out some seconds later that a folder is another one. */
START_TEST (survives_a_clean_in_one_go)
{
  guint n;

  shell ("mkdir -p build/lib; echo >build/lib/plugin.so; echo >marker");
  add ("build/lib/plugin.so");
  add ("marker");
  n = count_inotify_watches ();
  for (guint i = 0; i < 5; i++)
    {
      shell ("rm -r build; mkdir -p build/lib; echo >build/lib/plugin.so");
      is_reported_once ("build/lib/plugin.so");
      ck_assert_uint_eq (count_inotify_watches (), n);
      shell ("echo >>build/lib/plugin.so");
      is_reported_once ("build/lib/plugin.so");
    }
}
END_TEST

START_TEST (follows_links)
{
  guint n;

  shell ("mkdir v1 v2 v3; echo >v1/plugin.so; echo >v2/plugin.so; ln -s v1 current; ln -s current/plugin.so plugin.so;"
         "echo >marker");
  add ("plugin.so");
  add ("marker");
  n = count_inotify_watches ();
  shell ("echo >>v1/plugin.so");
  is_reported_once ("plugin.so");
  shell ("ln -sfn v2 current");
  is_reported_once ("plugin.so");
  ck_assert_uint_eq (count_inotify_watches (), n);
  shell ("echo >>v1/plugin.so");
  is_not_reported ();
  shell ("echo >>v2/plugin.so");
  is_reported_once ("plugin.so");
  shell ("ln -sfn v3 current");
  is_not_reported ();
  shell ("echo >v3/plugin.so");
  is_reported_once ("plugin.so");
  shell ("ln -sf \"$PWD\"/v1/plugin.so plugin.so");
  is_reported_once ("plugin.so");
}
END_TEST

START_TEST (survives_links_in_a_circle)
{
  shell ("ln -s b a; ln -s a b; echo >marker");
  add ("a/plugin.so");
  add ("marker");
  is_not_reported ();
  shell ("rm b; mkdir b; echo >b/plugin.so");
  is_reported_once ("a/plugin.so");
}
END_TEST

/* What happens beside a watched file is no change of it, nor is it one to read or to delete it. */
START_TEST (reports_nothing_without_a_change)
{
  shell ("mkdir lib; echo >lib/plugin.so; echo >marker");
  add ("lib/plugin.so");
  add ("marker");
  shell ("echo >lib/plugin.o; mv lib/plugin.o lib/other.so; mkdir lib/plugin; cat lib/plugin.so; : >>lib/plugin.so");
  is_not_reported ();
  shell ("mv lib/plugin.so lib/away");
  is_not_reported ();
}
END_TEST

START_TEST (reports_what_changed_together_together)
{
  shell ("mkdir a b; echo >a/1; echo >a/2; echo >b/3; echo >marker");
  add ("a/1");
  add ("a/2");
  add ("b/3");
  add ("marker");
  shell ("echo >>b/3; echo >>a/1; echo >>a/2");
  is_reported_once ("a/1 a/2 b/3");
}
END_TEST

START_TEST (shares_the_monitor_of_a_folder)
{
  guint n;

  shell ("mkdir lib");
  add ("lib/one.so");
  n = count_inotify_watches ();
  ck_assert_uint_gt (n, 0);
  add ("lib/two.so");
  add ("three.so");
  ck_assert_uint_eq (count_inotify_watches (), n);
}
END_TEST

START_TEST (leaves_no_monitor)
{
  shell ("mkdir -p a/b c; ln -s ../c a/c");
  add_sources (".");
  add ("a/c/plugin.so");
  ck_assert_uint_gt (count_inotify_watches (), 0);
  butler_watch_free (watch);
  ck_assert_uint_eq (count_inotify_watches (), 0);
  watch = butler_watch_new (on_report, &left);
}
END_TEST

/* A writer in the main loop: text by text, at a pace of its own. */
typedef struct
{
  int                fd;
  const char *const *texts; /* NULL at their end: then it closes the file */
  guint              n;     /* of one text, again and again, from the file's start */
} Writer;

static gboolean
write_next (gpointer data)
{
  Writer *self = data;

  if (self->texts != NULL && *self->texts != NULL)
    {
      ck_assert_int_eq (write (self->fd, *self->texts, strlen (*self->texts)), (gssize) strlen (*self->texts));
      self->texts++;
      return G_SOURCE_CONTINUE;
    }
  close (self->fd);
  self->fd = -1;
  return G_SOURCE_REMOVE;
}

/* Before the watch's own timer if both are due: the machine may be slow. */
static void
add_pace (guint       pause,
          GSourceFunc func,
          gpointer    data)
{
  g_timeout_add_full (G_PRIORITY_HIGH, pause, func, data, NULL);
}

START_TEST (waits_for_a_writer_that_pauses)
{
  static const char *const texts[] = { "half", " and", " half", NULL };
  g_autofree char         *path = leftovers_path (&left, "plugin.so");
  g_autofree char         *text = NULL;
  Writer                   writer = { .texts = texts };

  shell ("echo >marker");
  add ("plugin.so");
  add ("marker");
  writer.fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  add_pace (150, write_next, &writer);
  wait_for_reports (1);
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, "half and half");
  is_reported_once ("plugin.so");
}
END_TEST

static gboolean
rewrite (gpointer data)
{
  Writer          *self = data;
  g_autofree char *path = leftovers_path (&left, "plugin.so");
  g_autofree char *text = g_strdup_printf ("%u", self->n);

  ck_assert (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
  return --self->n > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Without a pause there is a report every two seconds only, and one behind the last change. */
START_TEST (many_rewrites_end_with_a_report_of_the_last)
{
  Writer writer = { .n = 50 };

  shell ("echo >plugin.so; echo >marker");
  add ("plugin.so");
  add ("marker");
  add_pace (20, rewrite, &writer);
  while (writer.n > 0)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_uint_lt (reports->len, 5);
  g_ptr_array_set_size (reports, 0);
  is_reported_once ("plugin.so");
}
END_TEST

static gboolean
rewrite_for_ever (gpointer data)
{
  Writer *self = data;

  self->n = 100;
  return rewrite (data);
}

START_TEST (a_restless_writer_does_not_starve_the_report)
{
  Writer writer = { 0 };

  add ("plugin.so");
  add_pace (20, rewrite_for_ever, &writer);
  wait_for_reports (2);
  ck_assert (g_source_remove_by_user_data (&writer));
  ck_assert_str_eq (g_ptr_array_index (reports, 1), "plugin.so");
}
END_TEST

START_TEST (reports_what_matches_in_a_folder)
{
  shell ("mkdir -p src/sub src/.git; echo >src/a.c; echo >src/sub/b.c; echo >marker");
  add_sources ("src");
  add ("marker");
  is_not_reported ();
  shell ("echo >>src/a.c");
  is_reported_once ("src/a.c");
  shell ("echo >src/new.c; mv src/new.c src/sub/b.c; echo >src/sub/Makefile");
  is_reported_once ("src/sub/Makefile src/sub/b.c");
  shell ("mkdir -p src/x/y; echo >src/x/y/z.c");
  is_reported_once ("src/x/y/z.c");
  shell ("echo >>src/x/y/z.c");
  is_reported_once ("src/x/y/z.c");
  shell ("echo >src/a.o; echo >src/.a.c.swp; echo >src/.git/a.c; echo >src/.c; echo >src/a.c~; ln -s . src/loop");
  is_not_reported ();
}
END_TEST

START_TEST (reports_a_folder_that_comes_later)
{
  shell ("echo >marker");
  add_sources ("src");
  add ("marker");
  shell ("mkdir tmp; echo >tmp/a.c; mv tmp src");
  is_reported_once ("src/a.c");
  shell ("rm -r src; mkdir src; echo >src/a.c");
  is_reported_once ("src/a.c");
  shell ("mkdir other; echo >other/b.c; rm -r src; ln -s other src");
  is_reported_once ("src/b.c");
}
END_TEST

static void
on_last_report (ButlerWatch       *self,
                const char *const *files,
                gpointer           data)
{
  (void) files;
  ck_assert_ptr_eq (self, watch);
  g_clear_pointer (&watch, butler_watch_free);
  g_main_loop_quit (data);
}

START_TEST (can_be_freed_by_its_function)
{
  butler_watch_free (watch);
  watch = butler_watch_new (on_last_report, loop);
  add ("plugin.so");
  shell ("echo >plugin.so");
  g_main_loop_run (loop);
  ck_assert_ptr_null (watch);
}
END_TEST

START_TEST (runs_in_the_context_of_who_made_it)
{
  g_autoptr (GMainContext) own = g_main_context_new ();
  g_autoptr (GMainContext) none = g_main_context_new ();

  butler_watch_free (watch);
  g_main_context_push_thread_default (own);
  watch = butler_watch_new (on_report, &left);
  g_main_context_pop_thread_default (own);
  g_main_context_push_thread_default (none);
  add ("lib/plugin.so");
  shell ("mkdir lib; echo >lib/plugin.so");
  while (reports->len == 0)
    {
      ck_assert (!g_main_context_iteration (none, FALSE));
      g_main_context_iteration (own, TRUE);
    }
  g_main_context_pop_thread_default (none);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("watch");
  TCase *test = tcase_create ("watch");

  suite_add_tcase (suite, test);
  tcase_set_timeout (test, GUARD);
  tcase_add_checked_fixture (test, setup, teardown);
  tcase_add_loop_test (test, reports_each_way_once, 0, G_N_ELEMENTS (ways));
  tcase_add_test (test, reports_what_was_not_there);
  tcase_add_test (test, survives_a_clean);
  tcase_add_test (test, survives_a_clean_in_one_go);
  tcase_add_test (test, follows_links);
  tcase_add_test (test, survives_links_in_a_circle);
  tcase_add_test (test, reports_nothing_without_a_change);
  tcase_add_test (test, reports_what_changed_together_together);
  tcase_add_test (test, shares_the_monitor_of_a_folder);
  tcase_add_test (test, leaves_no_monitor);
  tcase_add_test (test, waits_for_a_writer_that_pauses);
  tcase_add_test (test, many_rewrites_end_with_a_report_of_the_last);
  tcase_add_test (test, a_restless_writer_does_not_starve_the_report);
  tcase_add_test (test, reports_what_matches_in_a_folder);
  tcase_add_test (test, reports_a_folder_that_comes_later);
  tcase_add_test (test, can_be_freed_by_its_function);
  tcase_add_test (test, runs_in_the_context_of_who_made_it);
  return butler_test_main (suite);
}
