/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* Servers that wait for each other: a cycle is refused to the last that would close it, and to nobody else. */

#define MOST 3
#define LONG_LIMIT 600000 /* ms: no test gets there */

static ButlerHub     *hub;
static ButlerChannel *answers; /* where a handler says that it has come to its gate */
static Script         scripts[MOST];
static ButlerServer  *servers[MOST];

static void
set_up (void)
{
  hub = butler_hub_new ();
  answers = own_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL);
  for (int i = 0; i < MOST; i++)
    scripts[i] = (Script) { .gate = g_async_queue_new () };
}

static void
open_gates (int n)
{
  for (int i = 0; i < n; i++)
    g_async_queue_push (scripts[i].gate, &scripts[i]);
}

static void
tear_down (void)
{
  open_gates (MOST); /* of a test that failed */
  g_clear_pointer (&hub, butler_hub_unref);
  for (int i = 0; i < MOST; i++)
    {
      g_async_queue_unref (scripts[i].gate);
      g_clear_error (&scripts[i].error);
    }
}

/* A server whose channel holds one message; whoever sends more waits. */
static ButlerServer *
make_narrow (int i)
{
  const char name[] = { (char) ('a' + i), '\0' };

  servers[i] = script_server (hub, name, &scripts[i],
                              OPTIONS (.no_route = TRUE, .capacity = 1, .overflow = BUTLER_OVERFLOW_BLOCK, .end_limit = LONG_LIMIT));
  return servers[i];
}

static void
wait_for_gate (Script *self)
{
  tell (answers, 0);
  g_async_queue_pop (self->gate);
}

/* Value 0 waits for the gate, sends on, and says so; the others are only handled. */
static void
send_on (Script        *self,
         Number        *number,
         ButlerContext *context G_GNUC_UNUSED)
{
  GError *error = NULL;

  if (number->value != 0)
    return;
  wait_for_gate (self);
  if (!number_send_to (self->data, &(Number) { 2 }, &error))
    self->error = error;
  tell (answers, 0);
}

/* Each of @n servers is in its handler, and its channel is full. */
static void
fill (int n)
{
  for (int i = 0; i < n; i++)
    {
      start (servers[i]);
      send_to_server (servers[i], 0, 0);
      wait_for_number (answers);
      send_to_server (servers[i], 1, 1);
    }
}

static int
count_refused (int n)
{
  int refused = 0;

  for (int i = 0; i < n; i++)
    {
      if (scripts[i].error == NULL)
        continue;
      ck_assert (g_error_matches (scripts[i].error, BUTLER_ERROR, BUTLER_ERROR_WOULD_DEADLOCK));
      refused++;
    }
  return refused;
}

static void
send_itself_two (Script        *self,
                 Number        *number,
                 ButlerContext *context)
{
  ButlerChannel *own = butler_server_get_channel (butler_context_get_server (context));

  if (number->value != 0)
    return;
  g_assert_true (number_send_to (own, &(Number) { 1 }, NULL));
  g_assert_false (number_send_to (own, &(Number) { 2 }, &self->error));
  tell (answers, 0);
}

START_TEST (a_server_does_not_wait_for_itself)
{
  make_narrow (0);
  scripts[0].on_number = send_itself_two;
  start (servers[0]);
  send_to_server (servers[0], 0, 0);
  wait_for_number (answers);
  ck_assert (butler_server_stop (servers[0]));
  ck_assert_int_eq (scripts[0].handled, 2);
  butler_assert_error (&scripts[0].error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", "a", NULL);
}
END_TEST

/* 1, 2 or 3 full servers, each of which sends to the next one: one is refused, and what the others sent arrives. */
START_TEST (a_ring_is_refused_to_one)
{
  int n = _i;
  int handled = 0;

  for (int i = 0; i < n; i++)
    make_narrow (i);
  for (int i = 0; i < n; i++)
    {
      scripts[i].on_number = send_on;
      scripts[i].data = butler_server_get_channel (servers[(i + 1) % n]);
    }
  fill (n);
  open_gates (n);
  for (int i = 0; i < n; i++)
    wait_for_number (answers);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (count_refused (n), 1);
  for (int i = 0; i < n; i++)
    handled += scripts[i].handled;
  ck_assert_int_eq (handled, 3 * n - 1);
}
END_TEST

/* A waits for B, B for C, and C for nobody. */
START_TEST (a_chain_that_ends_is_let_in)
{
  ButlerChannel *own = own_channel (hub, "own", 1, BUTLER_OVERFLOW_BLOCK);

  tell (own, 7);
  for (int i = 0; i < 2; i++)
    make_narrow (i);
  for (int i = 0; i < 2; i++)
    scripts[i].on_number = send_on;
  scripts[0].data = butler_server_get_channel (servers[1]);
  scripts[1].data = own;
  fill (2);
  open_gates (2);
  ck_assert_int_eq (wait_for_number (own), 7);
  ck_assert_int_eq (wait_for_number (own), 2);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (count_refused (2), 0);
  ck_assert_int_eq (scripts[1].handled, 3);
}
END_TEST

typedef struct
{
  ButlerServer *server;
  gboolean      ended;
} Stop;

static void
stop_other (Script        *self,
            Number        *number,
            ButlerContext *context G_GNUC_UNUSED)
{
  Stop *stop = self->data;

  if (number->value != 0)
    return;
  wait_for_gate (self);
  stop->ended = butler_server_stop (stop->server);
}

/* A's handler stops B. */
static void
make_stopper (Stop *stop)
{
  make_narrow (0);
  stop->server = make_narrow (1);
  scripts[0].on_number = stop_other;
  scripts[0].data = stop;
}

/* A's handler stops B, whose handler waits for room in A: one of the two is refused. */
START_TEST (a_stop_of_who_waits_for_the_stopper_is_a_ring)
{
  Stop stop = { 0 };

  make_stopper (&stop);
  scripts[1].on_number = send_on;
  scripts[1].data = butler_server_get_channel (servers[0]);
  fill (2);
  open_gates (2);
  ck_assert (butler_server_join (servers[1]));
  ck_assert (butler_server_stop (servers[0]));
  ck_assert_int_eq (count_refused (2), stop.ended ? 1 : 0);
  ck_assert_int_eq (scripts[1].handled, 2);
  ck_assert_int_eq (scripts[0].handled, stop.ended ? 2 : 3);
}
END_TEST

START_TEST (a_stop_from_a_handler_waits_for_the_end)
{
  Stop stop = { 0 };

  make_stopper (&stop);
  start (servers[1]);
  fill (1);
  send_to_server (servers[1], 1, 1);
  open_gates (1);
  ck_assert (butler_server_stop (servers[0]));
  ck_assert (stop.ended);
  ck_assert_int_eq (scripts[1].handled, 1);
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_STOPPED);
}
END_TEST

/* A's handler stops B and B's handler stops A: neither waits for ever. */
START_TEST (two_that_stop_each_other_both_end)
{
  Stop stops[2];

  for (int i = 0; i < 2; i++)
    {
      make_narrow (i);
      scripts[i].on_number = stop_other;
      scripts[i].data = &stops[i];
      stops[1 - i].server = servers[i];
    }
  fill (2);
  open_gates (2);
  ck_assert (butler_server_join (servers[0]));
  ck_assert (butler_server_join (servers[1]));
  ck_assert (!stops[0].ended || !stops[1].ended);
  ck_assert_int_eq (scripts[0].handled, 2);
  ck_assert_int_eq (scripts[1].handled, 2);
}
END_TEST

/* Who is killed does not go on to wait for another's end. */
START_TEST (kill_ends_a_stop_that_waits)
{
  Stop stop = { .ended = TRUE };

  make_stopper (&stop);
  scripts[1].on_number = send_on;
  scripts[1].data = answers;
  fill (2);
  open_gates (1);
  ck_assert (butler_server_kill (servers[0]));
  ck_assert (!stop.ended);
  ck_assert_int_eq (butler_server_get_state (servers[0]), BUTLER_SERVER_STOPPED);

  open_gates (2);
  ck_assert (butler_server_stop (servers[1]));
}
END_TEST

/* Starts */

static gboolean
send_in_startup (ButlerContext *context G_GNUC_UNUSED,
                 gpointer       to,
                 GError       **error)
{
  return number_send_to (to, &(Number) { 1 }, error);
}

static void
start_other (Script        *self,
             Number        *number,
             ButlerContext *context G_GNUC_UNUSED)
{
  if (number->value != 0)
    return;
  wait_for_gate (self);
  butler_server_start (self->data, &self->error);
  tell (answers, 0);
}

START_TEST (a_handler_starts_another_server)
{
  make_narrow (0);
  scripts[0].on_number = start_other;
  scripts[0].data = make_narrow (1);
  fill (1);
  open_gates (1);
  wait_for_number (answers);
  ck_assert (butler_server_stop (servers[0]));
  butler_assert_no_error (scripts[0].error);
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_RUNNING);
}
END_TEST

/* A's handler starts B, whose startup event waits for room in A: the event is refused, which fails the start. */
START_TEST (a_start_of_who_waits_for_the_starter_is_a_ring)
{
  make_narrow (0);
  scripts[0].on_number = start_other;
  scripts[0].data = make_narrow (1);
  butler_server_add_startup (servers[1], send_in_startup, butler_server_get_channel (servers[0]), NULL);
  fill (1);
  open_gates (1);
  wait_for_number (answers);
  ck_assert (butler_server_stop (servers[0]));
  butler_assert_error (&scripts[0].error, BUTLER_ERROR_WOULD_DEADLOCK, "server b did not start", "Number", NULL);
  ck_assert_int_eq (butler_server_get_state (servers[1]), BUTLER_SERVER_FAILED);
}
END_TEST

static void
forward (Script        *self,
         Number        *number G_GNUC_UNUSED,
         ButlerContext *context G_GNUC_UNUSED)
{
  number_send_to (self->data, &(Number) { 2 }, &self->error);
}

/* A's handler starts B, which at once waits for room in A: that is after the start, for which A has only not seen to be over. */
START_TEST (a_started_server_waits_for_the_starter)
{
  for (guint round = 0; round < butler_test_rounds (200); round++)
    {
      tear_down ();
      set_up ();
      make_narrow (0);
      scripts[0].on_number = start_other;
      scripts[0].data = make_narrow (1);
      scripts[1].on_number = forward;
      scripts[1].data = butler_server_get_channel (servers[0]);
      send_to_server (servers[1], 1, 1);
      fill (1);
      open_gates (1);
      wait_for_number (answers);
      ck_assert (butler_server_stop (servers[1]));
      ck_assert (butler_server_stop (servers[0]));
      ck_assert_int_eq (count_refused (2), 0);
      ck_assert_int_eq (scripts[0].handled, 3);
    }
}
END_TEST

/* Tasks, for which their server waits */

static void
stop_in_task (ButlerTask *task G_GNUC_UNUSED,
              gpointer    data)
{
  Stop *stop = data;

  stop->ended = butler_server_stop (stop->server);
}

static gboolean
begin_stop_in_task (ButlerContext *context,
                    gpointer       stop,
                    GError       **error G_GNUC_UNUSED)
{
  butler_context_run_task (context, "stop", stop_in_task, stop, NULL);
  return TRUE;
}

/* A's handler starts B, whose startup event runs a task that stops A: one of the two is refused. */
START_TEST (a_task_of_who_starts_does_not_wait_for_the_starter)
{
  Stop stop = { 0 };

  stop.server = make_narrow (0);
  scripts[0].on_number = start_other;
  scripts[0].data = make_narrow (1);
  butler_server_add_startup (servers[1], begin_stop_in_task, &stop, NULL);
  fill (1);
  open_gates (1);
  wait_for_number (answers);
  ck_assert (butler_server_join (servers[0]));
  ck_assert (butler_server_stop (servers[1]));
  ck_assert_int_eq (count_refused (1), stop.ended ? 1 : 0);
}
END_TEST

static GError *task_error;

static void
send_in_task (ButlerTask *task G_GNUC_UNUSED,
              gpointer    to)
{
  tell (answers, 0);
  number_send_to (to, &(Number) { 2 }, &task_error);
}

static void
run_sender (Script        *self,
            Number        *number G_GNUC_UNUSED,
            ButlerContext *context)
{
  butler_context_run_task (context, "send", send_in_task, self->data, NULL);
}

/* A's handler stops B, a task of which waits for room in A: one of the two is refused. */
START_TEST (a_task_of_who_ends_does_not_wait_for_who_waits_for_the_end)
{
  Stop stop = { 0 };

  make_stopper (&stop);
  scripts[1].on_number = run_sender;
  scripts[1].data = butler_server_get_channel (servers[0]);
  fill (1);
  start (servers[1]);
  send_to_server (servers[1], 0, 0);
  wait_for_number (answers);
  open_gates (1);
  ck_assert (butler_server_join (servers[1]));
  ck_assert (butler_server_stop (servers[0]));
  ck_assert (stop.ended == (task_error != NULL));
  if (stop.ended)
    butler_assert_error (&task_error, BUTLER_ERROR_WOULD_DEADLOCK, "Number", "a", NULL);
  ck_assert_int_eq (scripts[0].handled, stop.ended ? 2 : 3);
}
END_TEST

/* Threads that are no server's */

/* The main thread reads a channel for whose room a server waits, and wants to stop that server: one of them is refused. */
START_TEST (a_stop_by_who_is_waited_for_is_refused)
{
  ButlerChannel *own = own_channel (hub, "own", 1, BUTLER_OVERFLOW_BLOCK);
  gboolean ended;

  tell (own, 1);
  ck_assert_int_eq (wait_for_number (own), 1);
  tell (own, 1);
  make_narrow (0);
  scripts[0].on_number = send_on;
  scripts[0].data = own;
  fill (1);
  open_gates (1);
  ended = butler_server_stop (servers[0]);
  ck_assert_int_eq (wait_for_number (own), 1);
  if (!ended)
    ck_assert_int_eq (wait_for_number (own), 2);
  ck_assert (butler_server_join (servers[0]));
  ck_assert_int_eq (count_refused (1), ended ? 1 : 0);
}
END_TEST

/* The same, but it is killed: what it waits for is over, so nothing is refused to who kills it. */
START_TEST (a_kill_by_who_is_waited_for_is_not_refused)
{
  ButlerChannel *own = own_channel (hub, "own", 1, BUTLER_OVERFLOW_BLOCK);

  tell (own, 1);
  ck_assert_int_eq (wait_for_number (own), 1);
  tell (own, 1);
  make_narrow (0);
  scripts[0].on_number = send_on;
  scripts[0].data = own;
  for (guint round = 0; round < butler_test_rounds (100); round++)
    {
      fill (1);
      open_gates (1);
      ck_assert (butler_server_kill (servers[0]));
      g_clear_error (&scripts[0].error);
      butler_channel_clear (answers);
    }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("waits-servers");
  TCase *tcase = tcase_create ("waits-servers");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, a_server_does_not_wait_for_itself);
  tcase_add_loop_test (tcase, a_ring_is_refused_to_one, 1, MOST + 1);
  tcase_add_test (tcase, a_chain_that_ends_is_let_in);
  tcase_add_test (tcase, a_stop_of_who_waits_for_the_stopper_is_a_ring);
  tcase_add_test (tcase, a_stop_from_a_handler_waits_for_the_end);
  tcase_add_test (tcase, two_that_stop_each_other_both_end);
  tcase_add_test (tcase, kill_ends_a_stop_that_waits);
  tcase_add_test (tcase, a_handler_starts_another_server);
  tcase_add_test (tcase, a_start_of_who_waits_for_the_starter_is_a_ring);
  tcase_add_test (tcase, a_started_server_waits_for_the_starter);
  tcase_add_test (tcase, a_task_of_who_starts_does_not_wait_for_the_starter);
  tcase_add_test (tcase, a_task_of_who_ends_does_not_wait_for_who_waits_for_the_end);
  tcase_add_test (tcase, a_stop_by_who_is_waited_for_is_refused);
  tcase_add_test (tcase, a_kill_by_who_is_waited_for_is_not_refused);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
