/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* butler__subscribe_names() is whether @type stands in @names (nullable), a list of types that ends with NULL. */
gboolean butler__subscribe_names (const char *const *names,
                                  const ButlerType  *type);

/* butler__subscribe_check() is FALSE if @handlers have no handler for one of @names, or it cannot be published. */
gboolean butler__subscribe_check (const ButlerHandlers *handlers,
                                  const char *const    *names,
                                  GError              **error);

/* butler__subscribe_all() is for names that were checked. The hub's mutex is held. */
void butler__subscribe_all (ButlerServer      *server,
                            const char *const *names);
