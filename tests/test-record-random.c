/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/convert.h"
#include "lib/field.h"
#include "lib/kind.h"
#include "tests/common.h"
#include "tests/random-records.h"

#define ROUNDS 1500
#define DEPTH  3

static GRand *generator;

static void
set_up (void)
{
  generator = g_rand_new_with_seed (butler_test_seed ());
}

static void
tear_down (void)
{
  g_clear_pointer (&generator, g_rand_free);
  random_free_all ();
}

static gsize
below (gsize limit)
{
  return (gsize) g_rand_int_range (generator, 0, (gint32) limit);
}

static const ButlerLayout *
random_layout (void)
{
  g_autoptr (GError)  error = NULL;
  const ButlerLayout *layout = butler__layout_register (random_info_new (generator, DEPTH), "random", &error);

  butler_assert_no_error (error);
  return layout;
}

static gpointer
random_record (const ButlerLayout *layout,
               RandomFlags         flags)
{
  gpointer record = butler__envelope_payload (butler__envelope_new (layout, layout->size));

  random_fill (generator, layout, record, flags);
  return record;
}

static gpointer
zero_record (const ButlerLayout *layout)
{
  return butler__envelope_payload (butler__envelope_new (layout, layout->size));
}

static void
assert_equal (const ButlerLayout *layout,
              gconstpointer       a,
              gconstpointer       b)
{
  g_autofree char *left = butler__layout_print (layout, a);
  g_autofree char *right = butler__layout_print (layout, b);

  ck_assert_msg (butler__layout_equal (layout, a, b), "%s:\n%s\n%s", layout->fingerprint, left, right);
  ck_assert (butler__layout_equal (layout, b, a));
}

static void
assert_zero (const ButlerLayout *layout,
             const char         *record)
{
  for (guint i = 0; i < layout->size; i++)
    ck_assert_msg (record[i] == 0, "%s: byte %u", layout->fingerprint, i);
}

START_TEST (a_copy_equals_and_clear_leaves_zero)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout *layout = random_layout ();
      gpointer            record = random_record (layout, RANDOM_LOCAL);
      gpointer            copy = zero_record (layout);

      butler__layout_copy (layout, record, copy);
      assert_equal (layout, record, copy);
      butler__layout_clear (layout, record);
      assert_zero (layout, record);
      butler_record_free (record);
      butler_record_free (copy);
    }
}
END_TEST

static gboolean
differ_as_variants (const ButlerLayout *layout,
                    gconstpointer       a,
                    gconstpointer       b)
{
  g_autoptr (GVariant) left = butler__layout_to_variant (layout, a, NULL);
  g_autoptr (GVariant) right = butler__layout_to_variant (layout, b, NULL);

  return !g_variant_equal (left, right);
}

START_TEST (records_differ_exactly_if_their_variants_do)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout *layout = random_layout ();
      gpointer            a = random_record (layout, 0);
      gpointer            b = random_record (layout, 0);

      ck_assert_msg (butler__layout_equal (layout, a, b) == !differ_as_variants (layout, a, b), "%s",
                     layout->fingerprint);
      butler_record_free (a);
      butler_record_free (b);
    }
}
END_TEST

START_TEST (a_record_comes_back_from_its_variant)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      g_autoptr (GError)   error = NULL;
      const ButlerLayout  *layout = random_layout ();
      gpointer             record = random_record (layout, 0);
      gpointer             back = zero_record (layout);
      g_autoptr (GVariant) variant = butler__layout_to_variant (layout, record, &error);

      butler_assert_no_error (error);
      ck_assert (g_variant_is_normal_form (variant));
      ck_assert_msg (butler__layout_from_variant (layout, variant, back, &error), "%s: %s", layout->fingerprint,
                     error != NULL ? error->message : "");
      assert_equal (layout, record, back);
      butler_record_free (record);
      butler_record_free (back);
    }
}
END_TEST

/* As it comes from a socket: bytes that nobody has looked at. */
START_TEST (a_record_comes_back_from_bytes)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout  *layout = random_layout ();
      gpointer             record = random_record (layout, 0);
      gpointer             back = zero_record (layout);
      g_autoptr (GVariant) variant = butler__layout_to_variant (layout, record, NULL);
      g_autoptr (GBytes)   bytes = g_variant_get_data_as_bytes (variant);
      GVariant            *untrusted = g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE);

      ck_assert (butler__layout_from_variant (layout, untrusted, back, NULL));
      assert_equal (layout, record, back);
      butler_record_free (record);
      butler_record_free (back);
    }
}
END_TEST

static void
try_variant (const ButlerLayout *layout,
             GVariant           *variant)
{
  g_autoptr (GError) error = NULL;
  gpointer           record = zero_record (layout);

  if (butler__layout_from_variant (layout, variant, record, &error))
    {
      g_autoptr (GVariant) again = butler__layout_to_variant (layout, record, NULL);
      gpointer             back = zero_record (layout);

      g_free (butler__layout_print (layout, record));
      ck_assert (butler__layout_from_variant (layout, again, back, NULL));
      assert_equal (layout, record, back);
      butler_record_free (back);
    }
  else
    {
      ck_assert (g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE));
      assert_zero (layout, record);
    }
  butler_record_free (record);
}

START_TEST (malformed_bytes_do_no_harm)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout  *layout = random_layout ();
      gpointer             record = random_record (layout, 0);
      g_autoptr (GVariant) variant = butler__layout_to_variant (layout, record, NULL);
      gsize                size = g_variant_get_size (variant);

      for (guint i = 0; i < 10; i++)
        {
          char  *data = g_memdup2 (g_variant_get_data (variant), size);
          gsize  length = g_rand_boolean (generator) ? size : below (size + 1);

          for (gint n = g_rand_int_range (generator, 1, 6); n > 0 && length > 0; n--)
            data[below (length)] = (char) g_rand_int (generator);
          try_variant (layout, g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, data, length, FALSE, g_free, data));
        }
      butler_record_free (record);
    }
}
END_TEST

START_TEST (values_of_other_types_do_no_harm)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout  *layout = random_layout ();
      gpointer             record = random_record (layout, 0);
      g_autoptr (GVariant) variant = butler__layout_to_variant (layout, record, NULL);
      GVariantDict         dict;

      g_variant_dict_init (&dict, variant);
      for (guint i = 0; i < 2; i++)
        g_variant_dict_insert_value (&dict, layout->fields[below (layout->n_fields)].name,
                                     random_variant (generator, 3));
      try_variant (layout, g_variant_dict_end (&dict));
      butler_record_free (record);
    }
}
END_TEST

static void
vary (gboolean             widen,
      const ButlerLayout **from,
      const ButlerLayout **to)
{
  g_autoptr (GError)      error = NULL;
  const ButlerRecordInfo *info = random_info_new (generator, DEPTH);

  *from = butler__layout_register (info, "from", &error);
  butler_assert_no_error (error);
  *to = butler__layout_register (random_info_vary (generator, info, widen), "to", &error);
  butler_assert_no_error (error);
}

static const ButlerConversion *
get_conversion (const ButlerLayout *from,
                const ButlerLayout *to)
{
  g_autoptr (GError)      error = NULL;
  const ButlerConversion *conversion = butler__conversion_get (from, to, &error);

  butler_assert_no_error (error);
  return conversion;
}

START_TEST (another_order_and_more_fields_are_converted_and_back)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout *from, *to;
      gpointer            record, copy, there, back;

      vary (FALSE, &from, &to);
      record = random_record (from, RANDOM_LOCAL);
      copy = zero_record (from);
      there = zero_record (to);
      back = zero_record (from);
      butler__layout_copy (from, record, copy);

      butler__conversion_copy (get_conversion (from, to), record, there);
      assert_equal (from, record, copy);
      butler__conversion_move (get_conversion (to, from), there, back);
      assert_equal (from, record, back);
      assert_zero (to, there);

      butler__conversion_move (get_conversion (from, to), record, there);
      assert_zero (from, record);
      butler__conversion_copy (get_conversion (to, from), there, record);
      assert_equal (from, record, copy);

      butler_record_free (record);
      butler_record_free (copy);
      butler_record_free (there);
      butler_record_free (back);
    }
}
END_TEST

static void
assert_widened (const ButlerLayoutField *from,
                const ButlerLayoutField *to,
                gconstpointer            a,
                gconstpointer            b)
{
  ButlerNumber left = butler__kind_load (from->kind, a), right = butler__kind_load (to->kind, b);

  if (from->kind == BUTLER_KIND_FLOAT || from->kind == BUTLER_KIND_DOUBLE)
    ck_assert (memcmp (&left.f, &right.f, sizeof (double)) == 0);
  else
    ck_assert_msg (left.i == right.i, "%s: %" G_GINT64_FORMAT " became %" G_GINT64_FORMAT, from->name, left.i, right.i);
}

START_TEST (numbers_keep_their_value_when_they_widen)
{
  for (guint round = butler_test_rounds (ROUNDS); round > 0; round--)
    {
      const ButlerLayout *from, *to;
      gpointer            record, there;

      vary (TRUE, &from, &to);
      record = random_record (from, RANDOM_LOCAL);
      there = zero_record (to);
      butler__conversion_copy (get_conversion (from, to), record, there);
      for (guint i = 0; i < from->n_fields; i++)
        for (guint j = 0; j < to->n_fields; j++)
          if (strcmp (from->fields[i].name, to->fields[j].name) == 0
              && butler__kind_get (from->fields[i].kind)->family != BUTLER_FAMILY_NONE)
            assert_widened (&from->fields[i], &to->fields[j], butler__field_of (&from->fields[i], record),
                            butler__field_of (&to->fields[j], there));
      butler_record_free (record);
      butler_record_free (there);
    }
}
END_TEST

static Suite *
suite (void)
{
  Suite *self = suite_create ("record-random");
  TCase *random = tcase_create ("random");

  tcase_set_timeout (random, 600);
  tcase_add_checked_fixture (random, set_up, tear_down);
  tcase_add_test (random, a_copy_equals_and_clear_leaves_zero);
  tcase_add_test (random, records_differ_exactly_if_their_variants_do);
  tcase_add_test (random, a_record_comes_back_from_its_variant);
  tcase_add_test (random, a_record_comes_back_from_bytes);
  tcase_add_test (random, malformed_bytes_do_no_harm);
  tcase_add_test (random, values_of_other_types_do_no_harm);
  tcase_add_test (random, another_order_and_more_fields_are_converted_and_back);
  tcase_add_test (random, numbers_keep_their_value_when_they_widen);
  suite_add_tcase (self, random);
  return self;
}

int
main (void)
{
  return butler_test_main (suite ());
}
