/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/resource.h>

#include "tests/calls.h"
#include "tests/cpu.h"
#include "tests/leftovers.h"
#include "tests/keeper.h"

/* The faults of the package from which ThreadButler takes its idea, by the numbers of docs/coming-from-nim.md: none of them is here. */

static void
set_up_keeper (void)
{
  set_up (NO_OPTIONS);
  on_number = tell_number;
}

static void
count_number (Keeper        *self,
              Number        *number G_GNUC_UNUSED,
              ButlerContext *context G_GNUC_UNUSED)
{
  self->sum++;
  atomic_fetch_add (&ended, 1);
}

/* 1: a handler that fails was called for ever with the same message. */

static void
fail_on_first (Keeper        *self,
               Number        *number,
               ButlerContext *context)
{
  count_number (self, number, context);
  if (number->value == 1)
    butler_context_fail (context, "no room for 1");
}

START_TEST (fault_1_a_failing_handler_is_called_once)
{
  on_number = fail_on_first;
  expect_warnings ();
  start (server);
  send_to_server (server, 1, 3);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (atomic_load (&ended), 3);
  ck_assert_uint_eq (failures (), 1);
  assert_warnings (1, "failed on a Number: no room for 1");
}
END_TEST

/* 2: shutting down all servers from within hung, and so did a handler that stopped its server while a kill was under way. */

#define THE_LAST 99

/* All others have what they are to handle when this one comes. */
static void
shut_down (Keeper        *self,
           Number        *number,
           ButlerContext *context)
{
  count_number (self, number, context);
  if (number->value == THE_LAST)
    butler_hub_shutdown (butler_context_get_hub (context));
}

static void
stop_beside_a_kill (Keeper        *self,
                    Number        *number,
                    ButlerContext *context)
{
  count_number (self, number, context);
  tell (news, 0);
  g_async_queue_pop (gate);
  butler_context_stop_server (context);
}

static gpointer
kill_it (gpointer data G_GNUC_UNUSED)
{
  g_assert_true (butler_server_kill (server));
  return NULL;
}

START_TEST (fault_2_all_servers_are_shut_down_from_within)
{
  ButlerServer *others[3];

  on_number = shut_down;
  start (server);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *name = g_strdup_printf ("other-%u", i);

      others[i] = new_keeper (name, OPTIONS (.no_route = TRUE));
      start (others[i]);
      send_to_server (others[i], 1, 10);
    }
  send_to_server (server, THE_LAST, THE_LAST);
  ck_assert (butler_hub_join (hub, NULL));
  ck_assert_int_eq (atomic_load (&ended), 31);
}
END_TEST

START_TEST (fault_2_a_server_stops_itself_while_it_is_killed)
{
  on_number = stop_beside_a_kill;
  for (guint i = 0; i < butler_test_rounds (200); i++)
    {
      GThread *killer;

      start (server);
      send_to_server (server, 1, 1);
      ck_assert_int_eq (wait_for_number (news), 0);
      killer = g_thread_new ("killer", kill_it, NULL);
      g_async_queue_push (gate, gate);
      g_thread_join (killer);
      ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
    }
}
END_TEST

/* 3: a kill left over from an earlier stop ended the next run. */

START_TEST (fault_3_no_stop_or_kill_reaches_the_next_run)
{
  int n = (int) butler_test_rounds (1000);

  on_number = count_number;
  for (int i = 1; i <= n; i++)
    {
      start (server);
      send_to_server (server, 1, 3);
      ck_assert (butler_server_stop (server));
      ck_assert (butler_server_stop (server));
      ck_assert (butler_server_kill (server));
      ck_assert_int_eq (atomic_load (&ended), 3 * i);
      start (server);
      ck_assert (butler_server_kill (server));
      ck_assert (butler_server_kill (server));
    }
}
END_TEST

/* 4: on a full channel the kill was lost, and what was refused was destroyed. */

static void
wait_in_handler (Keeper        *self,
                 Number        *number,
                 ButlerContext *context)
{
  count_number (self, number, context);
  tell (news, 0);
  g_async_queue_pop (gate);
}

static void
fill (ButlerServer *full)
{
  send_to_server (full, 1, 1);
  ck_assert_int_eq (wait_for_number (news), 0);
  send_to_server (full, 2, 2);
}

START_TEST (fault_4_control_passes_a_full_channel)
{
  ButlerServer *full = new_keeper ("full", OPTIONS (.capacity = 1, .no_route = TRUE));
  Parcel parcel = { .number = 4 };
  GError *error = NULL;

  on_number = wait_in_handler;
  start (full);
  fill (full);
  ck_assert (!parcel_try_send_to (butler_server_get_channel (full), &parcel, &error));
  butler_assert_error (&error, BUTLER_ERROR_FULL, NULL);
  ck_assert_uint_eq (parcel.number, 4);
  g_async_queue_push (gate, gate);
  g_async_queue_push (gate, gate);
  ck_assert (_i == 0 ? butler_server_stop (full) : butler_server_kill (full));
  ck_assert_int_eq (atomic_load (&ended), 2 - (int) dead_letters (full, BUTLER_DEAD_KILLED));
}
END_TEST

/* 5: a descriptor leaked with each start. */

static void
start_and_stop (int n)
{
  for (int i = 0; i < n; i++)
    {
      start (server);
      send_to_server (server, 1, 1);
      ck_assert (butler_server_stop (server));
    }
}

static void
make_and_remove (int n)
{
  for (int i = 0; i < n; i++)
    {
      ButlerServer *other = new_keeper ("other", OPTIONS (.no_route = TRUE));

      start (other);
      ck_assert (butler_server_remove (other));
    }
}

START_TEST (fault_5_starts_leave_nothing_behind)
{
  struct rlimit before;
  guint descriptors;
  guint threads;
  gsize memory;

  getrlimit (RLIMIT_NOFILE, &before);
  setrlimit (RLIMIT_NOFILE, &(struct rlimit) { 64, before.rlim_max });
  on_number = count_number;
  start_and_stop (100);
  make_and_remove (100);
  threads = leftovers_count ("/proc/self/task");
  descriptors = leftovers_count ("/proc/self/fd");
  memory = leftovers_memory ();
  start_and_stop ((int) butler_test_rounds (10000));
  make_and_remove ((int) butler_test_rounds (1000));
  ck_assert_uint_le (leftovers_threads (threads), threads);
  ck_assert_uint_eq (leftovers_count ("/proc/self/fd"), descriptors);
  ck_assert_uint_lt (leftovers_memory (), memory + 65536);
  setrlimit (RLIMIT_NOFILE, &before);
}
END_TEST

/* 6: what an asynchronous handler had not finished at the end was dropped without a word. */

static void
hold_for_long (Keeper        *self G_GNUC_UNUSED,
               Number        *number,
               ButlerContext *context)
{
  if (number->value > 0)
    release_after ((guint) number->value, context);
  else
    release_when_cancelled (context);
}

START_TEST (fault_6_unfinished_work_is_waited_for)
{
  on_number = hold_for_long;
  start (server);
  send_to_server (server, 10, 13);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (atomic_load (&ended), 4);
}
END_TEST

START_TEST (fault_6_unfinished_work_is_cancelled_by_name)
{
  ButlerServer *hasty = new_keeper ("hasty", OPTIONS (.end_limit = 1, .no_route = TRUE));

  on_number = hold_for_long;
  start (hasty);
  send_to_server (hasty, 0, 0);
  expect_warnings ();
  ck_assert (butler_server_stop (hasty));
  assert_warnings (1, "server hasty ends, and cancels its handler of Number");
  ck_assert_int_eq (atomic_load (&ended), 1);
}
END_TEST

/* 7: a block that was left by an error left its server running. */

static gboolean
fail_in_a_block (void)
{
  g_autoptr (ButlerServerScope) scope = butler_server_scope_new (server, NULL);

  ck_assert_ptr_nonnull (scope);
  if (!number_send (hub, &(Number) { 1 }, NULL))
    return TRUE;
  return FALSE;
}

START_TEST (fault_7_a_block_ends_its_server_on_every_way_out)
{
  on_number = count_number;
  for (int i = 1; i <= 2; i++)
    {
      ck_assert (!fail_in_a_block ());
      ck_assert_int_eq (butler_server_get_state (server), BUTLER_SERVER_STOPPED);
      ck_assert_int_eq (atomic_load (&ended), i);
    }
}
END_TEST

/* 8 and 9: races in channels, and messages that stayed behind at the end. Each maker of channels, under load. */

#define SENDERS 3

static const ButlerServerOptions makings[] = {
  { .no_route = TRUE },
  { .no_route = TRUE, .as_queue = TRUE },
  { .no_route = TRUE, .capacity = 16, .overflow = BUTLER_OVERFLOW_BLOCK },
  { .no_route = TRUE, .capacity = 16, .overflow = BUTLER_OVERFLOW_FAIL },
  { .no_route = TRUE, .capacity = 16, .overflow = BUTLER_OVERFLOW_DROP_OLDEST },
  { .no_route = TRUE, .capacity = 16, .overflow = BUTLER_OVERFLOW_DROP_NEWEST },
};

/* Until it is closed: how many were accepted. */
static gpointer
send_till_closed (gpointer to)
{
  ButlerChannel *channel = butler_server_get_channel (to);
  GError *error = NULL;
  guint n = 0;

  while (error == NULL || g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_FULL))
    {
      Number number = { 1 };

      g_clear_error (&error);
      n += number_send_to (channel, &number, &error) ? 1 : 0;
    }
  g_clear_error (&error);
  if (atomic_fetch_add (&ended, 1) == 0)
    tell (news, -1);
  return GUINT_TO_POINTER (n);
}

static void
tell_at_hundred (Keeper        *self,
                 Number        *number G_GNUC_UNUSED,
                 ButlerContext *context G_GNUC_UNUSED)
{
  if (++self->sum == 100)
    tell (news, 100);
}

static guint
run_under_load (ButlerServer *loaded)
{
  GThread *senders[SENDERS];
  guint accepted = 0;

  start (loaded);
  for (guint i = 0; i < SENDERS; i++)
    senders[i] = g_thread_new ("sender", send_till_closed, loaded);
  ck_assert_int_eq (wait_for_number (news), 100);
  ck_assert (butler_server_stop (loaded));
  for (guint i = 0; i < SENDERS; i++)
    accepted += GPOINTER_TO_UINT (g_thread_join (senders[i]));
  ck_assert_int_eq (wait_for_number (news), -1);
  atomic_store (&ended, 0);
  return accepted;
}

static void
drain_under_load (int   making,
                  guint rounds)
{
  ButlerServer *loaded = new_keeper ("loaded", makings[making]);
  guint accepted = 0;

  on_number = tell_at_hundred;
  for (guint i = 0; i < rounds; i++)
    {
      g_auto (ButlerServerStats) stats = { 0 };

      accepted += run_under_load (loaded);
      stats = get_stats_of (hub, "loaded");
      ck_assert_uint_eq (stats.received, accepted);
      ck_assert_uint_eq (stats.length, 0);
      ck_assert_uint_eq (stats.dead, dead_letters (loaded, BUTLER_DEAD_DROPPED));
    }
}

START_TEST (fault_8_no_channel_has_a_race)
{
  drain_under_load (_i, 1);
}
END_TEST

START_TEST (fault_9_a_drain_is_final)
{
  drain_under_load (_i, butler_test_rounds (100));
}
END_TEST

/* 10: each send cost a system call, also when the receiver was awake. */

static void
busy_at_first (Keeper        *self,
               Number        *number,
               ButlerContext *context)
{
  if (number->value == 1)
    wait_in_handler (self, number, context);
  else if (number->value < 0)
    tell (news, number->value);
}

/* From the first send to the last answer: all that the process does. */

static guint n_busy;

static void
keep_busy (void)
{
  start (server);
  send_to_server (server, 1, 1);
  g_assert_cmpint (wait_for_number (news), ==, 0);
  calls_begin ();
  for (guint i = 2; i <= n_busy; i++)
    g_assert_true (number_send (hub, &(Number) { (int) i }, NULL));
  g_async_queue_push (gate, gate);
  send_to_server (server, -1, -1);
  g_assert_cmpint (wait_for_number (news), ==, -1);
  calls_end ();
  g_assert_true (butler_server_stop (server));
}

START_TEST (fault_10_a_send_to_a_busy_server_costs_no_system_call)
{
  gint64 n;

  if (!butler_test_has_own_process ())
    return;
  n_busy = butler_test_rounds (1000000);
  on_number = busy_at_first;
  n = calls_of (keep_busy);
  printf ("system calls for %u messages: %" G_GINT64_FORMAT "\n", n_busy, n);
  ck_assert_int_lt (n, MAX ((gint64) n_busy / 100, 1000));
}
END_TEST

/* 11: an idle server used the CPU. */

START_TEST (fault_11_idle_servers_use_no_cpu)
{
  ButlerServer *servers[100];
  gint64 wall = (gint64) butler_test_rounds (10000) * 1000;

  for (int i = 0; i < (int) G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *name = g_strdup_printf ("idle-%d", i);

      servers[i] = new_keeper (name, OPTIONS (.no_route = TRUE));
      start (servers[i]);
      send_to_server (servers[i], i, i);
      ck_assert_int_eq (wait_for_number (news), i);
    }
  ck_assert_int_lt (cpu_over (wall), 50000);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("faults");
  TCase *tcase = tcase_create ("faults");
  const int n_makings = (int) G_N_ELEMENTS (makings);

  tcase_add_checked_fixture (tcase, set_up_keeper, tear_down);
  tcase_set_timeout (tcase, 120);
  tcase_add_test (tcase, fault_1_a_failing_handler_is_called_once);
  tcase_add_test (tcase, fault_2_all_servers_are_shut_down_from_within);
  tcase_add_test (tcase, fault_2_a_server_stops_itself_while_it_is_killed);
  tcase_add_test (tcase, fault_3_no_stop_or_kill_reaches_the_next_run);
  tcase_add_loop_test (tcase, fault_4_control_passes_a_full_channel, 0, 2);
  tcase_add_test (tcase, fault_5_starts_leave_nothing_behind);
  tcase_add_test (tcase, fault_6_unfinished_work_is_waited_for);
  tcase_add_test (tcase, fault_6_unfinished_work_is_cancelled_by_name);
  tcase_add_test (tcase, fault_7_a_block_ends_its_server_on_every_way_out);
  tcase_add_loop_test (tcase, fault_8_no_channel_has_a_race, 0, n_makings);
  tcase_add_loop_test (tcase, fault_9_a_drain_is_final, 0, n_makings);
  tcase_add_test (tcase, fault_10_a_send_to_a_busy_server_costs_no_system_call);
  tcase_add_test (tcase, fault_11_idle_servers_use_no_cpu);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
