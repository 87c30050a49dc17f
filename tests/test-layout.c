/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/info.h"
#include "lib/layout.h"
#include "tests/common.h"
#include "tests/records.h"

/* A right description, made anew for each test, which spoils it. */
typedef struct
{
  guint64 number;
  char   *text;
  GArray *words;
  guint8  digest[4];
  Point   origin;
} Sample;

static ButlerField      fields[5];
static ButlerRecordInfo info;
static ButlerRecordInfo nested;
static gpointer         slot, nested_slot;

#define FIELD(member, field_kind, ...)                                                                                 \
  (ButlerField) { .name = #member, .kind = BUTLER_KIND_##field_kind, .offset = G_STRUCT_OFFSET (Sample, member),       \
                  .size = sizeof (((Sample *) NULL)->member), __VA_ARGS__ }

static void
set_up (void)
{
  slot = nested_slot = NULL;
  nested = point_info;
  nested.layout = &nested_slot;
  fields[0] = FIELD (number, UINT64, .count = 0);
  fields[1] = FIELD (text, STRING, .count = 0);
  fields[2] = FIELD (words, ARRAY, .element = BUTLER_KIND_STRING);
  fields[3] = FIELD (digest, FIXED, .element = BUTLER_KIND_UINT8, .count = 4);
  fields[4] = FIELD (origin, RECORD, .nested = &nested);
  info = (ButlerRecordInfo) { .info_size = sizeof info, .name = "Sample", .size = sizeof (Sample),
                              .align = _Alignof (Sample), .n_fields = 5, .field_size = sizeof (ButlerField),
                              .fields = fields, .layout = &slot };
}

static void
copy_nothing (gconstpointer value,
              gpointer      copy)
{
  (void) value;
  (void) copy;
}

static void
copy_nothing_else (gconstpointer value,
                   gpointer      copy)
{
  memcpy (copy, value, 1);
}

static void
make_opaque (void)
{
  info.n_fields = 0;
  info.fields = NULL;
  info.copy = copy_nothing;
}

/* What each spoils, how, and what the error says: the record, the field and the reason. */
#define SPOILERS(S)                                                                                                    \
  S (short_info, info.info_size = 8, "(unknown)", "8 bytes")                                                           \
  S (no_name, info.name = NULL, "(unnamed)", "no C identifier")                                                        \
  S (empty_name, info.name = "", "no C identifier", "Record")                                                          \
  S (name_with_line_break, info.name = "A\nB", "A\\nB", "no C identifier")                                             \
  S (name_starts_with_digit, info.name = "1A", "1A", "no C identifier")                                                \
  S (no_slot, info.layout = NULL, "Sample", "no place")                                                                \
  S (flags, info.flags = 2, "Sample", "0x2")                                                                           \
  S (no_align, info.align = 0, "Sample", "alignment 0")                                                                \
  S (odd_align, info.align = 24, "Sample", "alignment 24")                                                             \
  S (large_align, info.align = 4096, "Sample", "alignment 4096")                                                       \
  S (no_size, info.size = 0, "Sample", "size 0")                                                                       \
  S (size_no_multiple, info.size += 4, "Sample", "no multiple of its alignment")                                       \
  S (no_fields, info.n_fields = 0, "Sample", "neither fields")                                                         \
  S (no_table, info.fields = NULL, "Sample", "table of 5 fields is missing")                                           \
  S (too_many_fields, info.n_fields = 100000, "Sample", "100000 fields")                                               \
  S (short_fields, info.field_size = 16, "Sample", "16 bytes")                                                         \
  S (odd_fields, info.field_size = sizeof (ButlerField) + 4, "Sample", "no multiple")                                  \
  S (huge_fields, info.field_size = 1u << 30, "Sample", "no multiple")                                                 \
  S (fields_and_functions, info.copy = copy_nothing, "Sample", "both fields and a copy function")                      \
  S (field_without_name, fields[1].name = NULL, "Sample", "no C identifier")                                           \
  S (field_with_dash, fields[1].name = "a-b", "Sample", "no C identifier")                                             \
  S (no_kind, fields[1].kind = 0, "field text", "kind 0 is unknown")                                                   \
  S (unknown_kind, fields[1].kind = 99, "field text", "kind 99 is unknown")                                            \
  S (reserved_part, fields[1].reserved = 7, "field text", "reserves is 7")                                             \
  S (no_element, fields[2].element = 0, "field words", "kind 0 of its elements")                                       \
  S (unknown_element, fields[2].element = 200, "field words", "kind 200 of its elements")                              \
  S (array_of_arrays, fields[2].element = BUTLER_KIND_ARRAY, "field words", "cannot be of the kind array")             \
  S (array_of_objects, fields[2].element = BUTLER_KIND_OBJECT, "field words", "cannot be of the kind object")          \
  S (array_of_strvs, fields[2].element = BUTLER_KIND_STRV, "field words", "cannot be of the kind strv")                \
  S (fixed_of_bytes, fields[3].element = BUTLER_KIND_BYTES, "field digest", "cannot be of the kind bytes")             \
  S (fixed_of_pointers, fields[3].element = BUTLER_KIND_POINTER, "field digest", "cannot be of the kind pointer")      \
  S (fixed_of_none, fields[3].count = 0, "field digest", "at least one element")                                       \
  S (fixed_not_divisible, fields[3].count = 3, "field digest", "its size is 4, but the kind fixed takes 3")            \
  S (fixed_overflow, (fields[3].element = BUTLER_KIND_UINT64, fields[3].count = 0x20000000), "digest", "4294967296")   \
  S (size_does_not_fit_kind, fields[0].size = 4, "field number", "its size is 4, but the kind uint64 takes 8")         \
  S (size_of_nested, fields[4].size = 8, "field origin", "its size is 8, but the kind record takes 16")                \
  S (behind_the_end, fields[1].offset = info.size, "field text", "the record at 48")                                   \
  S (far_behind_the_end, fields[1].offset = G_MAXUINT32 - 7, "field text", "ends at 4294967296")                       \
  S (misaligned, fields[1].offset = 4, "field text", "alignment 8, but its offset is 4")                               \
  S (record_too_loose, info.align = 4, "field number", "the record's alignment 4")                                     \
  S (overlap, fields[1].offset = 0, "field text", "overlaps the field number")                                         \
  S (overlap_inside, fields[3].offset = fields[4].offset + 4, "field origin", "overlaps the field digest")             \
  S (doubled_name, fields[2].name = "text", "field text", "two fields have this name")                                 \
  S (nested_missing, fields[4].nested = NULL, "field origin", "is missing")                                            \
  S (element_record_missing, fields[2].element = BUTLER_KIND_RECORD, "field words", "is missing")                      \
  S (nested_wrong, nested.size = 12, "Record Sample, field origin: Record Point", "no multiple")                       \
  S (nested_in_itself, fields[4].nested = &info, "nested more than", "Sample")                                         \
  S (nested_opaque, (nested.n_fields = 0, nested.copy = copy_nothing), "field origin", "Point is opaque")

#define DEFINE_SPOILER(name, statement, first, second)                                                                 \
  static void spoil_##name (void)                                                                                      \
  {                                                                                                                    \
    statement;                                                                                                         \
  }
SPOILERS (DEFINE_SPOILER)

static const struct
{
  const char *name;
  void      (*spoil) (void);
  const char *first, *second;
} spoilers[] = {
#define LIST_SPOILER(name, statement, first, second) { #name, spoil_##name, first, second },
  SPOILERS (LIST_SPOILER)
};

START_TEST (each_wrong_info_is_refused_with_its_reason)
{
  g_autoptr (GError) error = NULL;

  spoilers[_i].spoil ();
  ck_assert_msg (butler__layout_register (&info, "a.so", &error) == NULL, "%s was taken", spoilers[_i].name);
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, spoilers[_i].first, spoilers[_i].second, NULL);
  ck_assert_ptr_null (slot);
}
END_TEST

START_TEST (no_info_is_refused)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (butler__layout_register (NULL, "a.so", &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "no description", NULL);
}
END_TEST

START_TEST (a_right_info_is_registered)
{
  g_autoptr (GError)  error = NULL;
  const ButlerLayout *layout = butler__layout_register (&info, "a.so", &error);

  butler_assert_no_error (error);
  ck_assert_ptr_eq (layout, slot);
  ck_assert_ptr_eq (layout, butler__layout_of (&info));
  ck_assert_str_eq (layout->type->name, "Sample");
  ck_assert_str_eq (layout->origin, "a.so");
  ck_assert_str_eq (layout->fingerprint, "Sample{uint64 number;string text;array(string) words;fixed(uint8,4) digest;"
                                         "record(Point{double x;double y;}) origin;}");
  ck_assert_uint_eq (layout->n_fields, 5);
  ck_assert_uint_eq (layout->fields[2].element_size, sizeof (char *));
  ck_assert_uint_eq (layout->fields[3].element_size, 1);
  ck_assert (!layout->plain);
  ck_assert (layout->fields[4].nested->plain);
}
END_TEST

/* Nothing of a layout lies where it came from: the file may be closed. */
START_TEST (a_layout_is_a_copy)
{
  char                name[] = "Copied", field[] = "number", origin[] = "b.so";
  const ButlerLayout *layout;

  info.name = name;
  fields[0].name = field;
  layout = butler__layout_register (&info, origin, NULL);
  memset (name, 'x', sizeof name - 1);
  memset (field, 'x', sizeof field - 1);
  memset (origin, 'x', sizeof origin - 1);
  memset (fields, 0xff, sizeof fields);
  ck_assert_str_eq (layout->type->name, "Copied");
  ck_assert_str_eq (layout->fields[0].name, "number");
  ck_assert_uint_eq (layout->fields[0].kind, BUTLER_KIND_UINT64);
  ck_assert_str_eq (layout->origin, "b.so");
}
END_TEST

START_TEST (the_same_layout_is_shared)
{
  const ButlerLayout *first = butler__layout_register (&info, "a.so", NULL);
  const ButlerLayout *second;

  set_up ();
  second = butler__layout_register (&info, "b.so", NULL);
  ck_assert_ptr_eq (first, second);
  ck_assert_str_eq (second->origin, "a.so");
}
END_TEST

START_TEST (another_order_size_or_offset_is_another_layout)
{
  const ButlerLayout   *first = butler__layout_register (&info, "a.so", NULL), *moved, *larger, *renamed;
  g_autoptr (GPtrArray) layouts = NULL;

  set_up ();
  fields[0].offset = fields[1].offset;
  fields[1].offset = 0;
  moved = butler__layout_register (&info, "b.so", NULL);
  ck_assert_ptr_ne (first, moved);
  ck_assert_str_eq (first->fingerprint, moved->fingerprint);

  set_up ();
  info.size += info.align;
  larger = butler__layout_register (&info, "c.so", NULL);
  ck_assert_ptr_ne (first, larger);

  set_up ();
  fields[1].name = "words2";
  renamed = butler__layout_register (&info, "d.so", NULL);
  ck_assert_ptr_ne (first, renamed);
  ck_assert_str_ne (first->fingerprint, renamed->fingerprint);

  ck_assert_ptr_eq (first->type, moved->type);
  ck_assert_ptr_eq (first->type, renamed->type);
  layouts = butler__type_get_layouts (first->type);
  ck_assert_uint_ge (layouts->len, 4);
  ck_assert (g_ptr_array_find (layouts, first, NULL) && g_ptr_array_find (layouts, renamed, NULL));
}
END_TEST

START_TEST (opaque_layouts_differ_by_their_functions)
{
  const ButlerLayout *first, *second, *third;

  make_opaque ();
  info.name = "Blob";
  first = butler__layout_register (&info, "a.so", NULL);
  ck_assert_str_eq (first->fingerprint, "Blob{opaque 48}");
  ck_assert (butler__layout_is_opaque (first));
  ck_assert (!first->plain);

  slot = NULL;
  second = butler__layout_register (&info, "b.so", NULL);
  ck_assert_ptr_eq (first, second);

  slot = NULL;
  info.copy = copy_nothing_else;
  third = butler__layout_register (&info, "b.so", NULL);
  ck_assert_ptr_ne (first, third);
  ck_assert_str_eq (first->fingerprint, third->fingerprint);
}
END_TEST

START_TEST (types_are_found_by_name_and_numbered)
{
  const ButlerType *sample, *point;

  ck_assert_ptr_null (butler__type_lookup ("NobodyRegisteredThis"));
  butler__layout_register (&info, "a.so", NULL);
  sample = butler__type_lookup ("Sample");
  point = butler__type_lookup ("Point");
  ck_assert_ptr_nonnull (sample);
  ck_assert_ptr_nonnull (point);
  ck_assert_uint_ne (sample->index, point->index);
  ck_assert_ptr_eq (sample, butler__layout_of (&info)->type);
}
END_TEST

/* Another version's entries are longer or shorter than this one's. */
typedef struct
{
  ButlerField field;
  gpointer    of_a_later_version[2];
} LongField;

START_TEST (longer_entries_are_walked_by_their_stride)
{
  LongField           longer[5];
  const ButlerLayout *layout;

  memset (longer, 0xff, sizeof longer);
  for (guint i = 0; i < 5; i++)
    longer[i].field = fields[i];
  info.fields = &longer[0].field;
  info.field_size = sizeof (LongField);
  info.info_size += 64;
  layout = butler__layout_register (&info, "later.so", NULL);
  ck_assert_ptr_nonnull (layout);
  ck_assert_str_eq (layout->fields[4].name, "origin");
}
END_TEST

START_TEST (shorter_entries_have_no_default)
{
  enum { SHORT = G_STRUCT_OFFSET (ButlerField, fallback) };
  _Alignas (ButlerField) char packed[5 * SHORT];
  const ButlerLayout         *layout;

  for (guint i = 0; i < 5; i++)
    memcpy (packed + i * SHORT, &fields[i], SHORT);
  info.fields = (const ButlerField *) (gconstpointer) packed;
  info.field_size = SHORT;
  layout = butler__layout_register (&info, "earlier.so", NULL);
  ck_assert_ptr_nonnull (layout);
  ck_assert_str_eq (layout->fields[4].name, "origin");
  ck_assert_ptr_null (butler__info_get_field (&info, 1).fallback);
  ck_assert_str_eq (butler__info_get_field (&info, 1).name, "text");
}
END_TEST

/* What stands behind the size that an info claims is not looked at. */
START_TEST (a_shorter_info_has_no_functions)
{
  info.info_size = G_STRUCT_OFFSET (ButlerRecordInfo, clear);
  info.copy = copy_nothing;
  ck_assert_ptr_nonnull (butler__layout_register (&info, "earlier.so", NULL));
}
END_TEST

START_TEST (records_are_nested_to_a_limit)
{
  static ButlerField      links[BUTLER__DEPTH_MAX + 1][1];
  static ButlerRecordInfo chain[BUTLER__DEPTH_MAX + 1];
  static gpointer         slots[BUTLER__DEPTH_MAX + 1];
  g_autoptr (GError)      error = NULL;

  for (guint i = 0; i <= BUTLER__DEPTH_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("Link%u", i);

      slots[i] = NULL;
      links[i][0] = (ButlerField) { .name = "next", .kind = BUTLER_KIND_RECORD, .size = 8, .nested = &chain[i + 1] };
      if (i == BUTLER__DEPTH_MAX)
        links[i][0] = (ButlerField) { .name = "end", .kind = BUTLER_KIND_UINT64, .size = 8 };
      chain[i] = (ButlerRecordInfo) { .info_size = sizeof info, .name = g_intern_string (name), .size = 8, .align = 8,
                                      .n_fields = 1, .field_size = sizeof (ButlerField), .fields = links[i],
                                      .layout = &slots[i] };
    }

  ck_assert_ptr_null (butler__layout_register (&chain[0], "a.so", &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Link16", "nested more than 16 deep", NULL);
  ck_assert_ptr_nonnull (butler__layout_register (&chain[1], "a.so", &error));
}
END_TEST

/* Each level names the one below twice: the text doubles, and is stopped long before memory is. */
START_TEST (a_description_that_explodes_is_refused)
{
  static ButlerField      pairs[14][2];
  static ButlerRecordInfo chain[15];
  static gpointer         slots[15];
  g_autoptr (GError)      error = NULL;
  guint32                 size = 16;

  chain[14] = point_info;
  for (guint i = 13; i < 14; i--)
    {
      g_autofree char *name = g_strdup_printf ("ALongNameToMakeItQuick%u", i);

      slots[i] = NULL;
      for (guint j = 0; j < 2; j++)
        pairs[i][j] = (ButlerField) { .name = j == 0 ? "a" : "b", .kind = BUTLER_KIND_RECORD, .offset = j * size,
                                      .size = size, .nested = &chain[i + 1] };
      size *= 2;
      chain[i] = (ButlerRecordInfo) { .info_size = sizeof info, .name = g_intern_string (name), .size = size,
                                      .align = 8, .n_fields = 2, .field_size = sizeof (ButlerField), .fields = pairs[i],
                                      .layout = &slots[i] };
    }

  ck_assert_ptr_null (butler__layout_register (&chain[0], "a.so", &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "longer than 65536", NULL);
}
END_TEST

static gpointer
register_same (gpointer data)
{
  static gpointer  slots[8];
  ButlerRecordInfo own = info;

  own.layout = &slots[GPOINTER_TO_UINT (data)];
  own.name = "Raced";
  return (gpointer) butler__layout_register (&own, "thread", NULL);
}

START_TEST (threads_that_register_the_same_get_the_same)
{
  GThread *threads[8];
  gpointer layouts[8];

  for (guint i = 0; i < 8; i++)
    threads[i] = g_thread_new ("register", register_same, GUINT_TO_POINTER (i));
  for (guint i = 0; i < 8; i++)
    layouts[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < 8; i++)
    ck_assert_ptr_eq (layouts[i], layouts[0]);
  ck_assert_ptr_nonnull (layouts[0]);
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("layout");
  TCase *refusals = tcase_create ("refusals");
  TCase *registry = tcase_create ("registry");

  tcase_add_checked_fixture (refusals, set_up, NULL);
  tcase_add_loop_test (refusals, each_wrong_info_is_refused_with_its_reason, 0, G_N_ELEMENTS (spoilers));
  tcase_add_test (refusals, no_info_is_refused);
  tcase_add_test (refusals, records_are_nested_to_a_limit);
  tcase_add_test (refusals, a_description_that_explodes_is_refused);
  suite_add_tcase (self, refusals);

  tcase_add_checked_fixture (registry, set_up, NULL);
  tcase_add_test (registry, a_right_info_is_registered);
  tcase_add_test (registry, a_layout_is_a_copy);
  tcase_add_test (registry, the_same_layout_is_shared);
  tcase_add_test (registry, another_order_size_or_offset_is_another_layout);
  tcase_add_test (registry, opaque_layouts_differ_by_their_functions);
  tcase_add_test (registry, types_are_found_by_name_and_numbered);
  tcase_add_test (registry, longer_entries_are_walked_by_their_stride);
  tcase_add_test (registry, shorter_entries_have_no_default);
  tcase_add_test (registry, a_shorter_info_has_no_functions);
  tcase_add_test (registry, threads_that_register_the_same_get_the_same);
  suite_add_tcase (self, registry);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
