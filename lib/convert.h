/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/layout.h"

/* How the fields of one layout get into another: by name, kept or widened. Immutable, made once a pair, never freed. */
typedef struct _ButlerConversion ButlerConversion;

/* butler__conversion_get() is the plan from @from to @to; BUTLER_ERROR_BAD_LAYOUT, naming type, field and both origins, if no
 * field is common or a common one's kind does not widen. Opaque layouts convert only to the same fingerprint, as they are. */
const ButlerConversion *butler__conversion_get (const ButlerLayout *from,
                                                const ButlerLayout *to,
                                                GError            **error);

/* butler__conversion_move() moves the fields out of @from, which is left zero (what has no place in @to is cleared), into @to,
 * whose bytes are zero. */
void butler__conversion_move (const ButlerConversion *conversion,
                              gpointer                from,
                              gpointer                to);

/* butler__conversion_copy() leaves @from as it is: strings and arrays are copied, objects, bytes and variants referenced. */
void butler__conversion_copy (const ButlerConversion *conversion,
                              gconstpointer           from,
                              gpointer                to);
