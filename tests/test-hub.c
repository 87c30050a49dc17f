/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/servers.h"

static gboolean
send_number (ButlerHub *hub,
             int        value,
             GError   **error)
{
  Number number = { value };

  return number_send (hub, &number, error);
}

/* Routes */

START_TEST (a_type_goes_to_the_server_that_handles_it)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };
  ButlerServer *server = script_server (hub, "s", &script, NO_OPTIONS);
  Number number = { 2 };
  Number *posted = number_new ();

  start (server);
  ck_assert (send_number (hub, 1, NULL));
  ck_assert (number_try_send (hub, &number, NULL));
  posted->value = 3;
  ck_assert (number_post (hub, posted, NULL));
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 3);
  ck_assert (!script.jumped);
}
END_TEST

START_TEST (urgent_messages_go_the_same_way)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *own = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  Number number = { 2 };

  ck_assert (number_route (hub, own, NULL));
  ck_assert (send_number (hub, 1, NULL));
  ck_assert (number_send_urgent (hub, &number, NULL));
  ck_assert_int_eq (number.value, 0);
  ck_assert_int_eq (wait_for_number (own), 2);
  ck_assert_int_eq (wait_for_number (own), 1);
}
END_TEST

START_TEST (a_type_without_a_route_is_refused)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  GError *error = NULL;
  Note note = { .text = g_strdup ("kept") };

  ck_assert (!send_number (hub, 1, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Number", NULL);
  ck_assert (!note_try_send (hub, &note, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Note", NULL);
  ck_assert_str_eq (note.text, "kept");
  ck_assert (!note_send (hub, &note, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Note", NULL);
  ck_assert_ptr_null (note.text);
  note.text = g_strdup ("urgent");
  ck_assert (!note_send_urgent (hub, &note, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Note", NULL);
  ck_assert_ptr_null (note.text);
  ck_assert (!number_post (hub, number_new (), &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Number", NULL);
}
END_TEST

START_TEST (a_second_route_names_both_and_what_to_do)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };
  GError *error = NULL;

  script_server (hub, "first", &script, NO_OPTIONS);
  ck_assert_ptr_null (butler_server_new (hub, "second", &script_set, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "first", "second", "Number", "route=false", NULL);
  ck_assert_ptr_null (butler_hub_get_server (hub, "second"));
  ck_assert_ptr_null (butler_hub_get_channel (hub, "second"));

  ck_assert (!number_route (hub, own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL), &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "first", "own", "Number", "route=false", NULL);
}
END_TEST

START_TEST (a_server_without_routes_takes_what_is_addressed_to_it)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script scripts[2] = { 0 };
  ButlerServer *first = script_server (hub, "first", &scripts[0], NO_OPTIONS);
  ButlerServer *second = script_server (hub, "second", &scripts[1], OPTIONS (.no_route = TRUE));

  ck_assert (butler_hub_start (hub, NULL));
  ck_assert (send_number (hub, 1, NULL));
  send_to_server (second, 7, 8);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (scripts[0].handled, 1);
  ck_assert_int_eq (scripts[1].handled, 2);
  ck_assert_ptr_ne (butler_server_get_channel (first), butler_server_get_channel (second));
}
END_TEST

START_TEST (a_server_that_is_refused_takes_no_route)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };

  own_channel (hub, "s", 0, BUTLER_OVERFLOW_FAIL);
  ck_assert_ptr_null (butler_server_new (hub, "s", &script_set, NULL, NULL));
  ck_assert (!send_number (hub, 1, NULL));
  script_server (hub, "t", &script, NO_OPTIONS);
  ck_assert (send_number (hub, 1, NULL));
}
END_TEST

/* Each is a type of its own: the table of routes grows while the first is used. */
START_TEST (many_types_have_routes)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *channel = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  GPtrArray *slots = g_ptr_array_new_with_free_func (g_free);

  ck_assert (number_route (hub, channel, NULL));
  for (int i = 0; i < 200; i++)
    {
      ButlerRecordInfo info = number_info;
      g_autofree char *name = g_strdup_printf ("Number%d", i);
      Number number = { i };

      info.name = name;
      info.layout = g_new0 (gpointer, 1);
      g_ptr_array_add (slots, info.layout);
      ck_assert (butler_hub_route (hub, &info, channel, NULL));
      ck_assert (butler_hub_send (hub, &info, &number, NULL));
      ck_assert (send_number (hub, i, NULL));
    }
  ck_assert_uint_eq (butler_channel_get_length (channel), 400);
  g_ptr_array_unref (slots);
}
END_TEST

/* The untyped door */

START_TEST (a_variant_becomes_a_message)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *own = own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  GError *error = NULL;

  ck_assert (note_route (hub, own, NULL));
  ck_assert (butler_hub_send_variant (hub, "Note", g_variant_new_parsed ("{'number': <7>, 'text': <'hi'>}"), &error));
  butler_assert_no_error (error);
  g_autoptr (ButlerMessage) message = butler_channel_receive (own, 0, NULL);
  ck_assert_int_eq (note_get (message)->number, 7);
  ck_assert_str_eq (note_get (message)->text, "hi");
}
END_TEST

START_TEST (a_variant_that_does_not_fit_is_refused)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  GError *error = NULL;

  ck_assert (note_route (hub, own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL), NULL));
  ck_assert (!butler_hub_send_variant (hub, "Nowhere", g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "Nowhere", NULL);
  ck_assert (!butler_hub_send_variant (hub, "Note", g_variant_new_parsed ("{'text': <7>}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "Note", "text", NULL);
  ck_assert (!butler_hub_send_variant (hub, "Note", g_variant_new_string ("hi"), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "Note", NULL);
  ck_assert (butler_record_get_fingerprint (&number_info, NULL) != NULL);
  ck_assert (!butler_hub_send_variant (hub, "Number", g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Number", NULL);
  butler_channel_close (butler_hub_get_channel (hub, "own"));
  ck_assert (!butler_hub_send_variant (hub, "Note", g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "Note", "own", NULL);
}
END_TEST

/* Names */

START_TEST (a_name_is_used_once)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };
  GError *error = NULL;

  script_server (hub, "s", &script, NO_OPTIONS);
  own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL);
  ck_assert_ptr_null (butler_hub_add_channel (hub, "s", 0, BUTLER_OVERFLOW_FAIL, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "s", NULL);
  ck_assert_ptr_null (butler_hub_add_channel (hub, "own", 3, BUTLER_OVERFLOW_BLOCK, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "own", NULL);
  ck_assert_ptr_null (butler_server_new (hub, "own", &script_set, BUTLER_SERVER_OPTIONS (.no_route = TRUE), &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "own", NULL);
}
END_TEST

START_TEST (what_has_a_name_is_found)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script scripts[2] = { 0 };
  ButlerServer *first = script_server (hub, "first", &scripts[0], NO_OPTIONS);
  ButlerServer *second = script_server (hub, "second", &scripts[1], OPTIONS (.no_route = TRUE));
  ButlerChannel *own = own_channel (hub, "own", 3, BUTLER_OVERFLOW_BLOCK);
  g_autoptr (GPtrArray) servers = butler_hub_get_servers (hub);

  ck_assert_ptr_eq (butler_hub_get_server (hub, "second"), second);
  ck_assert_ptr_null (butler_hub_get_server (hub, "own"));
  ck_assert_ptr_eq (butler_hub_get_channel (hub, "own"), own);
  ck_assert_ptr_null (butler_hub_get_channel (hub, "third"));
  ck_assert_ptr_eq (butler_hub_get_channel (hub, "first"), butler_server_get_channel (first));
  ck_assert_uint_eq (servers->len, 2);
  ck_assert_ptr_eq (servers->pdata[0], first);
  ck_assert_str_eq (butler_channel_get_name (own), "own");
}
END_TEST

START_TEST (a_channel_of_another_hub_gets_no_route)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (ButlerHub) other = butler_hub_new ();
  ButlerChannel *own = own_channel (other, "own", 0, BUTLER_OVERFLOW_FAIL);

  butler_test_expect_critical ("*waits*");
  ck_assert (!number_route (hub, own, NULL));
  g_test_assert_expected_messages ();
}
END_TEST

START_TEST (two_hubs_know_nothing_of_each_other)
{
  ButlerHub *hubs[2] = { butler_hub_new (), butler_hub_new () };
  Script scripts[2] = { 0 };

  for (int i = 0; i < 2; i++)
    {
      script_server (hubs[i], "s", &scripts[i], NO_OPTIONS);
      ck_assert (butler_hub_start (hubs[i], NULL));
    }
  for (int n = 1; n <= 10; n++)
    ck_assert (send_number (hubs[n > 3], n, NULL));
  butler_hub_unref (hubs[0]);
  ck_assert_int_eq (scripts[0].handled, 3);
  ck_assert (send_number (hubs[1], 11, NULL));
  butler_hub_shutdown (hubs[1]);
  ck_assert_int_eq (scripts[1].handled, 8);
  butler_hub_unref (hubs[1]);
}
END_TEST

/* References */

START_TEST (the_last_reference_stops_all_servers)
{
  ButlerHub *hub = butler_hub_new ();
  Script scripts[2] = { 0 };
  ButlerServer *first = script_server (hub, "first", &scripts[0], NO_OPTIONS);
  g_autoptr (ButlerServer) second = butler_server_ref (script_server (hub, "second", &scripts[1], OPTIONS (.no_route = TRUE)));

  start (first);
  start (second);
  send_to_server (first, 1, 1000);
  send_to_server (second, 1, 1000);
  butler_hub_unref (butler_hub_ref (hub));
  ck_assert_int_eq (butler_server_get_state (second), BUTLER_SERVER_RUNNING);
  butler_hub_unref (hub);
  ck_assert_int_eq (scripts[0].handled, 1000);
  ck_assert_int_eq (scripts[1].handled, 1000);
  ck_assert_int_eq (butler_server_get_state (second), BUTLER_SERVER_STOPPED);
}
END_TEST

START_TEST (a_kept_server_outlives_its_hub_but_does_not_start)
{
  ButlerHub *hub = butler_hub_new ();
  Script script = { 0 };
  g_autoptr (ButlerServer) server = butler_server_ref (script_server (hub, "s", &script, NO_OPTIONS));
  GError *error = NULL;

  start (server);
  butler_hub_unref (hub);
  ck_assert (!butler_server_start (server, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "s", NULL);
  ck_assert (!try_send_number (server, 1));
  ck_assert (butler_server_stop (server));
}
END_TEST

static void
give_hub_back (Script        *self G_GNUC_UNUSED,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context)
{
  butler_test_expect_critical ("*thread of its own servers*");
  butler_hub_unref (butler_context_get_hub (context));
  g_test_assert_expected_messages ();
}

static void
start_and_join_hub (Script        *self G_GNUC_UNUSED,
                    Number        *number G_GNUC_UNUSED,
                    ButlerContext *context)
{
  butler_test_expect_critical ("*cannot be started by a thread of its own servers*");
  ck_assert (!butler_hub_start (butler_context_get_hub (context), NULL));
  butler_test_expect_critical ("*cannot be joined by a thread of its own servers*");
  ck_assert (!butler_hub_join (butler_context_get_hub (context), NULL));
  g_test_assert_expected_messages ();
}

START_TEST (a_server_does_not_start_or_join_its_own_hub)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { .on_number = start_and_join_hub };
  ButlerServer *server = script_server (hub, "s", &script, NO_OPTIONS);

  start (server);
  send_to_server (server, 1, 1);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 1);
}
END_TEST

START_TEST (an_overflow_policy_is_one_of_four)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  const ButlerOverflow none = (ButlerOverflow) (BUTLER_OVERFLOW_DROP_OLDEST + 1);

  butler_test_expect_critical ("*overflow*");
  ck_assert_ptr_null (butler_hub_add_channel (hub, "c", 1, none, NULL));
  butler_test_expect_critical ("*overflow*");
  ck_assert_ptr_null (butler_server_new (hub, "s", &script_set, BUTLER_SERVER_OPTIONS (.capacity = 1, .overflow = none), NULL));
  g_test_assert_expected_messages ();
}
END_TEST

/* Otherwise all that they say would be taken for absent. */
START_TEST (options_without_a_size_are_a_mistake)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  const ButlerServerOptions options = { .no_route = TRUE };

  butler_test_expect_critical ("*options_size*");
  ck_assert_ptr_null (butler_server_new (hub, "s", &script_set, &options, NULL));
  g_test_assert_expected_messages ();
}
END_TEST

START_TEST (a_server_does_not_give_the_last_reference_back)
{
  ButlerHub *hub = butler_hub_new ();
  Script script = { .on_number = give_hub_back };
  ButlerServer *server = script_server (hub, "s", &script, NO_OPTIONS);

  start (server);
  send_to_server (server, 1, 2);
  butler_hub_shutdown (hub);
  ck_assert_int_eq (script.handled, 2);
  butler_hub_unref (hub);
}
END_TEST

static void
keep_hub_for_a_moment (Script        *self,
                       Number        *number,
                       ButlerContext *context)
{
  ButlerHub *hub;

  if (number->value == 1)
    g_async_queue_pop (self->gate);
  hub = butler_hub_ref (butler_context_get_hub (context));
  if (self->data != NULL && number->value == 2)
    *(ButlerHub **) self->data = g_steal_pointer (&hub);
  g_clear_pointer (&hub, butler_hub_unref);
}

static void
open_gate (ButlerContext *context G_GNUC_UNUSED,
           gpointer       script)
{
  g_async_queue_push (((Script *) script)->gate, script);
}

/* The first server ends, so the hub is ending, before the second one's handler goes on. */
START_TEST (a_handler_takes_a_reference_of_a_hub_that_ends)
{
  ButlerHub *hub = butler_hub_new ();
  ButlerHub *kept = NULL;
  Script idle = { 0 };
  Script script = { .on_number = keep_hub_for_a_moment, .gate = g_async_queue_new (), .data = _i == 0 ? NULL : &kept };
  ButlerServer *first = script_server (hub, "first", &idle, OPTIONS (.no_route = TRUE));
  ButlerServer *second = script_server (hub, "second", &script, NO_OPTIONS);

  butler_server_add_shutdown (first, open_gate, &script, NULL);
  ck_assert (butler_hub_start (hub, NULL));
  send_to_server (second, 1, 3);
  butler_hub_unref (hub);
  ck_assert_int_eq (script.handled, 3);
  ck_assert_int_eq (kept != NULL, _i);
  if (kept != NULL)
    {
      ck_assert (!send_number (kept, 1, NULL));
      butler_hub_unref (kept);
    }
  g_async_queue_unref (script.gate);
}
END_TEST

START_TEST (what_nobody_read_is_freed_with_the_hub)
{
  _Atomic guint8 cleared = 0;
  ButlerHub *hub = butler_hub_new ();
  Parcel parcel = { .cleared = &cleared };
  ButlerChannel *own = butler_channel_ref (own_channel (hub, "own", 0, BUTLER_OVERFLOW_FAIL));

  ck_assert (parcel_send_to (own, &parcel, NULL));
  ck_assert_uint_eq (cleared, 0);
  butler_hub_unref (hub);
  ck_assert_uint_eq (cleared, 1);
  ck_assert_uint_eq (butler_channel_get_dead_letters (own, BUTLER_DEAD_HUB_GONE), 1);
  ck_assert (butler_channel_is_closed (own));
  butler_channel_unref (own);
}
END_TEST

/* Figures */

START_TEST (figures_account_for_every_message)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.capacity = 5, .overflow = BUTLER_OVERFLOW_DROP_NEWEST));

  send_to_server (server, 1, 8);
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "s");
  ck_assert_str_eq (stats.state, "new");
  ck_assert_uint_eq (stats.length, 5);
  ck_assert_uint_eq (stats.dead, 3);
  start (server);
  ck_assert (butler_server_stop (server));
  butler_server_stats_clear (&stats);
  stats = get_stats_of (hub, "s");
  ck_assert_uint_eq (stats.high_water, 5);
  ck_assert_uint_eq (stats.length, 0);
  assert_figures (hub, "s", 8, 5, 3);
}
END_TEST

/* A server that takes the place of a removed one counts from its own making on. */
START_TEST (figures_begin_with_the_server)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };
  ButlerServerOptions options = { .capacity = 4, .overflow = BUTLER_OVERFLOW_DROP_OLDEST };

  for (int round = 0; round < 3; round++)
    {
      ButlerServer *server = script_server (hub, "s", &script, options);

      assert_figures (hub, "s", 0, 0, 0);
      send_to_server (server, 1, 6);
      start (server);
      ck_assert (butler_server_stop (server));
      assert_figures (hub, "s", 6, 4, 2);
      start (server);
      send_to_server (server, 1, round);
      ck_assert (butler_server_stop (server));
      assert_figures (hub, "s", 6 + (guint) round, 4 + (guint) round, 2);
      ck_assert (butler_server_remove (server));
    }
}
END_TEST

START_TEST (figures_come_in_the_order_of_the_servers)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  Script script = { 0 };

  script_server (hub, "b", &script, NO_OPTIONS);
  script_server (hub, "a", &script, OPTIONS (.no_route = TRUE));
  g_autoptr (GArray) all = butler_hub_get_stats (hub);
  ck_assert_uint_eq (all->len, 2);
  ck_assert_str_eq (g_array_index (all, ButlerServerStats, 0).name, "b");
  ck_assert_str_eq (g_array_index (all, ButlerServerStats, 1).name, "a");
}
END_TEST

START_TEST (hub_and_server_are_boxed_types)
{
  ButlerHub *hub = butler_hub_new ();
  ButlerHub *copy = g_boxed_copy (BUTLER_TYPE_HUB, hub);

  ck_assert_ptr_eq (copy, hub);
  g_boxed_free (BUTLER_TYPE_HUB, copy);
  butler_hub_unref (hub);
  ck_assert_str_eq (g_type_name (BUTLER_TYPE_SERVER), "ButlerServer");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("hub");
  TCase *tcase = tcase_create ("hub");

  tcase_add_test (tcase, a_type_goes_to_the_server_that_handles_it);
  tcase_add_test (tcase, urgent_messages_go_the_same_way);
  tcase_add_test (tcase, a_type_without_a_route_is_refused);
  tcase_add_test (tcase, a_second_route_names_both_and_what_to_do);
  tcase_add_test (tcase, a_server_without_routes_takes_what_is_addressed_to_it);
  tcase_add_test (tcase, a_server_that_is_refused_takes_no_route);
  tcase_add_test (tcase, many_types_have_routes);
  tcase_add_test (tcase, a_variant_becomes_a_message);
  tcase_add_test (tcase, a_variant_that_does_not_fit_is_refused);
  tcase_add_test (tcase, a_name_is_used_once);
  tcase_add_test (tcase, what_has_a_name_is_found);
  tcase_add_test (tcase, a_channel_of_another_hub_gets_no_route);
  tcase_add_test (tcase, two_hubs_know_nothing_of_each_other);
  tcase_add_test (tcase, the_last_reference_stops_all_servers);
  tcase_add_test (tcase, a_kept_server_outlives_its_hub_but_does_not_start);
  tcase_add_test (tcase, a_server_does_not_start_or_join_its_own_hub);
  tcase_add_test (tcase, an_overflow_policy_is_one_of_four);
  tcase_add_test (tcase, options_without_a_size_are_a_mistake);
  tcase_add_test (tcase, a_server_does_not_give_the_last_reference_back);
  tcase_add_loop_test (tcase, a_handler_takes_a_reference_of_a_hub_that_ends, 0, 2);
  tcase_add_test (tcase, what_nobody_read_is_freed_with_the_hub);
  tcase_add_test (tcase, figures_account_for_every_message);
  tcase_add_test (tcase, figures_begin_with_the_server);
  tcase_add_test (tcase, figures_come_in_the_order_of_the_servers);
  tcase_add_test (tcase, hub_and_server_are_boxed_types);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
