/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/socket.h>

#include "tests/plays.h"

/* A file that was swapped out stays mapped as long as something needs it, which is named, and goes then. */

static ButlerChannel *answers;
static ButlerChannel *box; /* for blobs */

static void
set_up (void)
{
  GError *error = NULL;

  g_thread_pool_set_max_unused_threads (0); /* GLib keeps those that ran tasks for a while */
  plays_begin ();
  answers = butler_hub_add_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
  ck_assert (done_route (hub, answers, &error));
  box = butler_hub_add_channel (hub, "box", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
}

static void
do_it (ButlerServer *server,
       const char   *what,
       gpointer      data)
{
  ck_assert (deed_send_to (butler_server_get_channel (server), &(Deed) { g_strdup (what), data }, NULL));
}

static void
expect_done (guint64     number,
             const char *what)
{
  GError *error = NULL;
  g_autoptr (ButlerMessage) message = butler_channel_receive (answers, -1, &error);

  butler_assert_no_error (error);
  ck_assert_str_eq (done_get (message)->what, what);
  ck_assert_uint_eq (done_get (message)->number, number);
}

/* Returns when what was let go before is closed: by the thread that swaps, one thing after the other. */
static void
settle (void)
{
  const char *const none[] = { "none", NULL };
  GError *error = NULL;

  ck_assert_ptr_null (butler_hub_swap (hub, none, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, NULL);
}

static gboolean
is_mapped (const char *copy)
{
  g_autofree char *maps = NULL;

  ck_assert (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  return strstr (maps, copy) != NULL;
}

/* (transfer none) (nullable): of @status. */
static const ButlerGenerationStatus *
find (const ButlerModuleStatus *status,
      guint                     number)
{
  for (guint i = 0; i < status->generations->len; i++)
    if (g_array_index (status->generations, ButlerGenerationStatus, i).number == number)
      return &g_array_index (status->generations, ButlerGenerationStatus, i);
  return NULL;
}

/* (transfer full): where the code of a generation lies. */
static char *
get_copy (guint number)
{
  g_autoptr (ButlerModuleStatus) status = butler_module_get_status (troupe.module);
  const ButlerGenerationStatus *generation = find (status, number);

  ck_assert_ptr_nonnull (generation);
  return g_strdup (generation->copy);
}

static void
check_needed (guint       number,
              const char *copy,
              const char *by)
{
  g_autoptr (ButlerModuleStatus) status = NULL;
  const ButlerGenerationStatus *generation;

  settle ();
  status = butler_module_get_status (troupe.module);
  generation = find (status, number);
  ck_assert_ptr_nonnull (generation);
  ck_assert_str_eq (generation->state, "retired");
  ck_assert_uint_eq (g_strv_length (generation->pins), 1);
  ck_assert_str_eq (generation->pins[0], by);
  ck_assert (is_mapped (copy));
}

/* But under a sanitizer or valgrind all stays mapped. */
static void
check_gone (guint       number,
            const char *copy)
{
  g_autoptr (ButlerModuleStatus) status = NULL;
  const ButlerGenerationStatus *generation;

  settle ();
  status = butler_module_get_status (troupe.module);
  generation = find (status, number);
  if (generation != NULL)
    {
      ck_assert_uint_eq (g_strv_length (generation->pins), 0);
      ck_assert_str_eq (generation->state, "resident");
      ck_assert_msg (strstr (generation->reason, "sanitizer") != NULL || strstr (generation->reason, "valgrind") != NULL, "%s",
                     generation->reason);
    }
  else
    ck_assert (!is_mapped (copy));
}

/* A read of GIO's */

typedef struct
{
  GSocketConnection *connection;
  int                far; /* the end where the test writes */
} Line;

static GInputStream *
line_begin (Line *self)
{
  GError *error = NULL;
  GSocket *socket;
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  socket = g_socket_new_from_fd (ends[0], &error);
  butler_assert_no_error (error);
  self->connection = g_socket_connection_factory_create_connection (socket);
  self->far = ends[1];
  g_object_unref (socket);
  return g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
}

static void
line_end (Line *self)
{
  g_object_unref (self->connection);
  close (self->far);
}

START_TEST (a_read_ends_in_the_code_that_began_it)
{
  ButlerServer *server = start_actor ("s");
  g_autofree char *copy = get_copy (1);
  Line line;

  do_it (server, "read", line_begin (&line));
  expect_done (1, "read");
  swap_play ("play-1", FALSE);
  expect_actor (server, 2, 1);
  check_needed (1, copy, "handler of Deed of server s");
  ck_assert_int_eq (write (line.far, "x", 1), 1);
  expect_done (1, "read");
  expect_actor (server, 2, 2);
  check_gone (1, copy);
  line_end (&line);
}
END_TEST

static gpointer
swap_other (gpointer data)
{
  (void) data;
  swap_play ("play-other", TRUE);
  return NULL;
}

/* Its callback knows the old state. */
START_TEST (a_read_is_waited_for_before_a_migration)
{
  ButlerServer *server = start_actor ("s");
  g_autofree char *copy = get_copy (1);
  GThread *thread;
  Line line;

  do_it (server, "read", line_begin (&line));
  expect_done (1, "read");
  butler_hub_set_swap_limit (hub, 500); /* time enough to come out of the handler that said so */
  swap_play_fails ("play-other", BUTLER_ERROR_TIMED_OUT, "server s did not come to a boundary: something that it holds goes on");
  expect_actor (server, 1, 1);

  butler_hub_set_swap_limit (hub, 3600 * 1000);
  thread = g_thread_new ("swaps", swap_other, NULL);
  ck_assert_int_eq (write (line.far, "x", 1), 1);
  expect_done (1, "read");
  g_thread_join (thread);
  expect_actor (server, troupe.number, 2);
  check_gone (1, copy);
  line_end (&line);
}
END_TEST

/* A task */

START_TEST (a_task_ends_in_its_code_and_its_result_meets_the_new)
{
  static const char *const plugins[] = { "play-1", "play-other" };
  GAsyncQueue *gate = g_async_queue_new ();
  ButlerServer *server = start_actor ("s");
  g_autofree char *copy = get_copy (1);

  do_it (server, "task", gate);
  expect_done (1, "task");
  swap_play (plugins[_i], _i == 1);
  expect_actor (server, 2, 1);
  check_needed (1, copy, "task work of server s");
  g_async_queue_push (gate, gate);
  expect_done (2, "result of 1");
  expect_actor (server, 2, 2);
  check_gone (1, copy);
  g_async_queue_unref (gate);
}
END_TEST

/* Messages whose clear function lies in the file */

static void
send_blob (ButlerServer  *server,
           guint64        number,
           ButlerChannel *to,
           int           *cleared)
{
  gpointer place[] = { to, cleared };

  do_it (server, "blob", place);
  expect_done (number, "blob");
}

/* Those that wait for a server of another plugin. */
START_TEST (a_message_that_waits_keeps_its_code)
{
  Troupe second;
  ButlerServer *server = start_actor ("s");
  ButlerServer *third;
  g_autofree char *copy = get_copy (1);
  int cleared = 0;

  load_play (&second, "play-second", "second.so");
  third = make_actor (&second, "third", UNROUTED);
  send_blob (server, 1, butler_server_get_channel (third), &cleared);
  swap_play ("play-1", FALSE);
  expect_actor (server, 2, 1);
  check_needed (1, copy, "1 of type PlayBlob");
  ck_assert_int_eq (cleared, 0);
  butler_channel_clear (butler_server_get_channel (third));
  ck_assert_int_eq (cleared, 1);
  check_gone (1, copy);
  g_clear_pointer (&hub, butler_hub_unref);
  forget_play (&second);
}
END_TEST

static void
keep_it (PlayScene *scene)
{
  *scene->data = scene->cue;
}

static void
free_it (PlayScene *scene)
{
  butler_message_free (g_steal_pointer (scene->data));
}

/* Those that a state has a pointer to, and their copies. */
START_TEST (a_message_that_a_state_keeps_keeps_its_code)
{
  ButlerServer *server = start_actor ("s");
  ButlerServer *keeper = start_actor ("keeper");
  ButlerMessage *copied;
  ButlerMessage *message;
  g_autofree char *copy = get_copy (1);
  int cleared = 0;

  send_blob (server, 1, box, &cleared);
  message = butler_channel_receive (box, -1, NULL);
  copied = butler_message_copy (message);
  play_it (keeper, keep_it, message);
  swap_play ("play-other", TRUE);
  expect_actor (keeper, 2, 2);
  expect_actor (server, 2, 1);
  check_needed (1, copy, "2 of type PlayBlob");
  butler_message_free (copied);
  check_needed (1, copy, "1 of type PlayBlob");
  play_it (keeper, free_it, NULL);
  expect_actor (keeper, 2, 4);
  ck_assert_int_eq (cleared, 2);
  check_gone (1, copy);
}
END_TEST

/* Messages of the old type and of the new one, which are two types of one name to the linker. */
START_TEST (each_message_is_freed_by_its_own_code)
{
  ButlerServer *server = start_actor ("s");
  char *copies[3];
  int cleared[3] = { 0, 0, 0 };
  ButlerMessage *messages[3];

  for (guint i = 0; i < 3; i++)
    {
      send_blob (server, i + 1, box, &cleared[i]);
      messages[i] = butler_channel_receive (box, -1, NULL);
      copies[i] = get_copy (i + 1);
      swap_play ("play-1", FALSE);
    }
  expect_actor (server, 4, 1);
  for (guint i = 3; i-- > 0;)
    {
      check_needed (i + 1, copies[i], "1 of type PlayBlob");
      butler_message_free (messages[i]);
      ck_assert_int_eq (cleared[i], 1);
      check_gone (i + 1, copies[i]);
      g_free (copies[i]);
    }
}
END_TEST

/* A server that is in its handler */

START_TEST (a_handler_ends_in_its_code)
{
  ButlerServer *server = start_actor ("s");
  g_autofree char *copy = get_copy (1);
  Pause pause;

  pause_begin (&pause);
  pause_actor (&pause, server);
  swap_play ("play-1", FALSE);
  check_needed (1, copy, "server s");
  pause_release (&pause);
  expect_actor (server, 2, 2);
  check_gone (1, copy);
  pause_end (&pause);
}
END_TEST

static gpointer
stop_it (gpointer server)
{
  g_assert_true (butler_server_stop (server));
  return NULL;
}

/* It has nothing more to do when it comes out of its handler, and ends without having met the new code. */
START_TEST (a_server_that_ends_needs_no_old_code)
{
  ButlerServer *server = start_actor ("s");
  g_autofree char *copy = get_copy (1);
  GThread *thread;
  Pause pause;

  pause_begin (&pause);
  pause_actor (&pause, server);
  butler_channel_close (butler_server_get_channel (server));
  swap_play ("play-1", FALSE);
  check_needed (1, copy, "server s");
  thread = g_thread_new ("stops", stop_it, server);
  pause_release (&pause);
  g_thread_join (thread);
  check_gone (1, copy);
  start_it (server);
  expect_actor (server, 2, 1);
  pause_end (&pause);
}
END_TEST

START_TEST (a_server_that_was_removed_needs_nothing)
{
  ButlerServer *server = start_actor ("s");
  g_autoptr (ButlerServer) removed = butler_server_ref (start_actor ("removed"));
  g_autofree char *copy = get_copy (1);

  ck_assert (butler_server_remove (removed));
  swap_play ("play-1", FALSE);
  expect_actor (server, 2, 1);
  check_gone (1, copy);
}
END_TEST

/* Nothing is left of what is gone. */

static guint
count_maps (void)
{
  g_autofree char *maps = NULL;
  guint lines = 0;

  ck_assert (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *at = maps; (at = strchr (at, '\n')) != NULL; at++)
    lines++;
  return lines;
}

/* Of the copies. The memory of threads and of the heap has lines too, as many as it likes. */
static guint
count_copies (void)
{
  g_autofree char *maps = NULL;
  guint lines = 0;

  ck_assert (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *at = maps; (at = strstr (at, left.folder)) != NULL; at++)
    lines++;
  return lines;
}

static void
swap_all_kinds (guint rounds)
{
  static const char *const plugins[] = { "play-1", "play-other", "play-swapped", "play-1" };

  for (guint i = 0; i < rounds; i++)
    {
      put_play (&troupe, plugins[i % G_N_ELEMENTS (plugins)]);
      butler_swap_report_free (swap_all ());
    }
  settle ();
}

START_TEST (swaps_leave_nothing)
{
  ButlerServer *server = start_actor ("s");
  guint descriptors;
  guint threads;
  guint copies;
  guint maps;

  swap_all_kinds (8);
  expect_actor (server, troupe.number, 1);
  settle ();
  descriptors = leftovers_count ("/proc/self/fd");
  threads = leftovers_count ("/proc/self/task");
  copies = count_copies ();
  maps = count_maps ();
  swap_all_kinds (4 * by_scale (3, 25, 1250));
  expect_actor (server, troupe.number, 2);
  settle ();
  ck_assert_uint_eq (leftovers_count ("/proc/self/fd"), descriptors);
  ck_assert_uint_eq (leftovers_threads (threads), threads);
  if (copies <= 6) /* one file; else all stay mapped, under a sanitizer or valgrind */
    {
      ck_assert_uint_eq (count_copies (), copies);
      ck_assert_uint_le (count_maps (), maps + 4);
    }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-unload");
  TCase *tcase = tcase_create ("swap-unload");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, set_up, plays_end);
  tcase_add_test (tcase, a_read_ends_in_the_code_that_began_it);
  tcase_add_test (tcase, a_read_is_waited_for_before_a_migration);
  tcase_add_loop_test (tcase, a_task_ends_in_its_code_and_its_result_meets_the_new, 0, 2);
  tcase_add_test (tcase, a_message_that_waits_keeps_its_code);
  tcase_add_test (tcase, a_message_that_a_state_keeps_keeps_its_code);
  tcase_add_test (tcase, each_message_is_freed_by_its_own_code);
  tcase_add_test (tcase, a_handler_ends_in_its_code);
  tcase_add_test (tcase, a_server_that_ends_needs_no_old_code);
  tcase_add_test (tcase, a_server_that_was_removed_needs_nothing);
  tcase_add_test (tcase, swaps_leave_nothing);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
