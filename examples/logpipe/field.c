/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * field: takes one column of each line as awk '{print $N}' does: byte by byte, and nothing where a line has no such
 * column. */

#include "messages.h"
#include "slice.h"

#define FIELD_FIELDS(F, R)                                        \
  F (R, uint32, column)                                           \
  F (R, uint8,  separator) /* 0: any number of blanks and tabs */ \
  F (R, uint64, lines)
BUTLER_RECORD (LogpipeField, field, FIELD_FIELDS);

#define FIELD_SETTINGS_FIELDS(F, R)                                                   \
  F (R, uint32, column,    "1", "the column to take, from 1; 0 takes the whole line") \
  F (R, string, separator, "",  "the byte between two columns; empty: blanks and tabs, as awk has it")
BUTLER_SETTINGS (LogpipeFieldSettings, field_settings, FIELD_SETTINGS_FIELDS);

#define FIELD_HANDLES(H, S) \
  H (S, logpipe_lines)      \
  H (S, logpipe_end_of_lines)
BUTLER_HANDLERS (field, FIELD_HANDLES);

static gboolean
field_start (LogpipeField                *self,
             const LogpipeFieldSettings  *settings,
             ButlerContext               *context G_GNUC_UNUSED,
             GError                     **error)
{
  const char *separator = settings->separator != NULL ? settings->separator : "";

  if (strlen (separator) > 1)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "separator=%s is more than one byte", separator);
      return FALSE;
    }
  self->column = settings->column;
  self->separator = (guint8) *separator;
  return TRUE;
}

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static const char *
skip_blanks (const char *at, const char *end)
{
  while (at < end && is_blank (*at))
    at++;
  return at;
}

static const char *
skip_word (const char *at, const char *end)
{
  while (at < end && !is_blank (*at))
    at++;
  return at;
}

static Slice
take_word (Slice line, guint column)
{
  const char *start = skip_blanks (line.start, line.end);

  for (; column > 1 && start < line.end; column--)
    start = skip_blanks (skip_word (start, line.end), line.end);
  return (Slice) { start, skip_word (start, line.end) };
}

static const char *
find_separator (const char *at, const char *end, char separator)
{
  const char *found = at < end ? memchr (at, separator, end - at) : NULL;

  return found != NULL ? found : end;
}

static Slice
take_separated (Slice line, guint column, char separator)
{
  const char *start = line.start;

  for (; column > 1 && start < line.end; column--)
    start = MIN (find_separator (start, line.end, separator) + 1, line.end);
  return (Slice) { start, find_separator (start, line.end, separator) };
}

static Slice
take_column (const LogpipeField *self, Slice line)
{
  if (self->column == 0)
    return line;
  if (self->separator == 0)
    return take_word (line, self->column);
  return take_separated (line, self->column, (char) self->separator);
}

/* No value is longer than its line, so the values fit into as many bytes as the lines took. */
static GBytes *
take_values (LogpipeField *self, Slice lines)
{
  char *values = g_malloc (slice_length (lines) + 1);
  char *end = values;
  Slice line;

  for (; slice_take_line (&lines, &line); self->lines++)
    end = slice_put_line (take_column (self, line), end);
  return g_bytes_new_take (values, end - values);
}

static void
field_on_logpipe_lines (LogpipeField *self, LogpipeLines *message, ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  LogpipeValues values = { .text = take_values (self, slice_of_bytes (message->text)) };
  GError *error = NULL;

  if (!logpipe_values_send (hub, &values, &error))
    butler_hub_fail (hub, error);
}

static void
field_on_logpipe_end_of_lines (LogpipeField      *self,
                               LogpipeEndOfLines *message G_GNUC_UNUSED,
                               ButlerContext     *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  GError *error = NULL;

  if (!logpipe_end_of_values_send (hub, &(LogpipeEndOfValues) { self->lines }, &error))
    butler_hub_fail (hub, error);
}

static const ButlerHandlerSet field_set = {
  BUTLER_HANDLER_SET (field),
  BUTLER_START (field, field_settings, field_start),
  BUTLER_DOC ("takes one column of each line"),
};
BUTLER_PLUGIN (field, "1.0", &field_set)
