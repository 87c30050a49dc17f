/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <string.h>

#include "lib/layout.h"

/* The elements of a strv, array or fixed field. */
typedef struct
{
  ButlerLayoutField element; /* what a walker needs to know of each: the same as of a field's value */
  char             *data;
  gsize             n;
} ButlerSequence;

/* butler__field_sequence() is empty for a NULL strv or array. An array whose elements have the wrong size was not made
 * by NAME_array_new(): a critical, and empty, as nobody knows what it holds. */
ButlerSequence butler__field_sequence (const ButlerLayoutField *field,
                                       gconstpointer            value);

static inline gpointer
butler__sequence_at (const ButlerSequence *sequence,
                     gsize                 index)
{
  return sequence->data + index * sequence->element.size;
}

/* butler__field_new_array() is an array of @n elements, all zero, for a field of the kind array. */
GArray *butler__field_new_array (const ButlerLayoutField *field,
                                 guint                    n);

/* butler__field_clear() frees what @value owns and leaves it zero. */
void butler__field_clear (const ButlerLayoutField *field,
                          gpointer                 value);

/* butler__field_describe() appends the field's type as it stands in a fingerprint. */
void butler__field_describe (const ButlerLayoutField *field,
                             GString                 *text);

/* butler__field_pointer() reads a value that is a pointer, of whatever type. */
static inline gpointer
butler__field_pointer (gconstpointer value)
{
  gpointer pointer;

  memcpy (&pointer, value, sizeof pointer);
  return pointer;
}

static inline gpointer
butler__field_of (const ButlerLayoutField *field,
                  gconstpointer            record)
{
  return (char *) record + field->offset;
}
