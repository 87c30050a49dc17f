/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/field.h"

#include "lib/kind.h"

ButlerSequence
butler__field_sequence (const ButlerLayoutField *field,
                        gconstpointer            value)
{
  ButlerSequence sequence = { .element = { .name = field->name,
                                           .kind = field->element,
                                           .size = field->element_size,
                                           .nested = field->nested } };

  if (field->kind == BUTLER_KIND_FIXED)
    {
      sequence.data = (char *) value;
      sequence.n = field->count;
    }
  else if (field->kind == BUTLER_KIND_STRV)
    {
      GStrv strv = *(const GStrv *) value;

      sequence.element.kind = BUTLER_KIND_STRING;
      sequence.element.size = sizeof (char *);
      sequence.data = (char *) strv;
      sequence.n = strv != NULL ? g_strv_length (strv) : 0;
    }
  else
    {
      GArray *array = *(GArray *const *) value;

      if (array != NULL && g_array_get_element_size (array) != field->element_size)
        g_critical ("The array in the field %s has elements of %u bytes instead of %u", field->name,
                    g_array_get_element_size (array), field->element_size);
      else if (array != NULL)
        {
          sequence.data = array->data;
          sequence.n = array->len;
        }
    }
  return sequence;
}

GArray *
butler__field_new_array (const ButlerLayoutField *field,
                         guint                    n)
{
  GArray *array = g_array_sized_new (FALSE, TRUE, field->element_size, n);

  return g_array_set_size (array, n);
}

static gboolean
owns_nothing (const ButlerLayoutField *field)
{
  return field->kind == BUTLER_KIND_RECORD ? field->nested->plain : butler__kind_get (field->kind)->plain;
}

static void
clear_elements (const ButlerLayoutField *field,
                gpointer                 value)
{
  ButlerSequence sequence = butler__field_sequence (field, value);

  if (!owns_nothing (&sequence.element))
    for (gsize i = 0; i < sequence.n; i++)
      butler__field_clear (&sequence.element, butler__sequence_at (&sequence, i));
}

void
butler__field_clear (const ButlerLayoutField *field,
                     gpointer                 value)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      g_clear_pointer ((char **) value, g_free);
      break;
    case BUTLER_KIND_STRV:
      g_clear_pointer ((GStrv *) value, g_strfreev);
      break;
    case BUTLER_KIND_BYTES:
      g_clear_pointer ((GBytes **) value, g_bytes_unref);
      break;
    case BUTLER_KIND_VARIANT:
      g_clear_pointer ((GVariant **) value, g_variant_unref);
      break;
    case BUTLER_KIND_OBJECT:
      g_clear_object ((GObject **) value);
      break;
    case BUTLER_KIND_RECORD:
      butler__layout_clear (field->nested, value);
      break;
    case BUTLER_KIND_ARRAY:
      if (*(GArray **) value != NULL)
        clear_elements (field, value);
      g_clear_pointer ((GArray **) value, g_array_unref);
      break;
    case BUTLER_KIND_FIXED:
      clear_elements (field, value);
      memset (value, 0, field->size);
      break;
    default:
      memset (value, 0, field->size);
      break;
    }
}

void
butler__layout_clear (const ButlerLayout *layout,
                      gpointer            record)
{
  if (butler__layout_is_opaque (layout))
    {
      if (layout->clear != NULL)
        layout->clear (record);
    }
  else if (!layout->plain)
    {
      for (guint i = 0; i < layout->n_fields; i++)
        if (!butler__kind_get (layout->fields[i].kind)->plain)
          butler__field_clear (&layout->fields[i], butler__field_of (&layout->fields[i], record));
    }
  memset (record, 0, layout->size);
}

static void own_fields (const ButlerLayout *layout,
                        gpointer            record);
static void own_elements (const ButlerLayoutField *field,
                          gpointer                 value);

static GArray *
copy_array (const ButlerLayoutField *field,
            gconstpointer            value)
{
  ButlerSequence sequence = butler__field_sequence (field, value);
  GArray        *copy = butler__field_new_array (field, (guint) sequence.n);

  if (sequence.n > 0)
    memcpy (copy->data, sequence.data, sequence.n * field->element_size);
  own_elements (field, &copy);
  return copy;
}

/* A record owns its variants: one that was put there floating is its own from now on. */
static GVariant *
ref_variant (GVariant *variant)
{
  if (variant != NULL && g_variant_is_floating (variant))
    g_variant_ref_sink (variant);
  return variant != NULL ? g_variant_ref (variant) : NULL;
}

/* @value has the bytes of another: makes its own what it points to. */
static void
own_value (const ButlerLayoutField *field,
           gpointer                 value)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      *(char **) value = g_strdup (*(char **) value);
      break;
    case BUTLER_KIND_STRV:
      *(GStrv *) value = g_strdupv (*(GStrv *) value);
      break;
    case BUTLER_KIND_BYTES:
      if (*(GBytes **) value != NULL)
        g_bytes_ref (*(GBytes **) value);
      break;
    case BUTLER_KIND_VARIANT:
      ref_variant (*(GVariant **) value);
      break;
    case BUTLER_KIND_OBJECT:
      if (*(GObject **) value != NULL)
        g_object_ref (*(GObject **) value);
      break;
    case BUTLER_KIND_RECORD:
      own_fields (field->nested, value);
      break;
    case BUTLER_KIND_ARRAY:
      if (*(GArray **) value != NULL)
        *(GArray **) value = copy_array (field, value);
      break;
    case BUTLER_KIND_FIXED:
      own_elements (field, value);
      break;
    default:
      break;
    }
}

static void
own_elements (const ButlerLayoutField *field,
              gpointer                 value)
{
  ButlerSequence sequence = butler__field_sequence (field, value);

  if (!owns_nothing (&sequence.element))
    for (gsize i = 0; i < sequence.n; i++)
      own_value (&sequence.element, butler__sequence_at (&sequence, i));
}

static void
own_fields (const ButlerLayout *layout,
            gpointer            record)
{
  if (!layout->plain)
    for (guint i = 0; i < layout->n_fields; i++)
      own_value (&layout->fields[i], butler__field_of (&layout->fields[i], record));
}

void
butler__layout_copy (const ButlerLayout *layout,
                     gconstpointer       record,
                     gpointer            copy)
{
  if (butler__layout_is_opaque (layout))
    {
      memset (copy, 0, layout->size);
      layout->copy (record, copy);
      return;
    }

  memcpy (copy, record, layout->size);
  own_fields (layout, copy);
}

static gboolean value_equal (const ButlerLayoutField *field,
                             gconstpointer            a,
                             gconstpointer            b);

/* A NULL string among strings is an empty one: no GVariant could tell them apart. */
static gboolean
element_equal (const ButlerLayoutField *element,
               gconstpointer            a,
               gconstpointer            b)
{
  const char *left, *right;

  if (element->kind != BUTLER_KIND_STRING)
    return value_equal (element, a, b);

  left = *(char *const *) a;
  right = *(char *const *) b;
  return strcmp (left != NULL ? left : "", right != NULL ? right : "") == 0;
}

static gboolean
elements_equal (const ButlerLayoutField *field,
                gconstpointer            a,
                gconstpointer            b)
{
  ButlerSequence left = butler__field_sequence (field, a);
  ButlerSequence right = butler__field_sequence (field, b);

  if (left.n != right.n)
    return FALSE;

  for (gsize i = 0; i < left.n; i++)
    if (!element_equal (&left.element, butler__sequence_at (&left, i), butler__sequence_at (&right, i)))
      return FALSE;
  return TRUE;
}

/* Of two pointers that differ, and neither of which is NULL. */
static gboolean
pointees_equal (const ButlerLayoutField *field,
                gconstpointer            a,
                gconstpointer            b)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      return strcmp (*(char *const *) a, *(char *const *) b) == 0;
    case BUTLER_KIND_BYTES:
      return g_bytes_equal (*(GBytes *const *) a, *(GBytes *const *) b);
    case BUTLER_KIND_VARIANT:
      return g_variant_equal (*(GVariant *const *) a, *(GVariant *const *) b);
    case BUTLER_KIND_STRV:
    case BUTLER_KIND_ARRAY:
      return elements_equal (field, a, b);
    default: /* object, pointer */
      return FALSE;
    }
}

static gboolean
value_equal (const ButlerLayoutField *field,
             gconstpointer            a,
             gconstpointer            b)
{
  switch (field->kind)
    {
    case BUTLER_KIND_BOOLEAN:
      return !*(const gboolean *) a == !*(const gboolean *) b;
    case BUTLER_KIND_RECORD:
      return butler__layout_equal (field->nested, a, b);
    case BUTLER_KIND_FIXED:
      return elements_equal (field, a, b);
    default:
      break;
    }

  if (butler__kind_get (field->kind)->family != BUTLER_FAMILY_NONE)
    return memcmp (a, b, field->size) == 0;

  if (butler__field_pointer (a) == NULL || butler__field_pointer (b) == NULL)
    return butler__field_pointer (a) == butler__field_pointer (b);
  return butler__field_pointer (a) == butler__field_pointer (b) || pointees_equal (field, a, b);
}

gboolean
butler__layout_equal (const ButlerLayout *layout,
                      gconstpointer       a,
                      gconstpointer       b)
{
  if (butler__layout_is_opaque (layout))
    return memcmp (a, b, layout->size) == 0;

  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];

      if (!value_equal (field, butler__field_of (field, a), butler__field_of (field, b)))
        return FALSE;
    }
  return TRUE;
}
