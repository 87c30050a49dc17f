/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>

#include "lib/log.h"

static void
set_error (GError    **error,
           const char *what,
           int         code)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
}

gboolean
butler__sink_open (ButlerSink *sink,
                   const char *what,
                   const char *path,
                   int         mode,
                   GError    **error)
{
  g_autofree char *name = g_filename_display_name (path);

  *sink = (ButlerSink) { .what = g_strdup_printf ("%s %s", what, name) };
  sink->fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);
  if (sink->fd >= 0)
    return TRUE;
  set_error (error, sink->what, errno);
  g_clear_pointer (&sink->what, g_free);
  return FALSE;
}

static void
fail (ButlerSink *sink,
      int         code)
{
  set_error (&sink->error, sink->what, code);
  butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "%s; it ends here, the program goes on", sink->error->message);
}

gboolean
butler__sink_write (ButlerSink   *sink,
                    gconstpointer data,
                    gsize         size)
{
  const char *at = data;

  while (size > 0 && sink->error == NULL)
    {
      gssize n = write (sink->fd, at, size);

      if (n < 0 && errno != EINTR)
        fail (sink, errno);
      if (n > 0)
        {
          at += n;
          size -= (gsize) n;
        }
    }
  return sink->error == NULL;
}

gboolean
butler__sink_close (ButlerSink *sink,
                    GError    **error)
{
  GError *failure = g_steal_pointer (&sink->error);

  if (close (sink->fd) != 0 && errno != EINTR && failure == NULL)
    set_error (&failure, sink->what, errno);
  g_clear_pointer (&sink->what, g_free);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}
