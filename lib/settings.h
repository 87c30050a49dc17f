/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/record.h>

/* The keys of a server's group that belong to the app, NULL-terminated: no setting can have their names. */
extern const char *const butler__settings_reserved[];

/* butler__settings_check() registers @info and checks that it can be settings: kinds that a key file can hold, names
 * that are not reserved, defaults that parse. BUTLER_ERROR_BAD_LAYOUT names record, field and reason. */
gboolean butler__settings_check (const ButlerRecordInfo *info,
                                 GError                **error);

typedef struct _ButlerLayout ButlerLayout;

/* butler__settings_adapt() is (transfer full): the settings @from, of @layout, as @to has them; what is new in it has its default. */
gpointer butler__settings_adapt (const ButlerLayout     *layout,
                                 gconstpointer           from,
                                 const ButlerRecordInfo *to,
                                 GError                **error);
