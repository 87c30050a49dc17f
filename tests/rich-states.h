/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* The two layouts of the state of tests/plugins/rich.c, which has a field of each kind, and of its settings. The plugin knows one of
 * them, the test both; they have names of their own there. */

#define FIRST_PART_FIELDS(F, R) \
  F (R, uint32, n)              \
  F (R, string, label)
#define OTHER_PART_FIELDS(F, R) \
  F (R, string, extra)          \
  F (R, string, label)          \
  F (R, uint64, n)

#define RICH_BIG (1024 * 1024 / 8)

#define FIRST_RICH_FIELDS(F, R)            \
  F (R, pointer, watch)                    \
  F (R, boolean, yes)                      \
  F (R, int8, small)                       \
  F (R, uint16, middle)                    \
  F (R, float, real)                       \
  F (R, enum (GChecksumType), sort)        \
  F (R, string, text)                      \
  F (R, string, gone)                      \
  F (R, strv, words)                       \
  F (R, bytes, blob)                       \
  F (R, variant, value)                    \
  F (R, object, thing)                     \
  F (R, object, lost)                      \
  F (R, pointer, dropped)                  \
  F (R, record (first_part), part)         \
  F (R, array (record (first_part)), parts) \
  F (R, array (string), names)             \
  F (R, array (uint16), numbers)           \
  F (R, fixed (int32, 4), four)            \
  F (R, fixed (record (first_part), 2), two) \
  F (R, fixed (uint64, RICH_BIG), big)
#define OTHER_RICH_FIELDS(F, R)            \
  F (R, fixed (record (other_part), 2), two) \
  F (R, string, fresh)                     \
  F (R, fixed (int64, 4), four)            \
  F (R, array (uint32), numbers)           \
  F (R, array (string), names)             \
  F (R, int64, zero)                       \
  F (R, array (record (other_part)), parts) \
  F (R, record (other_part), part)         \
  F (R, object, thing)                     \
  F (R, variant, value)                    \
  F (R, bytes, blob)                       \
  F (R, strv, words)                       \
  F (R, string, text)                      \
  F (R, enum (GChecksumType), sort)        \
  F (R, double, real)                      \
  F (R, fixed (uint64, RICH_BIG), big)     \
  F (R, uint64, middle)                    \
  F (R, int32, small)                      \
  F (R, boolean, yes)                      \
  F (R, pointer, watch)

#define FIRST_RICH_SETTINGS_FIELDS(F, R)                 \
  F (R, string, motto, "be brief", "what it goes by")    \
  F (R, int32, limit, "10", "stop after so many")        \
  F (R, uint64, watch, "0", "the test's, as a number")
#define OTHER_RICH_SETTINGS_FIELDS(F, R)                 \
  F (R, uint64, watch, "0", "the test's, as a number")   \
  F (R, int64, limit, "20", "stop after so many")        \
  F (R, string, added, "brand new", "what it had not")   \
  F (R, string, motto, "be long", "what it goes by")

/* What the plugin asks the test. The states and settings are of that layout which the plugin knows. */
typedef struct
{
  void     (*start) (gpointer state, gconstpointer settings);
  gboolean (*swapped) (gpointer state, gconstpointer settings, ButlerSwap *swap, ButlerContext *context, GError **error);
} RichWatch;

/* Has a function of the test's look at the state. */
#define LOOK_FIELDS(F, R) F (R, pointer, func) /* void (*) (gpointer state, gpointer data) */ \
  F (R, pointer, data)
BUTLER_MESSAGE (Look, look, LOOK_FIELDS);
