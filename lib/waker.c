/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/waker.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <threadbutler/error.h>
#include <unistd.h>

/* Tokens say nothing but "wake up", so one address serves all. */
static char token;

static GPtrArray *
contexts_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_main_context_unref);
}

void
butler__waker_init (ButlerWaker *waker)
{
  waker->tokens = g_async_queue_new ();
  waker->contexts = contexts_new ();
  atomic_init (&waker->how, BUTLER__SLEEP_IN_QUEUE);
  atomic_init (&waker->fd, -1);
  atomic_init (&waker->context, NULL);
  atomic_init (&waker->woken, 0);
  atomic_init (&waker->leaving, FALSE);
}

static void
close_fd (ButlerWaker *waker)
{
  int fd = atomic_exchange_explicit (&waker->fd, -1, memory_order_relaxed);

  if (fd >= 0)
    close (fd);
}

void
butler__waker_clear (ButlerWaker *waker)
{
  close_fd (waker);
  g_async_queue_unref (waker->tokens);
  g_ptr_array_unref (waker->contexts);
}

/* @at is monotonic, µs. What has passed makes the descriptor readable at once; 0 never. Also forgets that it was readable. */
static void
set_fd (int    fd,
        gint64 at)
{
  const struct itimerspec when = {
    .it_value = { .tv_sec = (time_t) (at / G_USEC_PER_SEC), .tv_nsec = (long) (at % G_USEC_PER_SEC) * 1000 },
  };

  timerfd_settime (fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void
wake_fd (ButlerWaker *waker)
{
  set_fd (atomic_load_explicit (&waker->fd, memory_order_acquire), 1);
}

void
butler__waker_wake (ButlerWaker *waker)
{
  switch ((ButlerSleep) atomic_load_explicit (&waker->how, memory_order_relaxed))
    {
    case BUTLER__SLEEP_IN_QUEUE:
      g_async_queue_push (waker->tokens, &token);
      break;
    case BUTLER__SLEEP_IN_CONTEXT:
      g_main_context_wakeup (atomic_load_explicit (&waker->context, memory_order_acquire));
      break;
    case BUTLER__SLEEP_ON_FD:
      wake_fd (waker);
      break;
    }
}

void
butler__waker_wake_owed (ButlerWaker *waker)
{
  butler__waker_wake (waker);
  atomic_fetch_add_explicit (&waker->woken, 1, memory_order_seq_cst);
  if (G_UNLIKELY (atomic_load_explicit (&waker->leaving, memory_order_seq_cst)))
    g_async_queue_push (waker->tokens, &token);
}

/* Tokens may be there from before. */
GPtrArray *
butler__waker_let_go (ButlerWaker *waker)
{
  GPtrArray *contexts = waker->contexts;

  atomic_store_explicit (&waker->leaving, TRUE, memory_order_seq_cst);
  while (atomic_load_explicit (&waker->woken, memory_order_seq_cst) != waker->owed)
    g_async_queue_pop (waker->tokens);
  atomic_store_explicit (&waker->leaving, FALSE, memory_order_seq_cst);
  atomic_store_explicit (&waker->how, BUTLER__SLEEP_IN_QUEUE, memory_order_relaxed);
  atomic_store_explicit (&waker->context, NULL, memory_order_relaxed);
  close_fd (waker);
  waker->contexts = contexts_new ();
  return contexts;
}

void
butler__waker_set_context (ButlerWaker  *waker,
                           GMainContext *context)
{
  if (!g_ptr_array_find (waker->contexts, context, NULL))
    g_ptr_array_add (waker->contexts, g_main_context_ref (context));

  /* Release: pairs with the acquire load in butler__waker_wake(), which may be a late one. */
  atomic_store_explicit (&waker->context, context, memory_order_release);
}

int
butler__waker_get_fd (ButlerWaker *waker,
                      GError     **error)
{
  int fd = atomic_load_explicit (&waker->fd, memory_order_relaxed);

  if (fd >= 0)
    return fd;
  fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0)
    {
      int saved = errno;
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved), "no descriptor to wait on: %s", g_strerror (saved));
      return -1;
    }
  atomic_store_explicit (&waker->fd, fd, memory_order_release);
  return fd;
}

/* A wake-up that this overrides was meant for an earlier sleep: before the next one it is looked at what there is to do. */
void
butler__waker_set_alarm (ButlerWaker *waker,
                         gint64       deadline)
{
  if (deadline < 0 && !waker->alarm)
    return;
  waker->alarm = deadline >= 0;
  set_fd (atomic_load_explicit (&waker->fd, memory_order_relaxed), MAX (deadline, 0));
}

void
butler__waker_drain_fd (ButlerWaker *waker)
{
  guint64 count;

  while (read (atomic_load_explicit (&waker->fd, memory_order_relaxed), &count, sizeof count) < 0 && errno == EINTR)
    ;
}

void
butler__waker_sleep (ButlerWaker *waker,
                     gint64       deadline)
{
  if (deadline < 0)
    {
      g_async_queue_pop (waker->tokens);
      return;
    }
  gint64 left = deadline - g_get_monotonic_time ();
  if (left > 0)
    g_async_queue_timeout_pop (waker->tokens, (guint64) left);
  else
    g_async_queue_try_pop (waker->tokens);
}
