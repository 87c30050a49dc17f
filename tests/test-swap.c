/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/swaps.h"

START_TEST (a_rolling_swap_keeps_the_state)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  const ButlerSwappedPlugin *plugin;

  tick (server, 0, 1);
  expect (1, 1, "be brief");
  report = swap_to ("swap-2");
  tick (server, 0, 2);
  expect (2, 2, "be brief");

  ck_assert (!report->stopped);
  ck_assert_uint_eq (report->plugins->len, 1);
  plugin = &g_array_index (report->plugins, ButlerSwappedPlugin, 0);
  ck_assert_str_eq (plugin->name, "swap");
  ck_assert_uint_eq (plugin->from, 1);
  ck_assert_uint_eq (plugin->to, 2);
  ck_assert_uint_eq (plugin->servers->len, 1);
  ck_assert_ptr_null (g_array_index (plugin->servers, ButlerSwappedServer, 0).migrated);
  ck_assert_uint_eq (butler_module_get_generation (module), 2);
}
END_TEST

/* For a tenth of a second: on a machine that has much else to do, that may be too short for the one report or the other. */
START_TEST (a_report_waits_for_servers_that_come_over)
{
  gboolean done = FALSE;

  start_server ("s", ROUTED);
  for (guint i = 0; i < 100 && !done; i++)
    {
      g_autoptr (ButlerSwapReport) report = swap_to (i % 2 == 0 ? "swap-2" : "swap-1");

      done = g_array_index (g_array_index (report->plugins, ButlerSwappedPlugin, 0).servers, ButlerSwappedServer, 0).done;
    }
  ck_assert (done);
}
END_TEST

START_TEST (messages_that_wait_meet_the_new_code)
{
  GAsyncQueue *gate = g_async_queue_new ();
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;

  keep_waiting (server, gate);
  for (guint i = 0; i < 100; i++)
    tick (server, 0, i);
  report = swap_to ("swap-2");
  ck_assert (!g_array_index (g_array_index (report->plugins, ButlerSwappedPlugin, 0).servers, ButlerSwappedServer, 0).done);
  g_async_queue_push (gate, gate);
  expect (1, 0, "wait");
  for (guint i = 0; i < 100; i++)
    expect (2, i + 1, "be brief");
  g_async_queue_unref (gate);
}
END_TEST

START_TEST (another_layout_is_migrated)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  const ButlerSwappedServer *line;

  tick (server, 0, 1);
  expect (1, 1, "be brief");
  report = swap_to ("swap-3");
  expect (3, 1002, "be brief");
  tick (server, 0, 2);
  expect (3, 2, "swapped");
  ck_assert (report->stopped);
  line = &g_array_index (g_array_index (report->plugins, ButlerSwappedPlugin, 0).servers, ButlerSwappedServer, 0);
  ck_assert (line->done);
  ck_assert_msg (strstr (line->migrated, "->") != NULL, "%s", line->migrated);
}
END_TEST

START_TEST (a_swap_that_fails_changes_nothing)
{
  ButlerServer *servers[10];

  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      servers[i] = start_server (name, i == 0 ? ROUTED : UNROUTED);
      tick (servers[i], 0, 1);
      expect (1, 1, "be brief");
    }
  swap_fails ("swap-fails", BUTLER_ERROR_FAILED, "server s7: its swapped function failed: it is the seventh");
  ck_assert_uint_eq (butler_module_get_generation (module), 1);
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      tick (servers[i], 0, 2);
      expect (1, 2, "be brief");
    }
  ck_assert_uint_eq (butler_channel_get_length (answers), 0);
}
END_TEST

typedef struct
{
  const char *plugin;
  int         code;
  const char *reason;
} Refusal;

static const Refusal refusals[] = {
  { "swap-1", BUTLER_ERROR_UNCHANGED, "already" },
  { "swap-narrow", BUTLER_ERROR_BAD_LAYOUT, "Swap.count" },
  { "swap-fewer", BUTLER_ERROR_BAD_HANDLERS, "no handler of SwapOrder any more" },
  { "swap-other", BUTLER_ERROR_BAD_PLUGIN, "it is plugin other now" },
  { "missing-symbol", BUTLER_ERROR_BAD_PLUGIN, "butler_test_nowhere" },
  { "no-descriptor", BUTLER_ERROR_BAD_PLUGIN, "BUTLER_PLUGIN()" },
  { "other-abi", BUTLER_ERROR_BAD_ABI, "ABI 7" },
};

START_TEST (a_refusal_names_the_reason)
{
  const char *const names[] = { "swap", NULL };
  ButlerServer *server = start_server ("s", ROUTED);
  GError *error = NULL;

  put (refusals[_i].plugin);
  ck_assert_ptr_null (butler_hub_swap (hub, names, &error));
  ck_assert_msg (g_str_has_prefix (error->message, file), "%s", error->message);
  butler_assert_error (&error, refusals[_i].code, refusals[_i].reason, NULL);
  tick (server, 0, 1);
  expect (1, 1, "be brief");
}
END_TEST

START_TEST (nothing_new_is_nothing_to_do)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (hub, NULL, &error);

  butler_assert_no_error (error);
  ck_assert_uint_eq (report->plugins->len, 0);
}
END_TEST

START_TEST (an_unknown_plugin_is_named)
{
  const char *const names[] = { "swop", NULL };
  GError *error = NULL;

  ck_assert_ptr_null (butler_hub_swap (hub, names, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "\"swop\"", "swap", NULL);
}
END_TEST

START_TEST (a_handler_has_its_own_plugin_swapped)
{
  ButlerServer *server = start_server ("s", ROUTED);

  put ("swap-2");
  order (server, "swap now", NULL);
  expect (1, 0, "nothing was swapped: a server cannot wait for the swap of its own plugin");
  order (server, "swap", NULL);
  expect (1, 0, "swap");
  expect (1, 1, "swapped"); /* by the callback that the old code gave */
  tick (server, 0, 1);
  expect (2, 1, "be brief");
}
END_TEST

START_TEST (a_stuck_handler_is_named_at_the_deadline)
{
  GAsyncQueue *gate = g_async_queue_new ();
  ButlerServer *server = start_server ("s", ROUTED);

  butler_hub_set_swap_limit (hub, 50);
  keep_waiting (server, gate);
  swap_fails ("swap-3", BUTLER_ERROR_TIMED_OUT, "server s is in its handler of SwapOrder");
  g_async_queue_push (gate, gate);
  expect (1, 0, "wait");
  tick (server, 0, 1);
  expect (1, 1, "be brief");
  g_async_queue_unref (gate);
}
END_TEST

START_TEST (a_server_without_a_thread_is_swapped_by_who_swaps)
{
  ButlerServer *server = start_server ("s", (ButlerServerOptions) { .no_thread = TRUE });
  const char *next[] = { "swap-2", "swap-3" };
  g_autoptr (ButlerSwapReport) report = swap_to (next[_i]);

  ck_assert (g_array_index (g_array_index (report->plugins, ButlerSwappedPlugin, 0).servers, ButlerSwappedServer, 0).done);
  tick (server, 0, 1);
  ck_assert_uint_eq (butler_server_dispatch (server, 10), 1);
  if (_i == 1)
    expect (3, 1002, "be brief");
  expect (_i == 0 ? 2 : 3, 1, _i == 0 ? "be brief" : "swapped");
  ck_assert (butler_server_stop (server));
}
END_TEST

START_TEST (servers_that_do_not_run_start_with_the_new_code)
{
  ButlerServer *new = make_server ("new", ROUTED);
  ButlerServer *stopped = start_server ("stopped", UNROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;

  ck_assert (butler_server_stop (stopped));
  report = swap_to (_i == 0 ? "swap-2" : "swap-3");
  ck_assert (butler_server_start (new, NULL));
  ck_assert (butler_server_start (stopped, NULL));
  tick (new, 0, 1);
  expect (_i == 0 ? 2 : 3, 1, "be brief");
  tick (stopped, 0, 1);
  expect (_i == 0 ? 2 : 3, 1, "be brief");
}
END_TEST

START_TEST (a_new_type_is_routed)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (GVariant) more = g_variant_ref_sink (g_variant_new_parsed ("{'text': <'new'>}"));
  g_autoptr (GError) error = NULL;

  report = swap_to ("swap-more");
  ck_assert (butler_hub_send_variant (hub, "SwapMore", more, &error));
  butler_assert_no_error (error);
  expect (7, 0, "new");
  ck_assert_ptr_nonnull (server);
}
END_TEST

/* Some wait while the swap halts the server, some come later. */
START_TEST (messages_of_another_layout_are_converted)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;

  for (guint i = 0; i < 100; i++)
    tick (server, 3, i);
  report = swap_to ("swap-tick");
  ck_assert (report->stopped);
  for (guint i = 100; i < 200; i++)
    tick (server, 3, i);
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (SwapAnswer) answer = next_answer ();

      ck_assert_uint_eq (answer->writer, 3);
      ck_assert_uint_eq (answer->number, i);
      ck_assert_uint_eq (answer->count, i + 1);
      ck_assert (answer->version == 8 || i < 100);
    }
}
END_TEST

/* But for those that a sanitizer or valgrind keeps. */
static void
assert_that_they_go (void)
{
  g_autoptr (ButlerModuleStatus) status = NULL;
  guint n = 0;

  settle ();
  status = butler_module_get_status (module);
  for (guint i = 0; i < status->generations->len; i++)
    n += g_str_equal (g_array_index (status->generations, ButlerGenerationStatus, i).state, "retired");
  ck_assert_uint_eq (n, 0);
}

START_TEST (what_is_swapped_out_goes)
{
  ButlerServer *server = start_server ("s", ROUTED);

  for (guint i = 0; i < butler_test_rounds (100); i++)
    {
      g_autoptr (ButlerSwapReport) report = swap_to (i % 2 == 0 ? "swap-2" : "swap-1");

      ck_assert_uint_eq (report->plugins->len, 1);

      tick (server, 0, i);
      expect (i % 2 == 0 ? 2 : 1, i + 1, "be brief");
    }
  assert_that_they_go ();
}
END_TEST

static const ButlerGenerationStatus *
first_of (const ButlerModuleStatus *status)
{
  for (guint i = 0; i < status->generations->len; i++)
    if (g_array_index (status->generations, ButlerGenerationStatus, i).number == 1)
      return &g_array_index (status->generations, ButlerGenerationStatus, i);
  ck_abort_msg ("generation 1 is not loaded any more");
}

START_TEST (a_pointer_into_the_old_file_keeps_it)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (ButlerModuleStatus) status = NULL;
  const ButlerGenerationStatus *old;

  order (server, "keep", NULL);
  expect (1, 0, "keep");
  report = swap_to ("swap-2");
  tick (server, 0, 1);
  expect (2, 1, "be brief");
  settle ();
  status = butler_module_get_status (module);
  old = first_of (status);
  ck_assert_str_eq (old->state, "resident");
  ck_assert_msg (strstr (old->reason, "carried of the state of server s") != NULL, "%s", old->reason);
}
END_TEST

START_TEST (a_hold_is_waited_for_before_a_migration)
{
  ButlerServer *server = start_server ("s", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (ButlerModuleStatus) status = NULL;

  butler_hub_set_swap_limit (hub, 500); /* time enough to come out of the handler that said so */
  order (server, "hold", NULL);
  expect (1, 0, "hold");
  swap_fails ("swap-3", BUTLER_ERROR_TIMED_OUT, "holds");
  report = swap_to ("swap-2");
  status = butler_module_get_status (module);
  ck_assert_str_eq (first_of (status)->pins[0], "handler of SwapOrder of server s");
  order (server, "release", NULL);
  expect (2, 0, "release");
}
END_TEST

/* The servers have stopped: how many ticks of that number the code of @version has answered. */
static guint
count_answers (guint32 version,
               guint64 number)
{
  guint found = 0;

  for (gsize n = butler_channel_get_length (answers); n > 0; n--)
    {
      g_autoptr (SwapAnswer) answer = next_answer ();

      found += answer->version == version && answer->number == number ? 1 : 0;
    }
  return found;
}

/* By one that rolls, by one with another state, and by one that is refused. */
START_TEST (a_swap_keeps_subscriptions)
{
  static const char *const names[] = { "SwapTick", NULL };
  static const char *const plugins[] = { "swap-1", "swap-2", "swap-3" };
  ButlerServer *servers[2] = { start_server ("a", ((ButlerServerOptions) { .no_route = TRUE, .subscribes = names })), start_server ("b", UNROUTED) };

  ck_assert (butler_server_subscribe (servers[1], &swap_tick_info, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (plugins); i++)
    {
      if (i > 0)
        butler_swap_report_free (swap_to (plugins[i]));
      ck_assert_uint_eq (swap_tick_publish (hub, &(SwapTick) { .number = 100 + i }, NULL), 2);
      ck_assert (butler_server_stop (servers[0]) && butler_server_stop (servers[1]));
      ck_assert_uint_eq (count_answers (i + 1, 100 + i), 2);
      ck_assert (butler_server_start (servers[0], NULL) && butler_server_start (servers[1], NULL));
    }
  swap_fails ("swap-fewer", BUTLER_ERROR_BAD_HANDLERS, "no handler of SwapOrder any more");
  ck_assert_uint_eq (swap_tick_publish (hub, &(SwapTick) { .number = 9 }, NULL), 2);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap");
  TCase *tcase = tcase_create ("swap");

  tcase_add_checked_fixture (tcase, swaps_begin, swaps_end);
  tcase_add_test (tcase, a_rolling_swap_keeps_the_state);
  tcase_add_test (tcase, a_report_waits_for_servers_that_come_over);
  tcase_add_test (tcase, messages_that_wait_meet_the_new_code);
  tcase_add_test (tcase, another_layout_is_migrated);
  tcase_add_test (tcase, a_swap_that_fails_changes_nothing);
  tcase_add_loop_test (tcase, a_refusal_names_the_reason, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, nothing_new_is_nothing_to_do);
  tcase_add_test (tcase, an_unknown_plugin_is_named);
  tcase_add_test (tcase, a_handler_has_its_own_plugin_swapped);
  tcase_add_test (tcase, a_stuck_handler_is_named_at_the_deadline);
  tcase_add_loop_test (tcase, a_server_without_a_thread_is_swapped_by_who_swaps, 0, 2);
  tcase_add_loop_test (tcase, servers_that_do_not_run_start_with_the_new_code, 0, 2);
  tcase_add_test (tcase, a_new_type_is_routed);
  tcase_add_test (tcase, messages_of_another_layout_are_converted);
  tcase_add_test (tcase, what_is_swapped_out_goes);
  tcase_add_test (tcase, a_pointer_into_the_old_file_keeps_it);
  tcase_add_test (tcase, a_hold_is_waited_for_before_a_migration);
  tcase_add_test (tcase, a_swap_keeps_subscriptions);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
