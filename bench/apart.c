/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

/* Writes the round, or why there is none. */
static void
run_child (BenchFunc        func,
           const BenchArgs *args,
           int              fd)
{
  BenchRound round = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = func (args, &round, &error);
  gconstpointer bytes = ok ? (gconstpointer) &round : error->message;
  gsize size = ok ? sizeof round : strlen (error->message);

  /* Less than PIPE_BUF: it is written at once or not at all. */
  _exit (write (fd, bytes, size) == (gssize) size && ok ? 0 : 1);
}

static gsize
read_all (int   fd,
          char *bytes,
          gsize size)
{
  gsize done = 0;
  gssize got;

  while ((got = read (fd, bytes + done, size - done)) > 0 || (got < 0 && errno == EINTR))
    done += got > 0 ? (gsize) got : 0;
  return done;
}

static gboolean
take_result (pid_t        child,
             int          fd,
             BenchRound  *round,
             GError     **error)
{
  char bytes[1024] = { 0 };
  gsize size = read_all (fd, bytes, sizeof bytes - 1);
  int status = 0;

  G_STATIC_ASSERT (sizeof *round < sizeof bytes);
  while (waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0 && size == sizeof *round)
    {
      memcpy (round, bytes, size);
      return TRUE;
    }
  g_set_error_literal (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, size > 0 ? bytes : "its process died");
  return FALSE;
}

gboolean
bench_run_apart (BenchFunc         func,
                 const BenchArgs  *args,
                 BenchRound       *round,
                 GError          **error)
{
  int ends[2];
  pid_t child;
  gboolean ok;

  if (pipe (ends) != 0)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "no pipe: %s", g_strerror (errno));
      return FALSE;
    }
  child = fork ();
  if (child == 0)
    {
      close (ends[0]);
      run_child (func, args, ends[1]);
    }
  close (ends[1]);
  ok = child > 0 && take_result (child, ends[0], round, error);
  if (child < 0)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "no process: %s", g_strerror (errno));
  close (ends[0]);
  return ok;
}
