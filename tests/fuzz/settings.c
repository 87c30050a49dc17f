/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/record.h>

#include "tests/fuzz/fuzz.h"
#include "tests/records.h"

/* Settings from a key file: a field of each kind that one can hold. */

#define FUZZED_FIELDS(F, R)                                       \
  F (R, string,             text,    "err or;\\n", "a text")      \
  F (R, int8,               i8,      NULL,         NULL)          \
  F (R, uint16,             u16,     "10",         "a number")    \
  F (R, int64,              i64,     NULL,         NULL)          \
  F (R, uint64,             u64,     NULL,         NULL)          \
  F (R, boolean,            loud,    "yes",        NULL)          \
  F (R, double,             ratio,   "0.5",        NULL)          \
  F (R, float,              factor,  NULL,         NULL)          \
  F (R, enum (Level),       level,   "1",          NULL)          \
  F (R, strv,               files,   "a;b c;",     NULL)          \
  F (R, array (uint8),      ports,   "1;0xff",     NULL)          \
  F (R, array (string),     names,   NULL,         NULL)          \
  F (R, array (boolean),    flags,   NULL,         NULL)          \
  F (R, bytes,              blob,    "raw",        NULL)          \
  F (R, variant,            any,     "(1, 'x')",   NULL)          \
  F (R, fixed (int32, 2),   pair,    NULL,         NULL)
BUTLER_SETTINGS (Fuzzed, fuzzed, FUZZED_FIELDS);

int
LLVMFuzzerInitialize (int    *argc G_GNUC_UNUSED,
                      char ***argv G_GNUC_UNUSED)
{
  fuzz_begin ();
  return 0;
}

/* What was read can be read a second time, and is the same. */
static void
read_group (GKeyFile   *file,
            const char *group)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Fuzzed) settings = butler_settings_from_key_file (&fuzzed_info, file, group, &error);
  g_autoptr (Fuzzed) copy = NULL;
  g_autoptr (Fuzzed) again = NULL;

  fuzz_check_error (settings != NULL, &error);
  if (settings == NULL)
    return;
  copy = fuzzed_copy (settings);
  again = butler_settings_from_key_file (&fuzzed_info, file, group, NULL);
  g_assert_true (fuzzed_equal (settings, copy));
  g_assert_true (fuzzed_equal (settings, again));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv)       groups = NULL;

  if (size == 0 || !g_key_file_load_from_data (file, (const char *) data, size, G_KEY_FILE_NONE, NULL))
    return 0;
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    read_group (file, groups[i]);
  return 0;
}
