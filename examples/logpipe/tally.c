/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * tally: counts how often each value comes. Its memory grows with the different values, not with the lines.
 *
 * The plugin can be replaced while it counts: the state goes over to the new code as it is. So the table has only functions of
 * GLib, which stay where they are; one of ours would be gone with the old code. */

#include "messages.h"
#include "slice.h"

#define TALLY_FIELDS(F, R)                                        \
  F (R, pointer, counts) /* GHashTable: GBytes -> guint64 */      \
  F (R, uint64,  size)   /* of the values, each with a newline */ \
  F (R, uint64,  lines)
BUTLER_RECORD (LogpipeTally, tally, TALLY_FIELDS);

#define TALLY_HANDLES(H, S)    \
  H (S, logpipe_values)        \
  H (S, logpipe_counts_wanted) \
  H (S, logpipe_end_of_values)
BUTLER_HANDLERS (tally, TALLY_HANDLES);

static gboolean
tally_start (LogpipeTally   *self,
             gconstpointer   none G_GNUC_UNUSED,
             ButlerContext  *context G_GNUC_UNUSED,
             GError        **error G_GNUC_UNUSED)
{
  self->counts = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, g_free);
  return TRUE;
}

/* The table is asked with a part of the message's text; only a value never seen before is copied. */
static void
count_value (LogpipeTally *self, GBytes *text, Slice value)
{
  gsize length = slice_length (value);
  const char *start = g_bytes_get_data (text, NULL);
  g_autoptr (GBytes) key = g_bytes_new_from_bytes (text, (gsize) (value.start - start), length);
  guint64 *count = g_hash_table_lookup (self->counts, key);

  if (count == NULL)
    {
      count = g_new0 (guint64, 1);
      g_hash_table_insert (self->counts, g_bytes_new (value.start, length), count);
      self->size += length + 1;
    }
  ++*count;
}

static void
tally_on_logpipe_values (LogpipeTally *self, LogpipeValues *message, ButlerContext *context)
{
  Slice values = slice_of_bytes (message->text);
  Slice value;

  for (; slice_take_line (&values, &value); self->lines++)
    count_value (self, message->text, value);
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
  gpointer value;
  gpointer count;

  g_hash_table_iter_init (&iter, self->counts);
  while (g_hash_table_iter_next (&iter, &value, &count))
    {
      g_array_append_vals (counts, count, 1);
      end = slice_put_line (slice_of_bytes (value), end);
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
