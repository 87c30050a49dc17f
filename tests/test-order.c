/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/gates.h"

/* In which order, and in which time, all servers of a hub end. */

#define MOST 5

static ButlerHub    *hub;
static ButlerServer *servers[MOST];
static Script        scripts[MOST];
static GString      *ends; /* the names of the servers as they end, one after the other */

static void
note_end (ButlerContext *context,
          gpointer       data G_GNUC_UNUSED)
{
  g_string_append (ends, butler_server_get_name (butler_context_get_server (context)));
}

static void
set_up (void)
{
  make_gates ();
  hub = butler_hub_new ();
  ends = g_string_new (NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_string_free (ends, TRUE);
  drop_gates ();
}

static void
add (int                 i,
     ButlerServerOptions options)
{
  const char name[] = { (char) ('a' + i), '\0' };

  options.no_route = TRUE;
  scripts[i] = (Script) { 0 };
  servers[i] = script_server (hub, name, &scripts[i], options);
  butler_server_add_shutdown (servers[i], note_end, NULL, NULL);
}

static void
add_all (ButlerServerOptions options)
{
  for (int i = 0; i < MOST; i++)
    add (i, options);
}

static void
let_end_after (int server,
               int other)
{
  GError *error = NULL;

  ck_assert (butler_server_add_after (servers[server], servers[other], &error));
  butler_assert_no_error (error);
}

static void
assert_end (const char *order)
{
  start_hub (hub);
  butler_hub_shutdown (hub);
  ck_assert_str_eq (ends->str, order);
  g_string_truncate (ends, 0);
  start_hub (hub);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_str_eq (ends->str, order);
}

/* With and without threads: the latter are run to their end by who waits for all. */
static const ButlerServerOptions makings[] = { { .capacity = 0 }, { .no_thread = TRUE } };

START_TEST (without_a_word_they_end_as_they_were_made)
{
  add_all (makings[_i]);
  assert_end ("abcde");
}
END_TEST

START_TEST (who_ends_after_another_waits_for_it)
{
  add_all (makings[_i]);
  let_end_after (0, 3);
  let_end_after (0, 3);
  assert_end ("bcdae");
}
END_TEST

START_TEST (several_words_make_one_order)
{
  add_all (makings[_i]);
  let_end_after (0, 2);
  let_end_after (2, 4);
  let_end_after (1, 0);
  let_end_after (1, 3);
  assert_end ("decab");
}
END_TEST

/* b, without a thread, ends before a, which has one: whoever waits for all must not wait for a first. */
START_TEST (threads_wait_for_those_without)
{
  GError *error = NULL;

  for (int i = 0; i < 4; i++)
    add (i, makings[i % 2]);
  let_end_after (0, 1);
  let_end_after (2, 3);
  start_hub (hub);
  butler_hub_fail (hub, NULL);
  ck_assert (butler_hub_join (hub, &error));
  butler_assert_no_error (error);
  ck_assert_str_eq (ends->str, "badc");
}
END_TEST

/* a gets what b says at its end. */
static void
tell_the_last (ButlerContext *context G_GNUC_UNUSED,
               gpointer       to)
{
  g_assert_true (try_send_number (to, 7));
}

START_TEST (what_is_sent_at_an_end_still_arrives)
{
  add_all (makings[0]);
  butler_server_add_shutdown (servers[1], tell_the_last, servers[0], NULL);
  let_end_after (0, 1);
  start_hub (hub);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (scripts[0].last, 7);
}
END_TEST

START_TEST (a_circle_is_refused)
{
  GError *error = NULL;

  add_all (makings[0]);
  ck_assert (!butler_server_add_after (servers[0], servers[0], &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "a after a", NULL);
  let_end_after (1, 0);
  let_end_after (2, 1);
  let_end_after (3, 1);
  ck_assert (!butler_server_add_after (servers[0], servers[2], &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "a after c after b after a", NULL);
  assert_end ("abcde");
}
END_TEST

/* c lets a start again, while d and e have not ended yet. */
static void
start_first (ButlerContext *context G_GNUC_UNUSED,
             gpointer       data G_GNUC_UNUSED)
{
  ck_assert (butler_server_start (servers[0], NULL));
}

START_TEST (who_starts_while_all_end_ends_too)
{
  add_all (makings[0]);
  butler_server_add_shutdown (servers[2], start_first, NULL, NULL);
  start_hub (hub);
  butler_hub_shutdown (hub);
  ck_assert_str_eq (ends->str, "abcade");
}
END_TEST

START_TEST (who_is_removed_is_forgotten)
{
  g_autoptr (ButlerServer) removed = NULL;
  GError *error = NULL;

  add_all (makings[0]);
  let_end_after (0, 1);
  let_end_after (1, 2);
  removed = butler_server_ref (servers[1]);
  ck_assert (butler_server_remove (removed));
  let_end_after (2, 0);
  ck_assert (!butler_server_add_after (servers[2], servers[1], &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "server b", NULL);
  assert_end ("acde");
}
END_TEST

/* Time */

static GAsyncQueue *warned;

static GLogWriterOutput
take_warning (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n,
              gpointer         data)
{
  if (!(level & G_LOG_LEVEL_WARNING) || warned == NULL)
    return write_log (level, fields, n, data);
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_async_queue_push (warned, g_strdup (fields[i].value));
  return G_LOG_WRITER_HANDLED;
}

static void
set_up_time (void)
{
  set_up ();
  warned = g_async_queue_new_full (g_free);
}

static void
tear_down_time (void)
{
  tear_down ();
  g_clear_pointer (&warned, g_async_queue_unref);
}

static void
expect_warning (const char *text)
{
  g_autofree char *said = g_async_queue_pop (warned);

  ck_assert_str_eq (said, text);
}

START_TEST (what_still_runs_is_named_and_killed)
{
  add (1, makings[0]);
  add (2, makings[0]);
  scripts[1].on_number = stand_at_gate;
  start_hub (hub);
  send_to_server (servers[1], 1, 5);
  wait_for_arrival ();
  butler_hub_set_end_limit (hub, 1);
  butler_hub_fail (hub, NULL);
  expect_warning ("server b has not ended within 1 ms: it is in its handler of Number, 4 messages wait");
  expect_warning ("server c has not ended within 1 ms: it is running, 0 messages wait");
  open_gate ();
  ck_assert (butler_hub_join (hub, NULL));
  ck_assert_int_eq (scripts[1].handled, 1);
  ck_assert_uint_eq (dead_letters (servers[1], BUTLER_DEAD_KILLED), 4);
}
END_TEST

START_TEST (who_ends_in_time_is_not_named)
{
  add_all (makings[0]);
  butler_hub_set_end_limit (hub, G_MAXUINT);
  for (int round = 0; round < 2; round++)
    {
      start_hub (hub);
      send_to_server (servers[1], 1, 5);
      butler_hub_shutdown (hub);
    }
  start_hub (hub);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (scripts[1].handled, 10);
  ck_assert_ptr_null (g_async_queue_try_pop (warned));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("order");
  TCase *order = tcase_create ("order");
  TCase *time = tcase_create ("time");

  g_log_set_writer_func (take_warning, NULL, NULL);
  tcase_add_checked_fixture (order, set_up, tear_down);
  tcase_add_loop_test (order, without_a_word_they_end_as_they_were_made, 0, 2);
  tcase_add_loop_test (order, who_ends_after_another_waits_for_it, 0, 2);
  tcase_add_loop_test (order, several_words_make_one_order, 0, 2);
  tcase_add_test (order, threads_wait_for_those_without);
  tcase_add_test (order, what_is_sent_at_an_end_still_arrives);
  tcase_add_test (order, a_circle_is_refused);
  tcase_add_test (order, who_starts_while_all_end_ends_too);
  tcase_add_test (order, who_is_removed_is_forgotten);
  suite_add_tcase (suite, order);
  tcase_add_checked_fixture (time, set_up_time, tear_down_time);
  tcase_add_test (time, what_still_runs_is_named_and_killed);
  tcase_add_test (time, who_ends_in_time_is_not_named);
  suite_add_tcase (suite, time);
  return butler_test_main (suite);
}
