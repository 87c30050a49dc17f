/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* Where a loaded file lies in memory. */
typedef struct
{
  const char *low;   /* NULL: nothing is known */
  const char *high;  /* the first byte behind it */
  gsize       base;  /* what the dynamic linker adds to its addresses */
  char       *build_id; /* (owned) (nullable): hexadecimal */
} ButlerImage;

/* butler__image_find() fills @image with the loaded file in which @address lies; FALSE if there is none. */
gboolean butler__image_find (ButlerImage  *image,
                             gconstpointer address);
void     butler__image_clear (ButlerImage *image);

/* butler__image_is_mapped() asks the dynamic linker whether a file still lies there. */
gboolean butler__image_is_mapped (const ButlerImage *image);

static inline gboolean
butler__image_has (const ButlerImage *image,
                   gconstpointer      address)
{
  return (const char *) address >= image->low && (const char *) address < image->high;
}

/* Whose files lie where, in the whole process. butler__image_announce() keeps a copy of @image's place under @origin until
 * butler__image_withdraw(); butler__image_origin() is (nullable), and never freed. */
void        butler__image_announce (const ButlerImage *image,
                                    const char        *origin);
void        butler__image_withdraw (const ButlerImage *image);
const char *butler__image_origin   (gconstpointer address);
