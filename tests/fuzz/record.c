/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/record.h>

#include "tests/fuzz/fuzz.h"
#include "tests/records.h"

/* A record from a GVariant that somebody else made: its bytes, or its text behind a '~'. */

int
LLVMFuzzerInitialize (int    *argc G_GNUC_UNUSED,
                      char ***argv G_GNUC_UNUSED)
{
  fuzz_begin ();
  return 0;
}

static GVariant *
variant_of_text (const uint8_t *text,
                 size_t         size)
{
  if (!g_utf8_validate ((const char *) text, (gssize) size, NULL))
    return NULL;
  return g_variant_parse (NULL, (const char *) text, (const char *) text + size, NULL, NULL);
}

static GVariant *
variant_of_bytes (const uint8_t *bytes,
                  size_t         size)
{
  g_autoptr (GBytes) copy = g_bytes_new (bytes, size);

  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, copy, FALSE));
}

/* What came in goes out, and comes in again as the same. */
static void
return_it (const Everything *record)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (GVariant)   variant = everything_to_variant (record, &error);
  g_autoptr (Everything) back = NULL;
  g_autofree char       *line = everything_print (record);

  g_assert_no_error (error);
  g_assert_nonnull (line);
  back = everything_from_variant (variant, &error);
  g_assert_no_error (error);
  g_assert_true (everything_equal (record, back));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  gboolean               text = size > 0 && data[0] == '~';
  g_autoptr (GVariant)   variant = text ? variant_of_text (data + 1, size - 1) : variant_of_bytes (data, size);
  g_autoptr (GError)     error = NULL;
  g_autoptr (Everything) record = variant != NULL ? everything_from_variant (variant, &error) : NULL;

  if (variant == NULL)
    return 0;
  if (record != NULL)
    return_it (record);
  fuzz_check_error (record != NULL, &error);
  return 0;
}
