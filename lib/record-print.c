/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/field.h"
#include "lib/kind.h"

/* A record is printed on a line: what is longer ends in a count. */
#define ELEMENTS_MAX 16
#define BYTES_MAX    16
#define TEXT_MAX     1024

static void print_fields (const ButlerLayout *layout,
                          gconstpointer       record,
                          GString            *out);

/* Escapes line breaks, quotes and control characters, and of text that is no UTF-8 every byte beyond ASCII. */
static void
print_string (const char *text,
              GString    *out)
{
  gsize             length = strnlen (text, TEXT_MAX + 1);
  gboolean          valid = g_utf8_validate (text, -1, NULL);
  g_autofree char  *start = NULL;
  g_autofree char  *escaped = NULL;
  char              beyond_ascii[129];

  for (guint i = 0; i < 128; i++)
    beyond_ascii[i] = (char) (128 + i);
  beyond_ascii[128] = '\0';

  if (length <= TEXT_MAX)
    start = g_strdup (text);
  else
    start = g_strndup (text, valid ? (gsize) (g_utf8_find_prev_char (text, text + TEXT_MAX + 1) - text) : TEXT_MAX);
  escaped = g_strescape (start, valid ? beyond_ascii : NULL);

  g_string_append_printf (out, "\"%s\"", escaped);
  if (length > TEXT_MAX)
    g_string_append_printf (out, "... %" G_GSIZE_FORMAT " bytes", strlen (text));
}

static void
print_bytes (GBytes  *bytes,
             GString *out)
{
  gsize         size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_string_append_c (out, '<');
  for (gsize i = 0; i < MIN (size, BYTES_MAX); i++)
    g_string_append_printf (out, "%02x", data[i]);
  g_string_append_c (out, '>');
  if (size > BYTES_MAX)
    g_string_append_printf (out, "... %" G_GSIZE_FORMAT " bytes", size);
}

static void
print_variant (GVariant *variant,
               GString  *out)
{
  g_autofree char *text = g_variant_print (variant, TRUE);
  gsize            length = strlen (text);

  if (length > TEXT_MAX)
    *g_utf8_find_prev_char (text, text + TEXT_MAX + 1) = '\0';
  g_string_append (out, text);
  if (length > TEXT_MAX)
    g_string_append_printf (out, "... %" G_GSIZE_FORMAT " bytes", length);
}

/* A float has its own shortest form: as a double, 0.1f would have 17 digits. */
static void
print_number (ButlerKind    kind,
              gconstpointer value,
              GString      *out)
{
  ButlerNumber number = butler__kind_load (kind, value);
  char         buffer[G_ASCII_DTOSTR_BUF_SIZE];

  switch (butler__kind_get (kind)->family)
    {
    case BUTLER_FAMILY_BOOLEAN:
      g_string_append (out, number.i != 0 ? "TRUE" : "FALSE");
      break;
    case BUTLER_FAMILY_UNSIGNED:
      g_string_append_printf (out, "%" G_GUINT64_FORMAT, number.u);
      break;
    case BUTLER_FAMILY_FLOATING:
      if (kind == BUTLER_KIND_FLOAT)
        g_string_append (out, g_ascii_formatd (buffer, sizeof buffer, "%.9g", number.f));
      else
        g_string_append (out, g_ascii_dtostr (buffer, sizeof buffer, number.f));
      break;
    default:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, number.i);
      break;
    }
}

static void print_value (const ButlerLayoutField *field,
                         gconstpointer            value,
                         GString                 *out);

static void
print_elements (const ButlerLayoutField *field,
                gconstpointer            value,
                GString                 *out)
{
  ButlerSequence sequence = butler__field_sequence (field, value);

  g_string_append_c (out, '[');
  for (gsize i = 0; i < MIN (sequence.n, ELEMENTS_MAX); i++)
    {
      g_string_append (out, i > 0 ? ", " : "");
      print_value (&sequence.element, butler__sequence_at (&sequence, i), out);
    }
  if (sequence.n > ELEMENTS_MAX)
    g_string_append_printf (out, ", ... %" G_GSIZE_FORMAT " elements", sequence.n);
  g_string_append_c (out, ']');
}

/* Of a field that is a pointer and not NULL. */
static void
print_pointee (const ButlerLayoutField *field,
               gconstpointer            value,
               GString                 *out)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      print_string (*(char *const *) value, out);
      break;
    case BUTLER_KIND_BYTES:
      print_bytes (*(GBytes *const *) value, out);
      break;
    case BUTLER_KIND_VARIANT:
      print_variant (*(GVariant *const *) value, out);
      break;
    case BUTLER_KIND_OBJECT:
      g_string_append_printf (out, "%s@%p", G_OBJECT_TYPE_NAME (*(GObject *const *) value), *(gpointer const *) value);
      break;
    case BUTLER_KIND_POINTER:
      g_string_append_printf (out, "%p", *(gpointer const *) value);
      break;
    default: /* strv, array */
      print_elements (field, value, out);
      break;
    }
}

static void
print_value (const ButlerLayoutField *field,
             gconstpointer            value,
             GString                 *out)
{
  if (butler__kind_get (field->kind)->family != BUTLER_FAMILY_NONE)
    {
      print_number (field->kind, value, out);
      return;
    }
  if (field->kind == BUTLER_KIND_RECORD)
    {
      print_fields (field->nested, value, out);
      return;
    }
  if (field->kind == BUTLER_KIND_FIXED)
    {
      print_elements (field, value, out);
      return;
    }

  if (butler__field_pointer (value) != NULL)
    print_pointee (field, value, out);
  else
    g_string_append (out, "NULL");
}

static void
print_fields (const ButlerLayout *layout,
              gconstpointer       record,
              GString            *out)
{
  g_string_append (out, "{ ");
  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];

      g_string_append_printf (out, "%s%s: ", i > 0 ? ", " : "", field->name);
      print_value (field, butler__field_of (field, record), out);
    }
  g_string_append (out, " }");
}

char *
butler__layout_print (const ButlerLayout *layout,
                      gconstpointer       record)
{
  GString *out = g_string_new (layout->type->name);

  g_string_append_c (out, ' ');
  if (butler__layout_is_opaque (layout))
    g_string_append_printf (out, "{ %u opaque bytes }", layout->size);
  else
    print_fields (layout, record, out);
  return g_string_free (out, FALSE);
}

/**
 * butler_record_print:
 * @info: the description of the type of @record
 * @record: a record
 *
 * Writes a record as one line for people to read, such as
 * `LogLine { number: 7, text: "hello", origin: { x: 1, y: 2 }, words: ["a", "b"] }`. This is what NAME_print() calls.
 *
 * Strings are escaped; long texts, bytes and arrays are cut and end in a count. Programs read records by
 * butler_record_to_variant(): how this line looks may change.
 *
 * Thread: any.
 *
 * Returns: (transfer full): the line, without a line break
 *
 * Since: 1.0
 */
char *
butler_record_print (const ButlerRecordInfo *info,
                     gconstpointer           record)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (record != NULL, NULL);

  layout = butler__layout_of (info);
  return layout != NULL ? butler__layout_print (layout, record) : NULL;
}
