/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* butler__name_is_identifier(): as C has them; FALSE for NULL. */
gboolean butler__name_is_identifier (const char *name);

/* butler__name_nearest() is the one of @known (NULL at its end) that @name was most likely meant to be: NULL if none is
 * near. */
const char *butler__name_nearest (const char        *name,
                                  const char *const *known);

/* butler__name_hint() is "; did you mean NEAREST?", or "" if none is near: the end of an error message, (transfer
 * full). */
char *butler__name_hint (const char        *name,
                         const char *const *known);
