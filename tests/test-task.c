/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <dlfcn.h>
#include <errno.h>

#include "tests/keeper.h"

/* Work that blocks, on the threads of a server's pool or of the hub's. */

#define LONG_LIMIT 600000 /* ms: no test gets there */
#define POOL_SIZE 3

static GString *diary; /* of who runs the server just now */

static void
set_up_patient (void)
{
  set_up (OPTIONS (.end_limit = LONG_LIMIT, .pool_size = POOL_SIZE));
  diary = g_string_new (NULL);
}

static void
set_up_hasty (void)
{
  set_up (OPTIONS (.end_limit = 1));
  diary = g_string_new (NULL);
}

static void
set_up_single (void)
{
  set_up (OPTIONS (.end_limit = LONG_LIMIT, .pool_size = 1));
  diary = g_string_new (NULL);
}

static void
tear_down_all (void)
{
  tear_down ();
  g_string_free (diary, TRUE);
}

static void
write_down (int value)
{
  g_string_append_printf (diary, " %d", value);
}

static void
wait_for (GAsyncQueue *queue)
{
  g_async_queue_pop (queue);
}

static void
open_it (GAsyncQueue *queue)
{
  g_async_queue_push (queue, queue);
}

static void
return_number (ButlerTask *task,
               int         value)
{
  Number number = { value };

  number_return (task, &number);
  g_assert_cmpint (number.value, ==, 0);
}

/* What tasks do: each ends one more. */

static void
add_hundred (ButlerTask *task,
             gpointer    data)
{
  return_number (task, GPOINTER_TO_INT (data) + 100);
  atomic_fetch_add (&ended, 1);
}

static void
fail_task (ButlerTask *task,
           gpointer    data)
{
  butler_task_fail (task, "no number %d", GPOINTER_TO_INT (data));
  butler_task_fail (task, "never seen");
}

static void
wait_at_gate (ButlerTask *task,
              gpointer    data)
{
  wait_for (gate);
  add_hundred (task, data);
}

static void
tell_and_wait (ButlerTask *task,
               gpointer    data)
{
  tell (news, GPOINTER_TO_INT (data));
  wait_at_gate (task, data);
}

static void
wait_for_cancel (ButlerTask *task,
                 gpointer    data)
{
  GPollFD poll_fd;

  tell (news, GPOINTER_TO_INT (data));
  g_assert_true (g_cancellable_make_pollfd (butler_task_get_cancellable (task), &poll_fd));
  g_poll (&poll_fd, 1, -1);
  g_cancellable_release_fd (butler_task_get_cancellable (task));
  add_hundred (task, data);
}

static void
run (ButlerContext *context,
     ButlerTaskFunc func,
     int            value)
{
  butler_context_run_task (context, "sum", func, GINT_TO_POINTER (value), NULL);
}

/* Results */

static void
run_for_small (Keeper        *self G_GNUC_UNUSED,
               Number        *number,
               ButlerContext *context)
{
  write_down (number->value);
  if (number->value < 100)
    run (context, add_hundred, number->value);
}

START_TEST (result_is_handled_as_a_message)
{
  on_number = run_for_small;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
  ck_assert_str_eq (diary->str, " 1 101");
  assert_figures (hub, "keeper", 2, 2, 0);
}
END_TEST

/* The pool's only thread comes to the second task when the first one's result is on its way. */
static void
run_two_for_one (Keeper        *self G_GNUC_UNUSED,
                 Number        *number,
                 ButlerContext *context)
{
  write_down (number->value);
  if (number->value != 1)
    return;
  wait_for (gate);
  run (context, add_hundred, number->value);
  run (context, tell_and_wait, number->value + 1);
  g_assert_cmpint (wait_for_number (news), ==, 2);
}

START_TEST (result_goes_before_what_waits)
{
  on_number = run_two_for_one;
  start (server);
  send_to_server (server, 1, 3);
  open_it (gate);
  open_it (gate);
  ck_assert (butler_server_stop (server));
  ck_assert (g_str_has_prefix (diary->str, " 1 101"));
  assert_figures (hub, "keeper", 5, 5, 0);
}
END_TEST

static void
run_and_fail (Keeper        *self G_GNUC_UNUSED,
              Number        *number,
              ButlerContext *context)
{
  run (context, fail_task, number->value);
}

START_TEST (failure_is_logged_and_counted_once)
{
  on_number = run_and_fail;
  expect_warnings ();
  start (server);
  send_to_server (server, 7, 7);
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "task sum failed: no number 7;SERVER=keeper");
  ck_assert_uint_eq (failures (), 1);
}
END_TEST

static void
count_freed (gpointer data)
{
  ++*(int *) data;
}

static int freed;

static void
run_with_data (Keeper        *self G_GNUC_UNUSED,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context)
{
  butler_context_run_task (context, "data", fail_task, &freed, count_freed);
}

START_TEST (data_is_freed_with_the_task)
{
  on_number = run_with_data;
  freed = 0;
  expect_warnings ();
  start (server);
  send_to_server (server, 1, 3);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (freed, 3);
  assert_warnings (3, "task data failed");
}
END_TEST

/* As many at once as the pool is large */

static pthread_barrier_t barrier;
static _Atomic int running;
static _Atomic int most;

static void
meet_others (ButlerTask *task G_GNUC_UNUSED,
             gpointer    data G_GNUC_UNUSED)
{
  int now = atomic_fetch_add (&running, 1) + 1;
  int seen = atomic_load (&most);

  while (now > seen && !atomic_compare_exchange_weak (&most, &seen, now))
    ;
  meet (&barrier);
  atomic_fetch_sub (&running, 1);
  meet (&barrier);
}

static void
run_meeting (Keeper        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context)
{
  run (context, meet_others, number->value);
}

START_TEST (as_many_at_once_as_the_pool_has_threads)
{
  on_number = run_meeting;
  atomic_store (&most, 0);
  pthread_barrier_init (&barrier, NULL, POOL_SIZE);
  start (server);
  send_to_server (server, 1, 4 * POOL_SIZE);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (atomic_load (&most), POOL_SIZE);
  pthread_barrier_destroy (&barrier);
}
END_TEST

/* The end of a server */

static void
run_and_stop (Keeper        *self G_GNUC_UNUSED,
              Number        *number,
              ButlerContext *context)
{
  write_down (number->value);
  if (number->value > 100)
    return;
  run (context, wait_at_gate, number->value);
  butler_context_stop_server (context);
  open_it (gate);
}

START_TEST (stop_waits_for_tasks_and_handles_their_results)
{
  on_number = run_and_stop;
  for (guint i = 0; i < butler_test_rounds (100); i++)
    {
      start (server);
      send_to_server (server, 1, 1);
      ck_assert (butler_server_join (server));
      ck_assert_str_eq (diary->str, " 1 101");
      g_string_truncate (diary, 0);
    }
}
END_TEST

static void
run_long (Keeper        *self G_GNUC_UNUSED,
          Number        *number,
          ButlerContext *context)
{
  write_down (number->value);
  if (number->value < 100)
    run (context, wait_for_cancel, number->value);
}

START_TEST (long_task_is_named_and_cancelled)
{
  on_number = run_long;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "cancels its task sum");
  ck_assert_str_eq (diary->str, " 1 101");
}
END_TEST

START_TEST (killed_server_handles_no_result)
{
  on_number = run_long;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  expect_warnings ();
  ck_assert (butler_server_kill (server));
  assert_warnings (1, "cancels its task sum");
  ck_assert_str_eq (diary->str, " 1");
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_KILLED), 1);
  assert_figures (hub, "keeper", 2, 1, 1);
}
END_TEST

static void
run_stubborn (Keeper        *self G_GNUC_UNUSED,
              Number        *number,
              ButlerContext *context)
{
  write_down (number->value);
  if (number->value < 100)
    run (context, tell_and_wait, number->value);
}

static gpointer
open_gate_twice (gpointer data)
{
  open_it (data);
  open_it (data);
  return NULL;
}

static void
leave_a_task_behind (void)
{
  on_number = run_stubborn;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  expect_warnings ();
  ck_assert (butler_server_stop (server));
  assert_warnings (2, "cancels its task sum");
}

START_TEST (end_of_the_hub_waits_for_what_the_server_left)
{
  GThread *thread;

  leave_a_task_behind ();
  thread = g_thread_new ("open", open_gate_twice, gate);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 1);
  ck_assert_str_eq (diary->str, " 1");
  g_thread_join (thread);
}
END_TEST

/* Who removes it is who opens the gate. */
START_TEST (removal_does_not_wait_for_what_the_server_left)
{
  leave_a_task_behind ();
  ck_assert (butler_server_remove (server));
  open_it (gate);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

START_TEST (result_for_an_earlier_run_is_a_dead_letter)
{
  leave_a_task_behind ();
  start (server);
  send_to_server (server, 2, 2);
  ck_assert_int_eq (wait_for_number (news), 2);
  open_gate_twice (gate);
  expect_warnings (); /* a slow machine does not make it within the limit */
  g_clear_pointer (&hub, butler_hub_unref);
  forget_warnings ();
  ck_assert_int_eq (atomic_load (&ended), 2);
  ck_assert (g_str_equal (diary->str, " 1 2 102") || g_str_equal (diary->str, " 1 2"));
}
END_TEST

/* Without waiting for itself */

static gboolean stopped;

static void
stop_own_server (ButlerTask *task G_GNUC_UNUSED,
                 gpointer    data)
{
  stopped = butler_server_stop (data);
  atomic_fetch_add (&ended, 1);
}

static void
shut_down_own_hub (ButlerTask *task,
                   gpointer    data G_GNUC_UNUSED)
{
  butler_hub_shutdown (butler_task_get_hub (task));
  atomic_fetch_add (&ended, 1);
}

static void
run_stopper (Keeper        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context)
{
  butler_context_run_task (context, "stop", number->value == 0 ? stop_own_server : shut_down_own_hub,
                           butler_context_get_server (context), NULL);
}

START_TEST (task_that_stops_its_server_does_not_wait)
{
  on_number = run_stopper;
  stopped = TRUE;
  start (server);
  send_to_server (server, _i, _i);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (atomic_load (&ended), 1);
  ck_assert (_i == 1 || !stopped);
}
END_TEST

/* A hub's own */

static void
send_number (ButlerTask *task,
             gpointer    data)
{
  Number number = { GPOINTER_TO_INT (data) };

  g_assert_true (number_send (butler_task_get_hub (task), &number, NULL));
}

static void
hub_run (ButlerTaskFunc func,
         int            value)
{
  butler_hub_run_task (hub, "sum", func, GINT_TO_POINTER (value), NULL);
}

/* No server takes the numbers, but the test. */
static void
set_up_without_server (void)
{
  hub = butler_hub_new ();
  held = g_async_queue_new ();
  gate = g_async_queue_new ();
  diary = g_string_new (NULL);
  atomic_store (&ended, 0);
  news = own_channel (hub, "news", 1, BUTLER_OVERFLOW_BLOCK);
}

START_TEST (task_needs_no_server)
{
  int sum = 0;

  number_route (hub, news, NULL);
  for (int i = 1; i <= 10; i++)
    hub_run (i % 2 == 0 ? add_hundred : send_number, i);
  for (int i = 1; i <= 10; i++)
    sum += wait_for_number (news);
  ck_assert_int_eq (sum, 55 + 500);
}
END_TEST

START_TEST (task_sends_to_a_server)
{
  on_number = tell_number;
  start (server);
  hub_run (send_number, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  hub_run (add_hundred, 1);
  ck_assert_int_eq (wait_for_number (news), 101);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (result_that_nobody_takes_is_logged)
{
  expect_warnings ();
  hub_run (add_hundred, 1);
  g_clear_pointer (&hub, butler_hub_unref);
  assert_warnings (1, "the result of task sum reaches nobody");
}
END_TEST

START_TEST (end_of_the_hub_cancels_its_tasks_and_waits)
{
  expect_warnings ();
  hub_run (wait_for_cancel, 1);
  ck_assert_int_eq (wait_for_number (news), 1);
  for (int i = 0; i < 20; i++)
    hub_run (add_hundred, i);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 21);
  assert_warnings (21, "reaches nobody");
}
END_TEST

static void
end_one (ButlerTask *task G_GNUC_UNUSED,
         gpointer    data G_GNUC_UNUSED)
{
  atomic_fetch_add (&ended, 1);
}

static void
run_another (ButlerTask *task,
             gpointer    data G_GNUC_UNUSED)
{
  GPollFD poll_fd;

  tell (news, 0);
  g_assert_true (g_cancellable_make_pollfd (butler_task_get_cancellable (task), &poll_fd));
  g_poll (&poll_fd, 1, -1);
  g_cancellable_release_fd (butler_task_get_cancellable (task));
  butler_hub_run_task (butler_task_get_hub (task), "another", end_one, NULL, NULL);
}

static void
tear_down_without_server (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&held, g_async_queue_unref);
  g_clear_pointer (&gate, g_async_queue_unref);
  g_string_free (diary, TRUE);
}

START_TEST (task_that_runs_another_at_the_end_is_waited_for)
{
  g_clear_pointer (&hub, butler_hub_unref);
  for (int i = 1; i <= (int) butler_test_rounds (100); i++)
    {
      hub = butler_hub_new ();
      news = own_channel (hub, "news", 0, BUTLER_OVERFLOW_FAIL);
      hub_run (run_another, 0);
      ck_assert_int_eq (wait_for_number (news), 0);
      g_clear_pointer (&hub, butler_hub_unref);
      ck_assert_int_eq (atomic_load (&ended), i);
    }
}
END_TEST

static void
fill_up (ButlerTask *task G_GNUC_UNUSED,
         gpointer    to)
{
  Number number = { 1 };

  while (number_send_to (to, &number, NULL))
    ;
  atomic_fetch_add (&ended, 1);
}

START_TEST (end_of_the_hub_ends_a_task_that_waits_for_its_reader)
{
  butler_hub_run_task (hub, "filler", fill_up, news, NULL);
  ck_assert_int_eq (wait_for_number (news), 1);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

static ButlerChannel *narrow;

static void
run_filler (Keeper        *self G_GNUC_UNUSED,
            Number        *number G_GNUC_UNUSED,
            ButlerContext *context)
{
  butler_context_run_task (context, "filler", fill_up, narrow, NULL);
}

START_TEST (end_of_the_hub_ends_a_servers_task_that_waits_for_its_reader)
{
  narrow = own_channel (hub, "narrow", 1, BUTLER_OVERFLOW_BLOCK);
  on_number = run_filler;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_int_eq (wait_for_number (narrow), 1);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

/* Without threads; a sanitizer has a pthread_create() of its own. */
#ifndef BUTLER_SANITIZED

static _Atomic gboolean no_threads;

/* In the place of the C library's, also for GLib. */
int __attribute__ ((visibility ("default")))
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*func) (void *data),
                void                 *data)
{
  int (*create) (pthread_t *thread, const pthread_attr_t *attributes, void *(*func) (void *data), void *data);

  if (atomic_load (&no_threads))
    return EAGAIN;
  *(void **) (&create) = dlsym (RTLD_NEXT, "pthread_create");
  return create (thread, attributes, func, data);
}

static void
never_run (ButlerTask *task G_GNUC_UNUSED,
           gpointer    data G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static void
ignore_data (gpointer data G_GNUC_UNUSED,
             gpointer pool_data G_GNUC_UNUSED)
{
}

/* Some versions of GLib have a thread that makes the threads of all pools; a first pool makes that. */
static void
forbid_threads (void)
{
  g_thread_pool_free (g_thread_pool_new (ignore_data, NULL, 1, FALSE, NULL), TRUE, TRUE);
  atomic_store (&no_threads, TRUE);
}

static void
run_without_threads (Keeper        *self G_GNUC_UNUSED,
                     Number        *number G_GNUC_UNUSED,
                     ButlerContext *context)
{
  forbid_threads ();
  butler_context_run_task (context, "lonely", never_run, &freed, count_freed);
  atomic_store (&no_threads, FALSE);
}

START_TEST (task_without_a_thread_fails)
{
  if (!butler_test_has_own_process ())
    return;
  on_number = run_without_threads;
  freed = 0;
  expect_warnings ();
  start (server);
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (freed, 1);
  ck_assert_uint_eq (failures (), 1);
  assert_warnings (2, "task lonely waits for a thread");
}
END_TEST

static void
run_one_without_a_thread (Keeper        *self G_GNUC_UNUSED,
                          Number        *number,
                          ButlerContext *context)
{
  write_down (number->value);
  if (number->value != 1)
    return;
  run (context, tell_and_wait, 1);
  g_assert_cmpint (wait_for_number (news), ==, 1);
  forbid_threads ();
  run (context, wait_at_gate, 2);
  atomic_store (&no_threads, FALSE);
  open_it (gate);
  open_it (gate);
}

START_TEST (task_waits_for_the_threads_that_are_there)
{
  if (!butler_test_has_own_process ())
    return;
  on_number = run_one_without_a_thread;
  expect_warnings ();
  start (server);
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
  ck_assert (g_str_equal (diary->str, " 1 101 102") || g_str_equal (diary->str, " 1 102 101"));
  assert_warnings (1, "task sum waits for a thread");
}
END_TEST

START_TEST (hubs_task_without_a_thread_fails)
{
  if (!butler_test_has_own_process ())
    return;
  freed = 0;
  expect_warnings ();
  forbid_threads ();
  butler_hub_run_task (hub, "lonely", never_run, &freed, count_freed);
  atomic_store (&no_threads, FALSE);
  ck_assert_int_eq (freed, 1);
  hub_run (end_one, 0);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (atomic_load (&ended), 1);
  assert_warnings (2, "task lonely waits for a thread");
}
END_TEST

#endif

/* Who gives back the last reference */

static void
give_back (ButlerTask *task,
           gpointer    data G_GNUC_UNUSED)
{
  butler_hub_unref (butler_task_get_hub (task));
  open_it (gate);
}

static void
give_back_too_late (gpointer data)
{
  butler_hub_unref (data);
  open_it (gate);
}

static void
do_nothing (ButlerTask *task G_GNUC_UNUSED,
            gpointer    data G_GNUC_UNUSED)
{
}

static void
run_give_back (Keeper        *self G_GNUC_UNUSED,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context)
{
  butler_context_run_task (context, "give back", give_back, NULL, NULL);
}

START_TEST (last_reference_is_not_given_back_in_a_task)
{
  butler_test_expect_critical ("*last reference*its own servers or tasks*");
  if (_i == 0)
    butler_hub_run_task (hub, "give back", give_back, NULL, NULL);
  else
    butler_hub_run_task (hub, "give back", do_nothing, hub, give_back_too_late);
  wait_for (gate);
  g_test_assert_expected_messages ();
}
END_TEST

START_TEST (last_reference_is_not_given_back_in_a_servers_task)
{
  on_number = run_give_back;
  butler_test_expect_critical ("*last reference*its own servers or tasks*");
  start (server);
  send_to_server (server, 1, 1);
  wait_for (gate);
  g_test_assert_expected_messages ();
  ck_assert (butler_server_stop (server));
}
END_TEST

/* Fairness */

static int results_left;

/* There is always a result on its way, and a message comes all the same. */
static void
breed (Keeper        *self G_GNUC_UNUSED,
       Number        *number,
       ButlerContext *context)
{
  if (number->value == 0)
    results_left = 0;
  else if (results_left > 0 && --results_left > 0)
    run (context, add_hundred, 1);
}

START_TEST (results_do_not_keep_messages_waiting)
{
  on_number = breed;
  results_left = G_MAXINT;
  start (server);
  send_to_server (server, 1, 100);
  send_to_server (server, 0, 0);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (results_left, 0);
}
END_TEST

static TCase *
patient_case (void)
{
  TCase *tcase = butler_test_case ("patient", set_up_patient, tear_down_all, 120);

  tcase_add_test (tcase, result_is_handled_as_a_message);
  tcase_add_test (tcase, failure_is_logged_and_counted_once);
  tcase_add_test (tcase, data_is_freed_with_the_task);
  tcase_add_test (tcase, as_many_at_once_as_the_pool_has_threads);
  tcase_add_test (tcase, stop_waits_for_tasks_and_handles_their_results);
  tcase_add_test (tcase, killed_server_handles_no_result);
  tcase_add_loop_test (tcase, task_that_stops_its_server_does_not_wait, 0, 2);
  tcase_add_test (tcase, end_of_the_hub_ends_a_servers_task_that_waits_for_its_reader);
  tcase_add_test (tcase, task_sends_to_a_server);
  tcase_add_test (tcase, last_reference_is_not_given_back_in_a_servers_task);
  tcase_add_test (tcase, results_do_not_keep_messages_waiting);
#ifndef BUTLER_SANITIZED
  tcase_add_test (tcase, task_without_a_thread_fails);
  tcase_add_test (tcase, task_waits_for_the_threads_that_are_there);
#endif
  return tcase;
}

static TCase *
hasty_case (void)
{
  TCase *tcase = butler_test_case ("hasty", set_up_hasty, tear_down_all, 120);

  tcase_add_test (tcase, long_task_is_named_and_cancelled);
  tcase_add_test (tcase, end_of_the_hub_waits_for_what_the_server_left);
  tcase_add_test (tcase, removal_does_not_wait_for_what_the_server_left);
  tcase_add_test (tcase, result_for_an_earlier_run_is_a_dead_letter);
  return tcase;
}

static TCase *
single_case (void)
{
  TCase *tcase = butler_test_case ("single", set_up_single, tear_down_all, 120);

  tcase_add_test (tcase, result_goes_before_what_waits);
  return tcase;
}

static TCase *
hub_case (void)
{
  TCase *tcase = butler_test_case ("hub", set_up_without_server, tear_down_without_server, 120);

  tcase_add_test (tcase, task_needs_no_server);
  tcase_add_test (tcase, result_that_nobody_takes_is_logged);
  tcase_add_test (tcase, end_of_the_hub_cancels_its_tasks_and_waits);
  tcase_add_test (tcase, task_that_runs_another_at_the_end_is_waited_for);
  tcase_add_test (tcase, end_of_the_hub_ends_a_task_that_waits_for_its_reader);
  tcase_add_loop_test (tcase, last_reference_is_not_given_back_in_a_task, 0, 2);
#ifndef BUTLER_SANITIZED
  tcase_add_test (tcase, hubs_task_without_a_thread_fails);
#endif
  return tcase;
}

int
main (void)
{
  Suite *suite = suite_create ("task");

  suite_add_tcase (suite, patient_case ());
  suite_add_tcase (suite, hasty_case ());
  suite_add_tcase (suite, single_case ());
  suite_add_tcase (suite, hub_case ());
  return servers_test_main (suite);
}
