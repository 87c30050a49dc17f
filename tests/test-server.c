/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/resource.h>
#include <unistd.h>

#include "lib/channel.h"
#include "tests/clerk.h"

/* Starting and stopping */

START_TEST (messages_sent_before_the_start_are_handled)
{
  send_to_server (clerk, 1, 3);
  start (clerk);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start 11 13 16 be brief stop");
}
END_TEST

START_TEST (stop_handles_what_was_accepted_and_refuses_the_rest)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, NO_OPTIONS);
  GError *error = NULL;
  Number number = { 7 };

  start (server);
  send_to_server (server, 0, 9999);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 10000);
  ck_assert (!script.jumped);
  ck_assert_int_eq (state_of (server), BUTLER_SERVER_STOPPED);
  ck_assert (!number_send_to (butler_server_get_channel (server), &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "s", NULL);
  assert_figures (hub, "s", 10000, 10000, 0);
}
END_TEST

START_TEST (a_server_that_runs_is_not_started_again)
{
  GError *error = NULL;

  start (clerk);
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "clerk", "running", NULL);
  ck_assert (butler_server_stop (clerk));
}
END_TEST

START_TEST (stop_kill_and_join_of_what_does_not_run_return_at_once)
{
  send_to_server (clerk, 1, 1);
  ck_assert (butler_server_stop (clerk));
  ck_assert (butler_server_kill (clerk));
  ck_assert (butler_server_join (clerk));
  ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_NEW);
  send_to_server (clerk, 2, 2);
  start (clerk);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start 11 13 be brief stop");
}
END_TEST

START_TEST (a_handler_stops_its_own_server)
{
  Script script = { .on_number = stop_on_first };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  send_to_server (server, 0, 9);
  for (int run = 0; run < 3; run++)
    {
      start (server);
      if (run > 0)
        send_to_server (server, 0, 0);
      ck_assert (butler_server_join (server));
      ck_assert_int_eq (state_of (server), BUTLER_SERVER_STOPPED);
      ck_assert_int_eq (script.handled, run + 10);
    }
}
END_TEST

static void
kill_on_first (Script        *self G_GNUC_UNUSED,
               Number        *number,
               ButlerContext *context)
{
  if (number->value == 0)
    g_assert_true (butler_server_kill (butler_context_get_server (context)));
}

START_TEST (kill_makes_the_rest_dead_letters)
{
  Script script = { .on_number = kill_on_first };
  ButlerServer *server = own_server (&script, OPTIONS (.as_queue = _i == 1));

  butler_server_add_shutdown (server, note_shutdown, (gpointer) "last", NULL);
  send_to_server (server, 0, 99);
  start (server);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (script.handled, 1);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_KILLED), 99);
  assert_figures (hub, "s", 100, 1, 99);
  assert_diary ("last");

  script.on_number = NULL;
  start (server);
  send_to_server (server, 1, 9);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 10);
}
END_TEST

static void
tell_that_it_waits (Script        *self,
                    Number        *number G_GNUC_UNUSED,
                    ButlerContext *context G_GNUC_UNUSED)
{
  tell (self->data, 1);
}

/* A channel of the program's that nobody reads and that is full. */
static ButlerChannel *
full_channel (void)
{
  ButlerChannel *channel = own_channel (hub, "full", 1, BUTLER_OVERFLOW_BLOCK);

  tell (channel, 0);
  return channel;
}

START_TEST (kill_ends_a_send_that_waits_for_room)
{
  ButlerChannel *answers = own_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL);
  Script script = { .on_number = tell_that_it_waits, .to = full_channel (), .data = answers };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  start (server);
  send_to_server (server, 0, 4);
  wait_for_number (answers);
  ck_assert (butler_server_kill (server));
  ck_assert_int_eq (script.handled, 1);
  butler_assert_error (&script.error, BUTLER_ERROR_CANCELLED, "full", NULL);
  assert_figures (hub, "s", 5, 1, 4);
}
END_TEST

START_TEST (a_send_after_the_kill_does_not_wait_either)
{
  Script script = { .on_number = kill_on_first, .to = full_channel () };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  start (server);
  send_to_server (server, 0, 0);
  ck_assert (butler_server_join (server));
  butler_assert_error (&script.error, BUTLER_ERROR_CANCELLED, "full", NULL);

  /* The next run waits again. */
  script.to = NULL;
  script.on_number = NULL;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (a_server_restarts_again_and_again)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.as_queue = _i == 1));
  int rounds = (int) butler_test_rounds (1000);

  for (int round = 0; round < rounds; round++)
    {
      start (server);
      send_to_server (server, 10 * round, 10 * round + 9);
      ck_assert (butler_server_stop (server));
      ck_assert_int_eq (script.handled, 10 * (round + 1));
    }
  ck_assert (!script.jumped);
}
END_TEST

/* The run that it waits for ends, and the next one begins before the waiter looks: it must not wait for that one. */
START_TEST (a_restart_does_not_hold_who_waits_for_the_run_before)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, NO_OPTIONS);
  guint rounds = butler_test_rounds (300);

  for (guint round = 0; round < rounds; round++)
    {
      GThread *waiters[2];

      start (server);
      for (guint i = 0; i < G_N_ELEMENTS (waiters); i++)
        waiters[i] = g_thread_new ("waiter", stop_it, server);
      ck_assert (butler_server_stop (server));
      start (server);
      for (guint i = 0; i < G_N_ELEMENTS (waiters); i++)
        g_thread_join (waiters[i]);
      ck_assert (butler_server_stop (server));
    }
}
END_TEST

typedef struct
{
  pthread_barrier_t barrier;
  ButlerServer     *server;
  guint             rounds;
  guint             who;
} Crowd;

/* The very last that a thread does. */
static void
count_end (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

static GPrivate farewell = G_PRIVATE_INIT (count_end);
static int      farewells;

static gboolean
note_farewell (ButlerContext *context G_GNUC_UNUSED,
               gpointer      data,
               GError      **error G_GNUC_UNUSED)
{
  g_private_set (&farewell, data);
  return TRUE;
}

static gpointer
end_each_round (gpointer data)
{
  gboolean (*const ways[]) (ButlerServer *) = { butler_server_stop, butler_server_kill, butler_server_join };
  Crowd *crowd = data;
  guint who = (guint) g_atomic_int_add ((int *) &crowd->who, 1);

  for (guint round = 0; round < crowd->rounds; round++)
    {
      meet (&crowd->barrier);
      g_assert_true (ways[(who + round) % G_N_ELEMENTS (ways)](crowd->server));
      g_assert_cmpint (g_atomic_int_get (&farewells), ==, (int) round + 1);
      g_assert_cmpint (state_of (crowd->server), ==, BUTLER_SERVER_STOPPED);
      meet (&crowd->barrier);
    }
  return NULL;
}

/* For each of them it is over when the server's thread is. */
START_TEST (several_threads_end_a_server_at_once)
{
  Script script = { 0 };
  Crowd crowd = { .server = own_server (&script, NO_OPTIONS), .rounds = butler_test_rounds (300) };
  GThread *threads[3];

  farewells = 0;
  butler_server_add_startup (crowd.server, note_farewell, &farewells, NULL);
  pthread_barrier_init (&crowd.barrier, NULL, G_N_ELEMENTS (threads) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ends", end_each_round, &crowd);
  for (guint round = 0; round < crowd.rounds; round++)
    {
      start (crowd.server);
      send_to_server (crowd.server, 1, 5);
      meet (&crowd.barrier);
      meet (&crowd.barrier);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  pthread_barrier_destroy (&crowd.barrier);
  ButlerServerStats stats = get_stats_of (hub, "s");
  ck_assert_uint_eq (stats.received, 5 * crowd.rounds);
  butler_server_stats_clear (&stats);
}
END_TEST

static gpointer
start_each_round (gpointer data)
{
  Crowd *crowd = data;
  guint started = 0;

  for (guint round = 0; round < crowd->rounds; round++)
    {
      GError *error = NULL;

      meet (&crowd->barrier);
      if (butler_server_start (crowd->server, &error))
        started++;
      else
        g_assert_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY);
      g_clear_error (&error);
      meet (&crowd->barrier);
    }
  return GUINT_TO_POINTER (started);
}

/* The server has ended by itself, so who starts it has a thread to join first. */
START_TEST (of_several_threads_that_start_a_server_one_does)
{
  Script script = { .on_number = stop_on_first };
  Crowd crowd = { .server = own_server (&script, NO_OPTIONS), .rounds = butler_test_rounds (300) };
  GThread *threads[2];
  guint started = 0;

  pthread_barrier_init (&crowd.barrier, NULL, G_N_ELEMENTS (threads) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("starts", start_each_round, &crowd);
  for (guint round = 0; round < crowd.rounds; round++)
    {
      meet (&crowd.barrier);
      meet (&crowd.barrier);
      send_to_server (crowd.server, 0, 0);
      if (round % 2 == 0)
        ck_assert (butler_server_join (crowd.server));
      else
        ck_assert (butler_server_stop (crowd.server));
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    started += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  ck_assert_uint_eq (started, crowd.rounds);
  ck_assert_int_eq (script.handled, (int) crowd.rounds);
  pthread_barrier_destroy (&crowd.barrier);
}
END_TEST

static gpointer
fail_to_start (gpointer server)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (butler_server_start (server, &error));
  g_assert_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY);
  return NULL;
}

static gpointer
start_it (gpointer server)
{
  start (server);
  return NULL;
}

START_TEST (a_server_whose_channel_has_a_reader_does_not_start)
{
  ButlerChannel *channel = butler_server_get_channel (clerk);

  for (int run = 0; run < 2; run++)
    {
      ck_assert (butler__channel_claim (channel));
      butler_test_expect_critical ("*server clerk cannot be started here: this is its own thread*");
      ck_assert (!butler_server_start (clerk, NULL));
      g_test_assert_expected_messages ();
      g_thread_join (g_thread_new ("starts", fail_to_start, clerk));
      ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_FAILED);
      butler__channel_release (channel);
    }
  assert_diary ("");
  g_thread_join (g_thread_new ("starts", start_it, clerk));
  send_to_server (clerk, 1, 1);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start 11 be brief stop");
}
END_TEST

#ifndef BUTLER_SANITIZED
/* No room for another stack. */
static void
limit_memory (struct rlimit *before)
{
  struct rlimit limit;
  g_autofree char *statm = NULL;

  ck_assert_int_eq (getrlimit (RLIMIT_AS, before), 0);
  ck_assert (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL));
  limit = *before;
  limit.rlim_cur = g_ascii_strtoull (statm, NULL, 10) * (gulong) sysconf (_SC_PAGESIZE) + 1024 * 1024;
  ck_assert_int_eq (setrlimit (RLIMIT_AS, &limit), 0);
}

START_TEST (without_a_thread_to_be_had_a_start_fails)
{
  struct rlimit before;
  GError *error = NULL;

  send_to_server (clerk, 1, 3);
  limit_memory (&before);
  ck_assert (!butler_server_start (clerk, &error));
  ck_assert_int_eq (setrlimit (RLIMIT_AS, &before), 0);
  ck_assert (g_error_matches (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN));
  ck_assert_ptr_nonnull (strstr (error->message, "clerk"));
  g_clear_error (&error);
  ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_FAILED);
  assert_figures (hub, "clerk", 3, 0, 3);

  start (clerk);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start be brief stop");
}
END_TEST
#endif

/* Removing */

START_TEST (a_removed_server_leaves_its_name_and_its_routes)
{
  GError *error = NULL;
  Number number = { 1 };

  start (clerk);
  send_to_server (clerk, 1, 2);
  ck_assert (butler_server_remove (clerk));
  assert_diary ("start 11 13 be brief stop");
  ck_assert_ptr_null (butler_hub_get_server (hub, "clerk"));
  ck_assert_ptr_null (butler_hub_get_channel (hub, "clerk"));
  ck_assert (!number_send (hub, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Number", NULL);

  clerk = butler_server_new (hub, "clerk", &clerk_set, _i == 1 ? BUTLER_SERVER_OPTIONS (.capacity = 7) : NULL, &error);
  butler_assert_no_error (error);
  start (clerk);
  number.value = 5;
  ck_assert (number_send (hub, &number, &error));
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start 15 be brief stop");
  assert_figures (hub, "clerk", 1, 1, 0);
}
END_TEST

START_TEST (a_removed_server_leaves_no_route_that_others_made)
{
  GError *error = NULL;
  Parcel parcel = { 0 };

  ck_assert (parcel_route (hub, butler_server_get_channel (clerk), &error));
  ck_assert (butler_server_remove (clerk));
  ck_assert (!parcel_send (hub, &parcel, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Parcel", NULL);
  ck_assert (parcel_route (hub, own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL), &error));
}
END_TEST

START_TEST (what_waits_for_a_removed_server_is_dead)
{
  ButlerChannel *channel = butler_server_get_channel (clerk);

  send_to_server (clerk, 1, 3);
  ck_assert (butler_server_remove (clerk));
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_CLEARED), 3);
  ck_assert (butler_channel_is_closed (channel));
  clerk = butler_server_new (hub, "clerk", &clerk_set, NULL, NULL);
  assert_figures (hub, "clerk", 0, 0, 0);
  start (clerk);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start be brief stop");
}
END_TEST

START_TEST (a_removed_server_does_not_start)
{
  g_autoptr (ButlerServer) kept = butler_server_ref (clerk);
  GError *error = NULL;

  ck_assert (butler_server_remove (clerk));
  ck_assert (butler_server_remove (clerk));
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "clerk", NULL);
  ck_assert_str_eq (butler_server_get_name (kept), "clerk");
}
END_TEST

START_TEST (a_given_state_is_kept_over_all_runs)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  for (int run = 1; run <= 3; run++)
    {
      start (server);
      send_to_server (server, 1, 1);
      ck_assert (butler_server_stop (server));
      ck_assert_int_eq (script.handled, run);
    }
}
END_TEST

START_TEST (states_have_names)
{
  ck_assert_str_eq (butler_server_state_to_string (BUTLER_SERVER_NEW), "new");
  ck_assert_str_eq (butler_server_state_to_string (BUTLER_SERVER_FAILED), "failed");
  send_note ("hello");
  start (clerk);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start hello be brief stop");
}
END_TEST

static _Atomic gboolean reads_on;

static gpointer
read_on_and_on (gpointer channel)
{
  while (atomic_load (&reads_on))
    {
      ButlerMessage *message = butler_channel_receive (channel, 0, NULL);

      g_clear_pointer (&message, butler_message_free);
      g_thread_yield ();
    }
  return NULL;
}

/* A start finds the channel free, or is refused; whoever read last is forgotten while it may be about to read again. */
START_TEST (a_program_may_read_from_a_server_that_does_not_run)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, OPTIONS (.loop = butler_loop_queue));
  GThread *reader;
  int started = 0;

  atomic_store (&reads_on, TRUE);
  reader = g_thread_new ("reads", read_on_and_on, butler_server_get_channel (server));
  while (started < 50)
    {
      GError *error = NULL;

      if (butler_server_start (server, &error))
        {
          started++;
          ck_assert (butler_server_stop (server));
        }
      else
        butler_assert_error (&error, BUTLER_ERROR_BUSY, "s", NULL);
    }
  atomic_store (&reads_on, FALSE);
  g_thread_join (reader);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("server");
  TCase *tcase = tcase_create ("server");

  tcase_add_checked_fixture (tcase, open_office, close_office);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, messages_sent_before_the_start_are_handled);
  tcase_add_test (tcase, stop_handles_what_was_accepted_and_refuses_the_rest);
  tcase_add_test (tcase, a_server_that_runs_is_not_started_again);
  tcase_add_test (tcase, stop_kill_and_join_of_what_does_not_run_return_at_once);
  tcase_add_test (tcase, a_handler_stops_its_own_server);
  tcase_add_loop_test (tcase, kill_makes_the_rest_dead_letters, 0, 2);
  tcase_add_test (tcase, kill_ends_a_send_that_waits_for_room);
  tcase_add_test (tcase, a_send_after_the_kill_does_not_wait_either);
  tcase_add_loop_test (tcase, a_server_restarts_again_and_again, 0, 2);
  tcase_add_test (tcase, a_restart_does_not_hold_who_waits_for_the_run_before);
  tcase_add_test (tcase, several_threads_end_a_server_at_once);
  tcase_add_test (tcase, of_several_threads_that_start_a_server_one_does);
  tcase_add_test (tcase, a_server_whose_channel_has_a_reader_does_not_start);
#ifndef BUTLER_SANITIZED
  if (g_strcmp0 (g_getenv ("CK_FORK"), "no") != 0) /* neither stacks of former threads, nor valgrind in the same process */
    tcase_add_test (tcase, without_a_thread_to_be_had_a_start_fails);
#endif
  tcase_add_loop_test (tcase, a_removed_server_leaves_its_name_and_its_routes, 0, 2);
  tcase_add_test (tcase, a_removed_server_leaves_no_route_that_others_made);
  tcase_add_test (tcase, what_waits_for_a_removed_server_is_dead);
  tcase_add_test (tcase, a_removed_server_does_not_start);
  tcase_add_test (tcase, a_given_state_is_kept_over_all_runs);
  tcase_add_test (tcase, states_have_names);
  tcase_add_test (tcase, a_program_may_read_from_a_server_that_does_not_run);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
