/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* tool_log_start() lets what the library and plugins log go to standard error, a line each; warnings and graver at
 * first. */
void tool_log_start (void);

/* tool_log_set_level() takes error, warning, info or debug. */
gboolean tool_log_set_level (const char *level,
                             GError    **error);
