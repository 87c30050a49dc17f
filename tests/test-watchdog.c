/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <glib/gstdio.h>

#include "lib/overrun.h"
#include "tests/gates.h"

/* Handlers that run longer than they may. Each stands at a gate of its own: what comes in time depends on nothing but that. */

#define MOST 3

static ButlerHub    *hub;
static ButlerServer *servers[MOST];
static Script        scripts[MOST];
static GAsyncQueue  *gates[MOST];
static GAsyncQueue  *reports; /* what the library warns of */
static GAsyncQueue  *answers; /* by handlers: 1, or 2 if somebody waited for it */

static GLogWriterOutput
take_warning (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n,
              gpointer         data)
{
  if (!(level & G_LOG_LEVEL_WARNING) || reports == NULL)
    return write_log (level, fields, n, data);
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_async_queue_push (reports, g_strdup (fields[i].value));
  return G_LOG_WRITER_HANDLED;
}

static void
set_up (void)
{
  make_gates ();
  hub = butler_hub_new ();
  reports = g_async_queue_new_full (g_free);
  answers = g_async_queue_new ();
  for (int i = 0; i < MOST; i++)
    gates[i] = g_async_queue_new ();
}

static void
tear_down (void)
{
  for (int i = 0; i < MOST; i++)
    g_async_queue_push (gates[i], gates); /* of a test that failed */
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&reports, g_async_queue_unref);
  g_clear_pointer (&answers, g_async_queue_unref);
  for (int i = 0; i < MOST; i++)
    g_async_queue_unref (gates[i]);
  drop_gates ();
}

/* Odd ones wait. */
static void
stand_at_own_gate (Script        *self,
                   Number        *number,
                   ButlerContext *context G_GNUC_UNUSED)
{
  if (number->value % 2 == 0)
    return;
  arrive ();
  g_async_queue_pop (self->data);
}

static void
add (int                 i,
     ButlerServerOptions options)
{
  const char name[] = { (char) ('a' + i), '\0' };

  options.no_route = TRUE;
  scripts[i] = (Script) { .on_number = stand_at_own_gate, .data = gates[i] };
  servers[i] = script_server (hub, name, &scripts[i], options);
  start (servers[i]);
}

#define add_limited(i, ...) add (i, OPTIONS (.policy = BUTLER_POLICY (.handler_limit = 1, __VA_ARGS__)))

/* Its handler waits when this returns. */
static void
hold_up (int i)
{
  send_to_server (servers[i], 1, 1);
  wait_for_arrival ();
}

static void
let_go (int i)
{
  g_async_queue_push (gates[i], gates);
}

static void
expect_report (const char *part)
{
  g_autofree char *said = g_async_queue_pop (reports);

  ck_assert_msg (strstr (said, part) != NULL, "\"%s\" is missing in: %s", part, said);
}

static ButlerServerStatus *
look_up (ButlerHubStatus **status,
         const char       *name)
{
  *status = butler_hub_get_status (hub);
  return find_status (*status, name);
}

static void
assert_overruns (const char *name,
                 guint       n)
{
  g_autoptr (ButlerHubStatus) status = NULL;

  ck_assert_uint_eq (look_up (&status, name)->overruns, n);
}

START_TEST (a_handler_that_runs_too_long_is_reported)
{
  g_autoptr (ButlerHubStatus) status = NULL;
  const ButlerServerStatus *one;

  add_limited (0, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (0);
  expect_report ("server a is in its handler of Number (generation 0) for 0.");
  one = look_up (&status, "a");
  ck_assert_uint_eq (one->overruns, 1);
  ck_assert_str_eq (one->handling, "Number");
  ck_assert (one->handling_for > 0);
  let_go (0);
  ck_assert (butler_server_stop (servers[0]));
  ck_assert_int_eq (butler_server_get_state (servers[0]), BUTLER_SERVER_STOPPED);
}
END_TEST

/* ThreadSanitizer brings a signal only when the thread calls something that it knows. */
START_TEST (the_report_says_where_the_thread_stands)
{
  add_limited (0, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (0);
#ifdef BUTLER_SANITIZED
  expect_report ("\n  ");
#else
  g_autofree char *said = g_async_queue_pop (reports);

  ck_assert_msg (strstr (said, "\n  #0 ") != NULL, "no frames: %s", said);
  ck_assert_msg (strstr (said, "g_async_queue_pop") != NULL, "not where it stands: %s", said);
  ck_assert_msg (strstr (said, "test-watchdog(") != NULL, "not the handler: %s", said);
#endif
  let_go (0);
}
END_TEST

/* The report of b comes after two more looks at a. */
START_TEST (it_is_reported_once)
{
  add_limited (0, .on_limit = BUTLER_FAILURE_DEFAULT);
  add_limited (1, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (0);
  expect_report ("server a");
  hold_up (1);
  expect_report ("server b");
  ck_assert_ptr_null (g_async_queue_try_pop (reports));
  assert_overruns ("a", 1);
  let_go (0);
  hold_up (0);
  expect_report ("server a");
  assert_overruns ("a", 2);
  assert_overruns ("b", 1);
  let_go (0);
  let_go (1);
}
END_TEST

START_TEST (who_has_no_limit_may_run)
{
  butler_hub_set_handler_limit (hub, 1);
  add (0, OPTIONS (.policy = BUTLER_POLICY (.handler_limit = BUTLER_NO_LIMIT)));
  add (1, NO_OPTIONS);
  hold_up (0);
  for (int round = 0; round < 2; round++)
    {
      hold_up (1);
      expect_report ("server b");
      let_go (1);
    }
  assert_overruns ("a", 0);
  let_go (0);
}
END_TEST

START_TEST (a_server_without_a_thread_is_reported_too)
{
  GThread *thread;

  add (0, OPTIONS (.no_thread = TRUE, .policy = BUTLER_POLICY (.handler_limit = 1)));
  add (1, NO_OPTIONS);
  send_to_server (servers[0], 1, 1);
  thread = g_thread_new ("stops", stop_it, servers[0]);
  wait_for_arrival ();
  expect_report ("(no backtrace)");
  let_go (0);
  g_thread_join (thread);
}
END_TEST

START_TEST (the_policy_ends_it_when_it_returns)
{
  add_limited (0, .on_limit = BUTLER_FAILURE_STOP);
  send_to_server (servers[0], 1, 3);
  wait_for_arrival ();
  expect_report ("server a is in its handler");
  assert_overruns ("a", 1);
  add_limited (1, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (1);
  expect_report ("server b"); /* so the policy of a was followed */
  let_go (0);
  let_go (1);
  ck_assert (butler_server_join (servers[0]));
  ck_assert_int_eq (butler_server_get_state (servers[0]), BUTLER_SERVER_FAILED);
  ck_assert_int_eq (scripts[0].handled, 1);
  ck_assert_uint_eq (dead_letters (servers[0], BUTLER_DEAD_FAILED), 2);
  expect_report ("server a has ended: its handler of Number ran too long");
}
END_TEST

START_TEST (the_policy_restarts_it_when_it_returns)
{
  add_limited (0, .on_limit = BUTLER_FAILURE_RESTART, .pause = BUTLER_NO_PAUSE);
  hold_up (0);
  expect_report ("server a is in its handler");
  add_limited (1, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (1);
  expect_report ("server b");
  let_go (0);
  let_go (1);
  send_to_server (servers[0], 2, 2);
  butler_hub_shutdown (hub);
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "a");
  ck_assert_uint_eq (stats.restarts, 1);
  ck_assert_uint_eq (stats.handled, 2);
}
END_TEST

/* Those who wait for it */

/* Odd ones wait before they answer; what is above 10 is posted on first, for another one to answer. */
static void
answer_late (Script        *self,
             Number        *number,
             ButlerContext *context)
{
  gboolean is_late = number->value % 2 != 0;
  gboolean goes_on = number->value > 10;

  if (goes_on)
    {
      Number *taken = number_take (context);

      taken->value -= 10;
      ck_assert (number_post_to (butler_server_get_channel (servers[1]), taken, NULL));
    }
  if (is_late)
    {
      arrive ();
      g_async_queue_pop (self->data);
    }
  if (!goes_on)
    g_async_queue_push (answers, GINT_TO_POINTER (1 + number_reply (context, &(Number) { 100 })));
}

#define add_asked(i, ...) \
  G_STMT_START            \
    {                     \
      add_limited (i, __VA_ARGS__); \
      scripts[i].on_number = answer_late; \
    }                     \
  G_STMT_END

static void
expect_answer (gboolean taken)
{
  ck_assert_int_eq (GPOINTER_TO_INT (g_async_queue_pop (answers)), 1 + taken);
}

typedef struct
{
  GThread       *thread;
  int            value;
  GError        *error;
  ButlerMessage *reply;
} Asker;

static gpointer
run_asker (gpointer data)
{
  Asker *self = data;
  Number number = { self->value };

  self->reply = number_ask_sync_to (butler_server_get_channel (servers[0]), &number, -1, NULL, &self->error);
  return NULL;
}

static void
begin_asker (Asker *asker,
             int    value)
{
  *asker = (Asker) { .value = value };
  asker->thread = g_thread_new ("asks", run_asker, asker);
}

static void
expect_reply (Asker *asker)
{
  g_thread_join (asker->thread);
  butler_assert_no_error (asker->error);
  ck_assert_int_eq (number_get (asker->reply)->value, 100);
  butler_message_free (asker->reply);
}

START_TEST (who_asked_is_told_that_it_took_too_long)
{
  Asker asker;

  add_asked (0, .late_asks = BUTLER_ASKS_FAIL);
  begin_asker (&asker, 1);
  wait_for_arrival ();
  g_thread_join (asker.thread);
  ck_assert_ptr_null (asker.reply);
  butler_assert_error (&asker.error, BUTLER_ERROR_TIMED_OUT, "Number", "server a", "limit, 0.001 s", NULL);
  let_go (0);
  expect_answer (FALSE);
  begin_asker (&asker, 2);
  expect_reply (&asker);
  expect_answer (TRUE);
}
END_TEST

START_TEST (by_default_who_asked_waits)
{
  Asker asker;

  add_asked (0, .on_limit = BUTLER_FAILURE_STOP);
  begin_asker (&asker, 1);
  wait_for_arrival ();
  expect_report ("server a");
  let_go (0);
  expect_answer (TRUE);
  expect_reply (&asker);
}
END_TEST

/* Nor is it failed by the report of a, which is followed before that of b comes. */
START_TEST (what_was_posted_on_is_not_the_handlers_any_more)
{
  Asker asker;

  add_asked (0, .late_asks = BUTLER_ASKS_FAIL);
  add_asked (1, .late_asks = BUTLER_ASKS_WAIT);
  add_limited (2, .on_limit = BUTLER_FAILURE_DEFAULT);
  begin_asker (&asker, 13);
  wait_for_arrival ();
  wait_for_arrival ();
  for (int i = 0; i < 2; i++)
    g_free (g_async_queue_pop (reports));
  hold_up (2);
  expect_report ("server c");
  let_go (1);
  expect_answer (TRUE);
  expect_reply (&asker);
  let_go (0);
  let_go (2);
}
END_TEST

static void
count_end (GObject      *source G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      data)
{
  GError *error = NULL;

  ck_assert_ptr_null (butler_ask_finish (result, &error));
  butler_assert_error (&error, BUTLER_ERROR_TIMED_OUT, "server a", NULL);
  (*(int *) data)++;
}

/* Beside a trace, which has a tap, too. */
START_TEST (an_ask_that_waits_elsewhere_ends_once)
{
  GMainContext *context = g_main_context_new ();
  Number number = { 1 };
  int n = 0;
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "butler-watchdog-XXXXXX", NULL);

  close (g_mkstemp (path));
  add_asked (0, .late_asks = BUTLER_ASKS_FAIL);
  ck_assert (butler_hub_trace_start (hub, path, NULL));
  g_main_context_push_thread_default (context);
  number_ask_async_to (butler_server_get_channel (servers[0]), &number, -1, NULL, count_end, &n);
  wait_for_arrival ();
  while (n == 0)
    g_main_context_iteration (context, TRUE);
  let_go (0);
  expect_answer (FALSE);
  while (g_main_context_iteration (context, FALSE))
    ;
  ck_assert_int_eq (n, 1);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  ck_assert (butler_hub_trace_stop (hub, NULL));
  g_unlink (path);
}
END_TEST

static guint
count_watchdogs (void)
{
  GDir *dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *text = NULL;

      n += g_file_get_contents (path, &text, NULL, NULL) && g_str_equal (text, "watchdog\n");
    }
  g_dir_close (dir);
  return n;
}

/* A thread has its name before it does anything; so the report comes from one that has it. */
START_TEST (the_thread_is_there_only_if_somebody_has_a_limit)
{
  add (0, NO_OPTIONS);
  send_to_server (servers[0], 2, 2);
  ck_assert_uint_eq (count_watchdogs (), 0);
  add_limited (1, .on_limit = BUTLER_FAILURE_DEFAULT);
  hold_up (1);
  expect_report ("server b");
  ck_assert_uint_eq (count_watchdogs (), 1);
  let_go (1);
  g_clear_pointer (&hub, butler_hub_unref);
}
END_TEST

/* What is the same handler */

static const ButlerLook seen = { .doing = "Number", .handled = 7, .failed = 1 };

START_TEST (the_same_handler_is_known_by_what_was_handled)
{
  ButlerLook others[] = { seen, seen, seen, seen };
  ButlerLook look = { 0 };

  others[0].doing = NULL;
  others[1].doing = "Note";
  others[2].handled++;
  others[3].failed++;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      ck_assert (!butler__look_at (&look, seen, 1000, 100));
      ck_assert (!butler__look_at (&look, seen, 1099, 100));
      ck_assert (!butler__look_at (&look, others[i], 1200, 100));
      ck_assert_int_eq (look.since, 1200);
    }
  ck_assert (!butler__look_at (&look, seen, 2000, 100));
  ck_assert (!butler__look_at (&look, seen, 2099, 100));
  ck_assert (butler__look_at (&look, seen, 2100, 100));
  ck_assert (!butler__look_at (&look, seen, 2300, 100));
  ck_assert_int_eq (look.since, 2000);
}
END_TEST

START_TEST (idleness_is_not_reported)
{
  ButlerLook look = { 0 };
  ButlerLook idle = { .handled = 7 };

  ck_assert (!butler__look_at (&look, idle, 1000, 100));
  ck_assert (!butler__look_at (&look, idle, 9000, 100));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("watchdog");
  TCase *servers_case = tcase_create ("servers");
  TCase *looks = tcase_create ("looks");

  g_log_set_writer_func (take_warning, NULL, NULL);
  tcase_add_checked_fixture (servers_case, set_up, tear_down);
  tcase_add_test (servers_case, a_handler_that_runs_too_long_is_reported);
  tcase_add_test (servers_case, the_report_says_where_the_thread_stands);
  tcase_add_test (servers_case, it_is_reported_once);
  tcase_add_test (servers_case, who_has_no_limit_may_run);
  tcase_add_test (servers_case, a_server_without_a_thread_is_reported_too);
  tcase_add_test (servers_case, the_policy_ends_it_when_it_returns);
  tcase_add_test (servers_case, the_policy_restarts_it_when_it_returns);
  tcase_add_test (servers_case, who_asked_is_told_that_it_took_too_long);
  tcase_add_test (servers_case, by_default_who_asked_waits);
  tcase_add_test (servers_case, what_was_posted_on_is_not_the_handlers_any_more);
  tcase_add_test (servers_case, an_ask_that_waits_elsewhere_ends_once);
  tcase_add_test (servers_case, the_thread_is_there_only_if_somebody_has_a_limit);
  suite_add_tcase (suite, servers_case);
  tcase_add_test (looks, the_same_handler_is_known_by_what_was_handled);
  tcase_add_test (looks, idleness_is_not_reported);
  suite_add_tcase (suite, looks);
  return butler_test_main (suite);
}
