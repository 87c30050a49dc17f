/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>

#include "lib/layout.h"

/* Layouts and values that nobody thought of. What is made is kept until the end: infos are static in real programs. */

typedef enum
{
  RANDOM_LOCAL = 1 << 0, /* objects and pointers are not always NULL */
} RandomFlags;

/* random_info_new() is a random record type, with records in it that are nested up to @depth. */
ButlerRecordInfo *random_info_new (GRand *rand,
                                   guint  depth);

/* random_info_vary() is another version of @info: the fields in another order, with others among them, fixed ones
 * longer; with @widen some are larger. */
ButlerRecordInfo *random_info_vary (GRand                  *rand,
                                    const ButlerRecordInfo *info,
                                    gboolean                widen);

/* random_fill() fills @record, which is zero. */
void random_fill (GRand              *rand,
                  const ButlerLayout *layout,
                  gpointer            record,
                  RandomFlags         flags);

/* random_variant() is a small variant of any type, floating. */
GVariant *random_variant (GRand *rand,
                          guint  depth);

void random_free_all (void);
