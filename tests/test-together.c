/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* Servers that are restarted together: in which order, and that nobody waits for ever. What happens is told in the order in which it
 * does: "-c" c went down, "+c" it came up, "c7" it handled a 7. */

#define MOST  5
#define NEVER 3600000 /* ms */

static ButlerHub    *hub;
static ButlerServer *servers[MOST];
static Script        scripts[MOST];
static GAsyncQueue  *told;    /* char *, owned */
static GAsyncQueue  *gates[MOST];
static GAsyncQueue  *arrived; /* at a gate */
static _Atomic int   bad_starts; /* of c, but for its first: how many fail */

static void G_GNUC_PRINTF (1, 2)
note (const char *format,
      ...)
{
  va_list args;

  va_start (args, format);
  g_async_queue_push (told, g_strdup_vprintf (format, args));
  va_end (args);
}

static gboolean
come_up (ButlerContext *context,
         gpointer       data G_GNUC_UNUSED,
         GError       **error)
{
  const char *name = butler_server_get_name (butler_context_get_server (context));

  if (*name == 'c' && atomic_load (&bad_starts) > 0 && atomic_fetch_sub (&bad_starts, 1) <= 3)
    {
      note ("!c");
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not yet");
      return FALSE;
    }
  note ("+%s", name);
  return TRUE;
}

static void
go_down (ButlerContext *context,
         gpointer       data G_GNUC_UNUSED)
{
  note ("-%s", butler_server_get_name (butler_context_get_server (context)));
}

/* What a handler does with 100 and more */
enum
{
  STAND = 100, /* at its gate */
  ASK_B,       /* the same, and then it asks b for a 7 */
  FLOOD_B,     /* the same, and then it sends b 10 numbers, from 20 on */
  FAIL,        /* the same, and then it fails */
  KILL,        /* the same, and then it kills its own server */
};

static void
ask_b (ButlerContext *context)
{
  Number number = { 7 };
  GError *error = NULL;
  ButlerMessage *reply = number_ask_sync_to (butler_server_get_channel (servers[1]), &number, -1, NULL, &error);

  g_assert_null (reply);
  note ("?%d", error->code);
  g_error_free (error);
  g_assert_nonnull (context);
}

static void
act (Script        *self,
     Number        *number,
     ButlerContext *context)
{
  const char *name = butler_server_get_name (butler_context_get_server (context));

  if (number->value < 0)
    {
      butler_context_fail (context, "%d is below zero", number->value);
      return;
    }
  if (number->value >= STAND)
    {
      g_async_queue_push (arrived, arrived);
      g_async_queue_pop (self->data);
    }
  if (number->value == ASK_B)
    ask_b (context);
  if (number->value == FLOOD_B)
    send_to_server (servers[1], 20, 29);
  if (number->value == KILL)
    butler_server_kill (butler_context_get_server (context));
  if (number->value == FAIL)
    butler_context_fail (context, "too late");
  note ("%s%d", name, number->value);
}

static void
set_up (void)
{
  hub = butler_hub_new ();
  told = g_async_queue_new_full (g_free);
  arrived = g_async_queue_new ();
  atomic_store (&bad_starts, 0);
  expect_warnings ();
}

static void
tear_down (void)
{
  for (int i = 0; i < MOST; i++)
    if (gates[i] != NULL)
      g_async_queue_push (gates[i], gates); /* of a test that failed */
  g_clear_pointer (&hub, butler_hub_unref);
  for (int i = 0; i < MOST; i++)
    g_clear_pointer (&gates[i], g_async_queue_unref);
  g_async_queue_unref (told);
  g_async_queue_unref (arrived);
  forget_warnings ();
}

static void
expect (const char *events) /* separated by spaces */
{
  g_auto (GStrv) words = g_strsplit (events, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autofree char *event = g_async_queue_pop (told);

      ck_assert_msg (g_str_equal (event, words[i]), "%s, where %s of \"%s\" is to be", event, words[i], events);
    }
}

static void
expect_no_more (void)
{
  g_autofree char *event = g_async_queue_try_pop (told);

  ck_assert_msg (event == NULL, "%s came too early", event);
}

static void
make_server (int                 i,
             ButlerServerOptions options)
{
  const char name[] = { (char) ('a' + i), '\0' };

  gates[i] = g_async_queue_new ();
  scripts[i] = (Script) { .on_number = act, .data = gates[i] };
  options.no_route = TRUE;
  servers[i] = script_server (hub, name, &scripts[i], options);
  butler_server_add_startup (servers[i], come_up, NULL, NULL);
  butler_server_add_shutdown (servers[i], go_down, NULL, NULL);
}

/* b to e under a. */
static void
make_family (const ButlerPolicy *policy,
             ButlerServerOptions options)
{
  GError *error = NULL;

  make_server (0, OPTIONS (.policy = policy));
  options.policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_ESCALATE);
  for (int i = 1; i < MOST; i++)
    {
      make_server (i, options);
      ck_assert (butler_server_set_supervisor (servers[i], servers[0], &error));
    }
  ck_assert (butler_hub_start (hub, &error));
  butler_assert_no_error (error);
  expect ("+a +b +c +d +e");
}

#define ALL(...)  BUTLER_POLICY (.strategy = BUTLER_STRATEGY_ONE_FOR_ALL, .restarts = 1000, __VA_ARGS__)
#define REST(...) BUTLER_POLICY (.strategy = BUTLER_STRATEGY_REST_FOR_ONE, .restarts = 1000, __VA_ARGS__)
#define IN_ORDER  "-e -d -c -b +b +c +d +e"

static void
send_one (int i,
          int value)
{
  send_to_server (servers[i], value, value);
}

static void
hold_up (int i,
         int value)
{
  send_one (i, value);
  g_async_queue_pop (arrived);
}

static void
let_go (int i)
{
  g_async_queue_push (gates[i], gates);
}

START_TEST (all_end_in_reverse_before_the_first_starts_anew)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  for (int i = 1; i < MOST; i++)
    {
      send_one (i, -1);
      expect (IN_ORDER);
    }
  butler_hub_shutdown (hub);
}
END_TEST

START_TEST (the_rest_does_so_too)
{
  make_family (REST (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  send_one (3, -1);
  expect ("-e -d +d +e");
  send_one (1, -1);
  expect (IN_ORDER);
  send_one (4, -1);
  expect ("-e +e");
}
END_TEST

/* A pause is one for all. */
START_TEST (they_pause_when_all_are_down)
{
  make_family (ALL (.pause = 5), NO_OPTIONS);
  send_one (2, -1);
  expect (IN_ORDER);
}
END_TEST

START_TEST (nobody_handles_anything_between)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (2, STAND);
  send_one (1, -1);
  expect ("-e -d");
  for (int i = 1; i < MOST; i++)
    send_one (i, i);
  expect_no_more ();
  let_go (2);
  expect ("c100 -c -b +b");
  for (int i = 1; i < MOST; i++) /* the rest of it, in whatever order */
    g_free (g_async_queue_pop (told));
  butler_hub_shutdown (hub);
  for (int i = 1; i < MOST; i++)
    ck_assert_int_eq (scripts[i].last, i);
}
END_TEST

/* b waits for c to come down, and c for the answer of b: whoever comes later finds it. */
START_TEST (who_is_busy_with_an_ask_gets_an_error)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (2, ASK_B);
  send_one (1, -1);
  expect ("-e -d");
  let_go (2);
  g_autofree char *refused = g_strdup_printf ("?%d c101 -c -b +b", BUTLER_ERROR_WOULD_DEADLOCK);
  expect (refused);
  butler_hub_shutdown (hub);
}
END_TEST

/* Here c asks, or is about to, while b is in its handler still, behind a message on which that will fail. */
START_TEST (who_may_have_asked_already_gets_an_error_too)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (1, STAND);
  send_one (1, -1);
  let_go (2);
  hold_up (2, ASK_B);
  let_go (1);
  g_autofree char *refused = g_strdup_printf ("?%d", BUTLER_ERROR_WOULD_DEADLOCK);
  gboolean found = FALSE;
  for (int i = 0; i < 6; i++) /* b100, the error, c101, and -e -d in between */
    {
      g_autofree char *event = g_async_queue_pop (told);

      found |= g_str_equal (event, refused);
      if (g_str_equal (event, "-c"))
        break;
    }
  ck_assert (found);
  butler_hub_shutdown (hub);
}
END_TEST

/* c would wait for room in the channel of b, which waits for c. */
START_TEST (who_sends_to_one_that_waits_need_not_wait_for_room)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), OPTIONS (.capacity = 2, .overflow = BUTLER_OVERFLOW_BLOCK));
  hold_up (2, FLOOD_B);
  send_one (1, -1);
  expect ("-e -d");
  let_go (2);
  expect ("c102 -c -b +b");
  butler_hub_shutdown (hub);
  ck_assert_int_eq (scripts[1].last, 29);
  ck_assert_int_eq (scripts[1].handled, 11);
}
END_TEST

START_TEST (a_kill_ends_one_that_waits)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (3, STAND);
  send_one (1, -1);
  expect ("-e");
  send_one (4, 4);
  ck_assert (butler_server_kill (servers[4]));
  ck_assert (butler_server_kill (servers[1]));
  expect ("-b");
  let_go (3);
  expect ("d100 -d -c +c +d");
  ck_assert_uint_eq (dead_letters (servers[4], BUTLER_DEAD_KILLED), 1);
}
END_TEST

START_TEST (a_kill_of_who_is_busy_lets_the_others_go_on)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (3, KILL);
  send_one (1, -1);
  expect ("-e");
  let_go (3);
  expect ("d104 -d -c -b +b +c +e");
}
END_TEST

/* Nobody waits for the end of a pause any more. */
START_TEST (a_stop_of_one_cuts_the_pause_of_all)
{
  make_family (ALL (.pause = NEVER, .longest_pause = NEVER), NO_OPTIONS);
  send_one (2, -1);
  expect ("-e -d -c -b");
  send_one (4, 4);
  ck_assert (butler_server_stop (servers[4]));
  expect ("+b +c +d +e e4 -e");
}
END_TEST

START_TEST (a_shutdown_does_not_wait_for_a_pause)
{
  make_family (ALL (.pause = NEVER, .longest_pause = NEVER), NO_OPTIONS);
  for (int i = 1; i < MOST; i++)
    send_one (i, i == 2 ? -1 : i);
  butler_hub_shutdown (hub);
  for (int i = 1; i < MOST; i++)
    ck_assert_int_eq (scripts[i].handled, 1);
}
END_TEST

/* Its failure restarts all once more: those that came up before it go down again. */
START_TEST (a_start_that_fails_takes_all_along_again)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  atomic_store (&bad_starts, 2);
  send_one (4, -1);
  expect ("-e -d -c -b +b !c -b +b !c -b +b +c +d +e");
  butler_hub_shutdown (hub);
}
END_TEST

/* It ends with all that are under a, who gave up. */
START_TEST (who_gives_up_ends_all_that_wait)
{
  make_family (BUTLER_POLICY (.strategy = BUTLER_STRATEGY_ONE_FOR_ALL, .restarts = 1, .pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  atomic_store (&bad_starts, 1);
  send_one (4, -1);
  for (int i = 0; i < MOST; i++)
    ck_assert (butler_server_join (servers[i]));
  for (int i = 0; i < MOST; i++)
    ck_assert_int_eq (butler_server_get_state (servers[i]), BUTLER_SERVER_FAILED);
}
END_TEST

/* c fails, too, while all wait for it to come down. */
START_TEST (two_reasons_to_restart_are_one_restart)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  hold_up (2, FAIL);
  send_one (1, -1);
  expect ("-e -d");
  let_go (2);
  expect ("c103 -c -b +b +c +d +e");
  butler_hub_shutdown (hub);
  expect ("-a -b -c -d -e");
}
END_TEST

/* The limit is a matter of 2 seconds here. */
START_TEST (who_does_not_come_down_is_left_behind)
{
  make_family (ALL (.pause = BUTLER_NO_PAUSE), OPTIONS (.end_limit = 1));
  hold_up (2, STAND);
  send_one (4, -1);
  expect ("-e -d -b +b +d +e");
  let_go (2);
  expect ("c100 -c +c");
  butler_hub_shutdown (hub);
  assert_warnings (2, "server e failed");
}
END_TEST

/* d has none: it restarts when somebody dispatches it, and nobody waits for that. */
START_TEST (who_has_no_thread_is_not_waited_for)
{
  GError *error = NULL;
  ButlerServerOptions options = { .policy = BUTLER_POLICY (.on_failure = BUTLER_FAILURE_ESCALATE) };

  make_server (0, OPTIONS (.policy = ALL (.pause = BUTLER_NO_PAUSE)));
  for (int i = 1; i < MOST; i++)
    {
      options.no_thread = i == 3;
      make_server (i, options);
      ck_assert (butler_server_set_supervisor (servers[i], servers[0], &error));
    }
  ck_assert (butler_hub_start (hub, &error));
  expect ("+a +b +c +d +e");
  send_one (4, -1);
  expect ("-e -c -b +b +c +e");
  butler_server_dispatch (servers[3], 1);
  expect ("-d +d");
  send_one (3, -1);
  butler_server_dispatch (servers[3], 1);
  butler_server_dispatch (servers[3], 1);
  butler_hub_shutdown (hub);
}
END_TEST

static gpointer
let_many_fail (gpointer data)
{
  for (guint n = 0; n < butler_test_rounds (50); n++)
    {
      send_one (GPOINTER_TO_INT (data), -1);
      send_one (GPOINTER_TO_INT (data), 1);
    }
  return NULL;
}

/* From all sides, with all asking each other's neighbour; every message comes to its end. */
START_TEST (many_failures_end)
{
  GThread *threads[MOST];

  make_family (_i == 0 ? ALL (.pause = BUTLER_NO_PAUSE) : REST (.pause = BUTLER_NO_PAUSE), NO_OPTIONS);
  for (int i = 1; i < MOST; i++)
    threads[i] = g_thread_new ("fails", let_many_fail, GINT_TO_POINTER (i));
  for (int i = 1; i < MOST; i++)
    g_thread_join (threads[i]);
  butler_hub_shutdown (hub);
  for (int i = 1; i < MOST; i++)
    {
      g_auto (ButlerServerStats) stats = get_stats_of (hub, butler_server_get_name (servers[i]));

      ck_assert_uint_eq (stats.handled, 2 * butler_test_rounds (50));
      ck_assert_uint_eq (stats.failed, butler_test_rounds (50));
    }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("together");
  TCase *tcase = tcase_create ("order");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, all_end_in_reverse_before_the_first_starts_anew);
  tcase_add_test (tcase, the_rest_does_so_too);
  tcase_add_test (tcase, they_pause_when_all_are_down);
  tcase_add_test (tcase, nobody_handles_anything_between);
  tcase_add_test (tcase, a_start_that_fails_takes_all_along_again);
  tcase_add_test (tcase, two_reasons_to_restart_are_one_restart);
  suite_add_tcase (suite, tcase);
  tcase = tcase_create ("nobody waits for ever");
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, who_is_busy_with_an_ask_gets_an_error);
  tcase_add_loop_test (tcase, who_may_have_asked_already_gets_an_error_too, 0, 20);
  tcase_add_test (tcase, who_sends_to_one_that_waits_need_not_wait_for_room);
  tcase_add_test (tcase, a_kill_ends_one_that_waits);
  tcase_add_test (tcase, a_kill_of_who_is_busy_lets_the_others_go_on);
  tcase_add_test (tcase, a_stop_of_one_cuts_the_pause_of_all);
  tcase_add_test (tcase, a_shutdown_does_not_wait_for_a_pause);
  tcase_add_test (tcase, who_gives_up_ends_all_that_wait);
  tcase_add_test (tcase, who_does_not_come_down_is_left_behind);
  tcase_add_test (tcase, who_has_no_thread_is_not_waited_for);
  tcase_add_loop_test (tcase, many_failures_end, 0, 2);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
