/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/clerk.h"

/* What runs before and after a server's loop, and with which settings. */

static gboolean
note_startup (ButlerContext *context,
              gpointer       data,
              GError       **error G_GNUC_UNUSED)
{
  g_assert_cmpint (state_of (butler_context_get_server (context)), ==, BUTLER_SERVER_STARTING);
  write_down (data);
  return TRUE;
}

static gboolean
fail_startup (ButlerContext *context G_GNUC_UNUSED,
              gpointer       data,
              GError       **error)
{
  write_down (data);
  if (!fail_silently)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no light");
  return FALSE;
}

START_TEST (start_returns_when_the_startup_events_have_run)
{
  butler_server_add_startup (clerk, note_startup, (gpointer) "one", NULL);
  start (clerk);
  assert_diary ("start one");
  ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_RUNNING);
  ck_assert (butler_server_stop (clerk));
}
END_TEST

START_TEST (events_run_in_order_in_each_run)
{
  butler_server_add_shutdown (clerk, note_shutdown, (gpointer) "last", NULL);
  butler_server_add_startup (clerk, note_startup, (gpointer) "one", NULL);
  butler_server_add_startup (clerk, note_startup, (gpointer) "two", NULL);
  butler_server_add_shutdown (clerk, note_shutdown, (gpointer) "really-last", NULL);
  for (int run = 0; run < 2; run++)
    {
      start (clerk);
      send_to_server (clerk, 1, 2);
      ck_assert (butler_server_stop (clerk));
      assert_diary ("start one two 11 13 last really-last be brief stop");
    }
}
END_TEST

static void
count_up (gpointer data)
{
  ++*(int *) data;
}

START_TEST (what_an_event_was_given_is_freed_once_with_the_server)
{
  int freed = 0;

  butler_server_add_startup (clerk, note_startup, (gpointer) "one", NULL);
  butler_server_add_shutdown (clerk, note_shutdown, (gpointer) "two", NULL);
  butler_hub_unref (hub);

  hub = butler_hub_new ();
  clerk = butler_server_new (hub, "clerk", &clerk_set, NULL, NULL);
  butler_server_add_startup (clerk, note_startup, &freed, count_up);
  butler_server_add_shutdown (clerk, note_shutdown, &freed, count_up);
  ck_assert_int_eq (freed, 0);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_int_eq (freed, 2);
  hub = butler_hub_new ();
}
END_TEST

START_TEST (events_are_added_before_the_first_start)
{
  start (clerk);
  butler_test_expect_critical ("*BUTLER_SERVER_NEW*");
  butler_server_add_startup (clerk, note_startup, (gpointer) "late", NULL);
  butler_test_expect_critical ("*BUTLER_SERVER_NEW*");
  butler_server_add_shutdown (clerk, note_shutdown, (gpointer) "late", NULL);
  g_test_assert_expected_messages ();
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start be brief stop");
}
END_TEST

START_TEST (a_failing_start_function_fails_the_start)
{
  GError *error = NULL;

  starts_fail = 1;
  send_to_server (clerk, 1, 3);
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "clerk", "did not start", "no desk", NULL);
  assert_diary ("start");
  ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_FAILED);
  ck_assert_uint_eq (dead_letters (clerk, BUTLER_DEAD_UNSTARTED), 3);
  ck_assert (!try_send_number (clerk, 4));

  start (clerk);
  send_to_server (clerk, 5, 5);
  ck_assert (butler_server_stop (clerk));
  assert_diary ("start 15 be brief stop");
  assert_figures (hub, "clerk", 4, 1, 3);
}
END_TEST

START_TEST (a_failing_startup_event_fails_the_start)
{
  GError *error = NULL;

  butler_server_add_startup (clerk, note_startup, (gpointer) "one", NULL);
  butler_server_add_startup (clerk, fail_startup, (gpointer) "two", NULL);
  butler_server_add_startup (clerk, note_startup, (gpointer) "three", NULL);
  butler_server_add_shutdown (clerk, note_shutdown, (gpointer) "last", NULL);
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "clerk", "did not start", "no light", NULL);
  assert_diary ("start one two be brief stop");
  ck_assert_int_eq (state_of (clerk), BUTLER_SERVER_FAILED);
}
END_TEST

START_TEST (a_start_that_fails_without_a_reason_says_so)
{
  GError *error = NULL;

  fail_silently = TRUE;
  starts_fail = 1;
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "clerk", "its start function", "without saying why", NULL);
  butler_hub_unref (hub);

  hub = butler_hub_new ();
  clerk = butler_server_new (hub, "clerk", &clerk_set, NULL, NULL);
  butler_server_add_startup (clerk, fail_startup, (gpointer) "one", NULL);
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "clerk", "event 1", "without saying why", NULL);
}
END_TEST

START_TEST (what_an_event_tells_the_context_counts_for_the_event)
{
  GError *error = NULL;

  complain = TRUE;
  ck_assert (!butler_server_start (clerk, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "clerk", "no pen", NULL);
  complain = FALSE;
  start (clerk);
  expect_warnings ();
  complain = TRUE;
  ck_assert (butler_server_stop (clerk));
  assert_warnings (1, "no home");
}
END_TEST

/* Settings and state */

START_TEST (settings_are_typed_and_copied)
{
  ClerkSettings settings = { .motto = g_strdup ("be kind"), .base = 100 };
  GError *error = NULL;
  ButlerServer *other = butler_server_new (hub, "other", &clerk_set,
                                           BUTLER_SERVER_OPTIONS (.settings = &settings, .no_route = TRUE), &error);

  butler_assert_no_error (error);
  clerk_settings_clear (&settings);
  start (other);
  send_to_server (other, 1, 1);
  ck_assert (butler_server_stop (other));
  assert_diary ("start 101 be kind stop");
}
END_TEST

START_TEST (settings_need_a_set_that_has_them)
{
  ClerkSettings settings = { .base = 100 };

  butler_test_expect_critical ("*settings*");
  ck_assert_ptr_null (butler_server_new (hub, "s", &script_set, BUTLER_SERVER_OPTIONS (.settings = &settings), NULL));
  g_test_assert_expected_messages ();
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("server-events");
  TCase *tcase = tcase_create ("server-events");

  tcase_add_checked_fixture (tcase, open_office, close_office);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, start_returns_when_the_startup_events_have_run);
  tcase_add_test (tcase, events_run_in_order_in_each_run);
  tcase_add_test (tcase, what_an_event_was_given_is_freed_once_with_the_server);
  tcase_add_test (tcase, events_are_added_before_the_first_start);
  tcase_add_test (tcase, a_failing_start_function_fails_the_start);
  tcase_add_test (tcase, a_failing_startup_event_fails_the_start);
  tcase_add_test (tcase, a_start_that_fails_without_a_reason_says_so);
  tcase_add_test (tcase, what_an_event_tells_the_context_counts_for_the_event);
  tcase_add_test (tcase, settings_are_typed_and_copied);
  tcase_add_test (tcase, settings_need_a_set_that_has_them);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
