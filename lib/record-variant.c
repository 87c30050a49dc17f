/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/field.h"
#include "lib/kind.h"

static GVariant *
number_to_variant (ButlerKind    kind,
                   gconstpointer value)
{
  ButlerNumber number = butler__kind_load (kind, value);

  switch (butler__kind_get (kind)->variant[0])
    {
    case 'b':
      return g_variant_new_boolean (number.i != 0);
    case 'y':
      return g_variant_new_byte ((guint8) number.u);
    case 'n':
      return g_variant_new_int16 ((gint16) number.i);
    case 'q':
      return g_variant_new_uint16 ((guint16) number.u);
    case 'i':
      return g_variant_new_int32 ((gint32) number.i);
    case 'u':
      return g_variant_new_uint32 ((guint32) number.u);
    case 'x':
      return g_variant_new_int64 (number.i);
    case 't':
      return g_variant_new_uint64 (number.u);
    default:
      return g_variant_new_double (number.f);
    }
}

static GVariant *
string_to_variant (const char *text,
                   gboolean    utf8)
{
  if (text == NULL)
    text = "";
  return utf8 ? g_variant_new_string (text) : g_variant_new_bytestring (text);
}

/* One string that is no UTF-8 makes byte strings of all: the elements of an array have one type. */
static GVariant *
strings_to_variant (const ButlerSequence *sequence)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_ARRAY);
  char *const             *strings = (char *const *) (gpointer) sequence->data;
  gboolean                 utf8 = TRUE;

  for (gsize i = 0; i < sequence->n && utf8; i++)
    utf8 = strings[i] == NULL || g_utf8_validate (strings[i], -1, NULL);

  for (gsize i = 0; i < sequence->n; i++)
    g_variant_builder_add_value (&builder, string_to_variant (strings[i], utf8));
  return g_variant_builder_end (&builder);
}

static GVariant *layout_to_variant (const ButlerLayout *layout,
                                    gconstpointer       record,
                                    GError            **error);

static GVariant *
records_to_variant (const ButlerSequence *sequence,
                    GError              **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < sequence->n; i++)
    {
      GVariant *element = layout_to_variant (sequence->element.nested, butler__sequence_at (sequence, i), error);

      if (element == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, element);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
elements_to_variant (const ButlerLayoutField *field,
                     gconstpointer            value,
                     GError                 **error)
{
  ButlerSequence           sequence = butler__field_sequence (field, value);
  ButlerKind               kind = sequence.element.kind;
  const GVariantType      *type = G_VARIANT_TYPE (butler__kind_get (kind)->variant);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_ARRAY);

  if (sequence.n == 0)
    return g_variant_new_array (type, NULL, 0);
  if (kind == BUTLER_KIND_STRING)
    return strings_to_variant (&sequence);
  if (kind == BUTLER_KIND_RECORD)
    return records_to_variant (&sequence, error);
  if (butler__kind_get (kind)->verbatim)
    return g_variant_new_fixed_array (type, sequence.data, sequence.n, butler__kind_get (kind)->size);

  for (gsize i = 0; i < sequence.n; i++)
    g_variant_builder_add_value (&builder, number_to_variant (kind, butler__sequence_at (&sequence, i)));
  return g_variant_builder_end (&builder);
}

/* A floating variant becomes the record's own here: the container would take the only reference. */
static GVariant *
box_variant (GVariant *variant)
{
  if (g_variant_is_floating (variant))
    g_variant_ref_sink (variant);
  return g_variant_new_variant (variant);
}

/* Of a field that is a pointer and not NULL. */
static GVariant *
pointee_to_variant (const ButlerLayout      *owner,
                    const ButlerLayoutField *field,
                    gconstpointer            value,
                    GError                 **error)
{
  const char *text;

  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      text = *(char *const *) value;
      return string_to_variant (text, g_utf8_validate (text, -1, NULL));
    case BUTLER_KIND_BYTES:
      return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, *(GBytes *const *) value, TRUE);
    case BUTLER_KIND_VARIANT:
      return box_variant (*(GVariant *const *) value);
    case BUTLER_KIND_STRV:
    case BUTLER_KIND_ARRAY:
      return elements_to_variant (field, value, error);
    default: /* object, pointer */
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_SERIALIZABLE,
                   "%s.%s: the kind %s cannot leave the process, and it is not NULL", owner->type->name, field->name,
                   butler__kind_get (field->kind)->name);
      return NULL;
    }
}

/* NULL without an error: the key is left out. */
static GVariant *
value_to_variant (const ButlerLayout      *owner,
                  const ButlerLayoutField *field,
                  gconstpointer            value,
                  GError                 **error)
{
  if (butler__kind_get (field->kind)->family != BUTLER_FAMILY_NONE)
    return number_to_variant (field->kind, value);
  if (field->kind == BUTLER_KIND_RECORD)
    return layout_to_variant (field->nested, value, error);
  if (field->kind == BUTLER_KIND_FIXED)
    return elements_to_variant (field, value, error);
  if (butler__field_pointer (value) == NULL)
    return NULL;
  return pointee_to_variant (owner, field, value, error);
}

static GVariant *
layout_to_variant (const ButlerLayout *layout,
                   gconstpointer       record,
                   GError            **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];
      GError                  *refusal = NULL;
      GVariant                *value = value_to_variant (layout, field, butler__field_of (field, record), &refusal);

      if (refusal != NULL)
        {
          g_propagate_error (error, refusal);
          return NULL;
        }
      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", field->name, value);
    }
  return g_variant_builder_end (&builder);
}

GVariant *
butler__layout_to_variant (const ButlerLayout *layout,
                           gconstpointer       record,
                           GError            **error)
{
  GVariant *variant;

  if (butler__layout_is_opaque (layout))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_SERIALIZABLE,
                   "%s is opaque: nobody knows what its bytes mean outside of the process", layout->type->name);
      return NULL;
    }

  variant = layout_to_variant (layout, record, error);
  return variant != NULL ? g_variant_ref_sink (variant) : NULL;
}

/**
 * butler_record_to_variant:
 * @info: the description of the type of @record
 * @record: a record
 * @error: (nullable): place for an error
 *
 * Makes a GVariant of the type `a{sv}` of a record, from which butler_record_from_variant() makes an equal one, in
 * another process or by another version of the type. This is what NAME_to_variant() calls.
 *
 * The keys are the names of the fields; what is %NULL is left out. Integers take the GVariant type of their size (int8
 * that of int16), enums `i`, both floating kinds `d`, strings `s`, strv `as`, bytes `ay`, variants `v`, records
 * `a{sv}`, arrays and fixed fields an array of their elements' type. A string that is not UTF-8 is a byte string (`ay`,
 * with its final NUL), and so are all the strings of an array that has one.
 *
 * Errors: %BUTLER_ERROR_NOT_SERIALIZABLE, which names record and field, if an object or a pointer is not %NULL or if the
 * type is opaque.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the variant, not floating, or %NULL with an error
 *
 * Since: 1.0
 */
GVariant *
butler_record_to_variant (const ButlerRecordInfo *info,
                          gconstpointer           record,
                          GError                **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (record != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  layout = butler__layout_of (info);
  return layout != NULL ? butler__layout_to_variant (layout, record, error) : NULL;
}
