/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/replay-compare.h"

#include <string.h>

/* Where what is sent differs from what was recorded, as lines for people. */

#define VALUE_MAX 80 /* bytes of a value that is printed */

static char *
print_value (GVariant *value)
{
  char *text = value != NULL ? g_variant_print (value, FALSE) : g_strdup ("nothing");
  const char *end;

  if (strlen (text) <= VALUE_MAX)
    return text;
  end = g_utf8_find_prev_char (text, text + VALUE_MAX + 1);
  strcpy (text + (end - text), "...");
  return text;
}

static void G_GNUC_PRINTF (3, 4)
say (ButlerDifferFunc differ,
     gpointer         data,
     const char      *format,
     ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  differ (data, line);
}

static gboolean
is_equal (GVariant *a,
          GVariant *b)
{
  return a == NULL || b == NULL ? a == b : g_variant_equal (a, b);
}

/* Adds " FIELD: expected A, got B;" where they differ. */
static void
add_field (GString    *lines,
           const char *field,
           GVariant   *expected,
           GVariant   *got)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;

  if (is_equal (expected, got))
    return;
  a = print_value (expected);
  b = print_value (got);
  g_string_append_printf (lines, "%s %s: expected %s, got %s", lines->len > 0 ? ";" : "", field, a, b);
}

/* The fields of @of, or those of it that @other has not. */
static void
add_fields (GString  *lines,
            GVariant *of,
            GVariant *other,
            gboolean  is_expected)
{
  GVariantIter iter;
  GVariant *value;
  const char *field;

  g_variant_iter_init (&iter, of);
  while (g_variant_iter_next (&iter, "{&sv}", &field, &value))
    {
      g_autoptr (GVariant) counterpart = g_variant_lookup_value (other, field, NULL);

      if (is_expected)
        add_field (lines, field, value, counterpart);
      else if (counterpart == NULL)
        add_field (lines, field, NULL, value);
      g_variant_unref (value);
    }
}

/* Where one of them could not be recorded, the types are all that there is. */
static void
compare_records (guint            n,
                 const char      *type,
                 GVariant        *expected,
                 GVariant        *got,
                 ButlerDifferFunc differ,
                 gpointer         data)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  if (expected == NULL || got == NULL)
    return;
  add_fields (lines, expected, got, TRUE);
  add_fields (lines, got, expected, FALSE);
  if (lines->len > 0)
    say (differ, data, "sent %u, %s:%s", n, type, lines->str);
}

static void
unpack (GVariant    *sent,
        const char **type,
        GVariant   **record)
{
  if (sent == NULL)
    return;
  g_variant_get_child (sent, 0, "&s", type);
  g_variant_get_child (sent, 1, "m@a{sv}", record);
}

static char *
describe (const char *type,
          GVariant   *record)
{
  g_autofree char *text = NULL;

  if (type == NULL)
    return g_strdup ("nothing");
  if (record == NULL)
    return g_strdup (type);
  text = print_value (record);
  return g_strdup_printf ("%s %s", type, text);
}

/* One of them may be NULL. */
static void
compare_nth (guint            n,
             GVariant        *expected,
             GVariant        *got,
             ButlerDifferFunc differ,
             gpointer         data)
{
  g_autoptr (GVariant) record = NULL;
  g_autoptr (GVariant) got_record = NULL;
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  const char *type = NULL;
  const char *got_type = NULL;

  unpack (expected, &type, &record);
  unpack (got, &got_type, &got_record);
  if (g_strcmp0 (type, got_type) == 0)
    {
      compare_records (n, type, record, got_record, differ, data);
      return;
    }
  a = describe (type, record);
  b = describe (got_type, got_record);
  say (differ, data, "sent %u: expected %s, got %s", n, a, b);
}

void
butler__compare_sent (GVariant        *expected,
                      const GPtrArray *got,
                      ButlerDifferFunc differ,
                      gpointer         data)
{
  gsize n = g_variant_n_children (expected);

  for (gsize i = 0; i < MAX (n, got->len); i++)
    {
      g_autoptr (GVariant) one = i < n ? g_variant_get_child_value (expected, i) : NULL;

      compare_nth ((guint) i + 1, one, i < got->len ? got->pdata[i] : NULL, differ, data);
    }
}

static char *
describe_failure (const char *failure)
{
  g_autofree char *escaped = g_strescape (failure, NULL);

  return *failure == '\0' ? g_strdup ("no failure") : g_strdup_printf ("the failure \"%s\"", escaped);
}

void
butler__compare_failure (const char      *expected,
                         const char      *got,
                         ButlerDifferFunc differ,
                         gpointer         data)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;

  if (g_str_equal (expected, got))
    return;
  a = describe_failure (expected);
  b = describe_failure (got);
  say (differ, data, "expected %s, got %s", a, b);
}
