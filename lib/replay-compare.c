/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/replay-compare.h"

#include <string.h>

#include "lib/ear.h"
#include "lib/tape.h"

/* Where what is sent differs from what was recorded, as lines for people. */

#define VALUE_MAX 80 /* bytes of a value that is printed */

#define COMMON_MAX 20 /* bytes that both have, before those in which they differ */

/* Bytes that are a text are printed as one. */
static char *
print_bytes (GVariant *value)
{
  gsize n;
  const char *bytes = g_variant_get_fixed_array (value, &n, 1);
  g_autofree char *text = bytes != NULL && memchr (bytes, '\0', n) == NULL ? g_strndup (bytes, n) : NULL;
  g_autofree char *escaped = text != NULL && g_utf8_validate (text, -1, NULL) ? g_strescape (text, NULL) : NULL;

  return escaped != NULL ? g_strdup_printf ("b'%s'", escaped) : g_variant_print (value, FALSE);
}

static char *
print_whole (GVariant *value)
{
  if (value == NULL)
    return g_strdup ("nothing");
  return g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING) ? print_bytes (value) : g_variant_print (value, FALSE);
}

/* @text from the character at @from on, with dots for what is left out. */
static char *
cut (const char *text,
     gsize       from)
{
  const char *begin = from > 0 ? g_utf8_find_prev_char (text, text + from + 1) : text;
  const char *end = begin + strlen (begin);

  if (end - begin > VALUE_MAX)
    end = g_utf8_find_prev_char (begin, begin + VALUE_MAX + 1);
  return g_strdup_printf ("%s%.*s%s", begin > text ? "..." : "", (int) (end - begin), begin, *end != '\0' ? "..." : "");
}

static char *
print_value (GVariant *value)
{
  g_autofree char *text = print_whole (value);

  return cut (text, 0);
}

/* Long ones from shortly before the place where they differ. */
static void
print_pair (GVariant *a,
            GVariant *b,
            char    **as,
            char    **bs)
{
  g_autofree char *left = print_whole (a);
  g_autofree char *right = print_whole (b);
  gsize same = 0;

  while (left[same] != '\0' && left[same] == right[same])
    same++;
  same = same > VALUE_MAX / 2 ? same - COMMON_MAX : 0;
  *as = cut (left, same);
  *bs = cut (right, same);
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
  print_pair (expected, got, &a, &b);
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

/* One deed of either side, as the file has it. */
typedef struct
{
  guint8      kind;
  const char *type;     /* (nullable): there is no such deed */
  GVariant   *record;   /* (owned) (nullable): or it could not be recorded */
  gint64      argument;
} Side;

static void
side_clear (Side *side)
{
  g_clear_pointer (&side->record, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Side, side_clear)

/* What stands before the type; nothing for a plain send. */
static const char *
get_verb (guint8 kind)
{
  switch (kind)
    {
    case BUTLER__DEED_URGENT:
      return "urgent ";
    case BUTLER__DEED_PUBLISH:
      return "published ";
    case BUTLER__DEED_ASK:
    case BUTLER__DEED_WAIT:
      return "question ";
    case BUTLER__DEED_REPLY:
      return "reply ";
    case BUTLER__DEED_LATER:
      return "timer ";
    case BUTLER__DEED_EVERY:
      return "repeated timer ";
    case BUTLER__DEED_CANCEL:
      return "cancelled timer";
    default:
      return "";
    }
}

static gboolean
has_argument (guint8 kind)
{
  return kind == BUTLER__DEED_LATER || kind == BUTLER__DEED_EVERY || kind == BUTLER__DEED_CANCEL;
}

static void
add_argument (GString    *lines,
              const Side *expected,
              const Side *got)
{
  if (has_argument (expected->kind) && expected->argument != got->argument)
    g_string_append_printf (lines, " %s: expected %" G_GINT64_FORMAT ", got %" G_GINT64_FORMAT,
                            expected->kind == BUTLER__DEED_CANCEL ? "number" : "time in µs", expected->argument, got->argument);
}

/* Where one of them could not be recorded, the types are all that there is. */
static void
compare_records (guint            n,
                 const Side      *expected,
                 const Side      *got,
                 ButlerDifferFunc differ,
                 gpointer         data)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  add_argument (lines, expected, got);
  if (expected->record != NULL && got->record != NULL)
    {
      add_fields (lines, expected->record, got->record, TRUE);
      add_fields (lines, got->record, expected->record, FALSE);
    }
  if (lines->len > 0)
    say (differ, data, "sent %u, %s%s:%s", n, get_verb (expected->kind), expected->type, lines->str);
}

/* @deed (nullable) */
static Side
unpack (GVariant *deed)
{
  Side side = { 0 };

  if (deed != NULL)
    g_variant_get (deed, "(y&sm@a{sv}sxxm@" BUTLER__TAPE_ANSWER ")", &side.kind, &side.type, &side.record, NULL, &side.argument, NULL,
                   NULL);
  return side;
}

static char *
describe (const Side *side)
{
  g_autofree char *text = NULL;

  if (side->type == NULL)
    return g_strdup ("nothing");
  if (side->kind == BUTLER__DEED_CANCEL)
    return g_strdup_printf ("cancelled timer %" G_GINT64_FORMAT, side->argument);
  if (side->record == NULL)
    return g_strconcat (get_verb (side->kind), side->type, NULL);
  text = print_value (side->record);
  return g_strdup_printf ("%s%s %s", get_verb (side->kind), side->type, text);
}

/* One of them may be NULL. */
static void
compare_nth (guint            n,
             GVariant        *expected,
             GVariant        *got,
             ButlerDifferFunc differ,
             gpointer         data)
{
  g_auto (Side) left = unpack (expected);
  g_auto (Side) right = unpack (got);
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;

  if (left.kind == right.kind && g_strcmp0 (left.type, right.type) == 0)
    {
      compare_records (n, &left, &right, differ, data);
      return;
    }
  a = describe (&left);
  b = describe (&right);
  say (differ, data, "sent %u: expected %s, got %s", n, a, b);
}

void
butler__compare_deeds (GVariant        *expected,
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
