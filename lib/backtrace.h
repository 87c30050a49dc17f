/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* Where another thread of this process stands: it is sent a signal, and writes it down in the signal's handler. */

/* butler__backtrace_begin() waits until no other thread is at it. No lock is held. */
void butler__backtrace_begin (void);

/* butler__backtrace_ask() lets @thread, which lives until it returns, write down where it stands; FALSE if there is no way to. After
 * butler__backtrace_begin(). */
gboolean butler__backtrace_ask (pid_t thread);

/* butler__backtrace_end() is (transfer full): a line for each function, the innermost first, each behind a newline; or why there are
 * none. @asked is what butler__backtrace_ask() returned, or FALSE if it was not called. */
char *butler__backtrace_end (gboolean asked);
