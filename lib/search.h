/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>

/* Where an app's plugins are looked for, and those that were loaded: each file once. */
typedef struct _ButlerSearch ButlerSearch;

/* butler__search_new(): a plugin given with a slash is relative to @base. */
ButlerSearch *butler__search_new (ButlerHub         *hub,
                                  const char        *base,
                                  ButlerModuleFlags  flags);
void          butler__search_free (ButlerSearch *search);

/* butler__search_add() adds a folder behind the others; a relative one is relative to the base. */
void butler__search_add (ButlerSearch *search,
                         const char   *folder);

/* butler__search_find() is the file of @name, (transfer full): `tally` is tally.so in the first folder that has it; with
 * a slash in it @name is a file. BUTLER_ERROR_NOT_FOUND lists the folders. */
char *butler__search_find (ButlerSearch *search,
                           const char   *name,
                           GError      **error);

/* butler__search_get_flags() are those that its modules are loaded with. */
ButlerModuleFlags butler__search_get_flags (const ButlerSearch *search);

/* butler__search_load() loads that file, with the errors of butler_module_load(), if it was not loaded yet. */
ButlerModule *butler__search_load (ButlerSearch *search,
                                   const char   *name,
                                   GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerSearch, butler__search_free)
