/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/probe.h>

#define BUTLER__PROBE_LIMIT (5 * G_TIME_SPAN_SECOND)

/* butler__probe_run() lets the program threadbutler-probe load @copy, the private copy of the user's file @origin, and
 * waits for what it says, @limit_us at the longest. Whatever the file does to the process that loads it, to this one it
 * is an error that names @origin: BUTLER_ERROR_BAD_PLUGIN (it crashed, ended the process, took too long, misses a
 * symbol, has no descriptor), what butler__descriptor_new() has to say of its descriptor, or BUTLER_ERROR_FAILED (the
 * probe itself cannot be run).
 * On success @verdict, which must be clear before, is the caller's to clear. Any thread, which waits; no main context
 * and no signal handler is touched, and the process is reaped on return. */
gboolean butler__probe_run (const char          *copy,
                            const char          *origin,
                            gint64               limit_us,
                            ButlerProbeVerdict  *verdict,
                            GError             **error);
