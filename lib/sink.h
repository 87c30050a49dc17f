/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* A file that is written from its beginning to its end. Its errors name it, and what it is: "trace FILE: No space left on device". */
typedef struct
{
  char   *what; /* (owned) */
  int     fd;
  GError *error; /* (owned) (nullable): the first; then nothing more is written */
} ButlerSink;

/* butler__sink_open() makes the file, or empties it. */
gboolean butler__sink_open  (ButlerSink  *sink,
                             const char  *what,
                             const char  *path,
                             int          mode,
                             GError     **error);

/* butler__sink_write() is FALSE after the first error, of which the log is told. One thread at a time. */
gboolean butler__sink_write (ButlerSink    *sink,
                             gconstpointer  data,
                             gsize          size);

/* butler__sink_close() says how all of it went. */
gboolean butler__sink_close (ButlerSink *sink,
                             GError    **error);
