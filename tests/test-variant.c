/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <float.h>
#include <math.h>

#include "tests/common.h"
#include "tests/records.h"

/* What `text` says, in GVariant's own format, as a record. */
static Everything *
parse (const char *text,
       GError    **error)
{
  GVariant *variant = g_variant_new_parsed (text);

  return everything_from_variant (variant, error);
}

static void
assert_refused (const char *text,
                const char *first,
                const char *second)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) self = parse (text, &error);

  ck_assert_msg (self == NULL, "%s was taken", text);
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, first, second, NULL);
}

START_TEST (a_record_comes_back_equal)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (GVariant)   variant = NULL;
  g_autoptr (Everything) back = NULL;
  Everything             self;

  everything_fill (&self);
  variant = everything_to_variant (&self, &error);
  butler_assert_no_error (error);
  back = everything_from_variant (variant, &error);
  butler_assert_no_error (error);
  ck_assert (everything_equal (&self, back));
  everything_clear (&self);
}
END_TEST

START_TEST (a_zero_record_comes_back_equal)
{
  Everything             self = { 0 };
  g_autoptr (GVariant)   variant = everything_to_variant (&self, NULL);
  g_autoptr (Everything) back = everything_from_variant (variant, NULL);

  ck_assert (everything_equal (&self, back));
}
END_TEST

START_TEST (each_kind_has_its_type)
{
  static const char *const types[][2] = {
    { "truth", "b" },  { "i8", "n" },       { "u8", "y" },         { "i16", "n" },    { "u16", "q" },    { "i32", "i" },
    { "u32", "u" },    { "i64", "x" },      { "u64", "t" },        { "f", "d" },      { "d", "d" },
    { "level", "i" },
    { "text", "s" },   { "lines", "as" },   { "blob", "ay" },      { "any", "v" },    { "origin", "a{sv}" },
    { "small", "an" }, { "counts", "aq" },  { "flags", "ab" },     { "levels", "ai" }, { "words", "as" },
    { "tags", "aa{sv}" }, { "path", "aa{sv}" }, { "digest", "ay" }, { "pair", "ad" }, { "names", "as" },
    { "twins", "aa{sv}" },
  };
  g_autoptr (GVariant) variant = NULL;
  Everything           self;

  everything_fill (&self);
  variant = everything_to_variant (&self, NULL);
  ck_assert_str_eq (g_variant_get_type_string (variant), "a{sv}");
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (variant, types[i][0], NULL);

      ck_assert_msg (value != NULL, "%s is missing", types[i][0]);
      ck_assert_msg (g_strcmp0 (g_variant_get_type_string (value), types[i][1]) == 0, "%s is of the type %s",
                     types[i][0], g_variant_get_type_string (value));
    }
  everything_clear (&self);
}
END_TEST

START_TEST (null_is_left_out)
{
  Everything           self = { 0 };
  g_autoptr (GVariant) variant = everything_to_variant (&self, NULL);
  static const char   *absent[] = { "text", "lines", "blob", "any", "object", "pointer", "words", "tags", "path" };

  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    ck_assert_msg (!g_variant_lookup (variant, absent[i], "*", NULL), "%s", absent[i]);
  ck_assert (g_variant_lookup (variant, "u64", "t", NULL));
}
END_TEST

START_TEST (empty_is_kept)
{
  g_auto (Everything)    self = { .text = g_strdup (""), .lines = g_new0 (char *, 1), .blob = g_bytes_new (NULL, 0),
                                  .words = strings_new (NULL, NULL), .flags = g_array_new (FALSE, FALSE, 4),
                                  .small = g_array_new (FALSE, FALSE, 1), .tags = tag_array_new (0) };
  g_autoptr (GVariant)   variant = everything_to_variant (&self, NULL);
  g_autoptr (Everything) back = everything_from_variant (variant, NULL);

  ck_assert (everything_equal (&self, back));
  ck_assert_uint_eq (back->flags->len, 0);
  ck_assert_uint_eq (back->small->len, 0);
  ck_assert_uint_eq (back->tags->len, 0);
}
END_TEST

START_TEST (a_variant_is_not_floating)
{
  Point                point = { 1, 2 };
  g_autoptr (GVariant) variant = point_to_variant (&point, NULL);

  ck_assert (!g_variant_is_floating (variant));
}
END_TEST

START_TEST (from_variant_consumes_only_what_floats)
{
  GVariant         *floating = g_variant_new_parsed ("{'x': <1.5>}");
  GVariant         *held = g_variant_ref_sink (g_variant_new_parsed ("{'y': <2.5>}"));
  g_autoptr (Point) first = NULL, second = NULL;

  g_variant_ref (floating);
  first = point_from_variant (floating, NULL);
  ck_assert (!g_variant_is_floating (floating));
  ck_assert_double_eq (first->x, 1.5);
  g_variant_unref (floating);

  second = point_from_variant (held, NULL);
  ck_assert_double_eq (second->y, 2.5);
  ck_assert_str_eq (g_variant_get_type_string (held), "a{sv}");
  g_variant_unref (held);
}
END_TEST

START_TEST (strings_that_are_no_utf8_come_back)
{
  g_auto (Everything)    self = { .text = g_strdup ("\xff\xfe"), .words = strings_new ("plain", "br\xf6ken", NULL),
                                  .lines = g_strsplit ("a,\xc3", ",", -1), .names = { g_strdup ("\x80"), NULL } };
  g_autoptr (GVariant)   variant = everything_to_variant (&self, NULL);
  g_autoptr (Everything) back = everything_from_variant (variant, NULL);

  ck_assert (g_variant_lookup (variant, "text", "^&ay", NULL));
  ck_assert (g_variant_lookup (variant, "words", "aay", NULL));
  ck_assert (g_variant_lookup (variant, "lines", "aay", NULL));
  ck_assert (g_variant_lookup (variant, "names", "aay", NULL));
  ck_assert (everything_equal (&self, back));
}
END_TEST

START_TEST (all_bits_of_a_double_come_back)
{
  Point                point = { .x = -0.0, .y = NAN };
  g_autoptr (GVariant) variant = point_to_variant (&point, NULL);
  g_autoptr (Point)    back = point_from_variant (variant, NULL);

  ck_assert (point_equal (&point, back));
}
END_TEST

START_TEST (a_floating_variant_in_a_record_stays_the_records)
{
  g_auto (Everything) self = { .any = g_variant_new_string ("kept") };

  g_variant_unref (everything_to_variant (&self, NULL));
  ck_assert_str_eq (g_variant_get_string (self.any, NULL), "kept");
}
END_TEST

START_TEST (objects_and_pointers_cannot_leave)
{
  g_autoptr (GError)  error = NULL;
  g_auto (Everything) with_object = { .object = g_object_new (G_TYPE_OBJECT, NULL) };
  g_auto (Everything) with_pointer = { .pointer = &error };
  g_auto (Everything) nested = { .tag.mark = g_object_new (G_TYPE_OBJECT, NULL) };
  g_auto (Everything) in_array = { .tags = tags_new ("x") };

  ck_assert_ptr_null (everything_to_variant (&with_object, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Everything.object", "kind object", NULL);
  ck_assert_ptr_null (everything_to_variant (&with_pointer, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Everything.pointer", "kind pointer", NULL);
  ck_assert_ptr_null (everything_to_variant (&nested, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Tag.mark", NULL);
  g_array_index (in_array.tags, Tag, 0).mark = g_object_new (G_TYPE_OBJECT, NULL);
  ck_assert_ptr_null (everything_to_variant (&in_array, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Tag.mark", NULL);
  ck_assert_ptr_null (everything_to_variant (&in_array, NULL));
}
END_TEST

START_TEST (unknown_keys_are_ignored)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) self = parse ("{'zzz': <1>, 'i32': <2>, 'i33': <'x'>}", &error);

  butler_assert_no_error (error);
  ck_assert_int_eq (self->i32, 2);
}
END_TEST

START_TEST (absent_keys_are_zero)
{
  g_autoptr (Everything) self = parse ("@a{sv} {}", NULL);
  Everything             zero = { 0 };

  ck_assert (everything_equal (self, &zero));
}
END_TEST

START_TEST (the_last_of_two_equal_keys_counts)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) self = NULL;

  self = parse ("{'text': <'a'>, 'digest': <[byte 9, 9, 9]>, 'words': <['x', 'y']>, 'tag': <{'name': <'t'>}>,"
                " 'text': <'b'>, 'digest': <[byte 1]>, 'words': <['z']>, 'tag': <@a{sv} {}>}", &error);
  butler_assert_no_error (error);
  ck_assert_str_eq (self->text, "b");
  ck_assert_uint_eq (self->digest[1], 0);
  ck_assert_uint_eq (self->words->len, 1);
  ck_assert_ptr_null (self->tag.name);
}
END_TEST

START_TEST (a_fixed_field_takes_fewer_elements)
{
  g_autoptr (Everything) self = parse ("{'digest': <[byte 7, 8]>, 'pair': <[2.5]>}", NULL);

  ck_assert_uint_eq (self->digest[1], 8);
  ck_assert_uint_eq (self->digest[2], 0);
  ck_assert (self->pair[0] == 2.5f && self->pair[1] == 0);
}
END_TEST

static const struct
{
  const char *text, *first, *second;
} refusals[] = {
  { "{'u64': <'x'>}", "Everything.u64", "type t was expected, not of s" },
  { "{'u64': <int64 1>}", "Everything.u64", "type t was expected, not of x" },
  { "{'i8': <byte 1>}", "Everything.i8", "type n was expected, not of y" },
  { "{'truth': <1>}", "Everything.truth", "type b was expected, not of i" },
  { "{'f': <1>}", "Everything.f", "type d was expected, not of i" },
  { "{'level': <'ERROR'>}", "Everything.level", "type i was expected, not of s" },
  { "{'text': <1>}", "Everything.text", "type s was expected, not of i" },
  { "{'text': <objectpath '/a'>}", "Everything.text", "type s was expected, not of o" },
  { "{'lines': <'x'>}", "Everything.lines", "type as was expected, not of s" },
  { "{'blob': <'x'>}", "Everything.blob", "type ay was expected, not of s" },
  { "{'any': <1>}", "Everything.any", "type v was expected, not of i" },
  { "{'origin': <1>}", "Everything.origin", "type a{sv} was expected, not of i" },
  { "{'counts': <[1]>}", "Everything.counts", "type aq was expected, not of ai" },
  { "{'tags': <[1]>}", "Everything.tags", "type aa{sv} was expected, not of ai" },
  { "{'digest': <'x'>}", "Everything.digest", "type ay was expected, not of s" },
  { "{'object': <1>}", "Everything.object", "kind object cannot come from outside" },
  { "{'pointer': <uint64 1>}", "Everything.pointer", "kind pointer cannot come from outside" },
  { "{'i8': <int16 128>}", "Everything.i8", "128 does not fit into the kind int8" },
  { "{'i8': <int16 -129>}", "Everything.i8", "-129 does not fit" },
  { "{'small': <[int16 1, 300]>}", "Everything.small", "300 does not fit into the kind int8" },
  { "{'f': <1e300>}", "Everything.f", "does not fit into the kind float" },
  { "{'digest': <[byte 1, 2, 3, 4, 5]>}", "Everything.digest", "5 elements do not fit into 4" },
  { "{'twins': <[@a{sv} {}, {}, {}]>}", "Everything.twins", "3 elements do not fit into 2" },
  { "{'text': <@ay []>}", "Everything.text", "a byte string has one NUL" },
  { "{'text': <[byte 65]>}", "Everything.text", "a byte string has one NUL" },
  { "{'text': <[byte 65, 0, 66, 0]>}", "Everything.text", "a byte string has one NUL" },
  { "{'words': <[[byte 65]]>}", "Everything.words", "a byte string has one NUL" },
  { "{'tag': <{'name': <1>}>}", "Everything.tag: Tag.name", "type s was expected, not of i" },
  { "{'tags': <[@a{sv} {}, {'name': <1>}]>}", "Everything.tags: Tag.name", "type s was expected, not of i" },
  { "{'text': <'a'>, 'words': <['b']>, 'tags': <[{'name': <'c'>}]>, 'i32': <'d'>}", "Everything.i32", "not of s" },
  { "1", "Everything", "type a{sv} was expected, not of i" },
  { "{'a': 'b'}", "Everything", "type a{sv} was expected, not of a{ss}" },
};

START_TEST (each_wrong_variant_is_refused_with_its_reason)
{
  assert_refused (refusals[_i].text, refusals[_i].first, refusals[_i].second);
}
END_TEST

START_TEST (the_ends_of_a_range_are_taken)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) self = parse ("{'i8': <int16 -128>, 'small': <[int16 127]>, 'f': <-inf>}", &error);

  butler_assert_no_error (error);
  ck_assert_int_eq (self->i8, -128);
  ck_assert (isinf (self->f));
}
END_TEST

START_TEST (depth_is_limited)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) shallow = NULL;
  GVariant              *deep = g_variant_new_int32 (1);

  for (guint i = 0; i < 100; i++)
    deep = g_variant_new_variant (deep);
  shallow = everything_from_variant (g_variant_new_parsed ("{'any': <%*>}", deep), &error);
  butler_assert_no_error (error);

  deep = g_variant_new_int32 (1);
  for (guint i = 0; i < 2000; i++)
    deep = g_variant_new_variant (deep);
  ck_assert_ptr_null (everything_from_variant (g_variant_new_parsed ("{'any': <%*>}", deep), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "Everything", "nested more than", NULL);
}
END_TEST

/* A variant made of bytes that nobody checked: a string in it is no UTF-8. */
START_TEST (what_is_not_in_normal_form_is_put_right)
{
  g_autoptr (GVariant)   good = g_variant_ref_sink (g_variant_new_parsed ("{'any': <<'QQQQ'>>, 'i32': <5>}"));
  gsize                  size = g_variant_get_size (good);
  g_autofree char       *data = g_memdup2 (g_variant_get_data (good), size);
  char                  *at = memmem (data, size, "QQQQ", 4);
  g_autoptr (GVariant)   bad = NULL;
  g_autoptr (Everything) self = NULL;

  memcpy (at, "\xff\xff\xff\xff", 4);
  bad = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, data, size, FALSE, NULL, NULL));
  ck_assert (!g_variant_is_normal_form (bad));
  self = everything_from_variant (bad, NULL);
  ck_assert_ptr_nonnull (self);
  ck_assert (g_variant_is_normal_form (self->any));
  ck_assert_str_eq (g_variant_get_string (self->any, NULL), "");
  ck_assert_int_eq (self->i32, 5);
}
END_TEST

START_TEST (bytes_do_not_keep_the_message_alive)
{
  g_autofree char       *data = NULL;
  g_autoptr (Everything) self = NULL;

  {
    GVariant            *parsed = g_variant_new_parsed ("{'blob': <b'abc'>, 'counts': <[uint16 7]>}");
    g_autoptr (GVariant) variant = g_variant_ref_sink (parsed);
    gsize                size = g_variant_get_size (variant);
    g_autoptr (GVariant) serialized = NULL;

    data = g_memdup2 (g_variant_get_data (variant), size);
    serialized = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, data, size, TRUE, NULL, NULL));
    self = everything_from_variant (serialized, NULL);
    memset (data, 0xff, size);
  }
  ck_assert_mem_eq (g_bytes_get_data (self->blob, NULL), "abc", 4);
  ck_assert_uint_eq (g_array_index (self->counts, guint16, 0), 7);
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("variant");
  TCase *to = tcase_create ("to");
  TCase *from = tcase_create ("from");

  tcase_add_test (to, a_record_comes_back_equal);
  tcase_add_test (to, a_zero_record_comes_back_equal);
  tcase_add_test (to, each_kind_has_its_type);
  tcase_add_test (to, null_is_left_out);
  tcase_add_test (to, empty_is_kept);
  tcase_add_test (to, a_variant_is_not_floating);
  tcase_add_test (to, strings_that_are_no_utf8_come_back);
  tcase_add_test (to, all_bits_of_a_double_come_back);
  tcase_add_test (to, a_floating_variant_in_a_record_stays_the_records);
  tcase_add_test (to, objects_and_pointers_cannot_leave);
  suite_add_tcase (self, to);

  tcase_add_test (from, from_variant_consumes_only_what_floats);
  tcase_add_test (from, unknown_keys_are_ignored);
  tcase_add_test (from, absent_keys_are_zero);
  tcase_add_test (from, the_last_of_two_equal_keys_counts);
  tcase_add_test (from, a_fixed_field_takes_fewer_elements);
  tcase_add_loop_test (from, each_wrong_variant_is_refused_with_its_reason, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (from, the_ends_of_a_range_are_taken);
  tcase_add_test (from, depth_is_limited);
  tcase_add_test (from, what_is_not_in_normal_form_is_put_right);
  tcase_add_test (from, bytes_do_not_keep_the_message_alive);
  suite_add_tcase (self, from);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
