/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/probe.h"
#include "tests/leftovers.h"

#define LONG   (60 * G_TIME_SPAN_SECOND) /* more than the slowest machine takes */
#define ORIGIN "/the/user's/own.so"

static Leftovers left;

static void
setup (void)
{
  leftovers_begin (&left);
}

static void
no_child_is_left (void)
{
  ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
  ck_assert_int_eq (errno, ECHILD);
}

static void
teardown (void)
{
  no_child_is_left ();
  leftovers_end (&left);
}

static gboolean
run (const char          *plugin,
     gint64               limit,
     ButlerProbeVerdict  *verdict,
     GError             **error)
{
  g_autofree char *copy = leftovers_plugin (plugin);

  return butler__probe_run (copy, ORIGIN, limit, verdict, error);
}

static void
accepts (const char         *plugin,
         ButlerProbeVerdict *verdict)
{
  g_autoptr (GError) error = NULL;

  ck_assert (run (plugin, LONG, verdict, &error));
  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (verdict->warnings);
}

static void
refuses (const char *plugin,
         ButlerError code,
         const char *reason,
         const char *reason_too)
{
  g_autofree char            *copy = leftovers_plugin (plugin);
  g_auto (ButlerProbeVerdict) verdict = { 0 };
  g_autoptr (GError)          error = NULL;

  ck_assert (!run (plugin, LONG, &verdict, &error));
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "more than one line: %s", error->message);
  ck_assert_msg (g_str_has_prefix (error->message, ORIGIN ": "), "the file is not named first: %s", error->message);
  ck_assert_msg (strstr (error->message, copy) == NULL, "the copy is named: %s", error->message);
  ck_assert_ptr_null (verdict.warnings);
  butler_assert_error (&error, (int) code, reason, reason_too, NULL);
}

typedef struct
{
  const char *plugin;
  ButlerError code;
  const char *reason;
  const char *reason_too;
} Refusal;

static const Refusal refusals[] = {
  { "constructor-aborts", BUTLER_ERROR_BAD_PLUGIN, "crashed while it was loaded (signal 6, Aborted)", "constructor" },
  { "constructor-exits", BUTLER_ERROR_BAD_PLUGIN, "exited with status 3 while it was loaded", "constructor" },
  { "missing-symbol", BUTLER_ERROR_BAD_PLUGIN, "butler_test_nowhere", "undefined symbol" },
  { "no-descriptor", BUTLER_ERROR_BAD_PLUGIN, "butler_plugin", "BUTLER_PLUGIN()" },
  { "bad-magic", BUTLER_ERROR_BAD_PLUGIN, "BUTLER_PLUGIN()", "" },
  { "other-abi", BUTLER_ERROR_BAD_ABI, "ABI 7", "ABI 1" },
  { "no-handlers", BUTLER_ERROR_BAD_HANDLERS, "idle", "no handlers" },
  { "bad-layout", BUTLER_ERROR_BAD_LAYOUT, "TestWide", "far" },
  { "not-there", BUTLER_ERROR_BAD_PLUGIN, "cannot open shared object file", "" },
};

START_TEST (refuses_broken_plugins)
{
  const Refusal *refusal = &refusals[_i];

  refuses (refusal->plugin, refusal->code, refusal->reason, refusal->reason_too);
}
END_TEST

START_TEST (tells_what_a_plugin_is)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };

  accepts ("two-sets", &verdict);
  ck_assert_str_eq (verdict.name, "two_sets");
  ck_assert_str_eq (verdict.version, "2.5");
  ck_assert_ptr_null (verdict.resident);
}
END_TEST

START_TEST (reads_the_build_id)
{
  g_auto (ButlerProbeVerdict) with = { 0 };
  g_auto (ButlerProbeVerdict) without = { 0 };

  accepts ("build-id", &with);
  ck_assert_str_eq (with.build_id, "0123456789abcdef");
  accepts ("trap-nodelete", &without);
  ck_assert_ptr_null (without.build_id);
}
END_TEST

static const char *const clean[] = {
  "build-id",
  "echo",
  "failing-start",
  "new-header",
  "old-header",
  "two-sets",
  "../../../examples/logpipe/.libs/field",
  "../../../examples/logpipe/.libs/report",
  "../../../examples/logpipe/.libs/tally",
};

START_TEST (warns_of_nothing_in_clean_plugins)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };

  accepts (clean[_i], &verdict);
  ck_assert_msg (verdict.warnings[0] == NULL, "%s: %s", clean[_i], verdict.warnings[0]);
  ck_assert_ptr_null (verdict.resident);
}
END_TEST

typedef struct
{
  const char *plugin;
  const char *symbols; /* blanks between: the first word of each warning */
  gboolean    resident;
} Trap;

static const Trap trap_zoo[] = {
  { "trap-atexit", "__cxa_atexit:", FALSE },
  { "trap-bytes", "g_bytes_new_static:", TRUE },
  { "trap-data", "static", FALSE },
  { "trap-destructor", "__cxa_thread_atexit_impl:", TRUE },
  { "trap-export", "trap_helper:", FALSE },
  { "trap-initial-exec", "thread-local", FALSE },
  { "trap-nodelete", "-z", TRUE },
  { "trap-on-exit", "on_exit:", TRUE },
  { "trap-private", "g_private_replace:", TRUE },
  { "trap-quark", "g_quark_from_static_string:", TRUE },
  { "trap-thread", "g_thread_new:", FALSE },
  { "trap-thread-local", "thread-local", FALSE },
  { "trap-timeout", "g_timeout_add:", TRUE },
  { "trap-type", "g_intern_static_string: g_type_register_static_simple:", TRUE },
  { "trap-unique", "trap_unique_count:", TRUE },
  { "../../../examples/logpipe/.libs/reader", "g_thread_new,", FALSE },
};

START_TEST (names_each_trap)
{
  const Trap                 *trap = &trap_zoo[_i];
  g_auto (ButlerProbeVerdict) verdict = { 0 };
  g_auto (GStrv)              symbols = g_strsplit (trap->symbols, " ", -1);

  accepts (trap->plugin, &verdict);
  ck_assert_uint_eq (g_strv_length (verdict.warnings), g_strv_length (symbols));
  for (guint i = 0; symbols[i] != NULL; i++)
    {
      g_autofree char *start = g_strconcat (symbols[i], " ", NULL);

      ck_assert_msg (g_str_has_prefix (verdict.warnings[i], start), "%s", verdict.warnings[i]);
      ck_assert_msg (strchr (verdict.warnings[i], '\n') == NULL, "%s", verdict.warnings[i]);
    }
  if (trap->resident)
    ck_assert_str_eq (verdict.resident, verdict.warnings[0]);
  else
    ck_assert_ptr_null (verdict.resident);
}
END_TEST

START_TEST (tells_the_two_ways_of_thread_local_variables)
{
  g_auto (ButlerProbeVerdict) dynamic = { 0 };
  g_auto (ButlerProbeVerdict) initial = { 0 };

  accepts ("trap-thread-local", &dynamic);
  accepts ("trap-initial-exec", &initial);
  ck_assert_ptr_null (strstr (dynamic.warnings[0], "initial-exec"));
  ck_assert_ptr_nonnull (strstr (initial.warnings[0], "initial-exec"));
}
END_TEST

START_TEST (says_how_large_static_variables_are)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };

  accepts ("trap-data", &verdict);
  ck_assert_msg (strstr (verdict.warnings[0], " 102") != NULL, "%s", verdict.warnings[0]); /* KiB, and some bytes */
}
END_TEST

START_TEST (ends_what_takes_too_long)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };
  g_autoptr (GError)          error = NULL;

  ck_assert (!run ("constructor-loops", G_TIME_SPAN_SECOND / 2, &verdict, &error));
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (g_str_has_prefix (error->message, ORIGIN), "%s", error->message);
  ck_assert_msg (strstr (error->message, "did not load within 0.5 s") != NULL, "%s", error->message);
}
END_TEST

/* The test's own descriptor, which is not to be closed on exec, is one of those that the plugin writes to. */
START_TEST (hears_the_probe_alone)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };
  int                         fds[2];
  char                        byte;

  ck_assert_int_eq (pipe2 (fds, O_NONBLOCK), 0);
  ck_assert_int_lt (fds[1], 64);
  accepts ("constructor-prints", &verdict);
  ck_assert_str_eq (verdict.name, "constructor_prints");
  ck_assert_int_eq (read (fds[0], &byte, 1), -1);
  close (fds[0]);
  close (fds[1]);
}
END_TEST

START_TEST (does_not_wait_for_children_of_the_plugin)
{
  g_autofree char            *fifo = leftovers_path (&left, "fifo");
  g_auto (ButlerProbeVerdict) verdict = { 0 };
  int                         fd;

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  fd = open (fifo, O_RDWR | O_CLOEXEC);
  g_setenv ("BUTLER_TEST_FIFO", fifo, TRUE);
  ck_assert (run ("constructor-forks", G_TIME_SPAN_DAY, &verdict, NULL));
  ck_assert_str_eq (verdict.name, "constructor_forks");
  g_unsetenv ("BUTLER_TEST_FIFO");
  close (fd);
}
END_TEST

START_TEST (leaves_signal_handling_alone)
{
  struct sigaction            before;
  struct sigaction            after;
  g_auto (ButlerProbeVerdict) verdict = { 0 };

  sigaction (SIGCHLD, NULL, &before);
  accepts ("echo", &verdict);
  sigaction (SIGCHLD, NULL, &after);
  ck_assert (after.sa_handler == before.sa_handler);
  ck_assert_int_eq (after.sa_flags, before.sa_flags);
}
END_TEST

START_TEST (works_where_children_are_not_waited_for)
{
  g_auto (ButlerProbeVerdict) verdict = { 0 };

  signal (SIGCHLD, SIG_IGN);
  accepts ("echo", &verdict);
  refuses ("constructor-aborts", BUTLER_ERROR_BAD_PLUGIN, "ended the process while it was loaded", "constructor");
  signal (SIGCHLD, SIG_DFL);
}
END_TEST

START_TEST (leaves_no_core)
{
  g_autofree char *before = g_get_current_dir ();
  struct rlimit    limit;
  struct rlimit    all;

  ck_assert_int_eq (getrlimit (RLIMIT_CORE, &limit), 0);
  all = limit;
  all.rlim_cur = all.rlim_max;
  ck_assert_int_eq (setrlimit (RLIMIT_CORE, &all), 0);
  ck_assert_int_eq (chdir (left.folder), 0);
  refuses ("constructor-aborts", BUTLER_ERROR_BAD_PLUGIN, "signal 6", "");
  ck_assert_uint_eq (leftovers_count (left.folder), 1); /* that for private copies */
  ck_assert_int_eq (chdir (before), 0);
  ck_assert_int_eq (setrlimit (RLIMIT_CORE, &limit), 0);
}
END_TEST

/* A process that probes what never loads; its standard error, which the probe inherits, is a pipe. */
static pid_t
probe_elsewhere (int *output)
{
  int   fds[2];
  pid_t child;

  ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
  child = fork ();
  if (child == 0)
    {
      ButlerProbeVerdict verdict = { 0 };

      dup2 (fds[1], STDERR_FILENO);
      close (fds[1]);
      run ("constructor-loops", LONG, &verdict, NULL);
      _exit (0);
    }
  close (fds[1]);
  *output = fds[0];
  return child;
}

START_TEST (does_not_outlive_its_parent)
{
  int   output;
  pid_t child = probe_elsewhere (&output);
  char  byte;

  ck_assert_int_eq (read (output, &byte, 1), 1); /* the constructor runs */
  kill (child, SIGKILL);
  ck_assert_int_eq (waitpid (child, NULL, 0), child);
  while (read (output, &byte, 1) == 1) /* its end is that of the last process that has it */
    ;
  close (output);
}
END_TEST

static gpointer
probe_some (gpointer data)
{
  guint *good = data;

  for (guint i = 0; i < 3; i++)
    {
      g_auto (ButlerProbeVerdict) verdict = { 0 };

      *good += run ("echo", LONG, &verdict, NULL);
      *good += !run ("constructor-exits", LONG, &verdict, NULL);
    }
  return NULL;
}

START_TEST (threads_may_probe_at_once)
{
  GThread *threads[3];
  guint    good[3] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("prober", probe_some, &good[i]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_thread_join (threads[i]);
      ck_assert_uint_eq (good[i], 6);
    }
}
END_TEST

/* Where each part that has to be loaded ends. */
static gsize
read_ends (const char *path,
           gsize      *ends,
           gsize       room)
{
  g_autofree char  *bytes = NULL;
  const ElfW(Ehdr) *header;
  const ElfW(Phdr) *segments;
  gsize             n = 0;
  gsize             size;

  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  header = (gconstpointer) bytes;
  segments = (gconstpointer) (bytes + header->e_phoff);
  for (guint i = 0; i < header->e_phnum; i++)
    if (segments[i].p_type == PT_LOAD && n < room)
      ends[n++] = segments[i].p_offset + segments[i].p_filesz;
  return n;
}

static void
cut_is_refused (gsize    size,
                gboolean stays_loadable)
{
  g_autofree char             *path = leftovers_copy (&left, "echo", "cut.so", size);
  g_auto (ButlerProbeVerdict)  verdict = { 0 };
  g_autoptr (GError)           error = NULL;
  g_autoptr (GError)           direct = NULL;

  ck_assert_msg (butler_module_probe (path, BUTLER_MODULE_DEFAULT, &error) == NULL, "%zu bytes", size);
  ck_assert_msg (g_str_has_prefix (error->message, path), "%s", error->message);
  if (butler__probe_run (path, ORIGIN, LONG, &verdict, &direct))
    ck_assert_msg (stays_loadable, "%zu bytes", size);
  else
    ck_assert_msg (g_error_matches (direct, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN), "%s", direct->message);
}

/* The first look at the file finds them all; the probe by itself, all that cannot be loaded. */
START_TEST (refuses_what_is_cut_off)
{
  g_autofree char *path = leftovers_plugin ("echo");
  gsize            early[] = { 0, 1, 50, 64, 600, 4095, 4096, 4097 };
  gsize            ends[16];
  gsize            n = read_ends (path, ends, G_N_ELEMENTS (ends));
  struct stat      file;

  for (guint i = 0; i < G_N_ELEMENTS (early); i++)
    cut_is_refused (early[i], FALSE);
  for (guint i = 0; i < n; i++)
    cut_is_refused (ends[i], i == n - 1);
  ck_assert_int_eq (stat (path, &file), 0);
  cut_is_refused ((gsize) file.st_size - 1, TRUE);
}
END_TEST

static void
use_script (const char *name,
            const char *script)
{
  g_autofree char *path = leftovers_write (&left, name, script, strlen (script));

  ck_assert_int_eq (g_chmod (path, 0755), 0);
  g_setenv ("BUTLER_PROBE", path, TRUE);
}

START_TEST (says_if_there_is_no_probe)
{
  g_autofree char *before = g_strdup (g_getenv ("BUTLER_PROBE"));

  g_setenv ("BUTLER_PROBE", "/nowhere/threadbutler-probe", TRUE);
  refuses ("echo", BUTLER_ERROR_FAILED, "cannot be probed", "/nowhere/threadbutler-probe");
  g_setenv ("BUTLER_PROBE", "/bin/true", TRUE);
  refuses ("echo", BUTLER_ERROR_FAILED, "cannot be probed", "/bin/true is no probe of this version");
  use_script ("babble", "#!/bin/sh\necho '" BUTLER__PROBE_GREETING "'\necho babble\n");
  refuses ("echo", BUTLER_ERROR_FAILED, "cannot be probed", "makes no sense");
  use_script ("endless", "#!/bin/sh\nexec yes\n");
  refuses ("echo", BUTLER_ERROR_FAILED, "cannot be probed", "is no probe of this version");
  g_setenv ("BUTLER_PROBE", before, TRUE);
}
END_TEST

START_TEST (probes_files_of_the_user)
{
  g_autofree char               *path = leftovers_copy (&left, "trap-quark", "quark.so", G_MAXSIZE);
  g_autofree char               *broken = leftovers_copy (&left, "missing-symbol", "symbol.so", G_MAXSIZE);
  g_autoptr (GError)             error = NULL;
  g_autoptr (ButlerProbeVerdict) verdict = butler_module_probe (path, BUTLER_MODULE_DEFAULT, &error);

  butler_assert_no_error (error);
  ck_assert_str_eq (verdict->name, "trap_quark");
  ck_assert_uint_eq (g_strv_length (verdict->warnings), 1);
  leftovers_none (&left);

  ck_assert_ptr_null (butler_module_probe (broken, BUTLER_MODULE_DEFAULT, &error));
  ck_assert_msg (strstr (error->message, "/hot/") == NULL, "the private copy is named: %s", error->message);
  butler_assert_error (&error, BUTLER_ERROR_BAD_PLUGIN, broken, "undefined symbol", NULL);

  ck_assert_int_eq (g_chmod (path, 0666), 0);
  ck_assert_ptr_null (butler_module_probe (path, BUTLER_MODULE_DEFAULT, &error));
  butler_assert_error (&error, BUTLER_ERROR_UNTRUSTED, path, NULL);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("probe");
  TCase *verdicts = butler_test_case ("verdicts", setup, teardown, 60);
  TCase *warnings = butler_test_case ("warnings", setup, teardown, 60);
  TCase *processes = butler_test_case ("processes", setup, teardown, 60);

  tcase_add_test (verdicts, tells_what_a_plugin_is);
  tcase_add_test (verdicts, reads_the_build_id);
  tcase_add_loop_test (verdicts, refuses_broken_plugins, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (verdicts, refuses_what_is_cut_off);
  tcase_add_test (verdicts, probes_files_of_the_user);
  suite_add_tcase (suite, verdicts);

  tcase_add_loop_test (warnings, warns_of_nothing_in_clean_plugins, 0, G_N_ELEMENTS (clean));
  tcase_add_loop_test (warnings, names_each_trap, 0, G_N_ELEMENTS (trap_zoo));
  tcase_add_test (warnings, tells_the_two_ways_of_thread_local_variables);
  tcase_add_test (warnings, says_how_large_static_variables_are);
  suite_add_tcase (suite, warnings);

  tcase_add_test (processes, ends_what_takes_too_long);
  tcase_add_test (processes, hears_the_probe_alone);
  tcase_add_test (processes, does_not_wait_for_children_of_the_plugin);
  tcase_add_test (processes, leaves_signal_handling_alone);
  tcase_add_test (processes, works_where_children_are_not_waited_for);
  tcase_add_test (processes, leaves_no_core);
  tcase_add_test (processes, does_not_outlive_its_parent);
  tcase_add_test (processes, threads_may_probe_at_once);
  tcase_add_test (processes, says_if_there_is_no_probe);
  suite_add_tcase (suite, processes);
  return butler_test_main (suite);
}
