/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/control.h"

/* Clients that do not behave, or are not let in. */

#define NOBODY 65534

/* GDBus warns of it. */
START_TEST (garbage_is_sent_away)
{
  GRand *random = g_rand_new_with_seed (butler_test_seed ());
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  char garbage[512];

  control = open_control ("test");
  for (guint round = butler_test_rounds (40); round > 0; round--)
    {
      int fd = connect_raw ();

      for (gsize i = 0; i < sizeof garbage; i++)
        garbage[i] = (char) g_rand_int (random);
      if (round % 2 == 0)
        shake_hands (fd);
      send (fd, garbage, sizeof garbage, MSG_NOSIGNAL);
      shutdown (fd, SHUT_WR);
      assert_sent_away (fd);
    }
  g_rand_free (random);
  assert_answers ();
  g_log_set_always_fatal (fatal);
}
END_TEST

/* The end does not wait for them. */
START_TEST (silent_clients_keep_nobody_waiting)
{
  int silent[30];

  control = open_control ("test");
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      silent[i] = connect_raw ();
      if (i % 3 == 1)
        write_raw (silent[i], "", 1);
      if (i % 3 == 2)
        shake_hands (silent[i]);
    }
  assert_answers ();
  g_clear_pointer (&control, butler_control_free);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    assert_sent_away (silent[i]);
}
END_TEST

/* It asks, and never reads: the answers fill the socket, and more. */
START_TEST (deaf_clients_keep_nobody_waiting)
{
  int fd;

  control = open_control ("test");
  fd = connect_client ();
  for (int i = 0; i < 3000; i++)
    send_call (fd, "GetStatus", NULL);
  assert_answers ();
  g_clear_pointer (&control, butler_control_free);
  close (fd);
}
END_TEST

/* What a client wants to send is longer than D-Bus allows, or is as long as a client likes. */

static GVariant *
many_names (guint n)
{
  g_auto (GVariantBuilder) names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));

  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&names, "s", "nobody");
  return g_variant_new ("(as)", &names);
}

static GVariant *
long_name (gsize n)
{
  g_autofree char *name = g_strnfill (n, 'n');

  return g_variant_new_parsed ("([%s],)", name);
}

static void
assert_nobody (GVariant *arguments)
{
  int fd = connect_client ();
  g_autoptr (GVariant) answer = NULL;
  GError *error = NULL;

  answer = call (fd, "Reload", arguments, &error);
  ck_assert_ptr_null (answer);
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, NULL);
  close (fd);
}

START_TEST (large_requests_are_answered)
{
  control = open_control ("test");
  assert_nobody (many_names (butler_test_rounds (200000)));
  assert_nobody (long_name (1000 * 1000));
  assert_answers ();
}
END_TEST

/* A head of D-Bus, little-endian, version 1; GDBus warns of the first, and waits for the rest of the second. */
START_TEST (oversize_requests_are_sent_away)
{
  static const guint32 lengths[] = { 0x08000000, 0xffffffff };
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  guint32 head[4] = { GUINT32_TO_BE (0x6c010001), GUINT32_TO_LE (lengths[_i]), GUINT32_TO_LE (1), GUINT32_TO_LE (lengths[_i]) };
  int fd;

  control = open_control ("test");
  fd = connect_client ();
  write_raw (fd, (const char *) head, sizeof head);
  assert_sent_away (fd);
  assert_answers ();
  g_log_set_always_fatal (fatal);
}
END_TEST

/* More than are let in. Each is served or sent away, and when they have left, others are served. */

#define MOB 1000

static gboolean
is_served (int fd)
{
  g_autoptr (GVariant) answer = try_to_shake_hands (fd) ? call (fd, "GetStatus", NULL, NULL) : NULL;

  return answer != NULL;
}

static guint
serve_mob (int *mob)
{
  guint n = 0;

  for (guint i = 0; i < MOB; i++)
    {
      mob[i] = connect_raw ();
      n += is_served (mob[i]) ? 1 : 0;
    }
  return n;
}

START_TEST (a_thousand_clients_are_survived)
{
  struct rlimit before;
  int mob[MOB];
  guint n;
  int fd;

  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 4 * MOB)
    return;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &(struct rlimit) { 4 * MOB, before.rlim_max }), 0);
  control = open_control ("test");
  n = serve_mob (mob);
  printf ("of %d clients at a time %u were served\n", MOB, n);
  ck_assert_uint_ge (n, 100);
  ck_assert_uint_lt (n, MOB);
  for (guint i = 0; i < MOB; i++)
    close (mob[i]);
  do /* until the first of them was missed */
    {
      fd = connect_raw ();
      n = is_served (fd);
      close (fd);
    }
  while (n == 0);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
}
END_TEST

static struct rlimit limit;

/* All that are open stay so, and there may be so many more. */
static void
leave_descriptors (guint n)
{
  int next = dup (STDIN_FILENO);
  struct rlimit few;

  ck_assert_int_ge (next, 0);
  close (next);
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  few = limit;
  few.rlim_cur = (rlim_t) next + n;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
}

static void
give_descriptors (void)
{
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
}

START_TEST (no_descriptors_are_an_error)
{
  leave_descriptors ((guint) _i);
  assert_refused (BUTLER_ERROR_FAILED, "test", g_strerror (EMFILE));
  give_descriptors ();
}
END_TEST

static GAsyncQueue *pauses;

static GLogWriterOutput
note_pause (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n,
            gpointer         data)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, "lets nobody in") != NULL)
      g_async_queue_push (pauses, &pauses);
  return write_log (level, fields, n, data);
}

/* Nobody is let in; it goes on when there are descriptors again. That one is left is not enough: where a thread of
 * GDBus starts, GLib would end the process. */
START_TEST (running_out_of_descriptors_is_survived)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  ck_assert_int_ge (fd, 0);
  control = open_control ("test");
  g_strlcpy (address.sun_path, butler_control_get_path (control), sizeof address.sun_path);
  leave_descriptors ((guint) _i);
  ck_assert_int_eq (connect (fd, (struct sockaddr *) &address, sizeof address), 0);
  g_async_queue_pop (pauses);
  give_descriptors ();
  shake_hands (fd);
  close (fd);
  assert_answers ();
}
END_TEST

/* Other users. A process with threads may do little after fork(): system calls and no more. */

static int
be_nobody (const char *path,
           const char *hello)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char answer[3] = "";
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  strncpy (address.sun_path, path, sizeof address.sun_path - 1);
  if (fd < 0 || setgid (NOBODY) != 0 || setuid (NOBODY) != 0)
    return 100;
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    return errno;
  if (write (fd, "", 1) != 1 || write (fd, hello, strlen (hello)) != (gssize) strlen (hello))
    return 101;
  if (recv (fd, answer, 2, MSG_WAITALL) == 2 && memcmp (answer, "OK", 2) == 0)
    return 0;
  return 102;
}

/* What it found comes by a pipe: tools that look at processes have exit statuses of their own. */
static int
try_as_nobody (const char *hello)
{
  const char *path = butler_control_get_path (control);
  int result = -1;
  int ends[2];
  pid_t child;

  ck_assert_int_eq (pipe (ends), 0);
  child = fork ();
  if (child == 0)
    {
      result = be_nobody (path, hello);
      _exit (write (ends[1], &result, sizeof result) != sizeof result);
    }
  close (ends[1]);
  ck_assert_int_eq (read (ends[0], &result, sizeof result), sizeof result);
  close (ends[0]);
  ck_assert_int_eq (waitpid (child, NULL, 0), child);
  return result;
}

START_TEST (other_users_are_refused)
{
  static const char *const hellos[] = {
    "AUTH EXTERNAL 3635353334\r\n", /* who they are */
    "AUTH EXTERNAL 30\r\n",         /* who they are not */
    "AUTH EXTERNAL\r\nDATA\r\n",
    "AUTH ANONYMOUS\r\n",
    "AUTH DBUS_COOKIE_SHA1 30\r\n",
  };

  if (geteuid () != 0)
    return;
  control = open_control ("test");
  ck_assert_int_eq (g_chmod (runtime, 0711), 0);
  ck_assert_int_eq (try_as_nobody (hellos[0]), EACCES);

  /* Were the folder open, they would be refused all the same. */
  ck_assert_int_eq (g_chmod (folder, 0711), 0);
  ck_assert_int_eq (try_as_nobody (hellos[0]), EACCES);
  ck_assert_int_eq (g_chmod (butler_control_get_path (control), 0666), 0);
  for (guint i = 0; i < G_N_ELEMENTS (hellos); i++)
    ck_assert_int_eq (try_as_nobody (hellos[i]), 102);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    garbage_is_sent_away,
    silent_clients_keep_nobody_waiting,
    deaf_clients_keep_nobody_waiting,
    large_requests_are_answered,
    a_thousand_clients_are_survived,
    other_users_are_refused,
  };
  Suite *suite = suite_create ("control-clients");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  tcase_add_loop_test (all, oversize_requests_are_sent_away, 0, 2);
  tcase_add_loop_test (all, no_descriptors_are_an_error, 0, 3);
  tcase_add_loop_test (all, running_out_of_descriptors_is_survived, 0, 2);
  suite_add_tcase (suite, all);
  pauses = g_async_queue_new ();
  g_log_set_writer_func (note_pause, NULL, NULL);
  return butler_test_main (suite);
}
