/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many system calls a process makes, all its threads together, between calls_begin() and calls_end(): counted one by one, by the
 * parent of the process. */

#define CALLS_MARK SYS_getpgid /* with these arguments nobody else calls it */
#define CALLS_BEGIN (-77)
#define CALLS_END (-78)
#define CALLS_REFUSED 77 /* exit status */

static inline void
calls_begin (void)
{
  syscall (CALLS_MARK, CALLS_BEGIN);
}

static inline void
calls_end (void)
{
  syscall (CALLS_MARK, CALLS_END);
}

static inline void
calls_count (pid_t     thread,
             gint64   *n,
             gboolean *counting)
{
  struct __ptrace_syscall_info info = { 0 };

  if (ptrace (PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
    return;
  if (info.entry.nr == CALLS_MARK && (int) info.entry.args[0] == CALLS_BEGIN)
    *counting = TRUE;
  else if (info.entry.nr == CALLS_MARK && (int) info.entry.args[0] == CALLS_END)
    *counting = FALSE;
  else if (*counting)
    ++*n;
}

/* Of a thread that stands still: what it is to be told when it goes on. */
static inline int
calls_signal (int status)
{
  int signal = WSTOPSIG (status);

  return status >> 16 != 0 || signal == (SIGTRAP | 0x80) || signal == SIGSTOP ? 0 : signal;
}

/* Until the process has ended: its status. */
static inline int
calls_watch (pid_t   child,
             gint64 *n)
{
  gboolean counting = FALSE;
  int      status;
  pid_t    thread;

  while ((thread = waitpid (-1, &status, __WALL)) > 0)
    {
      if (thread == child && !WIFSTOPPED (status))
        return status;
      if (!WIFSTOPPED (status))
        continue;
      if (WSTOPSIG (status) == (SIGTRAP | 0x80))
        calls_count (thread, n, &counting);
      ptrace (PTRACE_SYSCALL, thread, NULL, calls_signal (status));
    }
  return -1;
}

/* calls_of() runs @func in a process of its own; -1 if nobody may count here. */
static inline gint64
calls_of (void (*func) (void))
{
  gint64 n = 0;
  int    status;
  pid_t  child = fork ();

  if (child == 0)
    {
      if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit (CALLS_REFUSED);
      raise (SIGSTOP);
      func ();
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, __WALL), ==, child);
  if (WIFEXITED (status) && WEXITSTATUS (status) == CALLS_REFUSED)
    return -1;
  g_assert_true (WIFSTOPPED (status));
  g_assert_cmpint ((int) ptrace (PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL), ==, 0);
  ptrace (PTRACE_SYSCALL, child, NULL, 0);
  g_assert_cmpint (calls_watch (child, &n), ==, 0);
  return n;
}
