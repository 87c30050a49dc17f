/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <check.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threadbutler/error.h>

/* butler_test_main() runs @suite; criticals and warnings that no test expects end it. Each test has a process of its
 * own, except under a sanitizer, which wants to see the end of the one that it started with. */
static inline int
butler_test_main (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int      failed;

#ifdef BUTLER_SANITIZED
  srunner_set_fork_status (runner, CK_NOFORK);
  g_error_free (g_error_new_literal (BUTLER_ERROR, 0, "")); /* GLib makes a lock with the first one, and reads it without order */
#endif
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* butler_test_case() makes a case of tests before each of which @begin runs, and @end after it, and which take @seconds at the most. */
static inline TCase *
butler_test_case (const char *name,
                  SFun        begin,
                  SFun        end,
                  double      seconds)
{
  TCase *tcase = tcase_create (name);

  tcase_add_checked_fixture (tcase, begin, end);
  tcase_set_timeout (tcase, seconds);
  return tcase;
}

/* butler_test_has_own_process() is FALSE where tests before this one may have left idle threads and GLib's default context behind. */
static inline gboolean
butler_test_has_own_process (void)
{
#ifdef BUTLER_SANITIZED
  return FALSE;
#else
  return g_strcmp0 (g_getenv ("CK_FORK"), "no") != 0;
#endif
}

/* butler_test_expect_critical() goes before the mistake, g_test_assert_expected_messages() behind it. */
static inline void
butler_test_expect_critical (const char *pattern)
{
  g_test_expect_message ("ThreadButler", G_LOG_LEVEL_CRITICAL, pattern);
}

/* butler_assert_error() checks @error, whose message holds each of the texts up to NULL, and clears it. */
static inline void G_GNUC_NULL_TERMINATED
butler_assert_error (GError **error,
                     int      code,
                     ...)
{
  va_list     parts;
  const char *part;

  ck_assert_msg (*error != NULL, "an error with the code %d was expected", code);
  ck_assert_msg (g_error_matches (*error, BUTLER_ERROR, code), "an error with the code %d was expected, not %d: %s",
                 code, (*error)->code, (*error)->message);

  va_start (parts, code);
  while ((part = va_arg (parts, const char *)) != NULL)
    ck_assert_msg (strstr ((*error)->message, part) != NULL, "\"%s\" is missing in: %s", part, (*error)->message);
  va_end (parts);
  g_clear_error (error);
}

/* butler_assert_no_error() says what went wrong. */
static inline void
butler_assert_no_error (const GError *error)
{
  ck_assert_msg (error == NULL, "%s", error != NULL ? error->message : "");
}

/* butler_test_rounds() is @n, or few of them where each takes long: BUTLER_TEST_SCALE=small. */
static inline guint
butler_test_rounds (guint n)
{
  return g_strcmp0 (g_getenv ("BUTLER_TEST_SCALE"), "small") == 0 ? MAX (n / 20, 1) : n;
}

/* butler_test_seed() is BUTLER_TEST_SEED, or a new one, and is printed: a failure can be had again. */
static inline guint32
butler_test_seed (void)
{
  const char *given = g_getenv ("BUTLER_TEST_SEED");
  guint32     seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 0) : g_random_int ();

  printf ("BUTLER_TEST_SEED=%u\n", seed);
  fflush (stdout);
  return seed;
}
