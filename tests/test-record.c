/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <math.h>

#include "tests/common.h"
#include "tests/records.h"

static gboolean
is_zero (gconstpointer bytes,
         gsize         size)
{
  const char *at = bytes;

  for (gsize i = 0; i < size; i++)
    if (at[i] != 0)
      return FALSE;
  return TRUE;
}

START_TEST (new_record_is_zero)
{
  g_autoptr (Everything) self = everything_new ();

  ck_assert (is_zero (self, sizeof *self));
}
END_TEST

/* What lay there before would be freed again. */
START_TEST (an_uncleared_record_can_be_freed_at_once)
{
  for (guint i = 0; i < 100; i++)
    {
      Everything *filled = everything_new ();
      Everything *self;

      everything_fill (filled);
      everything_free (filled);
      self = everything_new_uncleared ();
      ck_assert (is_zero (self, sizeof *self));
      everything_free (self);
      point_free (point_new_uncleared ());
    }
}
END_TEST

START_TEST (freeing_null_does_nothing)
{
  everything_free (NULL);
  ck_assert_ptr_null (everything_copy (NULL));
}
END_TEST

START_TEST (clear_leaves_zero)
{
  Everything self;

  everything_fill (&self);
  everything_clear (&self);
  ck_assert (is_zero (&self, sizeof self));
  everything_clear (&self);
  ck_assert (is_zero (&self, sizeof self));
}
END_TEST

START_TEST (clear_of_a_plain_record_leaves_zero)
{
  Point point = { 1, 2 };

  point_clear (&point);
  ck_assert (is_zero (&point, sizeof point));
}
END_TEST

START_TEST (auto_clears_what_is_on_the_stack)
{
  g_autoptr (GObject) mark = g_object_new (G_TYPE_OBJECT, NULL);

  {
    g_auto (Tag) tag = { .name = g_strdup ("x"), .mark = g_object_ref (mark) };
    ck_assert_uint_eq (mark->ref_count, 2);
    ck_assert_str_eq (tag.name, "x");
  }
  ck_assert_uint_eq (mark->ref_count, 1);
}
END_TEST

/* Wherever a record is nested, its fields go with the outer one. */
START_TEST (clear_reaches_every_nested_record)
{
  g_autoptr (GObject) mark = g_object_new (G_TYPE_OBJECT, NULL);
  Everything          self = { .tag.mark = g_object_ref (mark), .twins[1].mark = g_object_ref (mark) };

  self.tags = tag_array_new (0);
  g_array_set_size (self.tags, 3);
  g_array_index (self.tags, Tag, 2).mark = g_object_ref (mark);
  ck_assert_uint_eq (mark->ref_count, 4);
  everything_clear (&self);
  ck_assert_uint_eq (mark->ref_count, 1);
}
END_TEST

START_TEST (an_array_has_no_clear_function_and_zero_room)
{
  g_autoptr (GArray)  tags = tag_array_new (4);
  g_autoptr (GObject) mark = g_object_new (G_TYPE_OBJECT, NULL);

  ck_assert_uint_eq (tags->len, 0);
  ck_assert_uint_eq (g_array_get_element_size (tags), sizeof (Tag));
  g_array_set_size (tags, 4);
  ck_assert (is_zero (tags->data, 4 * sizeof (Tag)));
  g_array_index (tags, Tag, 0).mark = g_object_ref (mark);
  g_array_set_size (tags, 0);
  ck_assert_uint_eq (mark->ref_count, 2);
  g_object_unref (mark);
}
END_TEST

START_TEST (a_copy_is_equal_and_owns_what_it_has)
{
  g_autoptr (Everything) copy = NULL;
  Everything             self;

  everything_fill (&self);
  copy = everything_copy (&self);
  ck_assert (everything_equal (&self, copy));
  ck_assert_ptr_ne (self.text, copy->text);
  ck_assert_ptr_ne (self.tag.name, copy->tag.name);
  ck_assert_ptr_ne (self.words, copy->words);
  ck_assert_ptr_ne (self.twins[0].name, copy->twins[0].name);

  everything_clear (&self);
  ck_assert_str_eq (copy->text, "gr\xc3\xbc\xc3\x9f""e");
  ck_assert_str_eq (copy->lines[1], "two");
  ck_assert_str_eq (g_array_index (copy->words, char *, 1), "b");
  ck_assert_str_eq (g_array_index (copy->tags, Tag, 0).name, "blue");
  ck_assert_str_eq (copy->names[1], "second");
}
END_TEST

START_TEST (a_copy_refers_to_the_same_object_and_pointer)
{
  g_autoptr (GObject) mark = g_object_new (G_TYPE_OBJECT, NULL);
  g_auto (Everything) self = { .object = g_object_ref (mark), .pointer = &self };

  {
    g_autoptr (Everything) copy = everything_copy (&self);

    ck_assert_ptr_eq (copy->object, mark);
    ck_assert_ptr_eq (copy->pointer, &self);
    ck_assert_uint_eq (mark->ref_count, 3);
  }
  ck_assert_uint_eq (mark->ref_count, 2);
}
END_TEST

START_TEST (copy_to_overwrites_what_is_there)
{
  g_auto (Tag) self = { .name = g_strdup ("new") };
  g_auto (Tag) copy;

  memset (&copy, 0xa5, sizeof copy);
  butler_record_copy_to (&tag_info, &self, &copy);
  ck_assert (tag_equal (&self, &copy));
}
END_TEST

START_TEST (a_copy_keeps_null_apart_from_empty)
{
  g_auto (Everything)    self = { .text = g_strdup (""), .lines = g_new0 (char *, 1),
                                  .counts = g_array_new (FALSE, FALSE, 2) };
  g_autoptr (Everything) copy = everything_copy (&self);

  ck_assert_str_eq (copy->text, "");
  ck_assert_ptr_null (copy->lines[0]);
  ck_assert_uint_eq (copy->counts->len, 0);
  ck_assert_ptr_null (copy->words);
  ck_assert_ptr_null (copy->blob);
}
END_TEST

START_TEST (a_floating_variant_becomes_the_records_own)
{
  g_auto (Everything) self = { .any = g_variant_new_int32 (4) };

  {
    g_autoptr (Everything) copy = everything_copy (&self);
    ck_assert (!g_variant_is_floating (copy->any));
  }
  ck_assert (!g_variant_is_floating (self.any));
  ck_assert_int_eq (g_variant_get_int32 (self.any), 4);
}
END_TEST

/* Each change to a filled record makes it another one. */
#define CHANGES(C)                                                              \
  C (truth, self->truth = FALSE)                                                \
  C (i8, self->i8++)                                                            \
  C (u8, self->u8++)                                                            \
  C (i16, self->i16++)                                                          \
  C (u16, self->u16++)                                                          \
  C (i32, self->i32++)                                                          \
  C (u32, self->u32++)                                                          \
  C (i64, self->i64++)                                                          \
  C (u64, self->u64--)                                                          \
  C (f, self->f = 0.25f)                                                        \
  C (d, self->d = 2.25)                                                         \
  C (level, self->level = LEVEL_INFO)                                           \
  C (text, self->text[0] = 'G')                                                 \
  C (no_text, g_clear_pointer (&self->text, g_free))                            \
  C (lines, self->lines[1][0] = 'T')                                            \
  C (fewer_lines, g_clear_pointer (&self->lines[1], g_free))                    \
  C (no_lines, g_clear_pointer (&self->lines, g_strfreev))                      \
  C (no_blob, g_clear_pointer (&self->blob, g_bytes_unref))                     \
  C (no_any, g_clear_pointer (&self->any, g_variant_unref))                     \
  C (object, self->object = g_object_new (G_TYPE_OBJECT, NULL))                 \
  C (pointer, self->pointer = self)                                             \
  C (origin, self->origin.y = 3)                                                \
  C (tag, self->tag.name[0] = 'b')                                              \
  C (small, g_array_index (self->small, gint8, 1) = 1)                          \
  C (fewer_small, g_array_set_size (self->small, 1))                            \
  C (flags, g_array_index (self->flags, gboolean, 0) = FALSE)                   \
  C (words, g_array_index (self->words, char *, 1)[0] = 'c')                    \
  C (tags, g_array_index (self->tags, Tag, 0).name[0] = 'g')                    \
  C (path, g_array_index (self->path, Point, 1).x = 7)                          \
  C (no_path, g_clear_pointer (&self->path, g_array_unref))                     \
  C (digest, self->digest[3] = 0)                                               \
  C (pair, self->pair[1] = 0)                                                   \
  C (names, self->names[1][0] = 'S')                                            \
  C (twins, self->twins[1].name[0] = 'R')

#define DEFINE_CHANGE(name, statement)                                          \
  static void change_##name (Everything *self)                                  \
  {                                                                             \
    statement;                                                                  \
  }
CHANGES (DEFINE_CHANGE)

static const struct
{
  const char *name;
  void (*make) (Everything *self);
} changes[] = {
#define LIST_CHANGE(name, statement) { #name, change_##name },
  CHANGES (LIST_CHANGE)
};

START_TEST (equal_sees_each_difference)
{
  Everything             self;
  g_autoptr (Everything) other = NULL;

  everything_fill (&self);
  other = everything_copy (&self);
  changes[_i].make (other);
  ck_assert_msg (!everything_equal (&self, other), "%s", changes[_i].name);
  ck_assert_msg (!everything_equal (other, &self), "%s", changes[_i].name);
  everything_clear (&self);
}
END_TEST

START_TEST (equal_compares_contents_where_it_can)
{
  g_auto (Everything) a = { .blob = g_bytes_new ("ab", 2), .any = g_variant_ref_sink (g_variant_new_string ("x")) };
  g_auto (Everything) b = { .blob = g_bytes_new ("ab", 2), .any = g_variant_ref_sink (g_variant_new_string ("x")) };

  ck_assert (everything_equal (&a, &b));
  g_bytes_unref (b.blob);
  b.blob = g_bytes_new ("ac", 2);
  ck_assert (!everything_equal (&a, &b));
}
END_TEST

START_TEST (equal_compares_doubles_bit_by_bit)
{
  Point a = { .x = NAN, .y = 0.0 }, b = { .x = NAN, .y = 0.0 };

  ck_assert (point_equal (&a, &b));
  b.y = -0.0;
  ck_assert (!point_equal (&a, &b));
}
END_TEST

START_TEST (equal_compares_booleans_by_truth)
{
  Everything a = { .truth = TRUE }, b = { .truth = 2 };

  ck_assert (everything_equal (&a, &b));
}
END_TEST

START_TEST (equal_ignores_padding)
{
  Everything a, b;

  memset (&a, 0, sizeof a);
  memset (&b, 0, sizeof b);
  ((char *) &b)[G_STRUCT_OFFSET (Everything, u16) + 2] = 0x5a; /* between u16 and i32 */
  ck_assert_uint_gt (G_STRUCT_OFFSET (Everything, i32), G_STRUCT_OFFSET (Everything, u16) + 2);
  ck_assert (everything_equal (&a, &b));
}
END_TEST

START_TEST (a_null_string_differs_from_an_empty_one)
{
  g_auto (Tag) a = { .name = NULL }, b = { .name = g_strdup ("") };

  ck_assert (!tag_equal (&a, &b));
}
END_TEST

START_TEST (a_null_array_differs_from_an_empty_one)
{
  g_auto (Everything) a = { .words = NULL }, b = { .words = strings_new (NULL, NULL) };

  ck_assert (!everything_equal (&a, &b));
}
END_TEST

START_TEST (a_null_string_among_strings_is_an_empty_one)
{
  g_auto (Everything) a = { .names = { g_strdup (""), NULL } }, b = { .names = { NULL, NULL } };

  ck_assert (everything_equal (&a, &b));
}
END_TEST

START_TEST (an_array_with_wrong_elements_is_a_critical)
{
  g_auto (Everything) self = { .counts = g_array_new (FALSE, TRUE, 4) };

  g_array_set_size (self.counts, 3);
  butler_test_expect_critical ("*counts*4 bytes instead of 2*");
  {
    g_autoptr (Everything) copy = everything_copy (&self);

    g_test_assert_expected_messages ();
    ck_assert_uint_eq (copy->counts->len, 0);
    butler_test_expect_critical ("*counts*4 bytes instead of 2*");
    everything_clear (&self);
    g_test_assert_expected_messages ();
  }
}
END_TEST

#define SHOWN_FIELDS(F, R)         \
  F (R, uint64,         number)    \
  F (R, string,         text)      \
  F (R, enum (Level),   level)     \
  F (R, boolean,        truth)     \
  F (R, record (point), origin)    \
  F (R, array (string), words)     \
  F (R, strv,           none)      \
  F (R, bytes,          blob)      \
  F (R, variant,        any)       \
  F (R, fixed (int8, 2), pair)     \
  F (R, float,          ratio)
BUTLER_RECORD (Shown, shown, SHOWN_FIELDS);

START_TEST (print_writes_one_line)
{
  g_auto (Shown)   self = { .number = 7, .text = g_strdup ("hello"), .level = LEVEL_ERROR, .truth = TRUE, .ratio = 0.5f,
                            .origin = { 1, 2.5 }, .words = strings_new ("a", "b", NULL), .pair = { -1, 1 },
                            .blob = g_bytes_new ("\0\xff", 2), .any = g_variant_new_int32 (3) };
  g_autofree char *line = shown_print (&self);

  ck_assert_str_eq (line, "Shown { number: 7, text: \"hello\", level: 1, truth: TRUE, origin: { x: 1, y: 2.5 }, "
                          "words: [\"a\", \"b\"], none: NULL, blob: <00ff>, any: 3, pair: [-1, 1], ratio: 0.5 }");
}
END_TEST

START_TEST (print_escapes_strings)
{
  g_auto (Tag)     umlaut = { .name = g_strdup ("\"\n\t\x01\xc3\xbc") };
  g_auto (Tag)     broken = { .name = g_strdup ("\xc3(\xff") };
  g_autofree char *first = tag_print (&umlaut);
  g_autofree char *second = tag_print (&broken);

  ck_assert_str_eq (first, "Tag { name: \"\\\"\\n\\t\\001\xc3\xbc\", mark: NULL }");
  ck_assert_str_eq (second, "Tag { name: \"\\303(\\377\", mark: NULL }");
}
END_TEST

START_TEST (print_cuts_what_is_long)
{
  g_auto (Everything) self = { .words = g_array_new (FALSE, TRUE, sizeof (char *)), .text = g_strnfill (5000, 'x') };
  g_autofree char    *line = NULL;
  char               *umlauts;

  self.blob = g_bytes_new_take (g_malloc0 (4096), 4096);
  g_array_set_size (self.words, 1000);
  umlauts = self.names[0] = g_new0 (char, 4001);
  for (guint i = 0; i < 2000; i++)
    memcpy (umlauts + 2 * i, "\xc3\xbc", 2);
  self.any = g_variant_new_take_string (g_strconcat ("x", umlauts, NULL)); /* both would be cut inside of a letter */

  line = everything_print (&self);
  ck_assert_uint_lt (strlen (line), 8000);
  ck_assert_ptr_nonnull (strstr (line, "... 5000 bytes"));
  ck_assert_ptr_nonnull (strstr (line, "... 4096 bytes"));
  ck_assert_ptr_nonnull (strstr (line, "... 1000 elements"));
  ck_assert_ptr_nonnull (strstr (line, "... 4000 bytes"));
  ck_assert (g_utf8_validate (line, -1, NULL));
}
END_TEST

START_TEST (print_shows_every_kind)
{
  g_autofree char *line = NULL;
  Everything       self;

  everything_fill (&self);
  self.object = g_object_new (G_TYPE_OBJECT, NULL);
  self.pointer = &self;
  line = everything_print (&self);
  for (guint i = 0; i < everything_info.n_fields; i++)
    {
      g_autofree char *label = g_strdup_printf ("%s: ", everything_fields[i].name);

      ck_assert_msg (strstr (line, label) != NULL, "%s is missing in %s", label, line);
    }
  ck_assert_ptr_nonnull (strstr (line, "object: GObject@0x"));
  ck_assert_ptr_null (strchr (line, '\n'));
  everything_clear (&self);
}
END_TEST

START_TEST (fingerprint_reads_like_a_declaration)
{
  ck_assert_str_eq (butler_record_get_fingerprint (&shown_info, NULL),
                    "Shown{uint64 number;string text;enum level;boolean truth;record(Point{double x;double y;}) origin;"
                    "array(string) words;strv none;bytes blob;variant any;fixed(int8,2) pair;float ratio;}");
}
END_TEST

START_TEST (a_wrong_info_is_a_critical)
{
  static gpointer        slot;
  const ButlerRecordInfo wrong = { .info_size = sizeof wrong, .name = "Wrong", .size = 4, .align = 4, .layout = &slot };

  butler_test_expect_critical ("*Wrong*neither fields nor*");
  ck_assert_ptr_null (butler_record_new (&wrong));
  g_test_assert_expected_messages ();
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("record");
  TCase *life = tcase_create ("life");
  TCase *equal = tcase_create ("equal");
  TCase *print = tcase_create ("print");

  tcase_add_test (life, new_record_is_zero);
  tcase_add_test (life, an_uncleared_record_can_be_freed_at_once);
  tcase_add_test (life, freeing_null_does_nothing);
  tcase_add_test (life, clear_leaves_zero);
  tcase_add_test (life, clear_of_a_plain_record_leaves_zero);
  tcase_add_test (life, auto_clears_what_is_on_the_stack);
  tcase_add_test (life, clear_reaches_every_nested_record);
  tcase_add_test (life, an_array_has_no_clear_function_and_zero_room);
  tcase_add_test (life, a_copy_is_equal_and_owns_what_it_has);
  tcase_add_test (life, a_copy_refers_to_the_same_object_and_pointer);
  tcase_add_test (life, copy_to_overwrites_what_is_there);
  tcase_add_test (life, a_copy_keeps_null_apart_from_empty);
  tcase_add_test (life, a_floating_variant_becomes_the_records_own);
  tcase_add_test (life, an_array_with_wrong_elements_is_a_critical);
  tcase_add_test (life, a_wrong_info_is_a_critical);
  suite_add_tcase (self, life);

  tcase_add_loop_test (equal, equal_sees_each_difference, 0, G_N_ELEMENTS (changes));
  tcase_add_test (equal, equal_compares_contents_where_it_can);
  tcase_add_test (equal, equal_compares_doubles_bit_by_bit);
  tcase_add_test (equal, equal_compares_booleans_by_truth);
  tcase_add_test (equal, equal_ignores_padding);
  tcase_add_test (equal, a_null_string_differs_from_an_empty_one);
  tcase_add_test (equal, a_null_array_differs_from_an_empty_one);
  tcase_add_test (equal, a_null_string_among_strings_is_an_empty_one);
  suite_add_tcase (self, equal);

  tcase_add_test (print, print_writes_one_line);
  tcase_add_test (print, print_escapes_strings);
  tcase_add_test (print, print_cuts_what_is_long);
  tcase_add_test (print, print_shows_every_kind);
  tcase_add_test (print, fingerprint_reads_like_a_declaration);
  suite_add_tcase (self, print);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
