/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <gio/gio.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/common-messages.h"
#include "tests/leftovers.h"
#include "tests/servers.h"

/* A process that has no descriptors left, may have no more threads, or has no address space for them: whatever is made then is made, or it is an error that says why;
 * nothing stays behind, and all goes well once there are some again. */

static Leftovers left;
static ButlerHub *hub;
static ButlerModule *module;
static Script script;

/* GIO keeps a thread and a descriptor for its monitors, and a thread for its tasks. */
static void
warm_up (void)
{
  g_autoptr (GFile) root = g_file_new_for_path ("/");
  g_autoptr (GFileMonitor) monitor = g_file_monitor_directory (root, G_FILE_MONITOR_NONE, NULL, NULL);

  ck_assert_ptr_nonnull (monitor);
  g_file_monitor_cancel (monitor);
  g_type_ensure (G_TYPE_TASK);
  g_thread_pool_set_max_unused_threads (0);
}

static void
set_up (void)
{
  g_autofree char *file = NULL;
  GError *error = NULL;

  warm_up ();
  leftovers_begin (&left);
  file = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_setenv ("XDG_RUNTIME_DIR", left.folder, TRUE);
  hub = butler_hub_new ();
  module = butler_module_load (hub, file, BUTLER_MODULE_DEFAULT, &error);
  butler_assert_no_error (error);
  script = (Script) { 0 };
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  leftovers_end (&left);
}

/* What a program makes. Each is done again and again, and leaves nothing. */

static gboolean
make_hub (GError **error G_GNUC_UNUSED)
{
  butler_hub_unref (butler_hub_new ());
  return TRUE;
}

static gboolean
run_server (ButlerServerOptions options,
            GError            **error)
{
  ButlerServer *server = script_server (hub, "brief", &script, options);
  gboolean started = butler_server_start (server, error);

  if (started)
    send_to_server (server, 1, 10);
  ck_assert (butler_server_remove (server));
  ck_assert_int_eq (script.handled, started ? 10 : 0);
  script.handled = 0;
  return started;
}

static gboolean
run_default_server (GError **error)
{
  return run_server (OPTIONS (.no_route = TRUE), error);
}

static gboolean
run_queue_server (GError **error)
{
  return run_server (OPTIONS (.no_route = TRUE, .loop = butler_loop_queue, .capacity = 2, .overflow = BUTLER_OVERFLOW_BLOCK), error);
}

static gboolean
poll_server (GError **error)
{
  ButlerServer *server = script_server (hub, "polled", &script, OPTIONS (.no_route = TRUE, .no_thread = TRUE));
  gboolean polled = butler_server_get_fd (server, error) >= 0;

  ck_assert (butler_server_remove (server));
  return polled;
}

static void
do_nothing (ButlerTask *task G_GNUC_UNUSED,
            gpointer    data)
{
  *(gboolean *) data = TRUE;
}

/* A task for which there is no thread fails, and that is said. */
static gboolean
run_task (GError **error)
{
  g_autoptr (ButlerHub) own = butler_hub_new ();
  gboolean ran = FALSE;

  expect_warnings (); /* that it waits for a thread */
  butler_hub_run_task (own, "brief", do_nothing, &ran, NULL);
  g_clear_pointer (&own, butler_hub_unref);
  forget_warnings ();
  if (!ran)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "the task did not run");
  return ran;
}

static gboolean
open_socket (GError **error)
{
  ButlerControl *control = butler_control_new (hub, "brief", error);

  g_clear_pointer (&control, butler_control_free);
  return error == NULL || *error == NULL;
}

static void
ignore_files (ButlerWatch       *watch G_GNUC_UNUSED,
              const char *const *files G_GNUC_UNUSED,
              gpointer           data G_GNUC_UNUSED)
{
}

static gboolean
watch_folder (GError **error)
{
  static const char *const all[] = { "*", NULL };
  ButlerWatch *watch = butler_watch_new (ignore_files, NULL);
  gboolean watches = butler_watch_add_folder (watch, left.folder, all, error);

  butler_watch_free (watch);
  return watches;
}

static gboolean
load_plugin (GError **error)
{
  g_autoptr (ButlerHub) own = butler_hub_new ();
  g_autofree char *file = leftovers_path (&left, "echo.so");

  return butler_module_load (own, file, BUTLER_MODULE_DEFAULT, error) != NULL;
}

/* One that has not changed: it is looked at, and that is all. */
static gboolean
swap_nothing (GError **error)
{
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, error);

  return report != NULL;
}

static gboolean
probe_plugin (GError **error)
{
  g_autofree char *file = leftovers_path (&left, "echo.so");
  g_autoptr (ButlerProbeVerdict) verdict = butler_module_probe (file, BUTLER_MODULE_DEFAULT, error);

  return verdict != NULL;
}

typedef struct
{
  const char *name;
  gboolean  (*make) (GError **error);
} Thing;

static const Thing things[] = {
  { "a hub", make_hub },
  { "a server", run_default_server },
  { "a server with a queue", run_queue_server },
  { "a server's descriptor", poll_server },
  { "a task", run_task },
  { "a control socket", open_socket },
  { "a watch", watch_folder },
  { "a plugin", load_plugin },
  { "a swap", swap_nothing },
  { "a probe", probe_plugin }, /* a process of its own, which is no part of what somebody else may do: the last one */
};

#define N_THINGS ((int) G_N_ELEMENTS (things))

static void
make (const Thing *thing)
{
  GError *error = NULL;
  gboolean made = thing->make (&error);

  ck_assert_msg (made == (error == NULL), "%s: made, or an error, and not both", thing->name);
  if (error != NULL)
    {
      ck_assert (error->message[0] != '\0' && g_utf8_validate (error->message, -1, NULL));
    }
  g_clear_error (&error);
}

static void
make_surely (const Thing *thing)
{
  GError *error = NULL;
  gboolean made = thing->make (&error);

  ck_assert_msg (made, "%s: %s", thing->name, error != NULL ? error->message : "no error");
}

/* Descriptors */

static void
leave_descriptors (int            n,
                   struct rlimit *before)
{
  int next = dup (STDIN_FILENO);

  ck_assert_int_ge (next, 0);
  close (next);
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, before), 0);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &(struct rlimit) { (rlim_t) (next + n), before->rlim_max }), 0);
}

#define ENOUGH 16 /* descriptors, for each of these things */

START_TEST (without_descriptors_all_is_made_or_an_error)
{
  const Thing *thing = &things[_i];
  struct rlimit before;

  make_surely (thing);
  for (int n = 0; n < ENOUGH; n++)
    {
      leave_descriptors (n, &before);
      make (thing);
      ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
    }
  make_surely (thing);
}
END_TEST

/* Threads */

/* Nobody limits root: the process becomes one of a user that nobody else is, for good, and keeps root's rights to files. */
static void
become_somebody (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2];

  ck_assert_int_eq (setresuid (2000000000 + (uid_t) getpid (), (uid_t) -1, (uid_t) -1), 0);
  ck_assert_int_eq (syscall (SYS_capget, &header, data), 0);
  data[0].effective &= ~(1u << CAP_SYS_RESOURCE | 1u << CAP_SYS_ADMIN);
  ck_assert_int_eq (syscall (SYS_capset, &header, data), 0);
}

START_TEST (without_threads_all_is_made_or_an_error)
{
  const Thing *thing = &things[_i];
  struct rlimit before;

  if (!butler_test_has_own_process ())
    return;
  make_surely (thing);
  if (getuid () == 0)
    become_somebody ();
  ck_assert_int_eq (getrlimit (RLIMIT_NPROC, &before), 0);
  for (guint n = 0; n < 3; n++)
    {
      ck_assert_int_eq (setrlimit (RLIMIT_NPROC, &(struct rlimit) { leftovers_count ("/proc/self/task") + n, before.rlim_max }), 0);
      make (thing);
      ck_assert_int_eq (setrlimit (RLIMIT_NPROC, &before), 0);
    }
  make_surely (thing);
}
END_TEST

/* Address space: enough for what is small, and not for the stack of a thread, or for a file that is mapped. What is small ends the process
 * where there is none (tests/test-memory.c). */

#define MIB ((rlim_t) 1024 * 1024)

static rlim_t
address_space (void)
{
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return (rlim_t) g_ascii_strtoull (text, NULL, 10) * (rlim_t) getpagesize ();
}

START_TEST (without_address_space_all_is_made_or_an_error)
{
  const Thing *thing = &things[_i];
  struct rlimit before;

  if (!butler_test_has_own_process ())
    return;
  make_surely (thing);
  ck_assert_int_eq (getrlimit (RLIMIT_AS, &before), 0);
  for (guint n = 1; n <= 32; n *= 2)
    {
      ck_assert_int_eq (setrlimit (RLIMIT_AS, &(struct rlimit) { address_space () + n * MIB, before.rlim_max }), 0);
      make (thing);
      ck_assert_int_eq (setrlimit (RLIMIT_AS, &before), 0);
    }
  make_surely (thing);
}
END_TEST

/* A program that a handler starts, by fork and exec, has no descriptor of ours. */

/* Which descriptors a program has that is started here, as `ls` says: it has one for that itself. */
static char *
descriptors_of_child (void)
{
  GString *text = g_string_new (NULL);
  char bytes[512];
  int ends[2];
  gssize n;
  pid_t child;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  child = fork ();
  if (child == 0)
    {
      dup2 (ends[1], STDOUT_FILENO);
      execl ("/bin/ls", "ls", "/proc/self/fd", (char *) NULL);
      _exit (127);
    }
  close (ends[1]);
  while ((n = read (ends[0], bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, n);
  close (ends[0]);
  waitpid (child, NULL, 0);
  return g_string_free (text, FALSE);
}

static void
start_program (Script        *self,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context G_GNUC_UNUSED)
{
  g_async_queue_push (self->gate, descriptors_of_child ());
}

/* All that has descriptors: a context, a descriptor to poll, a socket, monitors, a folder for copies, a thread for swaps. */
START_TEST (programs_that_a_handler_starts_inherit_nothing)
{
  static const char *const all[] = { "*", NULL };
  Script idle = { .data = NULL };
  g_autofree char *before = descriptors_of_child ();
  g_autofree char *inside = NULL;
  ButlerWatch *watch = butler_watch_new (ignore_files, NULL);
  ButlerControl *control = butler_control_new (hub, "brief", NULL);
  ButlerServer *polled = script_server (hub, "polled", &idle, OPTIONS (.no_route = TRUE, .no_thread = TRUE));

  script = (Script) { .on_number = start_program, .gate = g_async_queue_new () };
  ck_assert_ptr_nonnull (control);
  ck_assert (butler_watch_add_folder (watch, left.folder, all, NULL));
  butler_swap_report_free (butler_hub_swap (hub, NULL, NULL));
  ck_assert_int_ge (butler_server_get_fd (polled, NULL), 0);
  start (script_server (hub, "starts", &script, NO_OPTIONS));
  ck_assert (number_send (hub, &(Number) { 1 }, NULL));
  inside = g_async_queue_pop (script.gate);
  ck_assert_str_ne (inside, "");
  ck_assert_str_eq (inside, before);
  butler_watch_free (watch);
  butler_control_free (control);
  g_clear_pointer (&hub, butler_hub_unref);
  g_async_queue_unref (script.gate);
}
END_TEST

/* Hubs, as many as there may be in the life of a program that makes one for each job. */

static void
make_hubs (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      ButlerHub *brief = butler_hub_new ();
      Script brief_script = { .data = NULL };
      ButlerServer *server = script_server (brief, "brief", &brief_script,
                                            i % 2 == 0 ? NO_OPTIONS : OPTIONS (.loop = butler_loop_queue, .capacity = 4,
                                                                               .overflow = BUTLER_OVERFLOW_BLOCK));
      ButlerChannel *own = own_channel (brief, "own", 0, BUTLER_OVERFLOW_FAIL);

      start (server);
      send_to_server (server, 1, 3);
      tell (own, 1); /* and it stays there */
      butler_hub_unref (brief);
      ck_assert_int_eq (brief_script.handled, 3);
    }
}

START_TEST (hubs_leave_nothing)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");
  guint descriptors;
  guint threads;
  gsize memory;

  make_hubs (100);
  descriptors = leftovers_count ("/proc/self/fd");
  threads = leftovers_count ("/proc/self/task");
  memory = leftovers_memory ();
  make_hubs (g_strcmp0 (scale, "full") == 0 ? 10000 : butler_test_rounds (2000));
  ck_assert_uint_eq (leftovers_count ("/proc/self/fd"), descriptors);
  ck_assert_uint_le (leftovers_threads (threads), threads);
  ck_assert_uint_lt (leftovers_memory (), memory + 65536);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("limits");
  TCase *tcase = tcase_create ("limits");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 120);
  tcase_add_loop_test (tcase, without_descriptors_all_is_made_or_an_error, 0, N_THINGS);
  tcase_add_loop_test (tcase, without_threads_all_is_made_or_an_error, 0, N_THINGS - 1);
  tcase_add_loop_test (tcase, without_address_space_all_is_made_or_an_error, 0, N_THINGS);
  tcase_add_test (tcase, programs_that_a_handler_starts_inherit_nothing);
  tcase_add_test (tcase, hubs_leave_nothing);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
