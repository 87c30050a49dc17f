/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/record.h>

/* Records that the tests of records share. */

typedef enum
{
  LEVEL_INFO,
  LEVEL_ERROR
} Level;

#define POINT_FIELDS(F, R) \
  F (R, double, x)         \
  F (R, double, y)
BUTLER_RECORD (Point, point, POINT_FIELDS);

#define TAG_FIELDS(F, R) \
  F (R, string, name)    \
  F (R, object, mark)
BUTLER_RECORD (Tag, tag, TAG_FIELDS);

/* One field of each kind, and some more. */
#define EVERYTHING_FIELDS(F, R)                 \
  F (R, boolean,                 truth)         \
  F (R, int8,                    i8)            \
  F (R, uint8,                   u8)            \
  F (R, int16,                   i16)           \
  F (R, uint16,                  u16)           \
  F (R, int32,                   i32)           \
  F (R, uint32,                  u32)           \
  F (R, int64,                   i64)           \
  F (R, uint64,                  u64)           \
  F (R, float,                   f)             \
  F (R, double,                  d)             \
  F (R, enum (Level),            level)         \
  F (R, string,                  text)          \
  F (R, strv,                    lines)         \
  F (R, bytes,                   blob)          \
  F (R, variant,                 any)           \
  F (R, object,                  object)        \
  F (R, pointer,                 pointer)       \
  F (R, record (point),          origin)        \
  F (R, record (tag),            tag)           \
  F (R, array (int8),            small)         \
  F (R, array (uint16),          counts)        \
  F (R, array (boolean),         flags)         \
  F (R, array (enum (Level)),    levels)        \
  F (R, array (string),          words)         \
  F (R, array (record (tag)),    tags)          \
  F (R, array (record (point)),  path)          \
  F (R, fixed (uint8, 4),        digest)        \
  F (R, fixed (float, 2),        pair)          \
  F (R, fixed (string, 2),       names)         \
  F (R, fixed (record (tag), 2), twins)
BUTLER_RECORD (Everything, everything, EVERYTHING_FIELDS);

static inline GArray *
strings_new (const char *first,
             ...) G_GNUC_NULL_TERMINATED;

static inline GArray *
strings_new (const char *first,
             ...)
{
  GArray *strings = g_array_new (FALSE, FALSE, sizeof (char *));
  va_list rest;

  va_start (rest, first);
  for (const char *text = first; text != NULL; text = va_arg (rest, const char *))
    {
      char *copy = g_strdup (text);

      g_array_append_val (strings, copy);
    }
  va_end (rest);
  return strings;
}

static inline GArray *
tags_new (const char *name)
{
  GArray *tags = tag_array_new (1);
  Tag     tag = { .name = g_strdup (name) };

  g_array_append_val (tags, tag);
  return tags;
}

/* All fields that can leave the process have a value. */
static inline void
everything_fill (Everything *self)
{
  *self = (Everything) {
    .truth = TRUE, .i8 = -8, .u8 = 200, .i16 = -1600, .u16 = 60000, .i32 = -320000, .u32 = 4000000000u,
    .i64 = G_MININT64, .u64 = G_MAXUINT64, .f = 0.5f, .d = -2.25, .level = LEVEL_ERROR,
    .text = g_strdup ("gr\xc3\xbc\xc3\x9f""e"),
    .lines = g_strsplit ("one,two", ",", -1), .blob = g_bytes_new ("\0\1\2", 3), 
    .any = g_variant_ref_sink (g_variant_new ("(is)", 7, "seven")),
    .origin = { .x = 1, .y = 2 }, .tag = { .name = g_strdup ("red") },
    .small = g_array_new (FALSE, FALSE, sizeof (gint8)), .counts = g_array_new (FALSE, FALSE, sizeof (guint16)),
    .flags = g_array_new (FALSE, FALSE, sizeof (gboolean)), .levels = g_array_new (FALSE, FALSE, sizeof (Level)),
    .words = strings_new ("a", "b", NULL), .tags = tags_new ("blue"), .path = point_array_new (0),
    .digest = { 1, 2, 3, 4 }, .pair = { 1.5f, -1.5f }, .names = { g_strdup ("first"), g_strdup ("second") },
    .twins = { { .name = g_strdup ("left") }, { .name = g_strdup ("right") } },
  };
  g_array_append_vals (self->small, ((gint8[]) { -1, 127 }), 2);
  g_array_append_vals (self->counts, ((guint16[]) { 1, 65535 }), 2);
  g_array_append_vals (self->flags, ((gboolean[]) { TRUE, FALSE }), 2);
  g_array_append_vals (self->levels, ((Level[]) { LEVEL_ERROR, LEVEL_INFO }), 2);
  g_array_append_vals (self->path, ((Point[]) { { 3, 4 }, { 5, 6 } }), 2);
}
