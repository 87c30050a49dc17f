/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/leftovers.h"
#include "tests/servers.h"

/* A reader that is stopped while others send to it, and goes on later: in its handler, at any instruction, or with its whole process.
 * Who needs no room waits for nobody, what was accepted is handled, in order, and what is dropped is counted. */

#define SENDERS 3
#define CAPACITY 16
#define SENDER_STEP 10000000 /* the numbers of a sender begin at a multiple of it, and go up by one */

typedef struct
{
  const char         *name;
  ButlerServerOptions options;
} Making;

static const Making makings[] = {
  { "chain", { .no_route = TRUE } },
  { "chain-in-queue-loop", { .no_route = TRUE, .loop = butler_loop_queue } },
  { "queue", { .no_route = TRUE, .as_queue = TRUE } },
  { "block", { .no_route = TRUE, .capacity = CAPACITY, .overflow = BUTLER_OVERFLOW_BLOCK } },
  { "fail", { .no_route = TRUE, .capacity = CAPACITY, .overflow = BUTLER_OVERFLOW_FAIL } },
  { "drop-newest", { .no_route = TRUE, .capacity = CAPACITY, .overflow = BUTLER_OVERFLOW_DROP_NEWEST } },
  { "drop-oldest", { .no_route = TRUE, .capacity = CAPACITY, .overflow = BUTLER_OVERFLOW_DROP_OLDEST } },
};

#define N_MAKINGS ((int) G_N_ELEMENTS (makings))

/* What a signal does to the thread that it hits: it stands still, wherever it is, until it is let go. */

static int standing[2]; /* pipes */
static int going[2];

static void
stand_still (int number G_GNUC_UNUSED)
{
  int code = errno;
  char token = 0;

  while (write (standing[1], &token, 1) < 0 && errno == EINTR)
    ;
  while (read (going[0], &token, 1) < 0 && errno == EINTR)
    ;
  errno = code;
}

static void
wait_until_it_stands (void)
{
  char token;

  g_assert_cmpint (read (standing[0], &token, 1), ==, 1);
}

static void
let_it_go (void)
{
  g_assert_cmpint (write (going[1], "", 1), ==, 1);
}

/* A server that is stopped, and those who send to it. */

typedef struct
{
  ButlerServer  *server;
  Script         script;
  GThread       *senders[SENDERS];
  int            each;          /* so many numbers of each sender */
  _Atomic int    over;          /* the senders may end: no order is needed */
  _Atomic int    accepted;      /* by all senders, when they have been joined */
  int            last[SENDERS + 1]; /* the server's; the test itself is the last sender */
  gboolean       disordered;
  gboolean       stands;        /* it is to stand still in its first handler */
  pthread_t      reader;        /* written before the first answer is sent */
  ButlerChannel *news;
} Play;

static ButlerHub *hub;
static Play play;

static void
note_number (Script        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context G_GNUC_UNUSED)
{
  int sender = number->value / SENDER_STEP;

  if (number->value < 0)
    {
      play.reader = pthread_self ();
      tell (play.news, 0);
      if (play.stands)
        pthread_kill (pthread_self (), SIGUSR1);
      return;
    }
  play.disordered |= number->value <= play.last[sender];
  play.last[sender] = number->value;
}

static gpointer
send_all (gpointer data)
{
  ButlerChannel *channel = butler_server_get_channel (play.server);
  int first = GPOINTER_TO_INT (data) * SENDER_STEP + 1;
  int accepted = 0;

  for (int i = 0; i < play.each && atomic_load_explicit (&play.over, memory_order_relaxed) == 0; i++)
    accepted += number_send_to (channel, &(Number) { first + i }, NULL) ? 1 : 0;
  atomic_fetch_add (&play.accepted, accepted);
  return NULL;
}

/* How many found room. */
static int
fill (ButlerChannel *channel)
{
  Number number = { SENDERS * SENDER_STEP };
  int n = 0;

  do
    number.value = SENDERS * SENDER_STEP + ++n;
  while (number_try_send_to (channel, &number, NULL));
  return n - 1;
}

/* The server runs, and has handled one message, in which it stands, if it is to do that. A channel that lets wait is full then. */
static void
play_begin (int      making,
            int      each,
            gboolean stands)
{
  hub = butler_hub_new ();
  play = (Play) { .script.on_number = note_number, .each = each, .stands = stands };
  play.news = own_channel (hub, "news", 0, BUTLER_OVERFLOW_FAIL);
  play.server = script_server (hub, makings[making].name, &play.script, makings[making].options);
  start (play.server);
  send_to_server (play.server, -1, -1);
  g_assert_cmpint (wait_for_number (play.news), ==, 0);
  if (stands)
    wait_until_it_stands ();
  if (stands && makings[making].options.overflow == BUTLER_OVERFLOW_BLOCK)
    atomic_store (&play.accepted, fill (butler_server_get_channel (play.server)));
  for (int i = 0; i < SENDERS; i++)
    play.senders[i] = g_thread_new ("sender", send_all, GINT_TO_POINTER (i));
}

static void
join_senders (void)
{
  for (int i = 0; i < SENDERS; i++)
    g_thread_join (play.senders[i]);
}

/* All is accounted for, also by get_stats_of(). */
static void
play_end (int making)
{
  const char *name = makings[making].name;
  guint64 received = (guint64) atomic_load (&play.accepted) + 1;

  g_assert_true (butler_server_stop (play.server));
  {
    g_auto (ButlerServerStats) stats = get_stats_of (hub, name);

    g_assert_cmpuint (stats.received, ==, received);
    g_assert_cmpuint (stats.length, ==, 0);
    g_assert_cmpuint (stats.handled, ==, play.script.handled);
    g_assert_cmpuint (stats.dead, ==, dead_letters (play.server, BUTLER_DEAD_DROPPED));
    if (g_str_has_prefix (name, "drop"))
      g_assert_cmpuint (stats.handled + stats.dead, ==, received);
    else
      g_assert_cmpuint (stats.handled, ==, received);
  }
  g_assert_false (play.disordered);
  g_clear_pointer (&hub, butler_hub_unref);
}

static void
set_up (void)
{
  struct sigaction action = { .sa_handler = stand_still, .sa_flags = SA_RESTART };

  ck_assert_int_eq (pipe (standing), 0);
  ck_assert_int_eq (pipe (going), 0);
  ck_assert_int_eq (sigaction (SIGUSR1, &action, NULL), 0);
}

static void
tear_down (void)
{
  signal (SIGUSR1, SIG_DFL);
  for (int i = 0; i < 2; i++)
    {
      close (standing[i]);
      close (going[i]);
    }
}

/* In its handler, for as long as they send. */

static void
assert_nobody_was_refused (int sent)
{
  ck_assert_int_eq (atomic_load (&play.accepted), sent);
}

static void
assert_full (ButlerChannel *channel,
             int            accepted,
             int            dropped)
{
  ck_assert_uint_eq (butler_channel_get_length (channel), CAPACITY);
  ck_assert_int_eq (atomic_load (&play.accepted), accepted);
  ck_assert_uint_eq (dead_letters (play.server, BUTLER_DEAD_DROPPED), dropped);
}

START_TEST (senders_do_not_wait_for_a_reader_that_stands)
{
  int each = (int) butler_test_rounds (100000);
  int all = SENDERS * each;
  const ButlerServerOptions *options = &makings[_i].options;
  ButlerChannel *channel;

  if (options->overflow == BUTLER_OVERFLOW_BLOCK)
    return;
  play_begin (_i, each, TRUE);
  channel = butler_server_get_channel (play.server);
  join_senders ();
  if (options->capacity == 0)
    assert_nobody_was_refused (all);
  else if (options->overflow == BUTLER_OVERFLOW_FAIL)
    assert_full (channel, CAPACITY, 0);
  else
    assert_full (channel, all, all - CAPACITY);
  let_it_go ();
  play_end (_i);
}
END_TEST

/* Those who wait for room have it when the reader goes on. */
START_TEST (senders_wait_for_a_reader_that_stands)
{
  int each = (int) butler_test_rounds (20000);

  if (makings[_i].options.overflow != BUTLER_OVERFLOW_BLOCK)
    return;
  play_begin (_i, each, TRUE);
  let_it_go ();
  join_senders ();
  assert_nobody_was_refused (CAPACITY + SENDERS * each);
  play_end (_i);
}
END_TEST

/* Between any two instructions: while it takes, while it falls asleep, in its sleep. */
START_TEST (a_reader_may_be_stopped_anywhere)
{
  play_begin (_i, (int) butler_test_rounds (400000), FALSE);
  for (guint i = butler_test_rounds (1000); i > 0; i--)
    {
      ck_assert_int_eq (pthread_kill (play.reader, SIGUSR1), 0);
      wait_until_it_stands ();
      if (i % 4 == 0)
        g_thread_yield ();
      let_it_go ();
    }
  atomic_store (&play.over, 1);
  join_senders ();
  play_end (_i);
}
END_TEST

/* The whole process, by SIGSTOP. */

/* Plays of each making, one after the other, until the pipe is closed. */
static void
work_until_closed (int fd)
{
  struct pollfd end = { .fd = fd };

  for (int making = 0; (end.revents & POLLHUP) == 0; making = (making + 1) % N_MAKINGS)
    {
      play_begin (making, 2000, FALSE);
      join_senders ();
      play_end (making);
      g_assert_cmpint (poll (&end, 1, 0), >=, 0);
    }
}

static void
wait_for_child (pid_t child,
                int   options,
                int  *status)
{
  while (waitpid (child, status, options) != child)
    ck_assert_int_eq (errno, EINTR);
}

START_TEST (a_process_may_be_stopped_anywhere)
{
  int ends[2];
  int status;
  pid_t child;

  if (!butler_test_has_own_process ())
    return; /* what other tests left behind would be in the child, but for its threads */
  ck_assert_int_eq (pipe (ends), 0);
  child = fork ();
  if (child == 0)
    {
      close (ends[1]);
      work_until_closed (ends[0]);
      _exit (0);
    }
  close (ends[0]);
  for (guint i = butler_test_rounds (500); i > 0; i--)
    {
      ck_assert_int_eq (kill (child, SIGSTOP), 0);
      wait_for_child (child, WUNTRACED, &status);
      ck_assert_msg (WIFSTOPPED (status), "it ended with 0x%x", status);
      ck_assert_int_eq (kill (child, SIGCONT), 0);
      wait_for_child (child, WCONTINUED, &status);
      ck_assert_msg (WIFCONTINUED (status), "it ended with 0x%x", status);
    }
  close (ends[1]);
  wait_for_child (child, 0, &status);
  ck_assert_int_eq (status, 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("stopped");
  TCase *tcase = tcase_create ("stopped");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 120);
  tcase_add_loop_test (tcase, senders_do_not_wait_for_a_reader_that_stands, 0, N_MAKINGS);
  tcase_add_loop_test (tcase, senders_wait_for_a_reader_that_stands, 0, N_MAKINGS);
  tcase_add_loop_test (tcase, a_reader_may_be_stopped_anywhere, 0, N_MAKINGS);
  tcase_add_test (tcase, a_process_may_be_stopped_anywhere);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
