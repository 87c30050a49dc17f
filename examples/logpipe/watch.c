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

  /* Any thread. */
  gint           quit;    /* set before wake is written, read after wake was read */
};

static void
watch_wake (Watch *self)
{
  /* Can't fail: the counter would have to be full. */
  (void) eventfd_write (self->wake, 1);
}

static gboolean
watch_was_told_to_quit (Watch *self)
{
  eventfd_t count;

  (void) eventfd_read (self->wake, &count);
  return g_atomic_int_get (&self->quit);
}

/* The input is polled only while nobody reads from it: poll() passes over a descriptor of -1. */
static gpointer
watch_thread (gpointer data)
{
  enum { WAKE, INPUT };
  Watch *self = data;
  struct pollfd fds[] = { { .fd = self->wake, .events = POLLIN }, { .fd = self->input, .events = POLLIN } };

  while (TRUE)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        continue; /* EINTR */
      if (fds[WAKE].revents != 0)
        {
          if (watch_was_told_to_quit (self))
            return NULL;
          fds[INPUT].fd = self->input;
        }
      else if (fds[INPUT].revents != 0)
        {
          /* Refused only by a server that is being stopped, which will wake us. */
          logpipe_read_more_send_to (self->channel, &(LogpipeReadMore) { .bytes = self->piece }, NULL);
          fds[INPUT].fd = -1;
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
watch_new (int input, ButlerChannel *channel, guint32 piece, GError **error)
{
  Watch *self = g_new0 (Watch, 1);

  self->channel = butler_channel_ref (channel);
  self->piece = piece;
  self->input = input;
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
  watch_wake (self);
}

void
watch_free (Watch *self)
{
  g_atomic_int_set (&self->quit, TRUE);
  watch_wake (self);
  g_thread_join (self->thread);
  watch_destroy (self);
}
