/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>

/* A plugin's file as it was at one moment: checked, and copied byte for byte to a name that was never used before. The
 * build's own file is never mapped: who rewrites it in place would change code that runs, and dlopen() of a known path
 * gives old code. */
typedef struct _ButlerStage ButlerStage;

/* butler__stage_new() opens @path once, checks that it is a regular, trusted and complete file, and copies it. Each
 * error names @path: BUTLER_ERROR_NOT_FOUND, BUTLER_ERROR_UNTRUSTED, BUTLER_ERROR_BAD_PLUGIN (no plugin, incomplete,
 * changed meanwhile) or BUTLER_ERROR_FAILED (no place for the copy). */
ButlerStage *butler__stage_new (const char        *path,
                                ButlerModuleFlags  flags,
                                GError           **error);

/* butler__stage_free() deletes the copy; what is mapped of it stays usable. */
void butler__stage_free (ButlerStage *stage);

const char *butler__stage_get_copy (ButlerStage *stage);

/* butler__stage_is_same() is TRUE if both have the same bytes: whatever the build did, there is nothing new. */
gboolean butler__stage_is_same (ButlerStage *a,
                                ButlerStage *b);

/* butler__stage_explain() is @text, what dlerror() said of @copy, with the user's file @path in its place, as the user never heard of
 * @copy: (transfer full). */
char *butler__stage_explain (const char *copy,
                             const char *path,
                             const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerStage, butler__stage_free)
