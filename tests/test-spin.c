/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

#include "lib/spin.h"
#include "tests/common.h"

/* Looking for a moment before one sleeps. */

static guint looks;

static gboolean
comes_at (gpointer nth)
{
  return ++looks >= GPOINTER_TO_UINT (nth);
}

static gboolean
never_comes (gpointer nothing G_GNUC_UNUSED)
{
  looks++;
  return FALSE;
}

static void
setup (void)
{
  looks = 0;
  butler_set_spin_limit (50);
  butler__spin_set_slots (1);
}

START_TEST (what_comes_ends_it)
{
  ButlerSpinner spinner = { 0 };

  for (guint i = 0; i < 1000; i++)
    {
      looks = 0;
      ck_assert (butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (5)));
      ck_assert_uint_eq (looks, 5);
    }
  ck_assert_uint_eq (spinner.tried, 1000);
}
END_TEST

/* Of 10000 sleeps, some ten: after each one in vain twice as many are passed over, up to 1024. */
START_TEST (what_does_not_pay_is_left)
{
  ButlerSpinner spinner = { 0 };

  for (guint i = 0; i < 10000; i++)
    ck_assert (!butler__spin (&spinner, -1, never_comes, NULL));
  ck_assert_uint_ge (spinner.tried, 10);
  ck_assert_uint_le (spinner.tried, 30);
}
END_TEST

START_TEST (it_is_tried_again)
{
  ButlerSpinner spinner = { 0 };
  guint before;

  for (guint i = 0; i < 5000; i++)
    butler__spin (&spinner, -1, never_comes, NULL);
  before = spinner.tried;
  for (guint i = 0; i < 1025 && spinner.tried == before; i++)
    butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1));
  ck_assert_uint_eq (spinner.tried, before + 1);
  for (guint i = 0; i < 100; i++)
    ck_assert (butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1)));
}
END_TEST

START_TEST (zero_switches_it_off)
{
  ButlerSpinner spinner = { 0 };

  butler_set_spin_limit (0);
  ck_assert (!butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1)));
  ck_assert_uint_eq (looks, 0);
}
END_TEST

/* Also before there is a hub, which is when the environment is looked at. */
START_TEST (what_the_program_says_goes_before_the_environment)
{
  ButlerSpinner spinner = { 0 };

  g_setenv ("BUTLER_SPIN", "off", TRUE);
  butler__spin_prepare ();
  butler__spin_set_slots (1);
  ck_assert (butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1)));
  g_unsetenv ("BUTLER_SPIN");
}
END_TEST

START_TEST (on_one_cpu_nobody_does)
{
  ButlerSpinner spinner = { 0 };

  butler__spin_set_slots (0);
  ck_assert (!butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1)));
  ck_assert_uint_eq (looks, 0);
}
END_TEST

START_TEST (it_ends_at_the_deadline)
{
  ButlerSpinner spinner = { 0 };

  ck_assert (!butler__spin (&spinner, g_get_monotonic_time (), comes_at, GUINT_TO_POINTER (1)));
  ck_assert (!butler__spin (&spinner, 0, comes_at, GUINT_TO_POINTER (1)));
  ck_assert_uint_eq (looks, 0);
}
END_TEST

/* Another one looks while one does: if there is room for one alone, it is sent to sleep. */
typedef struct
{
  ButlerSpinner other;
  gboolean      other_came;
} Pair;

static gboolean
other_looks (gpointer data)
{
  Pair *self = data;

  self->other_came = butler__spin (&self->other, -1, never_comes, NULL);
  return TRUE;
}

START_TEST (there_are_only_so_many_slots)
{
  ButlerSpinner spinner = { 0 };
  Pair pair = { 0 };

  butler__spin_set_slots (_i == 0 ? 1 : 2);
  ck_assert (butler__spin (&spinner, -1, other_looks, &pair));
  ck_assert (!pair.other_came);
  ck_assert_uint_eq (pair.other.tried, _i == 0 ? 0 : 1);
  ck_assert (butler__spin (&spinner, -1, comes_at, GUINT_TO_POINTER (1)));
}
END_TEST

START_TEST (a_limit_that_cannot_be_is_a_mistake)
{
  butler_test_expect_critical ("*microseconds*");
  butler_set_spin_limit (BUTLER_SPIN_LIMIT_MAX + 1);
  g_test_assert_expected_messages ();
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("spin");
  TCase *tcase = tcase_create ("spin");

  tcase_add_checked_fixture (tcase, setup, NULL);
  tcase_add_test (tcase, what_comes_ends_it);
  tcase_add_test (tcase, what_does_not_pay_is_left);
  tcase_add_test (tcase, it_is_tried_again);
  tcase_add_test (tcase, zero_switches_it_off);
  tcase_add_test (tcase, what_the_program_says_goes_before_the_environment);
  tcase_add_test (tcase, on_one_cpu_nobody_does);
  tcase_add_test (tcase, it_ends_at_the_deadline);
  tcase_add_loop_test (tcase, there_are_only_so_many_slots, 0, 2);
  tcase_add_test (tcase, a_limit_that_cannot_be_is_a_mistake);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
