/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/backtrace.h"

#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* backtrace() may be called in a signal's handler once it was called elsewhere: the first call loads the unwinder, the later ones take no
 * lock and no memory, as glibc finds the tables of a loaded file without either. It unwinds the very thread, for which a library would
 * have to stop it from another process (ptrace). The names are looked up later, by the thread that asked. */

#define MOST_FRAMES  64
#define OWN_FRAMES   2    /* the handler, and what calls it */
#define PATIENCE     1000 /* ms: for a thread that blocks the signal, or cannot be interrupted */

/* What target holds beside the thread that is asked. */
enum
{
  NOBODY = 0,
  WRITING = -1,
  WRITTEN = -2,
};

static GMutex      asking;  /* who asks; locked before a hub's mutex */
static int         number;  /* of the signal; 0: there is none to be had */
static sem_t       written;
static _Atomic int target;  /* release by who asks, acquired by the thread that is asked; release when it has written, acquired by who asked */
static void       *frames[MOST_FRAMES];
static int         n_frames;

/* In the thread that is asked. A late signal finds that nobody asks any more. */
static void
on_signal (int signal G_GNUC_UNUSED)
{
  int code = errno;
  int self = (int) gettid ();

  if (atomic_compare_exchange_strong_explicit (&target, &self, WRITING, memory_order_acquire, memory_order_relaxed))
    {
      n_frames = backtrace (frames, MOST_FRAMES);
      atomic_store_explicit (&target, WRITTEN, memory_order_release);
      sem_post (&written);
    }
  errno = code;
}

/* The first real-time signal, from the top, that nobody has taken. System calls that can be are restarted. */
static int
take_signal (void)
{
  struct sigaction ours = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };

  sigemptyset (&ours.sa_mask);
  for (int i = SIGRTMAX - 1; i > SIGRTMIN; i--)
    {
      struct sigaction theirs;

      if (sigaction (i, NULL, &theirs) == 0 && !(theirs.sa_flags & SA_SIGINFO) && theirs.sa_handler == SIG_DFL
          && sigaction (i, &ours, NULL) == 0)
        return i;
    }
  return 0;
}

void
butler__backtrace_begin (void)
{
  static gboolean prepared;

  g_mutex_lock (&asking);
  if (prepared)
    return;
  prepared = TRUE;
  backtrace (frames, 1);
  sem_init (&written, 0, 0);
  number = take_signal ();
}

gboolean
butler__backtrace_ask (pid_t thread)
{
  if (number == 0 || thread == 0)
    return FALSE;
  atomic_store_explicit (&target, (int) thread, memory_order_release);
  if (tgkill (getpid (), thread, number) == 0)
    return TRUE;
  atomic_store_explicit (&target, NOBODY, memory_order_relaxed);
  return FALSE;
}

static gboolean
wait_for_it (void)
{
  struct timespec until;
  int wanted = atomic_load_explicit (&target, memory_order_relaxed);
  int waited;

  clock_gettime (CLOCK_MONOTONIC, &until);
  until.tv_sec += PATIENCE / 1000;
  while ((waited = sem_clockwait (&written, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR)
    ;
  if (waited == 0)
    return TRUE;
  if (wanted > 0 && atomic_compare_exchange_strong_explicit (&target, &wanted, NOBODY, memory_order_relaxed, memory_order_relaxed))
    return FALSE;
  while (sem_wait (&written) != 0)
    ; /* it has begun to write */
  return TRUE;
}

static char *
name_frames (void)
{
  GString *text = g_string_new (NULL);
  char **names;

  atomic_load_explicit (&target, memory_order_acquire);
  names = backtrace_symbols (frames, n_frames);
  for (int i = OWN_FRAMES; names != NULL && i < n_frames; i++)
    g_string_append_printf (text, "\n  #%d %s", i - OWN_FRAMES, names[i]);
  free (names);
  atomic_store_explicit (&target, NOBODY, memory_order_relaxed);
  return g_string_free (text, FALSE);
}

char *
butler__backtrace_end (gboolean asked)
{
  char *text;

  if (!asked)
    text = g_strdup ("\n  (no backtrace)");
  else if (wait_for_it ())
    text = name_frames ();
  else
    text = g_strdup ("\n  (no backtrace: its thread takes no signals)");
  g_mutex_unlock (&asking);
  return text;
}
