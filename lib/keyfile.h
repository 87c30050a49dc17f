/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* butler__keyfile_load() reads a key file. Unlike GKeyFile it says in which line it does not parse, and refuses a group
 * or a key that is given twice, where GKeyFile takes the later one. BUTLER_ERROR_BAD_CONFIG, or BUTLER_ERROR_NOT_FOUND
 * if @path cannot be read; each names @path. */
GKeyFile *butler__keyfile_load (const char  *path,
                                GError     **error);
