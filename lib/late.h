/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/message.h"

/* A message of a type that this process may not know yet, as nobody has used it: it is made when somebody asks for it. */

/* butler__late_new() is a message of the type @name with what @record holds; where the type is known it is made at once. (nullable): an
 * error then. */
ButlerMessage *butler__late_new (const char *name,
                                 GVariant   *record,
                                 GError    **error);

/* butler__late_is() is TRUE if it is made later, and butler__late_make() makes it. On error @message stays with the caller. */
gboolean       butler__late_is   (const ButlerMessage *message);
ButlerMessage *butler__late_make (ButlerMessage      *message,
                                  const ButlerLayout *layout,
                                  GError            **error);
