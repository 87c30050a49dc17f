/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* The folder (0700) in which this process keeps its private copies of plugins. One for the whole process, as what
 * dlopen() maps is: made for the first copy, removed with the last. */
typedef struct _ButlerHotDir ButlerHotDir;

/* butler__hotdir_acquire() makes the folder in the first of $BUTLER_HOT_DIR, $XDG_RUNTIME_DIR and the temporary
 * directory that can be written and may be executed from, or takes part in the one that is there. It also removes what
 * dead processes left. */
ButlerHotDir *butler__hotdir_acquire (GError **error);

/* butler__hotdir_release(): the last one removes the folder, which has to be empty by then. */
void butler__hotdir_release (ButlerHotDir *dir);

/* butler__hotdir_create() makes the empty file NAME.GEN.so, where GEN was never used before in this process, and opens
 * it for reading and writing; -1 on error. @path (out) (transfer full). */
int butler__hotdir_create (ButlerHotDir *dir,
                           const char   *name,
                           char        **path,
                           GError      **error);
