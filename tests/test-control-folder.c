/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gunixsocketaddress.h>

#include "tests/control.h"

/* Where control sockets are. */

#define NOBODY 65534

static guint
count_sockets (void)
{
  GError *error = NULL;
  g_auto (GStrv) paths = butler_control_list (&error);

  butler_assert_no_error (error);
  return g_strv_length (paths);
}

START_TEST (the_socket_is_listed_and_removed)
{
  g_autofree char *expected = g_strdup_printf ("%s/test.%d", folder, (int) getpid ());
  g_auto (GStrv) paths = NULL;
  struct stat info;

  ck_assert_uint_eq (count_sockets (), 0);
  control = open_control ("test");
  ck_assert_str_eq (butler_control_get_path (control), expected);
  paths = butler_control_list (NULL);
  ck_assert_uint_eq (g_strv_length (paths), 1);
  ck_assert_str_eq (paths[0], expected);
  ck_assert_int_eq (stat (folder, &info), 0);
  ck_assert_uint_eq (info.st_mode & 07777, 0700);
  g_clear_pointer (&control, butler_control_free);
  ck_assert_uint_eq (count_sockets (), 0);
  ck_assert (!g_file_test (expected, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST (a_name_is_taken_once)
{
  control = open_control ("test");
  assert_refused (BUTLER_ERROR_EXISTS, "test", "test");
  butler_control_free (open_control ("other"));
  assert_answers ();
}
END_TEST

START_TEST (names_are_checked)
{
  static const char *const names[] = { "", ".", "..", ".hidden", "a/b", "a\nb" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_refused (BUTLER_ERROR_BAD_VALUE, names[i], "name");
  ck_assert (!g_file_test (folder, G_FILE_TEST_EXISTS));
  butler_control_free (open_control ("a name, with \303\274 = 1.5"));
}
END_TEST

START_TEST (odd_names_can_be_reached)
{
  control = open_control ("50% off; \303\274, or=\377");
  g_variant_unref (ask ("GetStatus"));
}
END_TEST

START_TEST (long_paths_are_refused)
{
  g_autofree char *longest = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  gsize rest = 107 - strlen (folder) - strlen ("/.") - strlen (pid);

  longest = g_strnfill (rest + 1, 'n');
  assert_refused (BUTLER_ERROR_BAD_VALUE, longest, "108 bytes");
  longest[rest] = '\0';
  butler_control_free (open_control (longest));
}
END_TEST

/* What a process leaves that is killed: a socket at which nobody listens. */
static char *
leave_socket (const char *name)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  ck_assert (g_socket_bind (socket, address, FALSE, NULL));
  return path;
}

START_TEST (sockets_of_dead_processes_are_removed)
{
  g_autofree char *dead = NULL;
  g_autofree char *own = NULL;
  g_autofree char *name = g_strdup_printf ("test.%d", (int) getpid ());
  g_autofree char *file = g_build_filename (folder, "file.1", NULL);
  ButlerControl *living = open_control ("living");

  dead = leave_socket ("dead.1");
  own = leave_socket (name); /* the number was given again */
  ck_assert (g_file_set_contents (file, "", 0, NULL));
  ck_assert_uint_eq (count_sockets (), 1);
  control = open_control ("test");
  ck_assert (!g_file_test (dead, G_FILE_TEST_EXISTS));
  ck_assert (g_file_test (file, G_FILE_TEST_EXISTS));
  ck_assert_uint_eq (count_sockets (), 2);
  assert_answers ();
  butler_control_free (living);
  g_unlink (file);
}
END_TEST

#define STARTERS 8

static gpointer
open_and_close (gpointer number)
{
  g_autofree char *name = g_strdup_printf ("n%d", GPOINTER_TO_INT (number));

  for (guint round = butler_test_rounds (100); round > 0; round--)
    {
      ButlerControl *one = butler_control_new (hub, name, NULL);
      g_auto (GStrv) paths = butler_control_list (NULL);

      g_assert_true (g_strv_contains ((const char *const *) paths, butler_control_get_path (one)));
      butler_control_free (one);
    }
  return NULL;
}

/* Nobody takes one for dead that is just about to listen. */
START_TEST (many_may_start_at_once)
{
  GThread *threads[STARTERS];

  for (int i = 0; i < STARTERS; i++)
    threads[i] = g_thread_new ("starter", open_and_close, GINT_TO_POINTER (i));
  for (int i = 0; i < STARTERS; i++)
    g_thread_join (threads[i]);
}
END_TEST

START_TEST (folders_that_others_can_enter_are_refused)
{
  static const int modes[] = { 0755, 0701, 0770, 0500 };
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_mkdir (folder, 0700), 0);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      ck_assert_int_eq (g_chmod (folder, modes[i]), 0);
      assert_refused (BUTLER_ERROR_UNTRUSTED, "test", "0700");
      ck_assert_ptr_null (butler_control_list (&error));
      butler_assert_error (&error, BUTLER_ERROR_UNTRUSTED, folder, NULL);
    }
  ck_assert_int_eq (g_chmod (folder, 0700), 0);
}
END_TEST

START_TEST (what_is_no_folder_is_refused)
{
  ck_assert (g_file_set_contents (folder, "", 0, NULL));
  assert_refused (BUTLER_ERROR_UNTRUSTED, "test", "no folder");
  g_unlink (folder);
  ck_assert_int_eq (symlink ("/tmp", folder), 0);
  assert_refused (BUTLER_ERROR_UNTRUSTED, "test", "no folder");
  g_unlink (folder);
}
END_TEST

START_TEST (folders_of_other_users_are_refused)
{
  if (geteuid () != 0)
    return;
  ck_assert_int_eq (g_mkdir (folder, 0700), 0);
  ck_assert_int_eq (chown (folder, NOBODY, NOBODY), 0);
  assert_refused (BUTLER_ERROR_UNTRUSTED, "test", "65534");
}
END_TEST

/* As sudo leaves it: nothing of ours is put into another user's. */
START_TEST (without_a_runtime_directory_the_temporary_one_serves)
{
  g_autofree char *own = g_strdup_printf ("%s/threadbutler-%u", g_get_tmp_dir (), (guint) geteuid ());

  if (_i == 0)
    g_unsetenv ("XDG_RUNTIME_DIR");
  else if (_i == 1)
    g_setenv ("XDG_RUNTIME_DIR", "relative", TRUE);
  else if (geteuid () == 0)
    ck_assert_int_eq (chown (runtime, NOBODY, NOBODY), 0);
  else
    return;
  control = open_control ("test");
  ck_assert_msg (g_str_has_prefix (butler_control_get_path (control), own), "%s", butler_control_get_path (control));
  assert_answers ();
  g_clear_pointer (&control, butler_control_free);
  ck_assert_int_eq (g_rmdir (own), 0);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    the_socket_is_listed_and_removed,
    a_name_is_taken_once,
    names_are_checked,
    odd_names_can_be_reached,
    long_paths_are_refused,
    sockets_of_dead_processes_are_removed,
    many_may_start_at_once,
    folders_that_others_can_enter_are_refused,
    what_is_no_folder_is_refused,
    folders_of_other_users_are_refused,
  };
  char temporary[] = "/tmp/butler-tmp-XXXXXX";
  Suite *suite = suite_create ("control-folder");
  TCase *all = tcase_create ("all");
  int status;

  g_assert_nonnull (g_mkdtemp (temporary));
  g_setenv ("TMPDIR", temporary, TRUE);
  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  tcase_add_loop_test (all, without_a_runtime_directory_the_temporary_one_serves, 0, 3);
  suite_add_tcase (suite, all);
  status = servers_test_main (suite);
  g_rmdir (temporary);
  return status;
}
