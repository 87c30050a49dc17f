/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/leftovers.h"
#include "tests/servers.h"

/* Where memory ends. A bounded channel takes no more of it than its capacity, however much is sent; an unbounded one without a reader
 * takes all, and then the process ends as GLib ends it: with a word, by abort, and not by a pointer that is no pointer. Each of these
 * processes is a child that has so much less. */

#define MIB ((rlim_t) 1024 * 1024)
#define ROOM (48 * MIB)       /* above what the process has when it begins: a server's stack is in it, and chunks of the pool */
#define TEXT_SIZE 4096
#define FLOOD 100000          /* texts: ten times as much as there is room */
#define CAPACITY 64

typedef enum
{
  WITH_TEXT,
  WITHOUT_TEXT,
} Payload;

static const struct
{
  const char    *name;
  guint          capacity;
  ButlerOverflow overflow;
  gboolean       as_queue;
} makings[] = {
  { "chain", 0, BUTLER_OVERFLOW_FAIL, FALSE },
  { "queue", 0, BUTLER_OVERFLOW_FAIL, TRUE },
  { "fail", CAPACITY, BUTLER_OVERFLOW_FAIL, FALSE },
  { "drop-newest", CAPACITY, BUTLER_OVERFLOW_DROP_NEWEST, FALSE },
  { "drop-oldest", CAPACITY, BUTLER_OVERFLOW_DROP_OLDEST, FALSE },
  { "block", CAPACITY, BUTLER_OVERFLOW_BLOCK, FALSE },
  { "fail-queue", CAPACITY, BUTLER_OVERFLOW_FAIL, TRUE },
  { "block-queue", CAPACITY, BUTLER_OVERFLOW_BLOCK, TRUE },
};

#define N_UNBOUNDED 2
#define N_MAKINGS ((int) G_N_ELEMENTS (makings))

/* In the child */

#define READER_FIELDS(F, R) \
  F (R, uint64, bytes)      \
  F (R, uint32, numbers)
BUTLER_RECORD (Reader, reader, READER_FIELDS);

#define READER_HANDLES(H, S) \
  H (S, note)                \
  H (S, number)
BUTLER_HANDLERS (reader, READER_HANDLES);

static void
reader_on_note (Reader        *self,
                Note          *note,
                ButlerContext *context G_GNUC_UNUSED)
{
  self->bytes += strlen (note->text);
}

static void
reader_on_number (Reader        *self,
                  Number        *number G_GNUC_UNUSED,
                  ButlerContext *context G_GNUC_UNUSED)
{
  self->numbers++;
}

static const ButlerHandlerSet reader_set = { BUTLER_HANDLER_SET (reader) };

static void
limit_memory (void)
{
  g_autofree char *text = NULL;
  struct rlimit limit;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  limit.rlim_cur = (rlim_t) g_ascii_strtoull (text, NULL, 10) * (rlim_t) getpagesize () + ROOM;
  limit.rlim_max = limit.rlim_cur;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
}

static void
send_one (ButlerChannel *channel,
          Payload        payload)
{
  if (payload == WITH_TEXT)
    {
      Note note = { .text = g_strnfill (TEXT_SIZE, 'x') };

      note_send_to (channel, &note, NULL);
    }
  else
    number_send_to (channel, &(Number) { 1 }, NULL);
}

/* A server with @making, that runs or has not been started yet. */
static ButlerServer *
make_server (ButlerHub *hub,
             int        making,
             gboolean   running)
{
  const ButlerServerOptions options = {
    .options_size = sizeof options,
    .capacity = makings[making].capacity,
    .overflow = makings[making].overflow,
    .as_queue = makings[making].as_queue,
  };
  ButlerServer *server = butler_server_new (hub, "flooded", &reader_set, &options, NULL);

  g_assert_nonnull (server);
  if (running)
    g_assert_true (butler_server_start (server, NULL));
  return server;
}

/* Without a reader where nobody waits for room. */
static void
flood_bounded (int making)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  gboolean waits = makings[making].overflow == BUTLER_OVERFLOW_BLOCK;
  ButlerServer *server;

  limit_memory ();
  server = make_server (hub, making, waits);
  for (int i = 0; i < FLOOD; i++)
    send_one (butler_server_get_channel (server), WITH_TEXT);
  if (!waits)
    g_assert_true (butler_server_start (server, NULL));
  g_assert_true (butler_server_stop (server));
  g_assert_cmpuint (butler_channel_get_length (butler_server_get_channel (server)), ==, 0);
}

static void
flood_without_end (int     making,
                   Payload payload)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerServer *server = make_server (hub, making, FALSE);

  limit_memory ();
  for (;;)
    send_one (butler_server_get_channel (server), payload);
}

/* In the parent */

static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char bytes[512];
  gssize n;

  while ((n = read (fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, n);
  return g_string_free (text, FALSE);
}

/* What it said on standard error: (transfer full). */
static char *
wait_for (pid_t child,
          int   fd,
          int  *status)
{
  char *said = read_all (fd);

  close (fd);
  ck_assert_int_eq (waitpid (child, status, 0), child);
  return said;
}

/* Where 0 is the child, of which standard error comes by @fd. Its own end is no core dump. */
static pid_t
fork_with_pipe (int *fd)
{
  int ends[2];
  pid_t child;

  ck_assert_int_eq (pipe (ends), 0);
  child = fork ();
  ck_assert_int_ge (child, 0);
  if (child == 0)
    {
      dup2 (ends[1], STDERR_FILENO);
      setrlimit (RLIMIT_CORE, &(struct rlimit) { 0, 0 });
    }
  close (ends[1]);
  *fd = ends[0];
  return child;
}

START_TEST (bounded_channels_stay_within_their_capacity)
{
  g_autofree char *said = NULL;
  int status;
  int fd;
  pid_t child;

  if (!butler_test_has_own_process ())
    return; /* what watches memory needs more of it than there is */
  child = fork_with_pipe (&fd);
  if (child == 0)
    {
      flood_bounded (_i);
      _exit (0);
    }
  said = wait_for (child, fd, &status);
  ck_assert_msg (status == 0, "%s ended with 0x%x: %s", makings[_i].name, status, said);
}
END_TEST

/* Payloads that are GLib's, and such that lie in the pool alone. */
START_TEST (out_of_memory_ends_the_process_with_a_word)
{
  g_autofree char *said = NULL;
  int status;
  int fd;
  pid_t child;

  if (!butler_test_has_own_process ())
    return;
  child = fork_with_pipe (&fd);
  if (child == 0)
    {
      flood_without_end (_i / 2, _i % 2 == 0 ? WITH_TEXT : WITHOUT_TEXT);
      _exit (0);
    }
  said = wait_for (child, fd, &status);
  ck_assert_msg (WIFSIGNALED (status) && (WTERMSIG (status) == SIGTRAP || WTERMSIG (status) == SIGABRT),
                 "%s ended with 0x%x: %s", makings[_i / 2].name, status, said);
  ck_assert_msg (strstr (said, "allocate") != NULL, "it said: %s", said); /* what it was for, or that there is no memory */
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("memory");
  TCase *tcase = tcase_create ("memory");

  tcase_set_timeout (tcase, 120);
  tcase_add_loop_test (tcase, bounded_channels_stay_within_their_capacity, N_UNBOUNDED, N_MAKINGS);
  tcase_add_loop_test (tcase, out_of_memory_ends_the_process_with_a_word, 0, 2 * N_UNBOUNDED);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
