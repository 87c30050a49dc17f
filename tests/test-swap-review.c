/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <dlfcn.h>

#include "lib/loader.h"
#include "lib/server.h"
#include "lib/switch.h"
#include "tests/swaps.h"

/* What comes between the steps of a swap. The tests look into the hub, to know how far a swap has got: all that they read is announced
 * by its condition. */

typedef struct
{
  GThread     *thread;
  GAsyncQueue *gate; /* (owned) */
} Halted;

static gpointer
swap_all (gpointer data)
{
  GError *error = NULL;
  ButlerSwapReport *report = butler_hub_swap (hub, NULL, &error);

  (void) data;
  if (report == NULL)
    return error;
  butler_swap_report_free (report);
  return NULL;
}

static void
swap_over (const char *plugin)
{
  butler_swap_report_free (swap_to (plugin));
}

static void
await_halt (void)
{
  butler__hub_lock (hub);
  while (module->halt == NULL)
    g_cond_wait (&hub->changed, &hub->mutex);
  butler__hub_unlock (hub);
}

/* The swap to @plugin cannot go on before halted_end(), as a handler waits for @gate. */
static Halted
halted_begin (const char  *plugin,
              GAsyncQueue *gate)
{
  Halted self = { .gate = g_async_queue_ref (gate) };

  butler_hub_set_swap_limit (hub, 60000);
  put (plugin);
  self.thread = g_thread_new ("swap", swap_all, NULL);
  await_halt ();
  return self;
}

static Halted
halted_by_order (const char *plugin)
{
  g_autoptr (GAsyncQueue) gate = g_async_queue_new ();

  keep_waiting (start_server ("s", ROUTED), gate);
  return halted_begin (plugin, gate);
}

/* (transfer full) (nullable): why it failed. */
static GError *
halted_end (Halted *self)
{
  GError *error;

  g_async_queue_push (self->gate, self->gate);
  error = g_thread_join (self->thread);
  g_async_queue_unref (self->gate);
  return error;
}

START_TEST (a_server_made_during_a_halt_has_the_new_code)
{
  Halted halted = halted_by_order ("swap-3");
  ButlerServer *late = make_server ("late", UNROUTED);

  butler_assert_no_error (halted_end (&halted));
  expect (1, 0, "wait");
  expect (3, 1002, "be brief");
  ck_assert (butler_server_start (late, NULL));
  tick (late, 0, 1);
  expect (3, 1, "be brief");
}
END_TEST

/* It is in a handler all the time. */
START_TEST (a_swap_that_fails_leaves_an_earlier_one_to_come)
{
  GAsyncQueue *gate = g_async_queue_new ();
  ButlerServer *server = start_server ("s7", ROUTED);
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (GError) error = NULL;
  Halted halted;

  keep_waiting (server, gate);
  report = swap_to ("swap-2");
  ck_assert (!g_array_index (g_array_index (report->plugins, ButlerSwappedPlugin, 0).servers, ButlerSwappedServer, 0).done);
  halted = halted_begin ("swap-fails", gate);
  error = halted_end (&halted);
  ck_assert_ptr_nonnull (error);
  expect (1, 0, "wait");
  tick (server, 0, 1);
  expect (2, 1, "be brief");
  g_async_queue_unref (gate);
}
END_TEST

typedef struct
{
  ButlerServer *server;
  GAsyncQueue  *queue; /* "I am there" */
  GAsyncQueue  *gate;
} Work;

static gpointer
dispatch_it (gpointer data)
{
  Work *work = data;

  g_async_queue_push (work->queue, work);
  return GUINT_TO_POINTER (butler_server_dispatch (work->server, 10));
}

/* Nobody has done anything wrong: to be refused would be a critical. */
START_TEST (who_dispatches_a_server_waits_while_a_swap_has_it)
{
  Work work = { start_server ("idle", (ButlerServerOptions) { .no_thread = TRUE, .no_route = TRUE }), g_async_queue_new (), NULL };
  Halted halted = halted_by_order ("swap-3");
  guint handled = 0;
  GThread *thread;

  tick (work.server, 0, 1);
  thread = g_thread_new ("dispatch", dispatch_it, &work);
  g_async_queue_pop (work.queue);
  butler_assert_no_error (halted_end (&halted));
  ck_assert_uint_eq (GPOINTER_TO_UINT (g_thread_join (thread)), 1);
  expect (1, 0, "wait");
  for (guint i = 0; i < 3; i++) /* the `swapped` functions of both servers, and the message */
    {
      g_autoptr (SwapAnswer) answer = next_answer ();

      ck_assert_uint_eq (answer->version, 3);
      handled += g_str_equal (answer->text, "swapped");
    }
  ck_assert_uint_eq (handled, 1);
  ck_assert (butler_server_stop (work.server));
  g_async_queue_unref (work.queue);
}
END_TEST

static void
set_state (ButlerServer *server, ButlerServerState state)
{
  butler__hub_lock (hub);
  server->state = state;
  butler__hub_unlock (hub);
}

/* As if a thread were at it that has not come to take the reader's role yet: there is no state to be moved. */
START_TEST (a_server_that_starts_is_left_to_who_starts_it)
{
  ButlerServer *server = make_server ("idle", (ButlerServerOptions) { .no_thread = TRUE });

  butler_hub_set_swap_limit (hub, 50);
  set_state (server, BUTLER_SERVER_STARTING);
  swap_fails ("swap-3", BUTLER_ERROR_TIMED_OUT, "server idle is starting");
  set_state (server, BUTLER_SERVER_NEW);
  ck_assert (butler_server_start (server, NULL));
  ck_assert (butler_server_stop (server));
}
END_TEST

static gboolean
fail_nothing (ButlerContext *context, gpointer data, GError **error)
{
  (void) context;
  (void) data;
  (void) error;
  return TRUE;
}

static void
look_at_hub (gpointer data)
{
  ck_assert_ptr_null (butler_hub_get_server (hub, data));
}

/* Its last reference goes with the swap: what its events own is freed, by functions that may use the hub. */
START_TEST (a_server_removed_during_a_halt_goes_well)
{
  static char name[] = "removed";
  ButlerServer *server = make_server (name, UNROUTED);
  Halted halted;

  butler_server_add_startup (server, fail_nothing, name, look_at_hub);
  halted = halted_by_order ("swap-3");
  ck_assert (butler_server_remove (server));
  butler_assert_no_error (halted_end (&halted));
  expect (1, 0, "wait");
  expect (3, 1002, "be brief");
}
END_TEST

static void
wait_and_tick (ButlerTask *task, gpointer data)
{
  Work *work = data;
  SwapTick value = { .writer = 5 };

  g_async_queue_push (work->queue, work);
  g_async_queue_pop (work->gate);
  swap_tick_return (task, &value);
}

static gboolean
start_with_task (ButlerContext *context, gpointer data, GError **error)
{
  (void) error;
  butler_context_run_task (context, "wait", wait_and_tick, data, NULL);
  return TRUE;
}

static gpointer
start_it (gpointer data)
{
  return GUINT_TO_POINTER (butler_server_start (data, NULL));
}

/* The message is sent after the swap, which the server cannot have missed. */
START_TEST (a_server_that_starts_handles_in_the_new_code)
{
  Work work = { make_server ("s", ROUTED), g_async_queue_new (), g_async_queue_new () };
  GThread *thread;

  g_thread_pool_set_max_unused_threads (0);
  butler_server_add_startup (work.server, start_with_task, &work, NULL);
  thread = g_thread_new ("start", start_it, work.server);
  g_async_queue_pop (work.queue);
  swap_over ("swap-2");
  g_async_queue_push (work.gate, &work);
  ck_assert (GPOINTER_TO_UINT (g_thread_join (thread)));
  expect (2, 1, "be brief");
  g_async_queue_unref (work.queue);
  g_async_queue_unref (work.gate);
}
END_TEST

#define MINE_FIELDS(F, R) F (R, string, motto, NULL, NULL)
BUTLER_SETTINGS (SwapSettings, mine, MINE_FIELDS);

/* The program has a set, and a record of its settings, of before the swap. */
START_TEST (settings_of_an_older_set_are_adapted)
{
  const ButlerHandlerSet *set = butler_module_get_set (module, "swap", NULL);
  SwapSettings settings = { .motto = (char *) "mine" };
  ButlerServerOptions options = { .options_size = sizeof options, .settings = &settings };
  ButlerServer *server;

  swap_over ("swap-3");
  server = butler_server_new (hub, "s", set, &options, NULL);
  ck_assert (butler_server_start (server, NULL));
  tick (server, 0, 1);
  expect (3, 1, "mine");
}
END_TEST

START_TEST (a_state_of_an_older_set_is_refused)
{
  const ButlerHandlerSet *set = butler_module_get_set (module, "swap", NULL);
  char state[64] = { 0 };
  ButlerServerOptions options = { .options_size = sizeof options, .state = state };
  GError *error = NULL;

  swap_over ("swap-3");
  ck_assert_ptr_null (butler_server_new (hub, "s", set, &options, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "the program's own", NULL);
}
END_TEST

static const ButlerHandlerSet *
own_table (void)
{
  const ButlerPlugin *plugin = dlsym (butler__loaded_of (module->current)->handle, "butler_plugin");

  return plugin->sets[0];
}

START_TEST (a_server_that_a_plugin_makes_is_swapped)
{
  ButlerServer *server = butler_server_new (hub, "s", own_table (), NULL, NULL);

  ck_assert (butler_server_start (server, NULL));
  swap_over ("swap-2");
  tick (server, 0, 1);
  expect (2, 1, "be brief");
}
END_TEST

/* Its functions are called till its end, though its handlers are others by then. */
START_TEST (functions_of_events_keep_their_file)
{
  ButlerServer *server = make_server ("s", ROUTED);
  g_autoptr (ButlerModuleStatus) status = NULL;

  butler_server_add_startup (server, (ButlerStartupFunc) (guintptr) own_table ()->start, NULL, NULL);
  swap_over ("swap-2");
  status = butler_module_get_status (module);
  ck_assert_uint_eq (status->generations->len, 2);
  ck_assert_str_eq (g_array_index (status->generations, ButlerGenerationStatus, 1).pins[0], "a startup event of server s");
}
END_TEST

/* As in what a `swapped` function leaves for the commit. */
START_TEST (the_thread_of_swaps_does_not_wait_for_one)
{
  GError *error = NULL;
  GThread *swapper;

  swap_over ("swap-2");
  butler__hub_lock (hub);
  swapper = hub->swapper;
  hub->swapper = g_thread_self ();
  butler__hub_unlock (hub);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_WOULD_DEADLOCK, NULL);
  butler__hub_lock (hub);
  hub->swapper = swapper;
  butler__hub_unlock (hub);
}
END_TEST

static void
note_error (GObject *nothing, GAsyncResult *result, gpointer error)
{
  (void) nothing;
  ck_assert_ptr_null (butler_hub_swap_finish (hub, result, error));
}

START_TEST (a_swap_that_is_cancelled_is_given_up_at_once)
{
  g_autoptr (GAsyncQueue) gate = g_async_queue_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  butler_hub_set_swap_limit (hub, 60 * 60 * 1000);
  keep_waiting (start_server ("s", ROUTED), gate);
  put ("swap-3");
  butler_hub_swap_async (hub, NULL, cancellable, note_error, &error);
  await_halt ();
  g_cancellable_cancel (cancellable);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_async_queue_push (gate, gate);
  expect (1, 0, "wait");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-review");
  TCase *tcase = tcase_create ("swap-review");

  tcase_add_checked_fixture (tcase, swaps_begin, swaps_end);
  tcase_add_test (tcase, a_server_made_during_a_halt_has_the_new_code);
  tcase_add_test (tcase, a_swap_that_fails_leaves_an_earlier_one_to_come);
  tcase_add_test (tcase, who_dispatches_a_server_waits_while_a_swap_has_it);
  tcase_add_test (tcase, a_server_that_starts_is_left_to_who_starts_it);
  tcase_add_test (tcase, a_server_removed_during_a_halt_goes_well);
  tcase_add_test (tcase, a_server_that_starts_handles_in_the_new_code);
  tcase_add_test (tcase, settings_of_an_older_set_are_adapted);
  tcase_add_test (tcase, a_state_of_an_older_set_is_refused);
  tcase_add_test (tcase, a_server_that_a_plugin_makes_is_swapped);
  tcase_add_test (tcase, functions_of_events_keep_their_file);
  tcase_add_test (tcase, the_thread_of_swaps_does_not_wait_for_one);
  tcase_add_test (tcase, a_swap_that_is_cancelled_is_given_up_at_once);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
