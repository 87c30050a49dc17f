/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/error.h>
#include <threadbutler/plugin.h>

#include "lib/handlers.h"

#define BUTLER__ORIGIN_PROGRAM "the program" /* the origin of what no module registered */

/* What a ButlerPlugin declares, checked and copied to the heap. Functions and record infos in it are the plugin's. */
typedef struct
{
  char      *origin;   /* (owned): the plugin's file, or BUTLER__ORIGIN_PROGRAM; each error begins with it */
  char      *name;     /* (owned) */
  char      *version;  /* (owned) */
  guint      abi;
  GPtrArray *handlers; /* (owned): a ButlerHandlers for each set, in the plugin's order; at least one */
} ButlerDescriptor;

/* butler__descriptor_new() checks @plugin and all that hangs on it, before any of its functions is called. */
ButlerDescriptor *butler__descriptor_new (const ButlerPlugin *plugin,
                                          const char         *origin,
                                          GError            **error);
void              butler__descriptor_free (ButlerDescriptor *descriptor);

/* butler__descriptor_find() is the set @name, or NULL. */
ButlerHandlers *butler__descriptor_find (const ButlerDescriptor *descriptor,
                                         const char             *name);

/* butler__descriptor_check_beside() checks that @descriptor can live in one hub with @others (element-type
 * ButlerDescriptor): BUTLER_ERROR_EXISTS if one has its name, BUTLER_ERROR_BAD_LAYOUT if what they or the program call
 * a message of one type cannot be converted both ways. */
gboolean butler__descriptor_check_beside (const ButlerDescriptor *descriptor,
                                          GPtrArray              *others,
                                          GError                **error);

/* butler__descriptor_check_follows() checks that messages as @old, an older one of the same plugin, knows them can be handled by
 * @descriptor: some may be on their way. */
gboolean butler__descriptor_check_follows (const ButlerDescriptor *descriptor,
                                           const ButlerDescriptor *old,
                                           GError                **error);

/* butler__descriptor_refuse() sets an error that names the origin and the reason; FALSE, always. */
gboolean butler__descriptor_refuse (const char  *origin,
                                    ButlerError  code,
                                    GError     **error,
                                    const char  *format,
                                    ...) G_GNUC_PRINTF (4, 5);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerDescriptor, butler__descriptor_free)
