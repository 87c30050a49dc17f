/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

/* Other versions of Number, as other plugins may have them. */
#define NARROW_FIELDS(F, R) \
  F (R, int16, value)
BUTLER_MESSAGE (Narrow, narrow, NARROW_FIELDS);
#define WIDE_FIELDS(F, R) \
  F (R, int64, value)
BUTLER_MESSAGE (Wide, wide, WIDE_FIELDS);

#include "tests/clerk.h"

START_TEST (a_failing_handler_is_called_once_and_the_next_message_follows)
{
  start (clerk);
  expect_warnings ();
  send_to_server (clerk, -2, 1);
  ck_assert (butler_server_stop (clerk));
  assert_warnings (2, "failed on a Number: -2 is below zero;SERVER=clerk;MESSAGE_TYPE=Number;");
  assert_diary ("start 8 7 7 8 be brief stop");

  g_auto (ButlerServerStats) stats = get_stats_of (hub, "clerk");
  ck_assert_uint_eq (stats.failed, 2);
  ck_assert_uint_eq (stats.handled, 4);
  ck_assert_str_eq (stats.state, "stopped");
}
END_TEST

static void
take_and_post (Script        *self,
               Number        *number,
               ButlerContext *context)
{
  Number *taken = number_take (context);

  g_assert_true (taken == number);
  g_assert_true (number_post_to (self->data, taken, NULL));
}

START_TEST (a_taken_message_goes_on_as_it_is)
{
  ButlerChannel *own = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  Script script = { .on_number = take_and_post, .data = own };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  start (server);
  send_to_server (server, 5, 6);
  ck_assert_int_eq (wait_for_number (own), 5);
  ck_assert_int_eq (wait_for_number (own), 6);
  ck_assert (butler_server_stop (server));
}
END_TEST

static void
take_twice (Script        *self G_GNUC_UNUSED,
            Number        *number,
            ButlerContext *context)
{
  g_autoptr (Number) taken = NULL;

  butler_test_expect_critical ("*info*");
  ck_assert_ptr_null (note_take (context));
  taken = number_take (context);
  ck_assert_ptr_eq (taken, number);
  butler_test_expect_critical ("*message*");
  ck_assert_ptr_null (number_take (context));
  g_test_assert_expected_messages ();
  ck_assert_str_eq (butler_context_get_type_name (context), "Number");
}

START_TEST (a_message_is_taken_once)
{
  Script script = { .on_number = take_twice };
  ButlerServer *server = own_server (&script, OPTIONS (.no_thread = TRUE));

  start (server);
  send_to_server (server, 1, 1);
  ck_assert_uint_eq (butler_server_dispatch (server, 1), 1);
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (what_no_handler_takes_is_a_dead_letter)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, NO_OPTIONS);
  Note note = { .text = g_strdup ("hello") };

  start (server);
  expect_warnings ();
  ck_assert (note_send_to (butler_server_get_channel (server), &note, NULL));
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "a Note is a dead letter: no handler takes it;SERVER=s;MESSAGE_TYPE=Note;");
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_UNHANDLED), 1);
  assert_figures (hub, "s", 2, 1, 1);
}
END_TEST

static gboolean
send_as_number (ButlerServer           *server,
                const ButlerRecordInfo *of,
                gpointer                value)
{
  gpointer layout = NULL;
  ButlerRecordInfo info = *of;

  info.name = "Number";
  info.layout = &layout;
  return butler_channel_send (butler_server_get_channel (server), &info, value, NULL);
}

START_TEST (other_versions_of_a_message_are_converted_or_dead)
{
  Script script = { 0 };
  ButlerServer *server = own_server (&script, NO_OPTIONS);
  Narrow narrow = { 41 };
  Wide wide = { 42 };

  start (server);
  expect_warnings ();
  ck_assert (send_as_number (server, &narrow_info, &narrow));
  ck_assert (send_as_number (server, &wide_info, &wide));
  ck_assert (butler_server_stop (server));
  assert_warnings (1, "a Number is a dead letter");
  ck_assert_int_eq (script.last, 41);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_LAYOUT), 1);
  assert_figures (hub, "s", 2, 1, 1);
}
END_TEST

static void
look_around (Script        *self,
             Number        *number G_GNUC_UNUSED,
             ButlerContext *context)
{
  ButlerServer *server = butler_context_get_server (context);

  g_assert_true (butler_context_get_hub (context) == hub);
  g_assert_true (server == self->data);
  g_assert_cmpstr (butler_context_get_type_name (context), ==, "Number");
}

START_TEST (a_context_knows_where_it_stands)
{
  Script script = { .on_number = look_around };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  script.data = server;
  start (server);
  send_to_server (server, 1, 1);
  ck_assert_str_eq (butler_server_get_name (server), "s");
  ck_assert_ptr_eq (butler_server_get_hub (server), hub);
  ck_assert_ptr_eq (butler_server_get_channel (server), butler_hub_get_channel (hub, "s"));
  ck_assert (butler_server_stop (server));
}
END_TEST

static void
note_value (Script        *self G_GNUC_UNUSED,
            Number        *number,
            ButlerContext *context G_GNUC_UNUSED)
{
  g_autofree char *word = g_strdup_printf ("%d", number->value);

  write_down (word);
}

static void
send_urgent (ButlerServer *server,
             int           value)
{
  Number number = { value };

  ck_assert (number_send_urgent_to (butler_server_get_channel (server), &number, NULL));
}

/* With a stop all are handled, with a kill all are dead letters; a new start opens both lanes again. */
START_TEST (urgent_messages_are_handled_first)
{
  Script script = { .on_number = note_value };
  ButlerServer *server = own_server (&script, OPTIONS (.capacity = 10));
  GError *error = NULL;
  Number number = { 6 };

  send_to_server (server, 1, 2);
  send_urgent (server, 3);
  start (server);
  ck_assert (butler_server_stop (server));
  assert_diary ("3 1 2");

  start (server);
  send_urgent (server, 5);
  ck_assert (butler_server_stop (server));
  assert_diary ("5");
  ck_assert (!number_send_urgent_to (butler_server_get_channel (server), &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Number", "s", NULL);
  assert_figures (hub, "s", 4, 4, 0);
}
END_TEST

static void
kill_it (Script        *self,
         Number        *number G_GNUC_UNUSED,
         ButlerContext *context)
{
  ButlerServer *server = butler_context_get_server (context);

  self->data = server;
  send_to_server (server, 2, 3);
  for (int i = 4; i <= 6; i++)
    {
      Number urgent = { i };

      g_assert_true (number_send_urgent_to (butler_server_get_channel (server), &urgent, NULL));
    }
  g_assert_true (butler_server_kill (server));
}

START_TEST (killed_are_urgent_messages_too)
{
  Script script = { .on_number = kill_it };
  ButlerServer *server = own_server (&script, NO_OPTIONS);

  start (server);
  send_urgent (server, 1);
  ck_assert (butler_server_join (server));
  ck_assert_int_eq (script.handled, 1);
  assert_figures (hub, "s", 6, 1, 5);
  ck_assert_uint_eq (dead_letters (server, BUTLER_DEAD_KILLED), 5);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("server-handlers");
  TCase *tcase = tcase_create ("server-handlers");

  tcase_add_checked_fixture (tcase, open_office, close_office);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, a_failing_handler_is_called_once_and_the_next_message_follows);
  tcase_add_test (tcase, a_taken_message_goes_on_as_it_is);
  tcase_add_test (tcase, a_message_is_taken_once);
  tcase_add_test (tcase, what_no_handler_takes_is_a_dead_letter);
  tcase_add_test (tcase, other_versions_of_a_message_are_converted_or_dead);
  tcase_add_test (tcase, a_context_knows_where_it_stands);
  tcase_add_test (tcase, urgent_messages_are_handled_first);
  tcase_add_test (tcase, killed_are_urgent_messages_too);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
