/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/clerk.h"

/* Servers that run for as long as a block of code. */

static ButlerServer *others[3];

static void
note_name (ButlerContext *context,
           gpointer       data G_GNUC_UNUSED)
{
  write_down (butler_server_get_name (butler_context_get_server (context)));
}

static Script scripts[G_N_ELEMENTS (others)];

static void
set_up (void)
{
  static const char *const names[] = { "one", "two", "three" };

  open_office ();
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      scripts[i] = (Script) { 0 };
      others[i] = script_server (hub, names[i], &scripts[i], OPTIONS (.no_route = TRUE));
      butler_server_add_shutdown (others[i], note_name, NULL, NULL);
    }
}

static ButlerServerScope *
open_scope (ButlerServer *server)
{
  GError *error = NULL;
  ButlerServerScope *scope = butler_server_scope_new (server, &error);

  butler_assert_no_error (error);
  ck_assert_int_eq (state_of (server), BUTLER_SERVER_RUNNING);
  return scope;
}

static void
assert_all_stopped (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    ck_assert_int_eq (state_of (others[i]), BUTLER_SERVER_STOPPED);
}

START_TEST (server_runs_in_its_scope)
{
  for (int run = 1; run <= 2; run++)
    {
      {
        g_autoptr (ButlerServerScope) scope G_GNUC_UNUSED = open_scope (others[0]);

        send_to_server (others[0], 1, 100);
      }
      ck_assert_int_eq (state_of (others[0]), BUTLER_SERVER_STOPPED);
      ck_assert_int_eq (scripts[0].handled, 100 * run);
    }
}
END_TEST

typedef enum
{
  BY_RETURN,
  BY_GOTO,
  BY_END,
  N_WAYS_OUT,
} WayOut;

static int
leave (WayOut way)
{
  g_autoptr (ButlerServerScope) one G_GNUC_UNUSED = open_scope (others[0]);
  int i = 0;

  while (TRUE)
    {
      g_autoptr (ButlerServerScope) two G_GNUC_UNUSED = open_scope (others[1]);
      g_autoptr (ButlerServerScope) three G_GNUC_UNUSED = open_scope (others[2]);

      if (way == BY_RETURN)
        return i;
      if (way == BY_GOTO)
        goto out;
      if (++i == 2)
        break;
    }
out:
  ck_assert_int_eq (state_of (others[0]), BUTLER_SERVER_RUNNING);
  return i;
}

START_TEST (scopes_end_in_reverse_order_on_every_way_out)
{
  leave (_i);
  assert_all_stopped ();
  assert_diary (_i == BY_END ? "three two three two one" : "three two one");
}
END_TEST

static gboolean
use_second (GError **error)
{
  g_autoptr (ButlerServerScope) one G_GNUC_UNUSED = open_scope (others[0]);
  g_autoptr (ButlerServerScope) scope G_GNUC_UNUSED = butler_server_scope_new (clerk, error);

  return scope != NULL;
}

START_TEST (scope_of_a_failed_start_is_none)
{
  GError *error = NULL;

  starts_fail = 1;
  ck_assert (!use_second (&error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "clerk", "did not start", "no desk", NULL);
  assert_diary ("start one");
  ck_assert_int_eq (state_of (others[0]), BUTLER_SERVER_STOPPED);
  ck_assert (use_second (&error));
  assert_diary ("start be brief stop one");
}
END_TEST

START_TEST (scope_of_a_server_that_ended_only_goes)
{
  ButlerServerScope *scope;

  scripts[0].on_number = stop_on_first;
  scope = open_scope (others[0]);
  send_to_server (others[0], 0, 0);
  ck_assert (butler_server_join (others[0]));
  butler_server_scope_free (scope);
  assert_diary ("one");
}
END_TEST

START_TEST (scope_of_a_removed_server_only_goes)
{
  ButlerServerScope *scope = open_scope (others[0]);

  ck_assert (butler_server_remove (others[0]));
  butler_server_scope_free (scope);
}
END_TEST

START_TEST (a_running_server_has_no_second_scope)
{
  g_autoptr (ButlerServerScope) scope G_GNUC_UNUSED = open_scope (others[0]);
  GError *error = NULL;

  ck_assert_ptr_null (butler_server_scope_new (others[0], &error));
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "one", "running already", NULL);
  ck_assert_int_eq (state_of (others[0]), BUTLER_SERVER_RUNNING);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("scope");
  TCase *tcase = tcase_create ("scope");

  tcase_add_checked_fixture (tcase, set_up, close_office);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, server_runs_in_its_scope);
  tcase_add_loop_test (tcase, scopes_end_in_reverse_order_on_every_way_out, 0, N_WAYS_OUT);
  tcase_add_test (tcase, scope_of_a_failed_start_is_none);
  tcase_add_test (tcase, scope_of_a_server_that_ended_only_goes);
  tcase_add_test (tcase, scope_of_a_removed_server_only_goes);
  tcase_add_test (tcase, a_running_server_has_no_second_scope);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
