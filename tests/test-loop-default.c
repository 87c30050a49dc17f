/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cpu.h"
#include "tests/keeper.h"

/* The loop of a server whose options name none: messages and work of GIO take turns. */

static void
set_up_keeper (void)
{
  set_up (NO_OPTIONS);
  on_number = tell_number;
}

/* What a handler begins in its server's context */

static void
assert_here (ButlerContext *context)
{
  Keeper *self = butler_context_state (context);

  g_assert_nonnull (self);
  self->sum++;
}

static gboolean
timer_over (gpointer held_context)
{
  assert_here (held_context);
  tell (news, 1);
  return release_now (held_context);
}

static void
begin_timer (ButlerContext *context)
{
  run_after (1, timer_over, butler_context_hold (context));
}

static void
work_elsewhere (GTask        *task,
                gpointer      source G_GNUC_UNUSED,
                gpointer      data G_GNUC_UNUSED,
                GCancellable *cancellable G_GNUC_UNUSED)
{
  g_task_return_int (task, 2);
}

static void
task_over (GObject      *source G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      held_context)
{
  assert_here (held_context);
  tell (news, (int) g_task_propagate_int (G_TASK (result), NULL));
  release_now (held_context);
}

static void
begin_task (ButlerContext *context)
{
  g_autoptr (GTask) task = g_task_new (NULL, butler_context_get_cancellable (context), task_over,
                                       butler_context_hold (context));

  g_task_run_in_thread (task, work_elsewhere);
}

static void
process_over (GObject      *process,
              GAsyncResult *result,
              gpointer      held_context)
{
  g_autofree char *text = NULL;

  g_assert_true (g_subprocess_communicate_utf8_finish (G_SUBPROCESS (process), result, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "three\n");
  assert_here (held_context);
  tell (news, 3);
  release_now (held_context);
}

static void
begin_process (ButlerContext *context)
{
  g_autoptr (GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, "echo", "three", NULL);

  g_subprocess_communicate_utf8_async (process, NULL, butler_context_get_cancellable (context), process_over,
                                       butler_context_hold (context));
}

static int  ends[2];
static char bytes[4];

/* Reads from the one end of a pair; the test writes to the other, or does not. */
static void
read_bytes (ButlerContext      *context,
            GAsyncReadyCallback callback)
{
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) one = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  one = g_socket_new_from_fd (ends[0], NULL);
  connection = g_socket_connection_factory_create_connection (one);
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), bytes, sizeof bytes,
                             G_PRIORITY_DEFAULT, butler_context_get_cancellable (context), callback,
                             butler_context_hold (context));
  g_object_set_data_full (G_OBJECT (butler_context_get_cancellable (context)), "connection", g_steal_pointer (&connection),
                          g_object_unref);
  tell (news, 0);
}

static void
read_over (GObject      *stream,
           GAsyncResult *result,
           gpointer      held_context)
{
  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL), ==, 4);
  g_assert_cmpmem (bytes, 4, "four", 4);
  assert_here (held_context);
  tell (news, 4);
  release_now (held_context);
}

static void
begin_read (ButlerContext *context)
{
  read_bytes (context, read_over);
}

static void (*const beginnings[]) (ButlerContext *context) = { begin_timer, begin_task, begin_process, begin_read };

static void
begin (Keeper        *self G_GNUC_UNUSED,
       Number        *number,
       ButlerContext *context)
{
  beginnings[number->value - 1] (context);
}

static void
write_four (void)
{
  ck_assert_int_eq (wait_for_number (news), 0);
  ck_assert_int_eq ((int) write (ends[1], "four", 4), 4);
  close (ends[1]);
}

START_TEST (handler_begins_work_of_gio)
{
  on_number = begin;
  start (server);
  send_to_server (server, _i, _i);
  if (_i == 4)
    write_four ();
  ck_assert_int_eq (wait_for_number (news), _i);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

START_TEST (stop_waits_for_work_of_gio)
{
  on_number = begin;
  for (int run = 1; run <= 2; run++)
    {
      start (server);
      send_to_server (server, 1, 3);
      ck_assert (butler_server_stop (server));
      ck_assert_int_eq (atomic_load (&ended), 3 * run);
    }
}
END_TEST

static void
read_cancelled (GObject      *stream,
                GAsyncResult *result,
                gpointer      held_context)
{
  GError *error = NULL;

  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (stream), result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  butler_context_take_error (held_context, error);
  release_now (held_context);
}

static void
begin_endless_read (Keeper        *self G_GNUC_UNUSED,
                    Number        *number G_GNUC_UNUSED,
                    ButlerContext *context)
{
  read_bytes (context, read_cancelled);
}

START_TEST (kill_cancels_work_of_gio)
{
  on_number = begin_endless_read;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 0);
  expect_warnings ();
  ck_assert (butler_server_kill (server));
  assert_warnings (2, "cancels its handler of Number");
  ck_assert_int_eq (atomic_load (&ended), 1);
  ck_assert_uint_eq (failures (), 1);
  close (ends[1]);
}
END_TEST

/* Fairness */

static _Atomic int ticks;
static _Atomic gboolean over;

static gboolean
tick (gpointer data G_GNUC_UNUSED)
{
  atomic_fetch_add (&ticks, 1);
  return !atomic_load (&over);
}

static gboolean
begin_ticking (ButlerContext *context G_GNUC_UNUSED,
               gpointer       milliseconds,
               GError       **error G_GNUC_UNUSED)
{
  atomic_store (&ticks, 0);
  atomic_store (&over, FALSE);
  run_after (*(guint *) milliseconds, tick, NULL);
  return TRUE;
}

/* What its thread had used of the CPUs when the flood was over, µs. A clock on the wall would count the time of other programs too. */
static gint64 used;

static void
count_number (Keeper        *self,
              Number        *number,
              ButlerContext *context G_GNUC_UNUSED)
{
  self->sum++;
  if (number->value >= 0)
    return;
  used = cpu_of (RUSAGE_THREAD);
  tell (news, number->value);
}

/* A tick in ten milliseconds, at the least. */
static void
check_ticks (void)
{
  ck_assert_int_eq (wait_for_number (news), -1);
  ck_assert_int_ge (atomic_load (&ticks), (int) (used / 1000 / 10));
}

/* All wait before the server runs: it is never dry till the last. */
START_TEST (flood_of_messages_does_not_stop_a_timer)
{
  int n = (int) butler_test_rounds (1000000);
  guint milliseconds = 1;

  on_number = count_number;
  butler_server_add_startup (server, begin_ticking, &milliseconds, NULL);
  send_to_server (server, 1, n);
  send_to_server (server, -1, -1);
  start (server);
  check_ticks ();
  atomic_store (&over, TRUE);
  ck_assert (butler_server_stop (server));
}
END_TEST

static gpointer
send_many (gpointer n)
{
  send_to_server (server, 1, GPOINTER_TO_INT (n));
  send_to_server (server, -1, -1);
  return NULL;
}

/* They come as fast as they are handled, or nearly: the server is dry again and again. */
START_TEST (stream_of_messages_does_not_stop_a_timer)
{
  int n = (int) butler_test_rounds (1000000);
  guint milliseconds = 1;
  GThread *sender;

  on_number = count_number;
  butler_server_add_startup (server, begin_ticking, &milliseconds, NULL);
  start (server);
  sender = g_thread_new ("sender", send_many, GINT_TO_POINTER (n));
  check_ticks ();
  g_thread_join (sender);
  atomic_store (&over, TRUE);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (source_that_is_always_ready_does_not_stop_messages)
{
  guint milliseconds = 0;
  int n = (int) butler_test_rounds (1000);

  butler_server_add_startup (server, begin_ticking, &milliseconds, NULL);
  start (server);
  for (int i = 1; i <= n || atomic_load (&ticks) == 0; i++)
    {
      send_to_server (server, i, i);
      ck_assert_int_eq (wait_for_number (news), i);
    }
  ck_assert (butler_server_stop (server));
}
END_TEST

/* Without descriptors a start fails, and the process goes on; how many are left when it begins: 0, 1. The first start of a process takes
 * two, as GLib makes its default context then, too. */
START_TEST (start_without_descriptors_fails)
{
  gboolean enough = _i == 1 && !butler_test_has_own_process ();
  gboolean started;
  struct rlimit before;
  GError *error = NULL;
  int next = dup (0);

  close (next);
  getrlimit (RLIMIT_NOFILE, &before);
  setrlimit (RLIMIT_NOFILE, &(struct rlimit) { (rlim_t) (next + _i), before.rlim_max });
  started = butler_server_start (server, &error);
  setrlimit (RLIMIT_NOFILE, &before);
  ck_assert (started == enough);
  if (enough)
    return;
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES));
  ck_assert_msg (strstr (error->message, "server keeper did not start: no descriptor") != NULL, "%s", error->message);
  g_clear_error (&error);
  start (server);
  round_trip ();
  ck_assert (butler_server_stop (server));
}
END_TEST

static gpointer
send_till_closed (gpointer to)
{
  while (number_send_to (to, &(Number) { 1 }, NULL))
    ;
  return NULL;
}

/* Each has a name of its own, and is woken by who may be late. */
START_TEST (removed_servers_leave_no_descriptor)
{
  struct rlimit before;

  getrlimit (RLIMIT_NOFILE, &before);
  setrlimit (RLIMIT_NOFILE, &(struct rlimit) { 64, before.rlim_max });
  on_number = count_number;
  for (guint i = 0; i < butler_test_rounds (400); i++)
    {
      g_autofree char *name = g_strdup_printf ("short-%u", i);
      ButlerServer *brief = new_keeper (name, OPTIONS (.no_route = TRUE, .as_queue = i % 2 == 1));
      GThread *senders[2];

      start (brief);
      for (guint n = 0; n < G_N_ELEMENTS (senders); n++)
        senders[n] = g_thread_new ("sender", send_till_closed, butler_server_get_channel (brief));
      ck_assert (butler_server_remove (brief));
      for (guint n = 0; n < G_N_ELEMENTS (senders); n++)
        g_thread_join (senders[n]);
    }
  setrlimit (RLIMIT_NOFILE, &before);
}
END_TEST

/* Sleeping */

START_TEST (idle_server_uses_no_cpu)
{
  start (server);
  round_trip ();
  ck_assert_int_lt (cpu_over (300000), 20000);
  round_trip ();
  ck_assert (butler_server_stop (server));
}
END_TEST

static void
begin_pause (Keeper        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context)
{
  release_after ((guint) number->value, context);
}

START_TEST (server_that_waits_for_its_holds_uses_no_cpu)
{
  gint64 before;

  on_number = begin_pause;
  start (server);
  send_to_server (server, 300, 300);
  before = cpu_of (RUSAGE_SELF);
  ck_assert (butler_server_stop (server));
  ck_assert_int_lt (cpu_of (RUSAGE_SELF) - before, 20000);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("loop-default");
  TCase *tcase = tcase_create ("loop-default");

  tcase_add_checked_fixture (tcase, set_up_keeper, tear_down);
  tcase_set_timeout (tcase, 120);
  tcase_add_loop_test (tcase, handler_begins_work_of_gio, 1, 5);
  tcase_add_test (tcase, stop_waits_for_work_of_gio);
  tcase_add_test (tcase, kill_cancels_work_of_gio);
  tcase_add_test (tcase, flood_of_messages_does_not_stop_a_timer);
  tcase_add_test (tcase, stream_of_messages_does_not_stop_a_timer);
  tcase_add_test (tcase, source_that_is_always_ready_does_not_stop_messages);
  tcase_add_loop_test (tcase, start_without_descriptors_fails, 0, 2);
  tcase_add_test (tcase, removed_servers_leave_no_descriptor);
  tcase_add_test (tcase, idle_server_uses_no_cpu);
  tcase_add_test (tcase, server_that_waits_for_its_holds_uses_no_cpu);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
