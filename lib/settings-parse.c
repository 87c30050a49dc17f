/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/settings-parse.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/field.h"
#include "lib/kind.h"

gboolean
butler__settings_holds (const ButlerLayoutField *field)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
    case BUTLER_KIND_STRV:
    case BUTLER_KIND_BYTES:
    case BUTLER_KIND_VARIANT:
      return TRUE;
    case BUTLER_KIND_ARRAY:
      return field->element != BUTLER_KIND_RECORD;
    default:
      return butler__kind_get (field->kind)->family != BUTLER_FAMILY_NONE;
    }
}

static gboolean
parse_boolean (const char   *text,
               ButlerNumber *number)
{
  static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strcasecmp (text, words[i]) == 0)
      {
        number->i = i % 2;
        return TRUE;
      }
  return FALSE;
}

static gboolean
parse_floating (const char   *text,
                ButlerNumber *number)
{
  char *end;

  errno = 0;
  number->f = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && !(errno == ERANGE && fabs (number->f) == HUGE_VAL);
}

/* Decimal or 0x; a sign stands before either. */
static gboolean
parse_integer (ButlerKind    kind,
               const char   *text,
               ButlerNumber *number)
{
  gboolean negative = text[0] == '-';
  guint64  max = butler__kind_max (kind);
  guint64  magnitude;
  guint    base = 10;

  if (text[0] == '-' || text[0] == '+')
    text++;
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    {
      text += 2;
      base = 16;
    }
  if (negative)
    max = butler__kind_get (kind)->family == BUTLER_FAMILY_UNSIGNED ? 0 : max + 1;

  if (!g_ascii_string_to_unsigned (text, base, 0, max, &magnitude, NULL))
    return FALSE;
  number->u = negative ? 0 - magnitude : magnitude; /* two's complement is the signed member's value */
  return TRUE;
}

static gboolean
parse_number (ButlerKind kind,
              char      *text,
              gpointer   value)
{
  ButlerNumber number = { 0 };
  gboolean     parsed;

  g_strstrip (text);
  switch (butler__kind_get (kind)->family)
    {
    case BUTLER_FAMILY_BOOLEAN:
      parsed = parse_boolean (text, &number);
      break;
    case BUTLER_FAMILY_FLOATING:
      parsed = parse_floating (text, &number) && butler__kind_holds (kind, number);
      break;
    default:
      parsed = parse_integer (kind, text, &number);
      break;
    }

  if (parsed)
    butler__kind_store (kind, value, number);
  return parsed;
}

static gboolean
parse_array (const ButlerLayoutField *field,
             GStrv                    texts,
             gpointer                 value)
{
  guint          n = g_strv_length (texts);
  ButlerSequence sequence;

  *(GArray **) value = butler__field_new_array (field, n);
  sequence = butler__field_sequence (field, value);
  for (guint i = 0; i < n; i++)
    {
      if (field->element == BUTLER_KIND_STRING)
        *(char **) butler__sequence_at (&sequence, i) = g_strdup (texts[i]);
      else if (!parse_number (field->element, texts[i], butler__sequence_at (&sequence, i)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_list (const ButlerLayoutField *field,
            GKeyFile                *file,
            const char              *group,
            const char              *key,
            gpointer                 value)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     texts = g_key_file_get_string_list (file, group, key, NULL, &error);

  if (texts == NULL || error != NULL)
    return FALSE;
  if (field->kind == BUTLER_KIND_ARRAY)
    return parse_array (field, texts, value);

  *(GStrv *) value = g_steal_pointer (&texts);
  return TRUE;
}

/* Of a value with a wrong escape GLib returns both a text and an error. */
static gboolean
parse_text (const ButlerLayoutField *field,
            GKeyFile                *file,
            const char              *group,
            const char              *key,
            gpointer                 value)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = g_key_file_get_string (file, group, key, &error);

  if (text == NULL || error != NULL)
    return FALSE;

  if (field->kind == BUTLER_KIND_BYTES)
    *(GBytes **) value = g_bytes_new (text, strlen (text));
  else
    *(char **) value = g_steal_pointer (&text);
  return TRUE;
}

/* The text format has its own escapes, and so has the value as it stands. */
static gboolean
parse_plain (const ButlerLayoutField *field,
             GKeyFile                *file,
             const char              *group,
             const char              *key,
             gpointer                 value)
{
  g_autofree char *text = g_key_file_get_value (file, group, key, NULL);

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  if (field->kind != BUTLER_KIND_VARIANT)
    return parse_number (field->kind, text, value);

  *(GVariant **) value = g_variant_parse (NULL, text, NULL, NULL, NULL);
  return *(GVariant **) value != NULL;
}

gboolean
butler__settings_parse (const ButlerLayoutField *field,
                        GKeyFile                *file,
                        const char              *group,
                        const char              *key,
                        gpointer                 value)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
    case BUTLER_KIND_BYTES:
      return parse_text (field, file, group, key, value);
    case BUTLER_KIND_STRV:
    case BUTLER_KIND_ARRAY:
      return parse_list (field, file, group, key, value);
    default:
      return parse_plain (field, file, group, key, value);
    }
}

void
butler__settings_quote (const ButlerLayoutField *field,
                        GKeyFile                *file,
                        const char              *group,
                        const char              *key,
                        const char              *text)
{
  if (field->kind == BUTLER_KIND_STRING || field->kind == BUTLER_KIND_BYTES)
    g_key_file_set_string (file, group, key, text);
  else
    g_key_file_set_value (file, group, key, text);
}

static char *
expect_value (ButlerKind kind)
{
  guint64  max = butler__kind_max (kind);
  gboolean is_signed = butler__kind_get (kind)->family != BUTLER_FAMILY_UNSIGNED;

  switch (butler__kind_get (kind)->family)
    {
    case BUTLER_FAMILY_BOOLEAN:
      return g_strdup ("true or false");
    case BUTLER_FAMILY_FLOATING:
      return g_strdup_printf ("a number in the range of %s", butler__kind_get (kind)->name);
    case BUTLER_FAMILY_NONE:
      return g_strdup ("text");
    default:
      return g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GUINT64_FORMAT,
                              is_signed ? -(gint64) max - 1 : 0, max);
    }
}

char *
butler__settings_expectation (const ButlerLayoutField *field)
{
  g_autofree char *element = NULL;

  if (field->kind == BUTLER_KIND_VARIANT)
    return g_strdup ("a GVariant in its text format");
  if (field->kind == BUTLER_KIND_STRV)
    return g_strdup ("a list of texts, each followed by ;");
  if (field->kind != BUTLER_KIND_ARRAY)
    return expect_value (field->kind);

  element = expect_value (field->element);
  return g_strdup_printf ("a list, its elements separated by ; and each %s", element);
}
