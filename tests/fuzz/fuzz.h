/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What libFuzzer calls, or tests/fuzz/corpus.c without it. */

/* LLVMFuzzerInitialize() is called once, first. */
int LLVMFuzzerInitialize (int    *argc,
                          char ***argv);

/* LLVMFuzzerTestOneInput() takes whatever somebody may send or write; a crash, a critical or what a sanitizer finds is a fault. */
int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* Who logs says nothing; but a critical is a fault, and ends the program in the way that libFuzzer sees. */
static inline GLogWriterOutput
fuzz_write_log (GLogLevelFlags   level,
                const GLogField *fields,
                gsize            n,
                gpointer         data)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    {
      g_log_writer_standard_streams (level, fields, n, data);
      abort ();
    }
  return G_LOG_WRITER_HANDLED;
}

/* fuzz_begin() is for LLVMFuzzerInitialize(). */
static inline void
fuzz_begin (void)
{
  g_log_set_writer_func (fuzz_write_log, NULL, NULL);
}

/* fuzz_check_error() takes the outcome of a call: either it failed, with a text that can be shown, or it did not. */
static inline void
fuzz_check_error (gboolean  done,
                  GError  **error)
{
  g_assert_true (done == (*error == NULL));
  g_assert_true (*error == NULL || ((*error)->message[0] != '\0' && g_utf8_validate ((*error)->message, -1, NULL)));
  g_clear_error (error);
}
