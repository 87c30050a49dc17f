/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

#include "lib/convert.h"
#include "tests/common.h"
#include "tests/records.h"

/* Two versions of one type, as two files would have them: the names are told apart here alone. */
#define OLD_SPOT_FIELDS(F, R) \
  F (R, float,  x)            \
  F (R, string, label)        \
  F (R, object, gone)
BUTLER_RECORD (OldSpot, old_spot, OLD_SPOT_FIELDS);

#define NEW_SPOT_FIELDS(F, R) \
  F (R, string, label)        \
  F (R, uint64, added)        \
  F (R, double, x)
BUTLER_RECORD (NewSpot, new_spot, NEW_SPOT_FIELDS);

#define OLD_FIELDS(F, R)                      \
  F (R, int8,                    narrow)      \
  F (R, uint16,                  count)       \
  F (R, float,                   ratio)       \
  F (R, boolean,                 truth)       \
  F (R, enum (Level),            level)       \
  F (R, string,                  text)        \
  F (R, strv,                    lines)       \
  F (R, bytes,                   blob)        \
  F (R, variant,                 any)         \
  F (R, object,                  object)      \
  F (R, pointer,                 pointer)     \
  F (R, string,                  dropped)     \
  F (R, array (record (tag)),    dropped_too) \
  F (R, record (old_spot),       spot)        \
  F (R, array (int16),           numbers)     \
  F (R, array (string),          words)       \
  F (R, array (record (old_spot)), spots)     \
  F (R, fixed (uint8, 3),        grow)        \
  F (R, fixed (string, 3),       shrink)      \
  F (R, fixed (record (old_spot), 2), pair)
BUTLER_RECORD (Old, old, OLD_FIELDS);

#define NEW_FIELDS(F, R)                      \
  F (R, fixed (record (new_spot), 2), pair)   \
  F (R, fixed (string, 2),       shrink)      \
  F (R, fixed (uint32, 5),       grow)        \
  F (R, array (record (new_spot)), spots)     \
  F (R, array (string),          words)       \
  F (R, array (int64),           numbers)     \
  F (R, record (new_spot),       spot)        \
  F (R, string,                  added)       \
  F (R, pointer,                 pointer)     \
  F (R, object,                  object)      \
  F (R, variant,                 any)         \
  F (R, bytes,                   blob)        \
  F (R, strv,                    lines)       \
  F (R, string,                  text)        \
  F (R, enum (Level),            level)       \
  F (R, boolean,                 truth)       \
  F (R, double,                  ratio)       \
  F (R, uint64,                  count)       \
  F (R, int32,                   narrow)
BUTLER_RECORD (New, new, NEW_FIELDS);

static GObject *mark;

static void
fill (Old *self)
{
  OldSpot spots[] = { { .x = 1, .label = g_strdup ("one"), .gone = g_object_ref (mark) },
                      { .x = 2, .label = g_strdup ("two"), .gone = g_object_ref (mark) } };

  *self = (Old) {
    .narrow = -100, .count = 65535, .ratio = 0.5f, .truth = TRUE, .level = LEVEL_ERROR, .text = g_strdup ("text"),
    .lines = g_strsplit ("a,b", ",", -1), .blob = g_bytes_new ("xyz", 3),
    .any = g_variant_ref_sink (g_variant_new_int32 (7)),
    .object = g_object_ref (mark), .pointer = self, .dropped = g_strdup ("dropped"), .dropped_too = tags_new ("tag"),
    .spot = { .x = 3, .label = g_strdup ("three"), .gone = g_object_ref (mark) },
    .numbers = g_array_new (FALSE, FALSE, 2), .words = strings_new ("v", "w", NULL), .spots = old_spot_array_new (2),
    .grow = { 1, 2, 255 }, .shrink = { g_strdup ("p"), NULL, g_strdup ("cut") },
    .pair = { { .x = 4, .label = g_strdup ("four") }, { .x = 5, .gone = g_object_ref (mark) } },
  };
  g_array_append_vals (self->numbers, ((gint16[]) { -32768, 5 }), 2);
  g_array_append_vals (self->spots, spots, 2);
}

static void
assert_converted (const New  *self,
                  const void *pointer)
{
  ck_assert_int_eq (self->narrow, -100);
  ck_assert_uint_eq (self->count, 65535);
  ck_assert_double_eq (self->ratio, 0.5);
  ck_assert (self->truth && self->level == LEVEL_ERROR);
  ck_assert_str_eq (self->text, "text");
  ck_assert_str_eq (self->lines[1], "b");
  ck_assert_uint_eq (g_bytes_get_size (self->blob), 3);
  ck_assert_int_eq (g_variant_get_int32 (self->any), 7);
  ck_assert_ptr_eq (self->object, mark);
  ck_assert_ptr_eq (self->pointer, pointer);
  ck_assert_ptr_null (self->added);
  ck_assert_double_eq (self->spot.x, 3);
  ck_assert_str_eq (self->spot.label, "three");
  ck_assert_uint_eq (self->spot.added, 0);
  ck_assert_int_eq (g_array_index (self->numbers, gint64, 0), -32768);
  ck_assert_str_eq (g_array_index (self->words, char *, 1), "w");
  ck_assert_uint_eq (self->spots->len, 2);
  ck_assert_double_eq (g_array_index (self->spots, NewSpot, 1).x, 2);
  ck_assert_str_eq (g_array_index (self->spots, NewSpot, 1).label, "two");
  ck_assert_uint_eq (self->grow[2], 255);
  ck_assert_uint_eq (self->grow[3], 0);
  ck_assert_str_eq (self->shrink[0], "p");
  ck_assert_ptr_null (self->shrink[1]);
  ck_assert_double_eq (self->pair[1].x, 5);
  ck_assert_str_eq (self->pair[0].label, "four");
}

static void
set_up (void)
{
  mark = g_object_new (G_TYPE_OBJECT, NULL);
}

/* Nothing that was converted, dropped or cut still holds the object. */
static void
tear_down (void)
{
  ck_assert_uint_eq (mark->ref_count, 1);
  g_clear_object (&mark);
}

START_TEST (convert_copies_by_name_and_widens)
{
  g_auto (Old)       self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (New)    converted = NULL;
  g_autoptr (Old)    before = NULL;

  fill (&self);
  before = old_copy (&self);
  converted = butler_record_convert (&old_info, &self, &new_info, &error);
  butler_assert_no_error (error);
  assert_converted (converted, &self);
  ck_assert (old_equal (&self, before));
  ck_assert_ptr_ne (self.text, converted->text);
}
END_TEST

START_TEST (move_takes_everything_and_leaves_zero)
{
  const ButlerConversion *conversion;
  g_auto (New)            moved = { 0 };
  Old                     self, zero;
  const char             *text;

  fill (&self);
  text = self.text;
  memset (&zero, 0, sizeof zero);
  conversion = butler__conversion_get (butler__layout_of (&old_info), butler__layout_of (&new_info), NULL);
  butler__conversion_move (conversion, &self, &moved);
  assert_converted (&moved, &self);
  ck_assert_ptr_eq (moved.text, text);
  ck_assert_mem_eq (&self, &zero, sizeof self);
}
END_TEST

START_TEST (null_arrays_stay_null)
{
  Old             self = { 0 };
  g_autoptr (New) converted = butler_record_convert (&old_info, &self, &new_info, NULL);

  ck_assert_ptr_null (converted->numbers);
  ck_assert_ptr_null (converted->spots);
}
END_TEST

START_TEST (conversions_are_made_once)
{
  const ButlerLayout *from = butler__layout_of (&old_info), *to = butler__layout_of (&new_info);

  ck_assert_ptr_eq (butler__conversion_get (from, to, NULL), butler__conversion_get (from, to, NULL));
}
END_TEST

START_TEST (a_layout_converts_to_itself)
{
  g_auto (Old)    self = { 0 };
  g_autoptr (Old) converted = NULL;

  fill (&self);
  converted = butler_record_convert (&old_info, &self, &old_info, NULL);
  ck_assert (old_equal (&self, converted));
}
END_TEST

/* Each pair of one field that is not kept. */
#define PAIRS(P)                                                                                   \
  P (narrower, uint64, uint32, "uint64 (in", "does not widen to uint32 (in the program)")          \
  P (sign, int32, uint64, "int32 (in", "does not widen to uint64")                                 \
  P (unsigned_to_signed, uint8, int64, "uint8 (in", "does not widen to int64")                     \
  P (floating_to_integer, float, int64, "float", "does not widen to int64")                        \
  P (integer_to_floating, int32, double, "int32", "does not widen to double")                      \
  P (narrower_double, double, float, "double", "does not widen to float")                          \
  P (boolean_to_integer, boolean, int32, "boolean", "does not widen to int32")                     \
  P (enum_to_integer, enum (Level), int32, "enum", "does not widen to int32")                      \
  P (integer_to_enum, int32, enum (Level), "int32", "does not widen to enum")                      \
  P (string_to_bytes, string, bytes, "string", "does not widen to bytes")                          \
  P (strv_to_array, strv, array (string), "strv", "does not widen to array(string)")               \
  P (array_to_fixed, array (uint8), fixed (uint8, 8), "array(uint8)", "fixed(uint8,8)")            \
  P (narrower_elements, array (uint64), array (uint8), "array(uint64)", "array(uint8)")            \
  P (record_to_string, record (point), string, "record(Point{double x;double y;})", "string")      \
  P (object_to_pointer, object, pointer, "object", "does not widen to pointer")                    \
  P (unlike_records, record (point), record (tag), "Point", "has no field in common with Tag")     \
  P (unlike_elements, array (record (point)), array (record (tag)), "Point", "has no field in common with Tag")

#define BEFORE(name, from, to, first, second)                        \
  typedef struct                                                     \
  {                                                                  \
    BUTLER_C_##from value;                                           \
  } Before_##name;                                                   \
  static const ButlerField before_##name##_fields[]                  \
      = { BUTLER__FIELD (Before_##name, from, value) };              \
  BUTLER__INFO (Before_##name, before_##name, 1, before_##name##_fields, NULL, NULL);
#define AFTER(name, from, to, first, second)                         \
  typedef struct                                                     \
  {                                                                  \
    BUTLER_C_##to value;                                             \
  } After_##name;                                                    \
  static const ButlerField after_##name##_fields[]                   \
      = { BUTLER__FIELD (After_##name, to, value) };                 \
  BUTLER__INFO (After_##name, after_##name, 1, after_##name##_fields, NULL, NULL);
PAIRS (BEFORE)
PAIRS (AFTER)

static const struct
{
  const ButlerRecordInfo *before, *after;
  const char             *first, *second;
} pairs[] = {
#define PAIR(name, from, to, first, second) { &before_##name##_info, &after_##name##_info, first, second },
  PAIRS (PAIR)
};

START_TEST (what_does_not_widen_is_refused)
{
  g_autoptr (GError)  error = NULL;
  g_autofree gpointer zero = g_malloc0 (pairs[_i].before->size);

  ck_assert_ptr_null (butler_record_convert (pairs[_i].before, zero, pairs[_i].after, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, pairs[_i].before->name, ".value: ", pairs[_i].first,
                       pairs[_i].second, NULL);
}
END_TEST

START_TEST (the_error_names_both_files)
{
  static gpointer     first_slot, second_slot;
  ButlerRecordInfo    first = before_narrower_info, second = after_narrower_info;
  const ButlerLayout *from, *to;
  g_autoptr (GError)  error = NULL;

  first.layout = &first_slot;
  second.layout = &second_slot;
  first.name = second.name = "Versioned";
  from = butler__layout_register (&first, "/plugins/old.so", NULL);
  to = butler__layout_register (&second, "/plugins/new.so", NULL);
  ck_assert_ptr_eq (from->type, to->type);
  ck_assert_ptr_null (butler__conversion_get (from, to, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Versioned.value", "/plugins/old.so", "/plugins/new.so", NULL);
}
END_TEST

typedef struct
{
  char *text;
} Blob;

static void
blob_free_text (Blob *self)
{
  g_clear_pointer (&self->text, g_free);
}

static void
blob_copy_text (const Blob *self,
                Blob       *copy)
{
  copy->text = g_strdup (self->text);
}

BUTLER_OPAQUE_MESSAGE (Blob, blob, blob_free_text, blob_copy_text);

START_TEST (opaque_records_are_cleared_copied_and_printed)
{
  g_auto (Blob)      self = { .text = g_strdup ("x") };
  g_autoptr (Blob)   copy = blob_copy (&self);
  g_autofree char   *line = butler_record_print (&blob_info, &self);
  g_autoptr (GError) error = NULL;

  ck_assert_str_eq (copy->text, "x");
  ck_assert_ptr_ne (copy->text, self.text);
  ck_assert_str_eq (line, "Blob { 8 opaque bytes }");
  ck_assert_ptr_null (butler_record_to_variant (&blob_info, &self, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Blob", "opaque", NULL);
  ck_assert_ptr_null (butler_record_from_variant (&blob_info, g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Blob", "opaque", NULL);
  blob_clear (&self);
  blob_clear (&self);
  ck_assert_ptr_null (self.text);
}
END_TEST

/* The same type in two files has functions of its own in each. */
START_TEST (opaque_records_convert_to_the_same_fingerprint_only)
{
  static gpointer         other_slot, larger_slot;
  ButlerRecordInfo        other = blob_info, larger = blob_info;
  const ButlerConversion *conversion;
  g_autoptr (GError)      error = NULL;
  g_auto (Blob)           self = { .text = g_strdup ("x") }, moved = { 0 };

  other.layout = &other_slot;
  other.clear = NULL;
  conversion = butler__conversion_get (butler__layout_of (&blob_info), butler__layout_of (&other), &error);
  butler_assert_no_error (error);
  butler__conversion_move (conversion, &self, &moved);
  ck_assert_str_eq (moved.text, "x");
  ck_assert_ptr_null (self.text);

  larger.layout = &larger_slot;
  larger.size *= 2;
  ck_assert_ptr_null (butler__conversion_get (butler__layout_of (&blob_info), butler__layout_of (&larger), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Blob{opaque 8}", "Blob{opaque 16}", NULL);
  ck_assert_ptr_null (butler__conversion_get (butler__layout_of (&blob_info), butler__layout_of (&point_info), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Blob{opaque 8}", "Point", NULL);
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("convert");
  TCase *kept = tcase_create ("kept");
  TCase *refused = tcase_create ("refused");
  TCase *opaque = tcase_create ("opaque");

  tcase_add_checked_fixture (kept, set_up, tear_down);
  tcase_add_test (kept, convert_copies_by_name_and_widens);
  tcase_add_test (kept, move_takes_everything_and_leaves_zero);
  tcase_add_test (kept, null_arrays_stay_null);
  tcase_add_test (kept, conversions_are_made_once);
  tcase_add_test (kept, a_layout_converts_to_itself);
  suite_add_tcase (self, kept);

  tcase_add_loop_test (refused, what_does_not_widen_is_refused, 0, G_N_ELEMENTS (pairs));
  tcase_add_test (refused, the_error_names_both_files);
  suite_add_tcase (self, refused);

  tcase_add_test (opaque, opaque_records_are_cleared_copied_and_printed);
  tcase_add_test (opaque, opaque_records_convert_to_the_same_fingerprint_only);
  suite_add_tcase (self, opaque);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
