/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* butler__elf_check() checks that the file behind @fd, of @size bytes, is a shared object of this machine's word size
 * with nothing cut off: dlopen() maps what the headers say, and the first touch beyond the end of the file is SIGBUS,
 * no error. Everything else about the format is left to dlopen(), which does report it. The error does not name the
 * file. */
gboolean butler__elf_check (int      fd,
                            guint64  size,
                            GError **error);
