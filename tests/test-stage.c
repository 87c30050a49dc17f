/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/stage.h"
#include "tests/leftovers.h"

static Leftovers left;

/* Stands in front of the C library's: each look at the file that @watched leads to finds it written later than the one
 * before. */
static dev_t watched_device;
static ino_t watched_inode;
static guint watched_looks; /* that many; then it stays as it is */

int
fstat (int          fd,
       struct stat *file)
{
  int result = fstatat (fd, "", file, AT_EMPTY_PATH);

  if (result == 0 && watched_looks > 0 && file->st_dev == watched_device && file->st_ino == watched_inode)
    file->st_mtim.tv_nsec = (file->st_mtim.tv_nsec + watched_looks--) % 1000000000;
  return result;
}

/* Likewise: the folder of which the mount says noexec. */
static const char *noexec;

int
statvfs (const char     *path,
         struct statvfs *mount)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  int result = fd < 0 ? -1 : fstatvfs (fd, mount);

  if (fd >= 0)
    close (fd);
  if (result == 0 && g_strcmp0 (path, noexec) == 0)
    mount->f_flag |= ST_NOEXEC;
  return result;
}

static void
setup (void)
{
  leftovers_begin (&left);
}

static void
teardown (void)
{
  watched_looks = 0;
  noexec = NULL;
  leftovers_end (&left);
}

static void
watch (const char *path,
       guint       looks)
{
  struct stat file;

  ck_assert_int_eq (stat (path, &file), 0);
  watched_device = file.st_dev;
  watched_inode = file.st_ino;
  watched_looks = looks;
}

static void
refuses (const char        *path,
         ButlerModuleFlags  flags,
         ButlerError        code,
         const char        *reason)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (butler__stage_new (path, flags, &error));
  butler_assert_error (&error, (int) code, path, reason, NULL);
  leftovers_none (&left);
}

static ButlerStage *
stage (const char *path)
{
  g_autoptr (GError) error = NULL;
  ButlerStage       *stage = butler__stage_new (path, BUTLER_MODULE_DEFAULT, &error);

  butler_assert_no_error (error);
  return stage;
}

START_TEST (copies_byte_for_byte)
{
  g_autofree char         *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (ButlerStage)  copy = stage (path);
  g_autofree char         *before = NULL;
  g_autofree char         *after = NULL;
  gsize                    size;
  gsize                    copied;

  ck_assert (g_file_get_contents (path, &before, &size, NULL));
  ck_assert (g_file_get_contents (butler__stage_get_copy (copy), &after, &copied, NULL));
  ck_assert_uint_eq (copied, size);
  ck_assert_mem_eq (after, before, size);
}
END_TEST

START_TEST (copy_is_private)
{
  g_autofree char         *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (ButlerStage)  copy = stage (path);
  g_autofree char         *folder = g_path_get_dirname (butler__stage_get_copy (copy));
  struct stat              mode;

  ck_assert_int_eq (stat (folder, &mode), 0);
  ck_assert_uint_eq (mode.st_mode & 07777, 0700);
  ck_assert_uint_eq (mode.st_uid, geteuid ());
}
END_TEST

START_TEST (name_is_never_used_again)
{
  g_autofree char       *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (ButlerStage) one = stage (path);
      g_autoptr (ButlerStage) two = stage (path);

      ck_assert (g_hash_table_add (names, g_path_get_basename (butler__stage_get_copy (one))));
      ck_assert (g_hash_table_add (names, g_path_get_basename (butler__stage_get_copy (two))));
      ck_assert_uint_eq (leftovers_copies (&left), 1);
    }
}
END_TEST

START_TEST (last_copy_takes_the_folder_along)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  ButlerStage     *one = stage (path);
  ButlerStage     *two = stage (path);
  g_autofree char *second = g_strdup (butler__stage_get_copy (two));

  butler__stage_free (one);
  ck_assert (g_file_test (second, G_FILE_TEST_IS_REGULAR));
  butler__stage_free (two);
  leftovers_none (&left);
}
END_TEST

START_TEST (refuses_what_is_no_file)
{
  g_autofree char *missing = leftovers_path (&left, "missing.so");
  g_autofree char *below_file = leftovers_write (&left, "file", "x", 1);
  g_autofree char *below = g_build_filename (below_file, "plugin.so", NULL);
  g_autofree char *fifo = leftovers_path (&left, "fifo.so");

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  refuses (missing, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_NOT_FOUND, "no such file");
  refuses (below, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_NOT_FOUND, "no such file");
  refuses (left.folder, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "folder");
  refuses (fifo, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "not a regular file");
  refuses ("/dev/null", BUTLER_MODULE_ANY_OWNER, BUTLER_ERROR_BAD_PLUGIN, "not a regular file");
  refuses ("", BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "");
}
END_TEST

START_TEST (refuses_what_cannot_be_read)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);

  if (geteuid () == 0)
    return; /* root reads everything */
  ck_assert_int_eq (g_chmod (path, 0), 0);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "");
}
END_TEST

START_TEST (refuses_what_is_no_shared_object)
{
  g_autofree char *empty = leftovers_write (&left, "empty.so", "", 0);
  g_autofree char *one = leftovers_write (&left, "one.so", "\177", 1);
  g_autofree char *text = leftovers_write (&left, "text.so", "# ld script, or any other text\n", 31);
  g_autofree char *other = leftovers_copy (&left, "echo", "class.so", G_MAXSIZE);
  int              fd = open (other, O_WRONLY);
  char             class = sizeof (gpointer) == 8 ? 1 : 2;

  ck_assert_int_eq (pwrite (fd, &class, 1, 4), 1);
  close (fd);
  refuses (empty, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "empty");
  refuses (one, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "no ELF file");
  refuses (text, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "no ELF file");
  refuses (other, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "no shared object");
}
END_TEST

static gsize
size_of_plugin (void)
{
  g_autofree char *path = leftovers_plugin ("echo");
  struct stat      file;

  ck_assert_int_eq (stat (path, &file), 0);
  return (gsize) file.st_size;
}

/* Each length, not only those at which dlopen() is known to die. */
START_TEST (refuses_what_is_cut_off)
{
  gsize all = size_of_plugin ();
  gsize sizes[] = { 5, 63, 64, 65, 1000, 4095, 4096, 4097, 8192, 12288, all / 2, all - 4096, all - 1 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = leftovers_copy (&left, "echo", "cut.so", sizes[i]);

      refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "incomplete");
    }
}
END_TEST

START_TEST (survives_headers_that_lie)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "lie.so", G_MAXSIZE);
  int              fd = open (path, O_RDWR);
  char             all = (char) 0xff;
  char             truth;

  for (off_t i = 0; i < 64 * 12; i++)
    {
      ButlerStage *copy;

      ck_assert_int_eq (pread (fd, &truth, 1, i), 1);
      ck_assert_int_eq (pwrite (fd, &all, 1, i), 1);
      copy = butler__stage_new (path, BUTLER_MODULE_DEFAULT, NULL);
      if (copy != NULL) /* not every lie is seen, but none is fallen for */
        butler__stage_free (copy);
      ck_assert_int_eq (pwrite (fd, &truth, 1, i), 1);
    }
  close (fd);
}
END_TEST

START_TEST (refuses_what_others_can_write)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);

  ck_assert_int_eq (g_chmod (path, 0646), 0);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_UNTRUSTED, "others can write it");
  ck_assert_int_eq (g_chmod (path, 0664), 0);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_UNTRUSTED, "others can write it");
  butler__stage_free (butler__stage_new (path, BUTLER_MODULE_ANY_OWNER, NULL));
}
END_TEST

START_TEST (refuses_a_folder_that_others_can_write)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);

  ck_assert_int_eq (g_chmod (left.folder, 0777), 0);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_UNTRUSTED, "the folder it lies in");
  butler__stage_free (butler__stage_new (path, BUTLER_MODULE_ANY_OWNER, NULL));
  ck_assert_int_eq (g_chmod (left.folder, 01777), 0);
  butler__stage_free (stage (path));
}
END_TEST

START_TEST (refuses_files_of_other_users)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);

  if (chown (path, 12345, (gid_t) -1) != 0)
    return; /* only root can give a file away */
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_UNTRUSTED, "12345");
  butler__stage_free (butler__stage_new (path, BUTLER_MODULE_ANY_OWNER, NULL));
}
END_TEST

START_TEST (copies_again_what_changed)
{
  g_autofree char         *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (ButlerStage)  copy = NULL;

  watch (path, 4);
  copy = stage (path);
  ck_assert_uint_eq (watched_looks, 0);
}
END_TEST

START_TEST (refuses_what_changes_all_the_time)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);

  watch (path, 1000);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_BAD_PLUGIN, "changed while it was copied");
}
END_TEST

/* To the writer a limit is what a full disk is. */
START_TEST (says_that_the_disk_is_full)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  struct rlimit    before;
  struct rlimit    limit;

  signal (SIGXFSZ, SIG_IGN);
  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 4096;
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  refuses (path, BUTLER_MODULE_DEFAULT, BUTLER_ERROR_FAILED, "cannot be written");
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
}
END_TEST

static char *
use_runtime_folder (void)
{
  char *folder = leftovers_path (&left, "runtime");

  ck_assert_int_eq (g_mkdir (folder, 0700), 0);
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  return folder;
}

START_TEST (goes_on_where_code_may_not_be_executed)
{
  g_autofree char         *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autofree char         *runtime = use_runtime_folder ();
  g_autoptr (ButlerStage)  copy = NULL;

  noexec = g_getenv ("BUTLER_HOT_DIR");
  copy = stage (path);
  ck_assert (g_str_has_prefix (butler__stage_get_copy (copy), runtime));
}
END_TEST

START_TEST (goes_on_where_nothing_can_be_written)
{
  g_autofree char         *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autofree char         *runtime = use_runtime_folder ();
  g_autofree char         *before = g_strdup (g_getenv ("BUTLER_HOT_DIR"));
  g_autoptr (ButlerStage)  copy = NULL;

  g_setenv ("BUTLER_HOT_DIR", "/nowhere", TRUE);
  copy = stage (path);
  g_setenv ("BUTLER_HOT_DIR", before, TRUE);
  ck_assert (g_str_has_prefix (butler__stage_get_copy (copy), runtime));
}
END_TEST

/* A process that holds a copy until it is killed, and so does not give it back. */
static pid_t
stage_elsewhere (const char *path)
{
  int   ready[2];
  char  byte;
  pid_t child;

  ck_assert_int_eq (pipe2 (ready, O_CLOEXEC), 0);
  child = fork ();
  if (child == 0)
    {
      if (butler__stage_new (path, BUTLER_MODULE_DEFAULT, NULL) != NULL && write (ready[1], "r", 1) == 1)
        pause ();
      raise (SIGKILL);
    }
  close (ready[1]);
  ck_assert_int_eq (read (ready[0], &byte, 1), 1);
  close (ready[0]);
  return child;
}

START_TEST (removes_what_dead_processes_left_and_nothing_else)
{
  g_autofree char *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  pid_t            child = stage_elsewhere (path);

  butler__stage_free (stage (path));
  ck_assert_uint_eq (leftovers_copies (&left), 1); /* the child's: it lives */

  kill (child, SIGKILL);
  ck_assert_int_eq (waitpid (child, NULL, 0), child);
  ck_assert_uint_eq (leftovers_copies (&left), 1);
  butler__stage_free (stage (path));
  leftovers_none (&left);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("stage");
  TCase *copies = butler_test_case ("copies", setup, teardown, 60);
  TCase *refusals = butler_test_case ("refusals", setup, teardown, 60);

  tcase_add_test (copies, copies_byte_for_byte);
  tcase_add_test (copies, copy_is_private);
  tcase_add_test (copies, name_is_never_used_again);
  tcase_add_test (copies, last_copy_takes_the_folder_along);
  tcase_add_test (copies, copies_again_what_changed);
  tcase_add_test (copies, goes_on_where_code_may_not_be_executed);
  tcase_add_test (copies, goes_on_where_nothing_can_be_written);
  tcase_add_test (copies, removes_what_dead_processes_left_and_nothing_else);
  suite_add_tcase (suite, copies);

  tcase_add_test (refusals, refuses_what_is_no_file);
  tcase_add_test (refusals, refuses_what_cannot_be_read);
  tcase_add_test (refusals, refuses_what_is_no_shared_object);
  tcase_add_test (refusals, refuses_what_is_cut_off);
  tcase_add_test (refusals, survives_headers_that_lie);
  tcase_add_test (refusals, refuses_what_others_can_write);
  tcase_add_test (refusals, refuses_a_folder_that_others_can_write);
  tcase_add_test (refusals, refuses_files_of_other_users);
  tcase_add_test (refusals, refuses_what_changes_all_the_time);
  tcase_add_test (refusals, says_that_the_disk_is_full);
  suite_add_tcase (suite, refusals);
  return butler_test_main (suite);
}
