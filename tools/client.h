/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>

/* tool_connect() finds a running program and connects to it: @wanted is its name, its process id, NAME.PID, or NULL for
 * the only one there is. NULL after a message. */
GDBusConnection *tool_connect (const char *wanted);

/* tool_call() calls a method, whatever time that takes. The answer, without the tuple around it: (transfer full);
 * nothing is ("()"). @arguments are taken over if floating. */
GVariant *tool_call (GDBusConnection *connection,
                     const char      *method,
                     GVariant        *arguments,
                     GError         **error);

/* tool_ask() is both, for a method without arguments. NULL after a message. */
GVariant *tool_ask (const char *wanted,
                    const char *method);

/* tool_print_json() prints one line; returns an exit status. */
int tool_print_json (GVariant *value);
