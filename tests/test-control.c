/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/control.h"
#include "tests/gates.h"

/* What clients of a control socket can call, and what they are told. */

static void
set_up_gates (void)
{
  make_gates ();
  set_up ();
}

static void
tear_down_gates (void)
{
  tear_down ();
  drop_gates ();
}

START_TEST (answers_while_a_handler_runs)
{
  Script script = { .on_number = stand_at_gate };
  ButlerServer *server = script_server (hub, "guard", &script, NO_OPTIONS);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (ButlerHubStatus) status = NULL;
  guint32 pid = 0;
  GError *error = NULL;

  control = open_control ("test");
  start (server);
  send_to_server (server, 1, 1);
  wait_for_arrival ();
  answer = ask ("GetStatus");
  ck_assert (g_variant_lookup (answer, "pid", "u", &pid));
  ck_assert_uint_eq (pid, (guint) getpid ());
  status = butler_hub_status_from_variant (answer, &error);
  butler_assert_no_error (error);
  ck_assert_str_eq (find_status (status, "guard")->handling, "Number");
  open_gate ();
  butler_hub_shutdown (hub);
}
END_TEST

START_TEST (gives_figures)
{
  Script script = { .data = NULL };
  ButlerServer *server = script_server (hub, "one", &script, NO_OPTIONS);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) servers = NULL;
  g_autoptr (GVariant) first = NULL;
  g_autoptr (ButlerServerStats) stats = NULL;

  control = open_control ("test");
  send_to_server (server, 1, 4);
  answer = ask ("GetStats");
  servers = g_variant_lookup_value (answer, "servers", G_VARIANT_TYPE ("aa{sv}"));
  ck_assert_uint_eq (g_variant_n_children (servers), 1);
  first = g_variant_get_child_value (servers, 0);
  stats = butler_server_stats_from_variant (first, NULL);
  ck_assert_str_eq (stats->name, "one");
  ck_assert_uint_eq (stats->length, 4);
}
END_TEST

START_TEST (stops_the_hub)
{
  Script script = { .data = NULL };
  int fd;
  g_autoptr (GVariant) answer = NULL;
  GError *error = NULL;

  start (script_server (hub, "one", &script, NO_OPTIONS));
  control = open_control ("test");
  ck_assert (!butler_control_was_stopped (control));
  fd = connect_client ();
  answer = call (fd, "Stop", NULL, &error);
  butler_assert_no_error (error);
  ck_assert (butler_hub_join (hub, &error));
  ck_assert (butler_control_was_stopped (control));
  close (fd);
}
END_TEST

START_TEST (wrong_calls_are_refused)
{
  int fd;
  g_autoptr (GError) error = NULL;

  control = open_control ("test");
  fd = connect_client ();
  ck_assert_ptr_null (call (fd, "Explode", NULL, &error));
  ck_assert (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD));
  g_clear_error (&error);
  ck_assert_ptr_null (call (fd, "GetStatus", g_variant_new ("(i)", 1), &error));
  ck_assert (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS));
  g_clear_error (&error);
  ck_assert_ptr_null (call (fd, "Reload", g_variant_new ("(s)", "one"), &error));
  ck_assert (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS));
  close (fd);
}
END_TEST

START_TEST (errors_keep_their_code)
{
  const char *const plugins[] = { "nowhere", NULL };
  int fd;
  g_autofree char *remote = NULL;
  GError *error = NULL;

  control = open_control ("test");
  fd = connect_client ();
  ck_assert_ptr_null (call (fd, "Reload", g_variant_new ("(^as)", plugins), &error));
  remote = g_dbus_error_get_remote_error (error);
  ck_assert_str_eq (remote, "io.threadbutler.Error.NotFound");
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "nowhere", NULL);
  close (fd);
}
END_TEST

/* Each code has a name of its own, which leads back to it. */
START_TEST (all_errors_have_names)
{
  for (int code = 0; code <= BUTLER_ERROR_SWAPPING; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (BUTLER_ERROR, code, "text");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autoptr (GError) back = g_dbus_error_new_for_dbus_error (name, "text");

      ck_assert_msg (g_str_has_prefix (name, "io.threadbutler.Error."), "%s", name);
      ck_assert (g_error_matches (back, BUTLER_ERROR, code));
    }
}
END_TEST

#define CROWD 50

static gpointer
ask_often (gpointer barrier)
{
  int fd = connect_client ();

  meet (barrier);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (GVariant) answer = call (fd, i % 2 == 0 ? "GetStatus" : "GetStats", NULL, NULL);

      g_assert_nonnull (answer);
    }
  close (fd);
  return NULL;
}

START_TEST (serves_fifty_clients_at_once)
{
  Script script = { .data = NULL };
  ButlerServer *server = script_server (hub, "one", &script, NO_OPTIONS);
  GThread *threads[CROWD];
  pthread_barrier_t barrier;

  control = open_control ("test");
  start (server);
  pthread_barrier_init (&barrier, NULL, CROWD);
  for (int i = 0; i < CROWD; i++)
    threads[i] = g_thread_new ("client", ask_often, &barrier);
  send_to_server (server, 1, 1000);
  for (int i = 0; i < CROWD; i++)
    g_thread_join (threads[i]);
  pthread_barrier_destroy (&barrier);
  butler_hub_shutdown (hub);
}
END_TEST

/* Nobody runs the default context here, and there is room for a hundred and some. */
START_TEST (clients_that_left_leave_nothing)
{
  control = open_control ("test");
  for (guint i = butler_test_rounds (400); i > 0; i--)
    assert_answers ();
}
END_TEST

START_TEST (the_end_tells_all_clients)
{
  int fd;

  control = open_control ("test");
  fd = connect_client ();
  g_clear_pointer (&control, butler_control_free);
  assert_sent_away (fd);
}
END_TEST

START_TEST (a_hub_that_has_ended_is_left_alone)
{
  int fd;
  GError *error = NULL;

  control = open_control ("test");
  fd = connect_client ();
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert_ptr_null (call (fd, "GetStatus", NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "test", NULL);
  close (fd);
}
END_TEST

static gpointer
ask_until_the_end (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  GVariant *answer;

  while ((answer = call (fd, "GetStatus", NULL, NULL)) != NULL)
    g_variant_unref (answer);
  return NULL;
}

START_TEST (a_hub_may_end_while_it_is_asked)
{
  for (guint round = butler_test_rounds (40); round > 0; round--)
    {
      Script script = { .data = NULL };
      int fd;
      GThread *thread;

      start (script_server (hub, "one", &script, NO_OPTIONS));
      control = open_control ("test");
      fd = connect_client ();
      thread = g_thread_new ("client", ask_until_the_end, GINT_TO_POINTER (fd));
      assert_answers ();
      g_clear_pointer (&hub, butler_hub_unref);
      g_thread_join (thread);
      g_clear_pointer (&control, butler_control_free);
      assert_sent_away (fd);
      hub = butler_hub_new ();
    }
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    answers_while_a_handler_runs,
    gives_figures,
    stops_the_hub,
    wrong_calls_are_refused,
    errors_keep_their_code,
    all_errors_have_names,
    serves_fifty_clients_at_once,
    clients_that_left_leave_nothing,
    the_end_tells_all_clients,
    a_hub_that_has_ended_is_left_alone,
    a_hub_may_end_while_it_is_asked,
  };
  Suite *suite = suite_create ("control");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up_gates, tear_down_gates);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
