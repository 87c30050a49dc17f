/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <pthread.h>

#include "lib/waits.h"
#include "tests/common.h"

static ButlerWaits *waits;
static _Atomic (GThread *) now[3];
static ButlerServed served[3]; /* the calling test serves [0], the threads one each of the others */
static pthread_barrier_t stands;

static void
serve (ButlerServed *which)
{
  atomic_store (which->now, g_thread_self ());
  butler__waits_serve (waits, which);
}

static void
set_up (void)
{
  waits = butler__waits_new ();
  for (guint i = 0; i < G_N_ELEMENTS (served); i++)
    served[i].now = &now[i];
  serve (&served[0]);
  pthread_barrier_init (&stands, NULL, 2);
}

static void
tear_down (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (served); i++)
    {
      butler__served_clear (waits, &served[i]);
      atomic_store (&now[i], NULL);
    }
  butler__waits_unref (waits);
  pthread_barrier_destroy (&stands);
}

static gboolean
enter (ButlerWait   *wait,
       ButlerServed *which)
{
  return butler__waits_enter (waits, wait, which, NULL, NULL);
}

/* A thread that serves one thing, and stands in a wait for another. */
typedef struct
{
  ButlerServed     *serves;
  ButlerServed     *waits_for;
  ButlerServed     *errand_of; /* (nullable): it works for who serves that */
  gboolean        (*blocked) (gpointer data);
  ButlerErrand      errand;
  ButlerWait        wait;
  guint             woken;
  int               cancelled; /* what the waiter saw */
  GThread          *thread;
  pthread_barrier_t goes;
} Stander;

static void
count_wake (gpointer data)
{
  ((Stander *) data)->woken++;
}

static gpointer
stand (gpointer data)
{
  Stander *self = data;
  gboolean entered;

  serve (self->serves);
  if (self->errand_of != NULL)
    butler__waits_begin_errand (waits, &self->errand, self->errand_of);
  entered = butler__waits_enter_while (waits, &self->wait, self->waits_for, self->blocked, count_wake, self);
  g_assert_true (entered);
  pthread_barrier_wait (&stands);
  pthread_barrier_wait (&self->goes);
  self->cancelled = atomic_load (&self->wait.cancelled);
  butler__waits_leave (waits, &self->wait);
  if (self->errand_of != NULL)
    butler__waits_end_errand (waits, &self->errand);
  return NULL;
}

/* Returns when it stands. */
static void
start (Stander      *self,
       ButlerServed *serves,
       ButlerServed *waits_for)
{
  self->serves = serves;
  self->waits_for = waits_for;
  pthread_barrier_init (&self->goes, NULL, 2);
  self->thread = g_thread_new ("stander", stand, self);
  pthread_barrier_wait (&stands);
}

static void
end (Stander *self)
{
  pthread_barrier_wait (&self->goes);
  g_thread_join (self->thread);
  pthread_barrier_destroy (&self->goes);
}

START_TEST (what_nobody_serves_can_be_waited_for)
{
  ButlerWait wait;

  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
}
END_TEST

START_TEST (nobody_waits_for_itself)
{
  ButlerWait wait;

  ck_assert (!enter (&wait, &served[0]));
}
END_TEST

START_TEST (two_do_not_wait_for_each_other)
{
  Stander other = { 0 };
  ButlerWait wait;

  start (&other, &served[1], &served[0]);
  ck_assert (!enter (&wait, &served[1]));
  end (&other);
  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
}
END_TEST

START_TEST (three_do_not_wait_in_a_circle)
{
  Stander second = { 0 }, third = { 0 };
  ButlerWait wait;

  start (&third, &served[2], &served[0]);
  start (&second, &served[1], &served[2]);
  ck_assert (!enter (&wait, &served[1]));
  ck_assert (!enter (&wait, &served[2]));
  end (&second);
  end (&third);
}
END_TEST

START_TEST (three_wait_in_a_row)
{
  Stander second = { 0 };
  ButlerWait wait;

  start (&second, &served[1], &served[2]);
  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
  end (&second);
}
END_TEST

/* A thread may serve several: a handler that dispatches a second server. */
START_TEST (everything_that_a_thread_serves_waits_with_it)
{
  Stander other = { 0 };
  ButlerWait wait;

  serve (&served[2]);
  start (&other, &served[1], &served[2]);
  ck_assert (!enter (&wait, &served[1]));
  end (&other);
}
END_TEST

START_TEST (refused_wait_is_not_in_the_way)
{
  Stander other = { 0 };
  ButlerWait refused, wait;

  ck_assert (!enter (&refused, &served[0]));
  start (&other, &served[1], &served[0]);
  end (&other);
  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
}
END_TEST

static gboolean
is_not_blocked (gpointer data G_GNUC_UNUSED)
{
  return FALSE;
}

START_TEST (wait_that_is_over_closes_no_circle)
{
  Stander other = { .blocked = is_not_blocked };
  ButlerWait wait;

  start (&other, &served[1], &served[0]);
  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
  end (&other);
}
END_TEST

static gboolean
is_blocked (gpointer data G_GNUC_UNUSED)
{
  return TRUE;
}

/* What it waits for came between the look that said no and the entry. */
START_TEST (wait_that_is_over_before_it_begins_is_not_refused)
{
  Stander other = { 0 };
  ButlerWait wait;

  start (&other, &served[1], &served[0]);
  ck_assert (butler__waits_enter_while (waits, &wait, &served[1], is_not_blocked, NULL, NULL));
  butler__waits_leave (waits, &wait);
  end (&other);
}
END_TEST

/* One of the two is awake, and looks before it sleeps again. */
START_TEST (walk_ends_in_a_circle_of_others)
{
  Stander second = { .blocked = is_not_blocked }, third = { 0 };
  ButlerWait wait;

  start (&second, &served[1], &served[2]);
  start (&third, &served[2], &served[1]);
  second.wait.blocked = is_blocked;
  ck_assert (enter (&wait, &served[1]));
  butler__waits_leave (waits, &wait);
  end (&second);
  end (&third);
}
END_TEST

/* Errands */

START_TEST (who_awaits_an_errand_ends_its_wait)
{
  Stander errand = { .errand_of = &served[0] };

  start (&errand, &served[1], &served[0]);
  ck_assert_uint_eq (errand.woken, 0);
  butler__waits_await_errands (waits, &served[0]);
  ck_assert_uint_eq (errand.woken, 1);
  butler__waits_have_errands (waits, &served[0]);
  end (&errand);
  ck_assert_int_eq (errand.cancelled, BUTLER__WAIT_REFUSED);
}
END_TEST

START_TEST (who_awaits_an_errand_ends_its_wait_through_others)
{
  Stander errand = { .errand_of = &served[0] }, other = { 0 };

  start (&other, &served[2], &served[0]);
  start (&errand, &served[1], &served[2]);
  butler__waits_await_errands (waits, &served[0]);
  ck_assert_uint_eq (errand.woken, 1);
  ck_assert_uint_eq (other.woken, 0);
  end (&errand);
  end (&other);
}
END_TEST

START_TEST (errand_may_wait_for_others)
{
  Stander errand = { .errand_of = &served[0] };
  ButlerWait wait;

  start (&errand, &served[1], &served[2]);
  butler__waits_await_errands (waits, &served[0]);
  ck_assert_uint_eq (errand.woken, 0);
  ck_assert (enter (&wait, &served[2]));
  butler__waits_leave (waits, &wait);
  end (&errand);
}
END_TEST

START_TEST (errand_that_is_not_awaited_waits_for_whom_it_likes)
{
  Stander errand = { .errand_of = &served[0] };

  butler__waits_await_errands (waits, &served[0]);
  butler__waits_have_errands (waits, &served[0]);
  start (&errand, &served[1], &served[0]);
  butler__waits_forget_errands (waits, &served[0]);
  butler__waits_await_errands (waits, &served[0]);
  ck_assert_uint_eq (errand.woken, 0);
  end (&errand);
}
END_TEST

static gpointer
serve_it (gpointer which)
{
  serve (which);
  return NULL;
}

/* The graph's walk goes from who awaits to the errand, and on. */
START_TEST (nobody_waits_for_who_awaits_its_errand)
{
  Stander errand = { .errand_of = &served[2] };
  ButlerWait wait;

  g_thread_join (g_thread_new ("home", serve_it, &served[2]));
  start (&errand, &served[1], &served[0]);
  butler__waits_await_errands (waits, &served[2]);
  ck_assert (!enter (&wait, &served[2]));
  butler__waits_have_errands (waits, &served[2]);
  ck_assert (enter (&wait, &served[2]));
  butler__waits_leave (waits, &wait);
  end (&errand);
}
END_TEST

/* Cancelling */

START_TEST (cancelling_wakes_who_serves_and_waits)
{
  Stander other = { 0 };

  start (&other, &served[1], &served[2]);
  butler__waits_cancel (waits, &served[1]);
  ck_assert_uint_eq (other.woken, 1);
  end (&other);
  ck_assert (other.cancelled);
}
END_TEST

START_TEST (cancelling_leaves_others_alone)
{
  Stander other = { 0 };

  start (&other, &served[1], &served[2]);
  butler__waits_cancel (waits, &served[0]);
  butler__waits_cancel (waits, &served[2]);
  ck_assert_uint_eq (other.woken, 0);
  end (&other);
  ck_assert (!other.cancelled);
}
END_TEST

/* The thread once served it: that is no reason to end its waits. */
START_TEST (cancelling_leaves_who_served_before_alone)
{
  ButlerWait wait;

  atomic_store (&now[0], NULL);
  ck_assert (butler__waits_enter (waits, &wait, &served[1], count_wake, NULL));
  butler__waits_cancel (waits, &served[0]);
  ck_assert (!atomic_load (&wait.cancelled));
  butler__waits_leave (waits, &wait);
}
END_TEST

/* A handler that is killed may send again and again: none of it waits. */
START_TEST (later_waits_are_cancelled_too)
{
  ButlerWait wait;

  butler__waits_cancel (waits, &served[0]);
  butler__waits_cancel (waits, &served[0]);
  for (guint i = 0; i < 2; i++)
    {
      ck_assert (enter (&wait, &served[1]));
      ck_assert (atomic_load (&wait.cancelled));
      butler__waits_leave (waits, &wait);
    }
}
END_TEST

START_TEST (allowed_again_waits_are_as_ever)
{
  ButlerWait wait;

  butler__waits_cancel (waits, &served[0]);
  butler__waits_cancel (waits, &served[1]);
  butler__waits_allow (waits, &served[0]);
  ck_assert (enter (&wait, &served[1]));
  ck_assert (!atomic_load (&wait.cancelled));
  butler__waits_leave (waits, &wait);
}
END_TEST

START_TEST (who_stopped_serving_what_is_cancelled_waits_as_ever)
{
  ButlerWait wait;

  butler__waits_cancel (waits, &served[0]);
  atomic_store (&now[0], NULL);
  ck_assert (enter (&wait, &served[1]));
  ck_assert (!atomic_load (&wait.cancelled));
  butler__waits_leave (waits, &wait);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("waits");
  TCase *circles = tcase_create ("circles");
  TCase *cancel = tcase_create ("cancel");

  tcase_add_checked_fixture (circles, set_up, tear_down);
  tcase_add_test (circles, what_nobody_serves_can_be_waited_for);
  tcase_add_test (circles, nobody_waits_for_itself);
  tcase_add_test (circles, two_do_not_wait_for_each_other);
  tcase_add_test (circles, three_do_not_wait_in_a_circle);
  tcase_add_test (circles, three_wait_in_a_row);
  tcase_add_test (circles, everything_that_a_thread_serves_waits_with_it);
  tcase_add_test (circles, refused_wait_is_not_in_the_way);
  tcase_add_test (circles, wait_that_is_over_closes_no_circle);
  tcase_add_test (circles, wait_that_is_over_before_it_begins_is_not_refused);
  tcase_add_test (circles, walk_ends_in_a_circle_of_others);
  tcase_add_test (circles, who_awaits_an_errand_ends_its_wait);
  tcase_add_test (circles, who_awaits_an_errand_ends_its_wait_through_others);
  tcase_add_test (circles, errand_may_wait_for_others);
  tcase_add_test (circles, errand_that_is_not_awaited_waits_for_whom_it_likes);
  tcase_add_test (circles, nobody_waits_for_who_awaits_its_errand);
  suite_add_tcase (suite, circles);

  tcase_add_checked_fixture (cancel, set_up, tear_down);
  tcase_add_test (cancel, cancelling_wakes_who_serves_and_waits);
  tcase_add_test (cancel, cancelling_leaves_others_alone);
  tcase_add_test (cancel, cancelling_leaves_who_served_before_alone);
  tcase_add_test (cancel, later_waits_are_cancelled_too);
  tcase_add_test (cancel, allowed_again_waits_are_as_ever);
  tcase_add_test (cancel, who_stopped_serving_what_is_cancelled_waits_as_ever);
  suite_add_tcase (suite, cancel);
  return butler_test_main (suite);
}
