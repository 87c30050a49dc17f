/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "messages.h"

struct _Watch
{
  /* Set before the thread starts, read-only afterwards. */
  ButlerChannel *channel; /* (owned) */
  GThread       *thread;  /* (owned) */
  guint32        piece;
  int            input;   /* (unowned) */
  int            wake;    /* (owned): an eventfd */

  /* The thread's, and whose who has joined it. */
  gboolean       waits;   /* for the input */

  /* Any thread: set before wake is written, read after wake was read. */
  gint           again;
  gint           quit;
};

static void
watch_wake (Watch *self)
{
  /* Can't fail: the counter would have to be full. */
  (void) eventfd_write (self->wake, 1);
}

/* FALSE: it was told to quit. */
static gboolean
watch_take_orders (Watch *self)
{
  eventfd_t count;

  (void) eventfd_read (self->wake, &count);
  if (g_atomic_int_compare_and_exchange (&self->again, TRUE, FALSE))
    self->waits = TRUE;
  return !g_atomic_int_get (&self->quit);
}

/* The input is polled only while nobody reads from it: poll() passes over a descriptor of -1. */
static gpointer
watch_thread (gpointer data)
{
  enum { WAKE, INPUT };
  Watch *self = data;
  struct pollfd fds[] = { { .fd = self->wake, .events = POLLIN }, { .events = POLLIN } };

  while (TRUE)
    {
      fds[INPUT].fd = self->waits ? self->input : -1;
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        continue; /* EINTR */
      if (fds[WAKE].revents != 0)
        {
          if (!watch_take_orders (self))
            return NULL;
        }
      else if (fds[INPUT].revents != 0)
        {
          /* Refused only by a server that is being stopped, which will wake us. */
          logpipe_read_more_send_to (self->channel, &(LogpipeReadMore) { .bytes = self->piece }, NULL);
          self->waits = FALSE;
        }
    }
}

static void
watch_destroy (Watch *self)
{
  if (self->wake >= 0)
    close (self->wake);
  butler_channel_unref (self->channel);
  g_free (self);
}

static void
set_errno_error (GError **error)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "cannot wait for input: %s", g_strerror (code));
}

Watch *
watch_new (int input, gboolean now, ButlerChannel *channel, guint32 piece, GError **error)
{
  Watch *self = g_new0 (Watch, 1);

  self->channel = butler_channel_ref (channel);
  self->piece = piece;
  self->input = input;
  self->waits = now;
  self->wake = eventfd (0, EFD_CLOEXEC);
  if (self->wake < 0)
    set_errno_error (error);
  else
    self->thread = g_thread_try_new ("input", watch_thread, self, error);
  if (self->thread == NULL)
    g_clear_pointer (&self, watch_destroy);
  return self;
}

void
watch_again (Watch *self)
{
  g_atomic_int_set (&self->again, TRUE);
  watch_wake (self);
}

static void
watch_join (Watch *self)
{
  g_atomic_int_set (&self->quit, TRUE);
  watch_wake (self);
  g_thread_join (self->thread);
}

void
watch_restart (gpointer data)
{
  Watch *self = data;

  watch_join (self);
  g_atomic_int_set (&self->quit, FALSE);
  self->thread = g_thread_new ("input", watch_thread, self);
}

void
watch_free (Watch *self)
{
  watch_join (self);
  watch_destroy (self);
}
