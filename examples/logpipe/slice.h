/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <string.h>

/* A stretch of text in somebody else's memory, up to, not with, its end. It can hold any byte, NUL too. */
typedef struct
{
  const char *start;
  const char *end;
} Slice;

static inline gsize
slice_length (Slice self)
{
  return self.end - self.start;
}

/* The whole of @bytes, which is NULL where a message came without. Never a slice of NULL, which memcpy() takes no byte of. */
static inline Slice
slice_of_bytes (GBytes *bytes)
{
  gsize size = 0;
  const char *start = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  if (size == 0)
    start = "";
  return (Slice) { start, start + size };
}

/* Takes the next line off @self, without its newline, which the last line need not have. FALSE if nothing was left. */
static inline gboolean
slice_take_line (Slice *self, Slice *line)
{
  const char *newline;

  if (self->start == self->end)
    return FALSE;
  newline = memchr (self->start, '\n', slice_length (*self));
  *line = (Slice) { self->start, newline != NULL ? newline : self->end };
  self->start = newline != NULL ? newline + 1 : self->end;
  return TRUE;
}

/* As `LC_ALL=C sort` orders lines. */
static inline int
slice_compare (Slice a, Slice b)
{
  gsize common = MIN (slice_length (a), slice_length (b));
  int order = common > 0 ? memcmp (a.start, b.start, common) : 0;

  if (order != 0)
    return order;
  return slice_length (a) < slice_length (b) ? -1 : slice_length (a) > slice_length (b);
}

/* Writes @self and a newline at @to; returns where they end. */
static inline char *
slice_put_line (Slice self, char *to)
{
  memcpy (to, self.start, slice_length (self));
  to += slice_length (self);
  *to = '\n';
  return to + 1;
}
