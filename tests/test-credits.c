/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <pthread.h>

#include "lib/credits.h"
#include "tests/common.h"

#define CAPACITY 3

static ButlerCredits credits;
static const ButlerWait wait = { 0 };

static void
set_up (void)
{
  memset (&credits, 0, sizeof credits);
  butler__credits_init (&credits, CAPACITY);
}

static void
tear_down (void)
{
  butler__credits_clear (&credits);
}

static void
use_up (void)
{
  for (guint i = 0; i < CAPACITY; i++)
    ck_assert (butler__credits_try (&credits));
}

START_TEST (there_are_as_many_as_the_capacity)
{
  use_up ();
  ck_assert (!butler__credits_try (&credits));
  ck_assert_uint_eq (butler__credits_used (&credits), CAPACITY);
}
END_TEST

START_TEST (each_one_given_back_can_be_had_once)
{
  use_up ();
  butler__credits_give (&credits, 2);
  ck_assert (butler__credits_try (&credits));
  ck_assert (butler__credits_try (&credits));
  ck_assert (!butler__credits_try (&credits));
}
END_TEST

START_TEST (giving_none_changes_nothing)
{
  use_up ();
  butler__credits_give (&credits, 0);
  ck_assert (!butler__credits_try (&credits));
}
END_TEST

START_TEST (each_one_handed_out_can_be_had_once)
{
  for (guint i = 0; i < 100; i++)
    {
      use_up ();
      ck_assert (!butler__credits_try (&credits));
      for (guint n = 0; n < CAPACITY; n++)
        {
          butler__credits_hand_out (&credits);
          ck_assert (butler__credits_try (&credits));
          ck_assert (!butler__credits_try (&credits));
        }
      butler__credits_give (&credits, CAPACITY);
    }
}
END_TEST

START_TEST (refunded_one_was_never_had)
{
  use_up ();
  butler__credits_refund (&credits);
  ck_assert_uint_eq (butler__credits_used (&credits), CAPACITY - 1);
  ck_assert (butler__credits_try (&credits));
  ck_assert (!butler__credits_try (&credits));
  ck_assert_uint_eq (credits.reserved, CAPACITY);
}
END_TEST

START_TEST (overdrawn_ones_are_to_be_given_back_first)
{
  use_up ();
  butler__credits_overdraw (&credits);
  butler__credits_overdraw (&credits);
  ck_assert_uint_eq (butler__credits_used (&credits), CAPACITY + 2);
  butler__credits_hand_out (&credits);
  butler__credits_give (&credits, 1);
  ck_assert (!butler__credits_try (&credits));
  butler__credits_hand_out (&credits);
  ck_assert (butler__credits_try (&credits));
}
END_TEST

/* The counts only grow: they go on where they began anew. */
START_TEST (counts_may_overflow)
{
  credits.reserved = credits.handed = G_MAXSIZE - 1;
  credits.limit = G_MAXSIZE - 1 + CAPACITY;
  for (guint i = 0; i < 3; i++)
    {
      use_up ();
      ck_assert (!butler__credits_try (&credits));
      ck_assert_uint_eq (butler__credits_used (&credits), CAPACITY);
      for (guint n = 0; n < CAPACITY; n++)
        butler__credits_hand_out (&credits);
      ck_assert_uint_eq (butler__credits_used (&credits), 0);
    }
}
END_TEST

START_TEST (nobody_waits_while_there_is_room)
{
  guint generation;

  ck_assert (!butler__credits_announce (&credits, &generation));
  use_up ();
  ck_assert (butler__credits_announce (&credits, &generation));
}
END_TEST

/* Here a sleeper would miss what was given before it slept. */
START_TEST (what_is_given_after_the_announcement_ends_the_sleep)
{
  guint generation;

  use_up ();
  ck_assert (butler__credits_announce (&credits, &generation));
  butler__credits_give (&credits, 1);
  ck_assert (butler__credits_sleep (&credits, generation, &wait));
  ck_assert (butler__credits_try (&credits));
}
END_TEST

/* With a barrier in the kernel, if it has one, and without. */
START_TEST (what_is_handed_out_after_the_announcement_ends_the_sleep)
{
  guint generation;

  credits.fenced |= _i;
  use_up ();
  ck_assert (butler__credits_announce (&credits, &generation));
  butler__credits_hand_out (&credits);
  ck_assert (butler__credits_sleep (&credits, generation, &wait));
  ck_assert (butler__credits_try (&credits));
  ck_assert (butler__credits_announce (&credits, &generation));
  butler__credits_refund (&credits);
  ck_assert (butler__credits_sleep (&credits, generation, &wait));
}
END_TEST

START_TEST (closing_ends_the_sleep_for_good)
{
  guint generation;

  use_up ();
  ck_assert (butler__credits_announce (&credits, &generation));
  butler__credits_set_closed (&credits, TRUE);
  ck_assert (!butler__credits_sleep (&credits, generation, &wait));
  ck_assert (butler__credits_announce (&credits, &generation));
  ck_assert (!butler__credits_sleep (&credits, generation, &wait));
}
END_TEST

START_TEST (opened_again_it_lets_wait_again)
{
  guint generation;

  use_up ();
  butler__credits_set_closed (&credits, TRUE);
  butler__credits_set_closed (&credits, FALSE);
  ck_assert (butler__credits_announce (&credits, &generation));
  butler__credits_give (&credits, 1);
  ck_assert (butler__credits_sleep (&credits, generation, &wait));
}
END_TEST

START_TEST (cancelled_wait_ends_the_sleep)
{
  ButlerWait cancelled = { .cancelled = TRUE };
  guint generation;

  use_up ();
  ck_assert (butler__credits_announce (&credits, &generation));
  ck_assert (!butler__credits_sleep (&credits, generation, &cancelled));
}
END_TEST

START_TEST (they_are_gone_until_some_are_given_or_all_is_closed)
{
  ck_assert (!butler__credits_are_gone (&credits));
  use_up ();
  ck_assert (butler__credits_are_gone (&credits));
  butler__credits_set_closed (&credits, TRUE);
  ck_assert (!butler__credits_are_gone (&credits));
  butler__credits_set_closed (&credits, FALSE);
  butler__credits_give (&credits, 1);
  ck_assert (!butler__credits_are_gone (&credits));
}
END_TEST

/* Several threads */

#define SLEEPERS 4

static pthread_barrier_t announced;

static gpointer
announce_and_sleep (gpointer data)
{
  guint generation;
  gboolean waits = butler__credits_announce (&credits, &generation);

  g_assert_true (waits);
  pthread_barrier_wait (&announced);
  return GINT_TO_POINTER (butler__credits_sleep (&credits, generation, data));
}

static void
start_sleepers (GThread          *threads[SLEEPERS],
                const ButlerWait *their_wait)
{
  use_up ();
  pthread_barrier_init (&announced, NULL, SLEEPERS + 1);
  for (guint i = 0; i < SLEEPERS; i++)
    threads[i] = g_thread_new ("sleeper", announce_and_sleep, (gpointer) their_wait);
  pthread_barrier_wait (&announced);
}

static void
join_sleepers (GThread *threads[SLEEPERS],
               gboolean go_on)
{
  for (guint i = 0; i < SLEEPERS; i++)
    ck_assert_int_eq (GPOINTER_TO_INT (g_thread_join (threads[i])), go_on);
  pthread_barrier_destroy (&announced);
}

/* One would do for the credit; but whoever it is may be about to be cancelled. */
START_TEST (giving_one_wakes_all)
{
  GThread *threads[SLEEPERS];

  start_sleepers (threads, &wait);
  butler__credits_give (&credits, 1);
  join_sleepers (threads, TRUE);
}
END_TEST

START_TEST (handing_out_one_wakes_all)
{
  GThread *threads[SLEEPERS];

  start_sleepers (threads, &wait);
  butler__credits_hand_out (&credits);
  join_sleepers (threads, TRUE);
}
END_TEST

START_TEST (closing_wakes_all)
{
  GThread *threads[SLEEPERS];

  start_sleepers (threads, &wait);
  butler__credits_set_closed (&credits, TRUE);
  join_sleepers (threads, FALSE);
}
END_TEST

START_TEST (waking_lets_all_see_that_they_are_cancelled)
{
  ButlerWait cancelled = { 0 };
  GThread *threads[SLEEPERS];

  start_sleepers (threads, &cancelled);
  atomic_store (&cancelled.cancelled, TRUE);
  butler__credits_wake (&credits);
  join_sleepers (threads, FALSE);
}
END_TEST

static _Atomic guint in_use;

static gpointer
use_often (gpointer data)
{
  guint generation;

  for (guint n = GPOINTER_TO_UINT (data); n > 0; n--)
    {
      while (!butler__credits_try (&credits))
        if (butler__credits_announce (&credits, &generation))
          butler__credits_sleep (&credits, generation, &wait);
      g_assert_cmpuint (atomic_fetch_add (&in_use, 1), <, CAPACITY);
      atomic_fetch_sub (&in_use, 1);
      butler__credits_give (&credits, 1);
    }
  return NULL;
}

START_TEST (never_more_are_in_use_and_nobody_waits_for_ever)
{
  GThread *threads[2 * CAPACITY];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", use_often, GUINT_TO_POINTER (butler_test_rounds (10000)));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ck_assert_uint_eq (butler__credits_used (&credits), 0);
}
END_TEST

/* One hands out what the others had, and does nothing else in between that would let it see them. */
typedef struct
{
  GAsyncQueue *had;
  guint        n; /* each */
} Takers;

static gpointer
take_often (gpointer data)
{
  Takers *takers = data;
  guint generation;

  for (guint n = takers->n; n > 0; n--)
    {
      while (!butler__credits_try (&credits))
        if (butler__credits_announce (&credits, &generation))
          butler__credits_sleep (&credits, generation, &wait);
      g_async_queue_push (takers->had, takers);
    }
  return NULL;
}

static void
hand_out_to (guint n_takers,
             guint each)
{
  Takers takers = { g_async_queue_new (), each };
  GThread *threads[SLEEPERS];

  use_up ();
  for (guint i = 0; i < n_takers; i++)
    threads[i] = g_thread_new ("taker", take_often, &takers);
  for (guint n = each * n_takers; n > 0; n--)
    {
      g_assert_cmpuint (butler__credits_used (&credits), <=, CAPACITY);
      butler__credits_hand_out (&credits);
      g_async_queue_pop (takers.had);
    }
  for (guint i = 0; i < n_takers; i++)
    g_thread_join (threads[i]);
  ck_assert_uint_eq (butler__credits_used (&credits), CAPACITY);
  g_async_queue_unref (takers.had);
}

START_TEST (who_hands_out_needs_no_second_look)
{
  credits.fenced |= _i;
  hand_out_to (1, butler_test_rounds (50000));
  for (guint n = 0; n < CAPACITY; n++)
    butler__credits_hand_out (&credits);
  hand_out_to (SLEEPERS, butler_test_rounds (5000));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("credits");
  TCase *alone = tcase_create ("alone");
  TCase *threads = tcase_create ("threads");

  tcase_add_checked_fixture (alone, set_up, tear_down);
  tcase_add_test (alone, there_are_as_many_as_the_capacity);
  tcase_add_test (alone, each_one_given_back_can_be_had_once);
  tcase_add_test (alone, each_one_handed_out_can_be_had_once);
  tcase_add_test (alone, refunded_one_was_never_had);
  tcase_add_test (alone, overdrawn_ones_are_to_be_given_back_first);
  tcase_add_test (alone, counts_may_overflow);
  tcase_add_test (alone, giving_none_changes_nothing);
  tcase_add_test (alone, nobody_waits_while_there_is_room);
  tcase_add_test (alone, what_is_given_after_the_announcement_ends_the_sleep);
  tcase_add_loop_test (alone, what_is_handed_out_after_the_announcement_ends_the_sleep, 0, 2);
  tcase_add_test (alone, closing_ends_the_sleep_for_good);
  tcase_add_test (alone, opened_again_it_lets_wait_again);
  tcase_add_test (alone, cancelled_wait_ends_the_sleep);
  tcase_add_test (alone, they_are_gone_until_some_are_given_or_all_is_closed);
  suite_add_tcase (suite, alone);

  tcase_add_checked_fixture (threads, set_up, tear_down);
  tcase_set_timeout (threads, 60);
  tcase_add_test (threads, giving_one_wakes_all);
  tcase_add_test (threads, handing_out_one_wakes_all);
  tcase_add_test (threads, closing_wakes_all);
  tcase_add_test (threads, waking_lets_all_see_that_they_are_cancelled);
  tcase_add_loop_test (threads, who_hands_out_needs_no_second_look, 0, 2);
  tcase_add_test (threads, never_more_are_in_use_and_nobody_waits_for_ever);
  suite_add_tcase (suite, threads);
  return butler_test_main (suite);
}
