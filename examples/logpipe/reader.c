/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * reader: reads a file, or the standard input, and sends its lines on.
 *
 * Each piece is read because a message says so, and after each the server tells itself to read the next: between two
 * pieces it can be stopped, however large the file. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memrchr() */
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "watch.h"

#define LARGEST_PIECE (16u << 20)
#define LONGEST_LINE  (1u << 30) /* a GByteArray ends at 4 GiB */

#define READER_FIELDS(F, R)                                            \
  F (R, string,  name)    /* of the file, for people */                \
  F (R, int32,   input)   /* its descriptor */                         \
  F (R, uint32,  piece)                                                \
  F (R, int32,   changes) /* inotify of a file that grows; -1: none */ \
  F (R, pointer, watch)   /* Watch; NULL: reading never waits */       \
  F (R, pointer, pending) /* GByteArray: a line that has no end yet */ \
  F (R, uint64,  bytes)   /* read so far */                            \
  F (R, boolean, ended)   /* nothing more is to be read or sent */
BUTLER_RECORD (LogpipeReader, reader, READER_FIELDS);

#define READER_SETTINGS_FIELDS(F, R)                                         \
  F (R, string, file,  "-",     "the file to read; - is the standard input") \
  F (R, uint32, piece, "65536", "how many bytes to read at once, up to 16 MiB") \
  F (R, boolean, follow, "false", "wait at the end of a file for what is added to it")
BUTLER_SETTINGS (LogpipeReaderSettings, reader_settings, READER_SETTINGS_FIELDS);

#define READER_HANDLES(H, S) \
  H (S, logpipe_read_more)
BUTLER_HANDLERS (reader, READER_HANDLES);

static gboolean
set_error (GError **error, const char *name, int code)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", name, g_strerror (code));
  return FALSE;
}

static gboolean
is_standard_input (const char *file)
{
  return file == NULL || *file == '\0' || g_str_equal (file, "-");
}

/* O_NONBLOCK: start must not wait for a FIFO's writer. The standard input is shared with other programs, which would be
 * astonished if it changed; nobody reads from it before watch.c said that there is something. */
static int
open_file (const char *file)
{
  if (is_standard_input (file))
    return fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return open (file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static gboolean
open_input (LogpipeReader *self, const char *file, gboolean *waits, GError **error)
{
  struct stat status;

  self->name = g_strdup (is_standard_input (file) ? "standard input" : file);
  self->input = open_file (file);
  if (self->input < 0 || fstat (self->input, &status) != 0)
    return set_error (error, self->name, errno);
  if (S_ISDIR (status.st_mode)) /* opens like a file */
    return set_error (error, self->name, EISDIR);
  *waits = !S_ISREG (status.st_mode) && !S_ISBLK (status.st_mode);
  return TRUE;
}

/* At the end of a file that grows, and wherever else reading could wait, the watch asks. */
static gboolean
ask_for_more (LogpipeReader *self, gboolean at_end, ButlerContext *context, GError **error)
{
  ButlerChannel *own = butler_server_get_channel (butler_context_get_server (context));

  if (self->watch == NULL || (self->changes >= 0 && !at_end))
    return logpipe_read_more_send_to (own, &(LogpipeReadMore) { .bytes = self->piece }, error);
  watch_again (self->watch);
  return TRUE;
}

/* The link in /proc leads to the open file, whatever its name was or is. */
static gboolean
follow_file (LogpipeReader *self, GError **error)
{
  g_autofree char *file = g_strdup_printf ("/proc/self/fd/%d", self->input);

  self->changes = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->changes >= 0 && inotify_add_watch (self->changes, file, IN_MODIFY) >= 0)
    return TRUE;
  return set_error (error, self->name, errno);
}

static gboolean
begin (LogpipeReader *self, const LogpipeReaderSettings *settings, ButlerContext *context, GError **error)
{
  ButlerChannel *own = butler_server_get_channel (butler_context_get_server (context));
  gboolean waits = FALSE;

  if (!open_input (self, settings->file, &waits, error))
    return FALSE;
  if (!waits && settings->follow && !follow_file (self, error))
    return FALSE;
  if (waits || settings->follow)
    {
      self->watch = watch_new (waits ? self->input : self->changes, waits, own, self->piece, error);
      if (self->watch == NULL)
        return FALSE;
    }
  return waits || ask_for_more (self, FALSE, context, error);
}

static void
forget (LogpipeReader *self)
{
  if (self->watch != NULL)
    watch_free (self->watch);
  g_byte_array_unref (self->pending);
  if (self->changes >= 0)
    close (self->changes);
  if (self->input >= 0)
    close (self->input);
}

static gboolean
reader_start (LogpipeReader *self, const LogpipeReaderSettings *settings, ButlerContext *context, GError **error)
{
  if (settings->piece == 0 || settings->piece > LARGEST_PIECE)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "piece=%u is not from 1 to %u", settings->piece,
                   LARGEST_PIECE);
      return FALSE;
    }
  self->piece = settings->piece;
  self->pending = g_byte_array_new ();
  self->changes = -1;
  if (begin (self, settings, context, error))
    return TRUE;
  forget (self);
  return FALSE;
}

/* A report of half the lines would look like one of all: the whole program ends with @error. */
static void
give_up (LogpipeReader *self, GError *error, ButlerContext *context)
{
  self->ended = TRUE;
  butler_hub_fail (butler_context_get_hub (context), error);
}

static void
give_up_reading (LogpipeReader *self, const char *why, ButlerContext *context)
{
  give_up (self, g_error_new (BUTLER_ERROR, BUTLER_ERROR_FAILED, "%s: %s", self->name, why), context);
}

static void
send_lines (LogpipeReader *self, GByteArray *lines, ButlerContext *context)
{
  LogpipeLines message = { .text = g_byte_array_free_to_bytes (lines) };
  GError *error = NULL;

  if (!logpipe_lines_send (butler_context_get_hub (context), &message, &error))
    give_up (self, error, context);
}

/* Only what was just read can hold an end of line: a long line is searched once, not again with each piece. */
static void
send_whole_lines (LogpipeReader *self, gsize just_read, ButlerContext *context)
{
  GByteArray *lines = self->pending;
  const guint8 *newline = memrchr (lines->data + lines->len - just_read, '\n', just_read);
  guint whole;

  if (newline == NULL)
    return;
  whole = newline + 1 - lines->data;
  self->pending = g_byte_array_sized_new (self->piece);
  g_byte_array_append (self->pending, lines->data + whole, lines->len - whole);
  g_byte_array_set_size (lines, whole);
  send_lines (self, lines, context);
}

/* A last line without a newline is a line. */
static void
send_last_line (LogpipeReader *self, ButlerContext *context)
{
  GByteArray *line = self->pending;

  if (line->len == 0)
    return;
  self->pending = g_byte_array_new ();
  g_byte_array_append (line, (const guint8 *) "\n", 1);
  send_lines (self, line, context);
}

static void
send_end (LogpipeReader *self, ButlerContext *context)
{
  GError *error = NULL;

  if (self->ended)
    return;
  self->ended = TRUE;
  if (!logpipe_end_of_lines_send (butler_context_get_hub (context), &(LogpipeEndOfLines) { self->bytes }, &error))
    give_up (self, error, context);
}

/* A file that is shorter now than what we have read of it has lost lines that we never saw. */
static gboolean
was_truncated (LogpipeReader *self)
{
  struct stat status;

  return fstat (self->input, &status) == 0 && S_ISREG (status.st_mode)
         && lseek (self->input, 0, SEEK_CUR) > status.st_size;
}

static void
end_of_file (LogpipeReader *self, ButlerContext *context)
{
  if (was_truncated (self))
    {
      give_up_reading (self, "became shorter while it was read", context);
      return;
    }
  if (self->changes >= 0)
    return;
  send_last_line (self, context);
  send_end (self, context);
}

static void
take_piece (LogpipeReader *self, gsize just_read, ButlerContext *context)
{
  self->bytes += just_read;
  send_whole_lines (self, just_read, context);
  if (((GByteArray *) self->pending)->len > LONGEST_LINE)
    give_up_reading (self, "a line of more than 1 GiB", context);
}

/* Reads behind the pending line, so much that both together fill whole pieces. */
static gssize
read_piece (LogpipeReader *self, guint piece)
{
  GByteArray *pending = self->pending;
  guint before = pending->len;
  guint room = piece - before % piece;
  gssize just_read;

  g_byte_array_set_size (pending, before + room);
  do
    just_read = read (self->input, pending->data + before, room);
  while (just_read < 0 && errno == EINTR);
  g_byte_array_set_size (pending, before + MAX (just_read, 0));
  return just_read;
}

/* Before the file is read: a change after that is one that will wake us. */
static void
forget_changes (LogpipeReader *self)
{
  char events[4096];

  while (self->changes >= 0 && read (self->changes, events, sizeof events) > 0)
    ;
}

static void
reader_on_logpipe_read_more (LogpipeReader *self, LogpipeReadMore *message, ButlerContext *context)
{
  gssize just_read;

  forget_changes (self);
  just_read = read_piece (self, CLAMP (message->bytes, 1, LARGEST_PIECE));

  if (just_read > 0)
    take_piece (self, just_read, context);
  else if (just_read == 0)
    end_of_file (self, context);
  else if (errno != EAGAIN)
    give_up_reading (self, g_strerror (errno), context);
  /* A server that is being stopped takes no more messages; then this was the last piece. */
  if (!self->ended)
    ask_for_more (self, just_read == 0, context, NULL);
}

/* Whoever stops us in the middle (Ctrl-C) gets the report of what was read: the servers behind us are stopped after us.
 * Only a line that has no end yet is left out, for its value could be wrong. */
static void
reader_stop (LogpipeReader *self, ButlerContext *context)
{
  send_end (self, context);
  forget (self);
}

/* The thread that waits runs code of the old generation, which goes. */
static gboolean
reader_swapped (LogpipeReader                *self,
                const LogpipeReaderSettings  *settings G_GNUC_UNUSED,
                ButlerSwap                   *swap,
                ButlerContext                *context G_GNUC_UNUSED,
                GError                      **error G_GNUC_UNUSED)
{
  if (self->watch != NULL)
    butler_swap_on_commit (swap, watch_restart, self->watch);
  return TRUE;
}

static const ButlerHandlerSet reader_set = {
  BUTLER_HANDLER_SET (reader),
  BUTLER_START (reader, reader_settings, reader_start),
  BUTLER_STOP (reader, reader_stop),
  BUTLER_SWAPPED (reader, reader_settings, reader_swapped),
  BUTLER_DOC ("reads a file, or the standard input, and sends its lines on"),
};
BUTLER_PLUGIN (reader, "1.0", &reader_set)
