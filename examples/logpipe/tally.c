/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * tally: counts how often each value comes. Its memory grows with the different values, not with the lines. */

#include "messages.h"
#include "slice.h"

#define TALLY_FIELDS(F, R)                                        \
  F (R, pointer, counts) /* GHashTable: a set of Count */         \
  F (R, uint64,  size)   /* of the values, each with a newline */ \
  F (R, uint64,  lines)
BUTLER_RECORD (LogpipeTally, tally, TALLY_FIELDS);

#define TALLY_HANDLES(H, S)    \
  H (S, logpipe_values)        \
  H (S, logpipe_counts_wanted) \
  H (S, logpipe_end_of_values)
BUTLER_HANDLERS (tally, TALLY_HANDLES);

/* A value and how often it came. In the table the value's bytes lie behind the struct. */
typedef struct
{
  Slice   value;
  guint64 count;
} Count;

/* FNV-1a: good for short values, and short itself. */
static guint
count_hash (gconstpointer key)
{
  const Count *self = key;
  guint hash = 2166136261u;

  for (const char *at = self->value.start; at < self->value.end; at++)
    hash = (hash ^ (guint8) *at) * 16777619u;
  return hash;
}

static gboolean
count_equal (gconstpointer a, gconstpointer b)
{
  return slice_equal (((const Count *) a)->value, ((const Count *) b)->value);
}

static Count *
count_new (Slice value)
{
  gsize length = slice_length (value);
  Count *self = g_malloc (sizeof (Count) + length);
  char *copy = (char *) (self + 1);

  memcpy (copy, value.start, length);
  *self = (Count) { .value = { copy, copy + length } };
  return self;
}

static gboolean
tally_start (LogpipeTally   *self,
             gconstpointer   none G_GNUC_UNUSED,
             ButlerContext  *context G_GNUC_UNUSED,
             GError        **error G_GNUC_UNUSED)
{
  self->counts = g_hash_table_new_full (count_hash, count_equal, g_free, NULL);
  return TRUE;
}

/* The table is asked with a Count that points into the message; only a value never seen before is copied. */
static void
count_value (LogpipeTally *self, Slice value)
{
  Count *count = g_hash_table_lookup (self->counts, &(Count) { .value = value });

  if (count == NULL)
    {
      count = count_new (value);
      g_hash_table_add (self->counts, count);
      self->size += slice_length (value) + 1;
    }
  count->count++;
}

static void
tally_on_logpipe_values (LogpipeTally *self, LogpipeValues *message, ButlerContext *context)
{
  Slice values = slice_of_bytes (message->text);
  Slice value;

  for (; slice_take_line (&values, &value); self->lines++)
    count_value (self, value);
  /* Counting doesn't wait for a report that is busy printing: that one has no use for it just now. */
  logpipe_progress_try_send (butler_context_get_hub (context), &(LogpipeProgress) { self->lines }, NULL);
}

static LogpipeCounts
pack_counts (LogpipeTally *self)
{
  GArray *counts = g_array_sized_new (FALSE, FALSE, sizeof (guint64), g_hash_table_size (self->counts));
  char *values = g_malloc (self->size);
  char *end = values;
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->counts);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const Count *count = key;

      g_array_append_val (counts, count->count);
      end = slice_put_line (count->value, end);
    }
  return (LogpipeCounts) { .counts = counts, .values = g_bytes_new_take (values, end - values) };
}

static gboolean
send_counts (LogpipeTally *self, guint64 number, ButlerContext *context, GError **error)
{
  LogpipeCounts message = pack_counts (self);

  message.number = number;
  return logpipe_counts_send (butler_context_get_hub (context), &message, error);
}

static void
tally_on_logpipe_counts_wanted (LogpipeTally *self, LogpipeCountsWanted *message, ButlerContext *context)
{
  GError *error = NULL;

  if (!send_counts (self, message->number, context, &error))
    butler_context_take_error (context, error);
}

static void
tally_on_logpipe_end_of_values (LogpipeTally       *self,
                                LogpipeEndOfValues *message G_GNUC_UNUSED,
                                ButlerContext      *context)
{
  ButlerHub *hub = butler_context_get_hub (context);
  GError *error = NULL;

  if (!send_counts (self, 0, context, &error)
      || !logpipe_end_of_counts_send (hub, &(LogpipeEndOfCounts) { self->lines }, &error))
    butler_hub_fail (hub, error);
}

static void
tally_stop (LogpipeTally *self, ButlerContext *context G_GNUC_UNUSED)
{
  g_hash_table_unref (self->counts);
}

static const ButlerHandlerSet tally_set = {
  BUTLER_HANDLER_SET (tally),
  BUTLER_START_PLAIN (tally, tally_start),
  BUTLER_STOP (tally, tally_stop),
  BUTLER_DOC ("counts how often each value comes"),
};
BUTLER_PLUGIN (tally, "1.0", &tally_set)
