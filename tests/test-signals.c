/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/control.h"

/* A flood of signals while servers send, sleep and wait, whose handler lets each call that it meets fail with EINTR. The thread of the test takes none: they go to those
 * of the servers. */

static _Atomic guint n_signals;

static void
count_signal (int number G_GNUC_UNUSED)
{
  atomic_fetch_add_explicit (&n_signals, 1, memory_order_relaxed);
}

static void
set_timer (int microseconds)
{
  const struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

  ck_assert_int_eq (setitimer (ITIMER_REAL, &timer, NULL), 0);
}

static void
mask_alarm (int how)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGALRM);
  pthread_sigmask (how, &set, NULL);
}

static void
flood_begin (void)
{
  struct sigaction action = { .sa_handler = count_signal }; /* without SA_RESTART */

  atomic_store (&n_signals, 0);
  sigaction (SIGALRM, &action, NULL);
  set_timer (100);
}

static void
flood_end (void)
{
  set_timer (0);
}

/* A ring of servers, each with another way to sleep, in which one number goes round: all but one sleep all the time. */

#define RING 4

typedef struct
{
  ButlerServer *servers[RING];
  Script        scripts[RING];
  ButlerChannel *done;
  int           rounds;
} Ring;

static void
pass_on (Script        *self,
         Number        *number,
         ButlerContext *context G_GNUC_UNUSED)
{
  Ring *ring = self->data;
  int next = (number->value + 1) % RING;

  if (number->value < ring->rounds * RING)
    g_assert_true (number_send_to (butler_server_get_channel (ring->servers[next]), &(Number) { number->value + 1 }, NULL));
  else
    tell (ring->done, number->value);
}

/* A loop of one's own, which polls a descriptor. */
static void
poll_loop (ButlerServer *server,
           gpointer      data G_GNUC_UNUSED)
{
  struct pollfd one = { butler_server_get_fd (server, NULL), POLLIN, 0 };

  while (butler_server_keep_running (server))
    {
      poll (&one, 1, -1); /* EINTR too is a reason to look */
      butler_server_dispatch (server, 64);
    }
}

static void
ring_begin (Ring *self)
{
  static const ButlerServerOptions kinds[RING] = {
    { .no_route = TRUE },
    { .no_route = TRUE, .loop = butler_loop_queue },
    { .no_route = TRUE, .loop = poll_loop },
    { .no_route = TRUE, .loop = butler_loop_queue, .capacity = 1, .overflow = BUTLER_OVERFLOW_BLOCK },
  };

  for (int i = 0; i < RING; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%d", i);

      self->scripts[i] = (Script) { .on_number = pass_on, .data = self };
      self->servers[i] = script_server (hub, name, &self->scripts[i], kinds[i]);
      start (self->servers[i]);
    }
}

START_TEST (signals_lose_no_message_and_no_wake_up)
{
  Ring ring = { .done = own_channel (hub, "done", 0, BUTLER_OVERFLOW_FAIL), .rounds = (int) butler_test_rounds (20000) };
  int handled = 0;

  ring_begin (&ring);
  mask_alarm (SIG_BLOCK);
  flood_begin ();
  send_to_server (ring.servers[1], 1, 1);
  ck_assert_int_eq (wait_for_number (ring.done), ring.rounds * RING);
  flood_end ();
  butler_hub_shutdown (hub);
  ck_assert (butler_hub_join (hub, NULL));
  mask_alarm (SIG_UNBLOCK);
  for (int i = 0; i < RING; i++)
    handled += ring.scripts[i].handled;
  ck_assert_int_eq (handled, ring.rounds * RING);
  ck_assert_uint_gt (atomic_load (&n_signals), 0);
}
END_TEST

/* Senders that wait for room, a reader that comes to it in its own time. */

static gpointer
send_many (gpointer to)
{
  int n = (int) butler_test_rounds (20000);

  for (int i = 1; i <= n; i++)
    g_assert_true (number_send_to (to, &(Number) { i }, NULL));
  return NULL;
}

START_TEST (signals_end_no_wait_for_room)
{
  Script script = { .data = NULL };
  ButlerServer *server = script_server (hub, "narrow", &script, OPTIONS (.capacity = 1, .overflow = BUTLER_OVERFLOW_BLOCK));
  GThread *senders[2];

  start (server);
  mask_alarm (SIG_BLOCK);
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    {
      mask_alarm (SIG_UNBLOCK); /* a thread begins with its maker's mask */
      senders[i] = g_thread_new ("sender", send_many, butler_server_get_channel (server));
      mask_alarm (SIG_BLOCK);
    }
  flood_begin ();
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++)
    g_thread_join (senders[i]);
  ck_assert (butler_server_stop (server));
  flood_end ();
  mask_alarm (SIG_UNBLOCK);
  ck_assert_int_eq (script.handled, 2 * (int) butler_test_rounds (20000));
}
END_TEST

/* A control socket is read and written by its own thread, and by one of GDBus. */
START_TEST (signals_break_no_call_to_a_control_socket)
{
  control = open_control ("test");
  assert_answers ();
  mask_alarm (SIG_BLOCK);
  flood_begin ();
  for (guint i = butler_test_rounds (200); i > 0; i--)
    assert_answers ();
  flood_end ();
  mask_alarm (SIG_UNBLOCK);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("signals");
  TCase *tcase = tcase_create ("signals");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, signals_lose_no_message_and_no_wake_up);
  tcase_add_test (tcase, signals_end_no_wait_for_room);
  tcase_add_test (tcase, signals_break_no_call_to_a_control_socket);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
