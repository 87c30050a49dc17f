/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/error.h>

#include "lib/field.h"
#include "lib/kind.h"
#include "lib/record-variant.h"

static gboolean layout_from_variant (const ButlerLayout *layout,
                                     GVariant           *variant,
                                     gpointer            record,
                                     GError            **error);

static gboolean refuse (const ButlerLayout      *owner,
                        const ButlerLayoutField *field,
                        GError                 **error,
                        const char              *format,
                        ...) G_GNUC_PRINTF (4, 5);

static gboolean
refuse (const ButlerLayout      *owner,
        const ButlerLayoutField *field,
        GError                 **error,
        const char              *format,
        ...)
{
  g_autofree char *reason = NULL;
  va_list          args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s.%s: %s", owner->type->name, field->name, reason);
  return FALSE;
}

/* Only a v can hide more depth than the type says, and a type's own depth is bounded. */
gboolean
butler__variant_is_shallow (GVariant *variant,
                            guint     depth)
{
  if (strchr (g_variant_get_type_string (variant), 'v') == NULL)
    return TRUE;
  if (depth == 0)
    return FALSE;

  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (g_variant_is_container (child) && !butler__variant_is_shallow (child, depth - 1))
        return FALSE;
    }
  return TRUE;
}

static ButlerNumber
number_from_variant (GVariant *variant)
{
  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      return (ButlerNumber) { .i = g_variant_get_boolean (variant) };
    case G_VARIANT_CLASS_BYTE:
      return (ButlerNumber) { .u = g_variant_get_byte (variant) };
    case G_VARIANT_CLASS_INT16:
      return (ButlerNumber) { .i = g_variant_get_int16 (variant) };
    case G_VARIANT_CLASS_UINT16:
      return (ButlerNumber) { .u = g_variant_get_uint16 (variant) };
    case G_VARIANT_CLASS_INT32:
      return (ButlerNumber) { .i = g_variant_get_int32 (variant) };
    case G_VARIANT_CLASS_UINT32:
      return (ButlerNumber) { .u = g_variant_get_uint32 (variant) };
    case G_VARIANT_CLASS_INT64:
      return (ButlerNumber) { .i = g_variant_get_int64 (variant) };
    case G_VARIANT_CLASS_UINT64:
      return (ButlerNumber) { .u = g_variant_get_uint64 (variant) };
    default:
      return (ButlerNumber) { .f = g_variant_get_double (variant) };
    }
}

static gboolean
read_number (const ButlerLayout      *owner,
             const ButlerLayoutField *field,
             GVariant                *variant,
             gpointer                 value,
             GError                 **error)
{
  ButlerNumber number = number_from_variant (variant);

  if (!butler__kind_holds (field->kind, number))
    {
      g_autofree char *text = g_variant_print (variant, FALSE);

      return refuse (owner, field, error, "%s does not fit into the kind %s", text,
                     butler__kind_get (field->kind)->name);
    }

  butler__kind_store (field->kind, value, number);
  return TRUE;
}

static gboolean
read_string (const ButlerLayout      *owner,
             const ButlerLayoutField *field,
             GVariant                *variant,
             gpointer                 value,
             GError                 **error)
{
  const char *bytes;
  gsize       length;

  if (g_variant_is_of_type (variant, G_VARIANT_TYPE_STRING))
    {
      *(char **) value = g_variant_dup_string (variant, NULL);
      return TRUE;
    }

  bytes = g_variant_get_fixed_array (variant, &length, 1);
  if (length == 0 || memchr (bytes, '\0', length) != bytes + length - 1)
    return refuse (owner, field, error, "a byte string has one NUL, which is its last byte");
  *(char **) value = g_memdup2 (bytes, length);
  return TRUE;
}

/* Copied, so that a small field does not keep a large message alive. */
static GBytes *
read_bytes (GVariant *variant)
{
  gsize         size;
  gconstpointer data = g_variant_get_fixed_array (variant, &size, 1);

  return g_bytes_new (data, size);
}

static gboolean
read_nested (const ButlerLayout      *owner,
             const ButlerLayoutField *field,
             GVariant                *variant,
             gpointer                 record,
             GError                 **error)
{
  if (layout_from_variant (field->nested, variant, record, error))
    return TRUE;

  g_prefix_error (error, "%s.%s: ", owner->type->name, field->name);
  return FALSE;
}

static gboolean
read_element (const ButlerLayout      *owner,
              const ButlerLayoutField *element,
              GVariant                *variant,
              gpointer                 value,
              GError                 **error)
{
  if (element->kind == BUTLER_KIND_STRING)
    return read_string (owner, element, variant, value, error);
  if (element->kind == BUTLER_KIND_RECORD)
    return read_nested (owner, element, variant, value, error);
  return read_number (owner, element, variant, value, error);
}

/* Into a strv, array or fixed field that has room for @variant's children. */
static gboolean
read_elements (const ButlerLayout      *owner,
               GVariant                *variant,
               const ButlerSequence    *to,
               GError                 **error)
{
  gsize n = g_variant_n_children (variant);

  if (n > 0 && butler__kind_get (to->element.kind)->verbatim)
    {
      memcpy (to->data, g_variant_get_fixed_array (variant, &n, to->element.size), n * to->element.size);
      return TRUE;
    }

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (!read_element (owner, &to->element, child, butler__sequence_at (to, i), error))
        return FALSE;
    }
  return TRUE;
}

/* Makes room first and puts it into the field, so that whoever clears the record finds all that was read. */
static gboolean
read_sequence (const ButlerLayout      *owner,
               const ButlerLayoutField *field,
               GVariant                *variant,
               gpointer                 value,
               GError                 **error)
{
  gsize          n = g_variant_n_children (variant);
  ButlerSequence to;

  if (field->kind == BUTLER_KIND_FIXED && n > field->count)
    return refuse (owner, field, error, "%" G_GSIZE_FORMAT " elements do not fit into %u", n, field->count);
  if (field->kind == BUTLER_KIND_ARRAY && n > G_MAXINT32 / field->element_size)
    return refuse (owner, field, error, "%" G_GSIZE_FORMAT " elements are too many", n);

  if (field->kind == BUTLER_KIND_STRV)
    *(GStrv *) value = g_new0 (char *, n + 1);
  else if (field->kind == BUTLER_KIND_ARRAY)
    *(GArray **) value = butler__field_new_array (field, (guint) n);
  to = butler__field_sequence (field, value);
  return read_elements (owner, variant, &to, error);
}

/* Strings, and arrays of them, have a second type for what is no UTF-8. */
static gboolean
check_type (const ButlerLayout      *owner,
            const ButlerLayoutField *field,
            GVariant                *variant,
            GError                 **error)
{
  const ButlerKindTraits *kind = butler__kind_get (field->kind);
  gboolean                elements = kind->variant == NULL;
  ButlerKind              value = elements ? field->element : field->kind;
  g_autofree char        *type = NULL;
  const char             *bytes_type = NULL;

  if (field->kind == BUTLER_KIND_OBJECT || field->kind == BUTLER_KIND_POINTER)
    return refuse (owner, field, error, "the kind %s cannot come from outside of the process", kind->name);

  type = g_strconcat (elements ? "a" : "", butler__kind_get (value)->variant, NULL);
  if (strcmp (type, "as") == 0)
    bytes_type = "aay";
  else if (strcmp (type, "s") == 0)
    bytes_type = "ay";

  if (g_variant_is_of_type (variant, G_VARIANT_TYPE (type))
      || (bytes_type != NULL && g_variant_is_of_type (variant, G_VARIANT_TYPE (bytes_type))))
    return TRUE;
  return refuse (owner, field, error, "a value of the type %s was expected, not of %s", type,
                 g_variant_get_type_string (variant));
}

static gboolean
value_from_variant (const ButlerLayout      *owner,
                    const ButlerLayoutField *field,
                    GVariant                *variant,
                    gpointer                 value,
                    GError                 **error)
{
  if (!check_type (owner, field, variant, error))
    return FALSE;

  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      return read_string (owner, field, variant, value, error);
    case BUTLER_KIND_BYTES:
      *(GBytes **) value = read_bytes (variant);
      return TRUE;
    case BUTLER_KIND_VARIANT:
      *(GVariant **) value = g_variant_get_variant (variant);
      return TRUE;
    case BUTLER_KIND_RECORD:
      return read_nested (owner, field, variant, value, error);
    case BUTLER_KIND_STRV:
    case BUTLER_KIND_ARRAY:
    case BUTLER_KIND_FIXED:
      return read_sequence (owner, field, variant, value, error);
    default:
      return read_number (owner, field, variant, value, error);
    }
}

/* Keys mostly come in the order of the fields: the search begins behind the last one found. */
static const ButlerLayoutField *
find_field (const ButlerLayout *layout,
            const char         *name,
            guint              *next)
{
  for (guint i = 0; i < layout->n_fields; i++)
    {
      guint index = (*next + i) % layout->n_fields;

      if (strcmp (layout->fields[index].name, name) == 0)
        {
          *next = index + 1;
          return &layout->fields[index];
        }
    }
  return NULL;
}

/* Of a key that comes twice the last one counts. */
static gboolean
layout_from_variant (const ButlerLayout *layout,
                     GVariant           *variant,
                     gpointer            record,
                     GError            **error)
{
  GVariantIter iter;
  const char  *key;
  GVariant    *value;
  guint        next = 0;
  gboolean     fits = TRUE;

  g_variant_iter_init (&iter, variant);
  while (fits && g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      const ButlerLayoutField *field = find_field (layout, key, &next);

      if (field != NULL)
        {
          butler__field_clear (field, butler__field_of (field, record));
          fits = value_from_variant (layout, field, value, butler__field_of (field, record), error);
        }
      g_variant_unref (value);
    }
  return fits;
}

static gboolean
check_variant (const ButlerLayout *layout,
               GVariant           *variant,
               GError            **error)
{
  if (butler__layout_is_opaque (layout))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_SERIALIZABLE, "%s is opaque: it cannot be made of a variant",
                 layout->type->name);
  else if (!g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s: a value of the type a{sv} was expected, not of %s",
                 layout->type->name, g_variant_get_type_string (variant));
  else if (!butler__variant_is_shallow (variant, BUTLER__VARIANT_DEPTH_MAX))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s: the value is nested more than %u deep",
                 layout->type->name, BUTLER__VARIANT_DEPTH_MAX);
  else
    return TRUE;
  return FALSE;
}

gboolean
butler__layout_from_variant (const ButlerLayout *layout,
                             GVariant           *variant,
                             gpointer            record,
                             GError            **error)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (variant);
  g_autoptr (GVariant) normal = NULL;

  if (!check_variant (layout, held, error))
    return FALSE;

  normal = g_variant_get_normal_form (held);
  if (layout_from_variant (layout, normal, record, error))
    return TRUE;
  butler__layout_clear (layout, record);
  return FALSE;
}

/**
 * butler_record_from_variant:
 * @info: the description of the type that is wanted
 * @variant: (transfer none): a variant of the type `a{sv}`; a floating one is consumed
 * @error: (nullable): place for an error
 *
 * Makes a record of what butler_record_to_variant() made of one, or of what anybody else wrote: nothing about @variant
 * is trusted. This is what NAME_from_variant() calls.
 *
 * Keys that no field has are ignored, and fields whose key is absent are zero or %NULL. The value of each other key has
 * to be of the field's type and within its range. A fixed field takes fewer elements than it has; the others are zero.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE, which names record and field; %BUTLER_ERROR_NOT_SERIALIZABLE if the type is opaque.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the record, for butler_record_free(), or %NULL with an error
 *
 * Since: 1.0
 */
gpointer
butler_record_from_variant (const ButlerRecordInfo *info,
                            GVariant               *variant,
                            GError                **error)
{
  gpointer record;

  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (variant != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  record = butler_record_new (info);
  if (record == NULL
      || butler__layout_from_variant (butler__envelope_of (record)->layout, variant, record, error))
    return record;

  butler_record_free (record);
  return NULL;
}
