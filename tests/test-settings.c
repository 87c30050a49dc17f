/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <math.h>

#include "lib/info.h"
#include "lib/settings.h"
#include "tests/common.h"
#include "tests/records.h"

#define CHOSEN_FIELDS(F, R)                                                              \
  F (R, string,             pattern,   "err or;\\n", "what counts as an error")          \
  F (R, int32,              max_lines, "10",         "stop after so many")               \
  F (R, boolean,            loud,      "yes",        "print more")                       \
  F (R, double,             ratio,     "0.5",        NULL)                               \
  F (R, float,              factor,    NULL,         NULL)                               \
  F (R, enum (Level),       level,     "1",          NULL)                               \
  F (R, strv,               files,     "a;b c;",     NULL)                               \
  F (R, array (uint8),      ports,     "1;0xff",     NULL)                               \
  F (R, array (string),     names,     NULL,         NULL)                               \
  F (R, array (boolean),    flags,     NULL,         NULL)                               \
  F (R, bytes,              blob,      "raw",        NULL)                               \
  F (R, variant,            any,       "(1, 'x')",   NULL)                               \
  F (R, int8,               small,     NULL,         NULL)                               \
  F (R, uint8,              byte,      NULL,         NULL)                               \
  F (R, int64,              large,     NULL,         NULL)                               \
  F (R, uint64,             huge,      NULL,         NULL)                               \
  F (R, string,             none,      NULL,         NULL)
BUTLER_SETTINGS (Chosen, chosen, CHOSEN_FIELDS);

/* The settings that `lines` make in the group [g]. */
static Chosen *
read_lines (const char *lines,
            GError    **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char     *text = g_strconcat ("[g]\n", lines, "\n[other]\nunknown=1\n", NULL);

  ck_assert (g_key_file_load_from_data (file, text, (gsize) -1, G_KEY_FILE_NONE, NULL));
  return butler_settings_from_key_file (&chosen_info, file, "g", error);
}

static Chosen *
read_right (const char *lines)
{
  g_autoptr (GError) error = NULL;
  Chosen            *settings = read_lines (lines, &error);

  butler_assert_no_error (error);
  return settings;
}

static void
assert_defaults (const Chosen *settings)
{
  ck_assert_str_eq (settings->pattern, "err or;\\n");
  ck_assert_int_eq (settings->max_lines, 10);
  ck_assert_int_eq (settings->loud, TRUE);
  ck_assert_double_eq (settings->ratio, 0.5);
  ck_assert (settings->factor == 0);
  ck_assert_int_eq (settings->level, LEVEL_ERROR);
  ck_assert_str_eq (settings->files[1], "b c");
  ck_assert_ptr_null (settings->files[2]);
  ck_assert_uint_eq (settings->ports->len, 2);
  ck_assert_uint_eq (g_array_index (settings->ports, guint8, 1), 255);
  ck_assert_ptr_null (settings->names);
  ck_assert_uint_eq (g_bytes_get_size (settings->blob), 3);
  ck_assert_str_eq (g_variant_get_type_string (settings->any), "(is)");
  ck_assert (!g_variant_is_floating (settings->any));
  ck_assert_ptr_null (settings->none);
}

START_TEST (new_settings_have_the_defaults)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Chosen) settings = butler_settings_new (&chosen_info, &error);

  butler_assert_no_error (error);
  assert_defaults (settings);
}
END_TEST

START_TEST (a_missing_file_group_or_key_means_the_defaults)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (Chosen)   no_file = butler_settings_from_key_file (&chosen_info, NULL, "g", NULL);
  g_autoptr (Chosen)   no_group = butler_settings_from_key_file (&chosen_info, file, NULL, NULL);
  g_autoptr (Chosen)   absent_group = butler_settings_from_key_file (&chosen_info, file, "g", NULL);
  g_autoptr (Chosen)   no_keys = read_right ("");

  assert_defaults (no_file);
  assert_defaults (no_group);
  assert_defaults (absent_group);
  assert_defaults (no_keys);
}
END_TEST

START_TEST (each_kind_is_read)
{
  g_autoptr (Chosen) settings = NULL;

  settings = read_right ("pattern=a\\sb\\tc \nmax-lines= -7 \nloud=off\nratio=-1.5e3\nfactor=0.25\nlevel=0\n"
                         "files=x\\;y;z\nports=3 ; 4;\nnames=n;\nflags=yes;no;1\nblob=b\\nc\nany=@as ['q']\n"
                         "small=-128\nbyte=0xFE\nlarge=-9223372036854775808\nhuge=0xffffffffffffffff\nnone=");
  ck_assert_str_eq (settings->pattern, "a b\tc ");
  ck_assert_int_eq (settings->max_lines, -7);
  ck_assert (!settings->loud);
  ck_assert_double_eq (settings->ratio, -1500);
  ck_assert (settings->factor == 0.25f);
  ck_assert_int_eq (settings->level, LEVEL_INFO);
  ck_assert_str_eq (settings->files[0], "x;y");
  ck_assert_str_eq (settings->files[1], "z");
  ck_assert_uint_eq (g_array_index (settings->ports, guint8, 1), 4);
  ck_assert_uint_eq (settings->names->len, 1);
  ck_assert_uint_eq (settings->flags->len, 3);
  ck_assert_int_eq (g_array_index (settings->flags, gboolean, 1), FALSE);
  ck_assert_mem_eq (g_bytes_get_data (settings->blob, NULL), "b\nc", 3);
  ck_assert_str_eq (g_variant_get_type_string (settings->any), "as");
  ck_assert_int_eq (settings->small, -128);
  ck_assert_uint_eq (settings->byte, 0xfe);
  ck_assert (settings->large == G_MININT64);
  ck_assert (settings->huge == G_MAXUINT64);
  ck_assert_str_eq (settings->none, "");
}
END_TEST

static const char *const truths[] = { "true", "TRUE", "yes", "on", "1", "false", "False", "no", "off", "0" };

START_TEST (booleans_have_five_spellings_each)
{
  g_autofree char   *line = g_strdup_printf ("loud=%s", truths[_i]);
  g_autoptr (Chosen) settings = read_right (line);

  ck_assert_int_eq (settings->loud, _i < 5);
}
END_TEST

START_TEST (an_empty_list_is_no_null)
{
  g_autoptr (Chosen) settings = read_right ("files=\nports=\nnames=");

  ck_assert_ptr_null (settings->files[0]);
  ck_assert_uint_eq (settings->ports->len, 0);
  ck_assert_uint_eq (settings->names->len, 0);
}
END_TEST

static const struct
{
  const char *line, *key, *text, *expected;
} wrong[] = {
  { "max-lines=ten", "[g] max-lines", "\"ten\"", "a whole number from -2147483648 to 2147483647" },
  { "max-lines=", "[g] max-lines", "\"\"", "a whole number" },
  { "max-lines=1.5", "[g] max-lines", "\"1.5\"", "a whole number" },
  { "max-lines=- 1", "[g] max-lines", "\"- 1\"", "a whole number" },
  { "max-lines=--1", "[g] max-lines", "\"--1\"", "a whole number" },
  { "max-lines=0x", "[g] max-lines", "\"0x\"", "a whole number" },
  { "max-lines=2147483648", "[g] max-lines", "\"2147483648\"", "a whole number" },
  { "max-lines=-2147483649", "[g] max-lines", "\"-2147483649\"", "a whole number" },
  { "small=128", "[g] small", "\"128\"", "from -128 to 127" },
  { "byte=-1", "[g] byte", "\"-1\"", "from 0 to 255" },
  { "byte=256", "[g] byte", "\"256\"", "from 0 to 255" },
  { "huge=18446744073709551616", "[g] huge", "\"18446744073709551616\"", "from 0 to 18446744073709551615" },
  { "large=9223372036854775808", "[g] large", "\"9223372036854775808\"", "from -9223372036854775808 to" },
  { "loud=maybe", "[g] loud", "\"maybe\"", "true or false" },
  { "ratio=half", "[g] ratio", "\"half\"", "a number in the range of double" },
  { "ratio=1e999", "[g] ratio", "\"1e999\"", "a number" },
  { "ratio=", "[g] ratio", "\"\"", "a number" },
  { "factor=1e39", "[g] factor", "\"1e39\"", "a number in the range of float" },
  { "level=ERROR", "[g] level", "\"ERROR\"", "a whole number" },
  { "ports=1;300", "[g] ports", "\"1;300\"", "separated by ; and each a whole number from 0 to 255" },
  { "flags=1;x", "[g] flags", "\"1;x\"", "true or false" },
  { "any=(1,", "[g] any", "\"(1,\"", "a GVariant in its text format" },
  { "any=", "[g] any", "\"\"", "a GVariant in its text format" },
  { "pattern=a\\q", "[g] pattern", "\"a\\q\"", "text" },
  { "files=a\\q;b", "[g] files", "\"a\\q;b\"", "a list of texts" },
  { "pattern=\xff", "[g] pattern", "is not", "text" },
  { "any='\xff'", "[g] any", "is not", "GVariant" },
};

START_TEST (a_wrong_value_names_key_text_and_what_is_expected)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (read_lines (wrong[_i].line, &error) == NULL, "%s was taken", wrong[_i].line);
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, wrong[_i].key, wrong[_i].text, wrong[_i].expected, NULL);
}
END_TEST

START_TEST (an_unknown_key_names_the_nearest)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (read_lines ("max-line=1", &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "[g] max-line", "did you mean max-lines?", NULL);
  ck_assert_ptr_null (read_lines ("max_lines=1", &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "[g] max_lines", "did you mean max-lines?", NULL);
  ck_assert_ptr_null (read_lines ("capacty=1", &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "[g] capacty", "did you mean capacity?", NULL);
  ck_assert_ptr_null (read_lines ("somethingelse=1", &error));
  ck_assert_ptr_null (strstr (error->message, "did you mean"));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "[g] somethingelse", NULL);
}
END_TEST

START_TEST (the_keys_of_the_app_are_passed_over)
{
  g_autoptr (Chosen) settings = read_right ("plugin=p\nset=s\ncapacity=1\noverflow=x\nloop=l\n"
                                            "route=false\nafter=a;b\nsmall=3");

  ck_assert_int_eq (settings->small, 3);
}
END_TEST

/* A setting of one kind, name and default, for what cannot be one. */
static gboolean
check_one (const char *name,
           ButlerField field,
           GError    **error)
{
  static gpointer        slot;
  const ButlerRecordInfo info = { .info_size = sizeof info, .name = "One", .size = 64, .align = 8, .n_fields = 1,
                                  .field_size = sizeof field, .fields = &field, .layout = &slot };

  slot = NULL;
  field.name = name;
  return butler__settings_check (&info, error);
}

static void
assert_no_setting (const char *name,
                   ButlerField field,
                   const char *reason)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!check_one (name, field, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Record One, field ", name, reason, NULL);
}

START_TEST (kinds_that_no_key_file_holds_are_refused)
{
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_OBJECT, .size = 8 }, "of the kind object");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_POINTER, .size = 8 }, "of the kind pointer");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_RECORD, .size = 16, .nested = &point_info },
                     "record(Point");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_FIXED, .size = 8, .count = 8,
                                          .element = BUTLER_KIND_UINT8 }, "of the kind fixed(uint8,8)");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_ARRAY, .size = 8, .element = BUTLER_KIND_RECORD,
                                          .nested = &point_info }, "of the kind array(record(");
}
END_TEST

START_TEST (reserved_names_are_refused)
{
  for (guint i = 0; butler__settings_reserved[i] != NULL; i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (butler__settings_reserved[i]), "-", '_');

      assert_no_setting (name, (ButlerField) { .kind = BUTLER_KIND_STRING, .size = 8 }, "belongs to the app file");
    }
  ck_assert_uint_eq (g_strv_length ((GStrv) butler__settings_reserved), 19);
}
END_TEST

START_TEST (defaults_have_to_parse)
{
  g_autoptr (GError) error = NULL;

  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_INT8, .size = 1, .fallback = "128" },
                     "the default \"128\" is not a whole number from -128 to 127");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_VARIANT, .size = 8, .fallback = "(" },
                     "the default \"(\"");
  assert_no_setting ("a", (ButlerField) { .kind = BUTLER_KIND_ARRAY, .element = BUTLER_KIND_BOOLEAN, .size = 8,
                                          .fallback = "yes;perhaps" }, "the default \"yes;perhaps\"");
  ck_assert (check_one ("a", (ButlerField) { .kind = BUTLER_KIND_STRING, .size = 8, .fallback = "\\q;\n" }, &error));
  butler_assert_no_error (error);
}
END_TEST

START_TEST (what_is_wrong_is_never_read)
{
  static gpointer        slot;
  const ButlerField      field = { .name = "set", .kind = BUTLER_KIND_STRING, .size = 8 };
  const ButlerRecordInfo info = { .info_size = sizeof info, .name = "One", .size = 8, .align = 8, .n_fields = 1,
                                  .field_size = sizeof field, .fields = &field, .layout = &slot };
  g_autoptr (GError)     error = NULL;

  ck_assert_ptr_null (butler_settings_new (&info, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "field set", NULL);
}
END_TEST

START_TEST (a_record_without_defaults_can_be_settings)
{
  g_autoptr (Point) settings = butler_settings_new (&point_info, NULL);

  ck_assert (settings->x == 0);
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("settings");
  TCase *right = tcase_create ("right");
  TCase *refused = tcase_create ("refused");

  tcase_add_test (right, new_settings_have_the_defaults);
  tcase_add_test (right, a_missing_file_group_or_key_means_the_defaults);
  tcase_add_test (right, each_kind_is_read);
  tcase_add_loop_test (right, booleans_have_five_spellings_each, 0, G_N_ELEMENTS (truths));
  tcase_add_test (right, an_empty_list_is_no_null);
  tcase_add_test (right, the_keys_of_the_app_are_passed_over);
  tcase_add_test (right, a_record_without_defaults_can_be_settings);
  suite_add_tcase (self, right);

  tcase_add_loop_test (refused, a_wrong_value_names_key_text_and_what_is_expected, 0, G_N_ELEMENTS (wrong));
  tcase_add_test (refused, an_unknown_key_names_the_nearest);
  tcase_add_test (refused, kinds_that_no_key_file_holds_are_refused);
  tcase_add_test (refused, reserved_names_are_refused);
  tcase_add_test (refused, defaults_have_to_parse);
  tcase_add_test (refused, what_is_wrong_is_never_read);
  suite_add_tcase (self, refused);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
