/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/task.h>

#include "tests/gates.h"

/* What a hub tells of itself. */

static ButlerHub *hub;

static void
set_up (void)
{
  make_gates ();
  hub = butler_hub_new ();
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  drop_gates ();
}

START_TEST (status_tells_what_a_server_is_doing)
{
  Script script = { .on_number = stand_at_gate };
  ButlerServerOptions options = { .capacity = 7, .overflow = BUTLER_OVERFLOW_DROP_NEWEST };
  ButlerServer *server = script_server (hub, "guard", &script, options);
  g_autoptr (ButlerHubStatus) busy = NULL;
  g_autoptr (ButlerHubStatus) over = NULL;
  ButlerServerStatus *one;

  start (server);
  send_to_server (server, 1, 3);
  wait_for_arrival ();
  busy = butler_hub_get_status (hub);
  one = find_status (busy, "guard");
  ck_assert_str_eq (one->state, "running");
  ck_assert_str_eq (one->handling, "Number");
  ck_assert_str_eq (one->set, "script");
  ck_assert_str_eq (one->loop, "default");
  ck_assert_uint_eq (one->capacity, 7);
  ck_assert_str_eq (one->overflow, "drop-newest");
  ck_assert_uint_eq (one->received, 3);
  ck_assert_uint_eq (one->handled, 0);
  ck_assert_uint_eq (one->length, 2);
  ck_assert (!busy->stopping);

  for (int i = 0; i < 3; i++)
    open_gate ();
  butler_hub_shutdown (hub);
  over = butler_hub_get_status (hub);
  one = find_status (over, "guard");
  ck_assert_str_eq (one->state, "stopped");
  ck_assert_ptr_null (one->handling);
  ck_assert_uint_eq (one->handled, 3);
}
END_TEST

START_TEST (status_tells_loops_apart)
{
  static const char *const names[] = { "default", "queue", "none" };
  const ButlerServerOptions options[] = { { .capacity = 0 }, { .loop = butler_loop_queue }, { .no_thread = TRUE } };
  Script scripts[3] = { { .data = NULL } };
  g_autoptr (ButlerHubStatus) status = NULL;

  for (int i = 0; i < 3; i++)
    {
      ButlerServerOptions own = options[i];

      own.no_route = TRUE;
      script_server (hub, names[i], &scripts[i], own);
    }
  status = butler_hub_get_status (hub);
  ck_assert_uint_eq (status->servers->len, 3);
  for (guint i = 0; i < 3; i++)
    {
      ButlerServerStatus *one = &g_array_index (status->servers, ButlerServerStatus, i);

      ck_assert_str_eq (one->name, names[i]);
      ck_assert_str_eq (one->loop, names[i]);
      ck_assert_str_eq (one->state, "new");
      ck_assert_ptr_null (one->overflow);
    }
}
END_TEST

START_TEST (status_tells_why_letters_are_dead)
{
  Script script = { .data = NULL };
  ButlerServer *server = script_server (hub, "grave", &script, NO_OPTIONS);
  g_autoptr (ButlerHubStatus) status = NULL;
  ButlerServerStatus *one;

  send_to_server (server, 1, 5);
  butler_channel_clear (butler_server_get_channel (server));
  status = butler_hub_get_status (hub);
  one = find_status (status, "grave");
  ck_assert_uint_eq (one->dead, 5);
  ck_assert_uint_eq (one->dead_letters->len, 1);
  ck_assert_uint_eq (g_array_index (one->dead_letters, ButlerDeadStatus, 0).number, 5);
  ck_assert_str_eq (g_array_index (one->dead_letters, ButlerDeadStatus, 0).reason,
                    butler_dead_reason_to_string (BUTLER_DEAD_CLEARED));
}
END_TEST

static void
wait_in_task (ButlerTask *task G_GNUC_UNUSED,
              gpointer    data G_GNUC_UNUSED)
{
  arrive ();
  g_async_queue_pop (gate);
}

static void
begin_things (Script        *self,
              Number        *number G_GNUC_UNUSED,
              ButlerContext *context)
{
  self->data = butler_context_hold (context);
  butler_context_run_task (context, "dig", wait_in_task, NULL, NULL);
}

START_TEST (status_names_what_is_pending)
{
  Script script = { .on_number = begin_things };
  ButlerServer *server = script_server (hub, "owner", &script, NO_OPTIONS);
  g_autoptr (ButlerHubStatus) before = NULL;
  g_autoptr (ButlerHubStatus) after = NULL;
  GArray *pending;

  start (server);
  send_to_server (server, 1, 1);
  wait_for_arrival ();
  before = butler_hub_get_status (hub);
  pending = find_status (before, "owner")->pending;
  ck_assert_uint_eq (pending->len, 2);
  ck_assert_str_eq (g_array_index (pending, ButlerPendingStatus, 0).what, "task dig");
  ck_assert_str_eq (g_array_index (pending, ButlerPendingStatus, 1).what, "handler of Number");
  ck_assert (g_array_index (pending, ButlerPendingStatus, 1).age >= 0);

  open_gate ();
  butler_context_release (script.data);
  butler_hub_shutdown (hub);
  after = butler_hub_get_status (hub);
  ck_assert_uint_eq (find_status (after, "owner")->pending->len, 0);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    status_tells_what_a_server_is_doing,
    status_tells_loops_apart,
    status_tells_why_letters_are_dead,
    status_names_what_is_pending,
  };
  Suite *suite = suite_create ("status");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
