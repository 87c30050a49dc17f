/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "tests/servers.h"

/* A server's descriptor in a foreign loop. */

static ButlerHub *hub;
static Script     script;

static void
set_up (void)
{
  hub = butler_hub_new ();
  script = (Script) { 0 };
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
}

static int
get_fd (ButlerServer *server)
{
  GError *error = NULL;
  int fd = butler_server_get_fd (server, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* -1: sleeps until it is readable. */
static gboolean
is_readable (int fd,
             int timeout)
{
  struct pollfd one = { .fd = fd, .events = POLLIN };
  int n;

  do
    n = poll (&one, 1, timeout);
  while (n < 0 && errno == EINTR);
  return n == 1;
}

/* Polls are counted in *@data, which shows whether it turns in vain. */
static void
poll_loop (ButlerServer *server,
           gpointer      data)
{
  int *polls = data;
  int fd = get_fd (server);

  while (butler_server_keep_running (server))
    {
      is_readable (fd, -1);
      ++*polls;
      butler_server_dispatch (server, 64);
    }
}

START_TEST (a_loop_of_ones_own_polls_the_descriptor)
{
  int polls = 0;
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.loop = poll_loop, .loop_data = &polls, .as_queue = _i == 1));

  script.to = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  for (int run = 0; run < 3; run++)
    {
      start (server);
      for (int n = 1; n <= 300; n++)
        {
          send_to_server (server, n, n);
          ck_assert_int_eq (wait_for_number (script.to), n);
        }
      script.to = run == 2 ? NULL : script.to;
      send_to_server (server, 301, 301);
      ck_assert (butler_server_stop (server));
      ck_assert_int_eq (script.handled, 301 * (run + 1));
      if (script.to != NULL)
        wait_for_number (script.to);
    }
  ck_assert_int_le (polls, 3 * 301 * 2 + 12);
}
END_TEST

START_TEST (more_than_a_dispatch_takes_leaves_it_readable)
{
  int polls = 0;
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.loop = poll_loop, .loop_data = &polls, .as_queue = _i == 1));

  send_to_server (server, 1, 10000);
  start (server);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 10000);
  ck_assert (!script.jumped);
}
END_TEST

START_TEST (kill_wakes_the_descriptor)
{
  int polls = 0;
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.loop = poll_loop, .loop_data = &polls));

  for (int run = 0; run < 20; run++)
    {
      start (server);
      ck_assert (butler_server_kill (server));
      ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
    }
}
END_TEST

START_TEST (a_removed_server_closes_it)
{
  int first = -1;

  for (int i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%d", i);
      ButlerServer *server = script_server (hub, name, &script, OPTIONS (.no_thread = TRUE, .no_route = TRUE));
      int fd = get_fd (server);

      first = i == 0 ? fd : first;
      ck_assert_int_eq (fd, first);
      start (server);
      send_to_server (server, i, i);
      ck_assert (is_readable (fd, -1));
      ck_assert (butler_server_remove (server));
      ck_assert_int_eq (fcntl (fd, F_GETFD), -1);
    }
}
END_TEST

START_TEST (without_a_thread_its_owner_polls)
{
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_thread = TRUE, .as_queue = _i == 1));
  int fd = get_fd (server);

  start (server);
  ck_assert_int_eq (get_fd (server), fd);
  ck_assert (!is_readable (fd, 0));
  for (int n = 1; n <= 100; n++)
    {
      send_to_server (server, n, n);
      ck_assert (is_readable (fd, 0));
      ck_assert_uint_eq (butler_server_dispatch (server, 10), 1);
      ck_assert (!is_readable (fd, 0));
    }
  send_to_server (server, 101, 103);
  ck_assert_uint_eq (butler_server_dispatch (server, 2), 2);
  ck_assert (is_readable (fd, 0));
  ck_assert_uint_eq (butler_server_dispatch (server, 2), 1);
  ck_assert (!is_readable (fd, 0));
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (what_waited_before_the_start_is_told)
{
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_thread = TRUE));
  int fd = get_fd (server);

  for (int run = 1; run <= 3; run++)
    {
      if (run == 1)
        send_to_server (server, 1, 1);
      start (server);
      if (run > 1)
        send_to_server (server, run, run);
      ck_assert (is_readable (fd, -1));
      while (script.handled < run)
        butler_server_dispatch (server, 1);
      ck_assert (butler_server_stop (server));
    }
}
END_TEST

static gpointer
send_and_stop (gpointer server)
{
  send_to_server (server, 1, 10000);
  butler_channel_close (butler_server_get_channel (server));
  return NULL;
}

/* The owner polls, and never looks otherwise: each message, and the end, has to wake it. */
START_TEST (whatever_comes_wakes_the_owner)
{
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_thread = TRUE, .as_queue = _i == 1));
  int fd = get_fd (server);
  GThread *sender;

  start (server);
  sender = g_thread_new ("sends", send_and_stop, server);
  while (butler_server_keep_running (server))
    {
      is_readable (fd, -1);
      butler_server_dispatch (server, 64);
    }
  g_thread_join (sender);
  ck_assert_int_eq (script.handled, 10000);
  ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
}
END_TEST

/* Who waits sleeps in another way, and takes the way of the descriptor away for so long. */
START_TEST (a_wait_leaves_it_ready_for_the_next_sleep)
{
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_thread = TRUE));
  int fd = get_fd (server);

  start (server);
  while (butler_server_dispatch (server, 64) > 0 || is_readable (fd, 0))
    ;
  ck_assert (!butler_server_wait (server, 0));
  send_to_server (server, 1, 1);
  ck_assert (is_readable (fd, 0));
  ck_assert (butler_server_wait (server, -1));
  ck_assert (is_readable (fd, 0));
  ck_assert_uint_eq (butler_server_dispatch (server, 64), 1);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (others_get_no_descriptor_of_a_server_that_runs)
{
  ButlerServer *server = script_server (hub, "s", &script, NO_OPTIONS);
  GError *error = NULL;

  start (server);
  ck_assert_int_eq (butler_server_get_fd (server, &error), -1);
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "s", NULL);
  ck_assert (butler_server_stop (server));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("fd");
  TCase *tcase = tcase_create ("fd");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, a_loop_of_ones_own_polls_the_descriptor, 0, 2);
  tcase_add_loop_test (tcase, more_than_a_dispatch_takes_leaves_it_readable, 0, 2);
  tcase_add_test (tcase, kill_wakes_the_descriptor);
  tcase_add_test (tcase, a_removed_server_closes_it);
  tcase_add_loop_test (tcase, without_a_thread_its_owner_polls, 0, 2);
  tcase_add_test (tcase, what_waited_before_the_start_is_told);
  tcase_add_loop_test (tcase, whatever_comes_wakes_the_owner, 0, 2);
  tcase_add_test (tcase, a_wait_leaves_it_ready_for_the_next_sleep);
  tcase_add_test (tcase, others_get_no_descriptor_of_a_server_that_runs);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
