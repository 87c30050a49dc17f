/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/record.h>

#include "lib/layout.h"

/**
 * butler_record_new:
 * @info: the description of a record type
 *
 * Allocates a record, all of whose fields are zero or %NULL. This is what NAME_new() calls.
 *
 * Like every record that the library hands out it can be sent without a copy, by NAME_post().
 *
 * Thread: any.
 *
 * Returns: (transfer full): the record, for butler_record_free()
 *
 * Since: 1.0
 */
gpointer
butler_record_new (const ButlerRecordInfo *info)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);

  layout = butler__layout_of (info);
  return layout != NULL ? butler__envelope_payload (butler__envelope_new (layout, layout->size)) : NULL;
}

/**
 * butler_record_new_uncleared:
 * @info: the description of a record type
 *
 * Allocates a record whose fields the caller sets, all of them. This is what NAME_new_uncleared() calls: for large records
 * such as frames of video, where to clear them first takes as long as to fill them. Only of a type whose fields own nothing it is not
 * cleared; of others, and opaque ones, it is as butler_record_new(), so that it can be freed at any time.
 *
 * Thread: any.
 *
 * Returns: (transfer full): the record, for butler_record_free()
 *
 * Since: 1.0
 */
gpointer
butler_record_new_uncleared (const ButlerRecordInfo *info)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);

  layout = butler__layout_of (info);
  if (layout == NULL)
    return NULL;
  return butler__envelope_payload (layout->plain ? butler__envelope_new_uncleared (layout, layout->size)
                                                 : butler__envelope_new (layout, layout->size));
}

/**
 * butler_record_copy:
 * @info: the description of the type of @record
 * @record: (nullable): a record; it may be embedded or on the stack
 *
 * Copies a record as butler_record_copy_to() does, into a new one. This is what NAME_copy() calls.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the copy, for butler_record_free(); %NULL if @record is %NULL
 *
 * Since: 1.0
 */
gpointer
butler_record_copy (const ButlerRecordInfo *info,
                    gconstpointer           record)
{
  gpointer copy;

  g_return_val_if_fail (info != NULL, NULL);

  if (record == NULL)
    return NULL;

  copy = butler_record_new (info);
  if (copy != NULL)
    butler_record_copy_to (info, record, copy);
  return copy;
}

/**
 * butler_record_free:
 * @record: (transfer full) (nullable): a record that the library handed out: by NAME_new(), NAME_copy(), NAME_take(),
 *   NAME_from_variant() and their like, never one that is embedded or on the stack
 *
 * Frees a record and all that it owns. This is what NAME_free() calls.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_record_free (gpointer record)
{
  ButlerMessage *message;

  if (record == NULL)
    return;

  message = butler__envelope_of (record);
  butler__envelope_leave_ask (message);
  butler__layout_clear (message->layout, record);
  butler__envelope_free (message);
}

/**
 * butler_record_clear:
 * @info: the description of the type of @record
 * @record: a record, wherever it lies
 *
 * Frees all that a record owns and leaves it zero, so that clearing it again does no harm. This is NAME_clear().
 *
 * The elements of arrays belong to the record, and are cleared with it. The clear function of an opaque type is called
 * each time, and so has to take a value that is zero.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_record_clear (const ButlerRecordInfo *info,
                     gpointer                record)
{
  const ButlerLayout *layout;

  g_return_if_fail (info != NULL);
  g_return_if_fail (record != NULL);

  layout = butler__layout_of (info);
  if (layout != NULL)
    butler__layout_clear (layout, record);
}

/**
 * butler_record_copy_to:
 * @info: the description of the type of both records
 * @record: the record to copy
 * @copy: (out caller-allocates): where the copy is made; what is there is overwritten, not freed
 *
 * Copies a record: strings, arrays and nested records are copied, bytes, variants and objects are referenced, pointers
 * are taken as they are.
 *
 * A floating variant in @record becomes its own first.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_record_copy_to (const ButlerRecordInfo *info,
                       gconstpointer           record,
                       gpointer                copy)
{
  const ButlerLayout *layout;

  g_return_if_fail (info != NULL);
  g_return_if_fail (record != NULL);
  g_return_if_fail (copy != NULL && copy != record);

  layout = butler__layout_of (info);
  if (layout != NULL)
    butler__layout_copy (layout, record, copy);
}

/**
 * butler_record_equal:
 * @info: the description of the type of both records
 * @a: a record
 * @b: another one
 *
 * Compares two records field by field. This is what NAME_equal() calls.
 *
 * Numbers are compared bit by bit, so that a NaN equals itself and -0.0 differs from 0.0; booleans by their truth;
 * strings, bytes, variants, arrays and nested records by their contents; objects and pointers by their address; opaque
 * values by their bytes. Two values differ exactly if their variants do: %NULL differs from an empty string or an empty
 * array, but among the elements of an array a %NULL string is an empty one.
 *
 * Thread: any.
 *
 * Returns: %TRUE if all fields are equal
 *
 * Since: 1.0
 */
gboolean
butler_record_equal (const ButlerRecordInfo *info,
                     gconstpointer           a,
                     gconstpointer           b)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, FALSE);
  g_return_val_if_fail (a != NULL && b != NULL, FALSE);

  layout = butler__layout_of (info);
  return layout != NULL && butler__layout_equal (layout, a, b);
}

/**
 * butler_record_array_new:
 * @info: the description of the type of the elements
 * @reserved: how many elements to allocate room for
 *
 * Makes an array of records, as array (record (NAME)) fields hold them. This is what NAME_array_new() calls.
 *
 * The array has no clear function: its elements belong to the record that it is put into. Room that g_array_set_size()
 * adds is zero. An array of numbers or strings is made by g_array_new() with the size of a number or a pointer.
 *
 * Thread: any.
 *
 * Returns: (transfer full): an empty array
 *
 * Since: 1.0
 */
GArray *
butler_record_array_new (const ButlerRecordInfo *info,
                         guint                   reserved)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);

  layout = butler__layout_of (info);
  return layout != NULL ? g_array_sized_new (FALSE, TRUE, layout->size, reserved) : NULL;
}
