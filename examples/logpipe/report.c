/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * report: prints the counts as `uniq -c` does, the most frequent value first; and how far it has got, for people who
 * wait at a terminal. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "messages.h"
#include "slice.h"

#define PROGRESS_PAUSE (G_USEC_PER_SEC / 10)
#define CLEAR_LINE     "\r\033[K"

#define REPORT_FIELDS(F, R)                                                   \
  F (R, uint32,  top)                                                         \
  F (R, int64,   every)         /* microseconds, as all times here */         \
  F (R, int64,   started)                                                     \
  F (R, int64,   next_report)                                                 \
  F (R, int64,   next_progress)                                               \
  F (R, boolean, live)                                                        \
  F (R, boolean, stale)         /* lines came after the last question */      \
  F (R, boolean, show_progress)                                               \
  F (R, boolean, output_lost)   /* nobody reads it, or it can't be written */ \
  F (R, uint64,  asked)         /* the number of the last question */         \
  F (R, uint64,  answered)
BUTLER_RECORD (LogpipeReport, report, REPORT_FIELDS);

#define REPORT_SETTINGS_FIELDS(F, R)                                             \
  F (R, uint32, top,   "0", "print so many of the most frequent values; 0: all") \
  F (R, uint32, every, "0", "print also every so many seconds while lines come; 0: only at the end") \
  F (R, boolean, live, "false", "print also whenever lines have come")
BUTLER_SETTINGS (LogpipeReportSettings, report_settings, REPORT_SETTINGS_FIELDS);

#define REPORT_HANDLES(H, S) \
  H (S, logpipe_progress)    \
  H (S, logpipe_counts)      \
  H (S, logpipe_end_of_counts)
BUTLER_HANDLERS (report, REPORT_HANDLES);

typedef struct
{
  guint64 count;
  Slice   value;
} Line;

static gboolean
report_start (LogpipeReport                *self,
              const LogpipeReportSettings  *settings,
              ButlerContext                *context G_GNUC_UNUSED,
              GError                      **error G_GNUC_UNUSED)
{
  self->top = settings->top;
  self->every = (gint64) settings->every * G_USEC_PER_SEC;
  self->live = settings->live;
  self->started = g_get_monotonic_time ();
  self->next_report = self->started + self->every;
  self->show_progress = isatty (STDERR_FILENO);
  return TRUE;
}

/* The order of `sort -k1,1nr -k2`. */
static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const Line *left = a;
  const Line *right = b;

  if (left->count != right->count)
    return left->count > right->count ? -1 : 1;
  return slice_compare (left->value, right->value);
}

static GArray *
sorted_lines (const LogpipeCounts *message)
{
  guint n = message->counts != NULL ? message->counts->len : 0;
  GArray *lines = g_array_sized_new (FALSE, FALSE, sizeof (Line), n);
  Slice values = slice_of_bytes (message->values);
  Line line;

  for (guint i = 0; i < n && slice_take_line (&values, &line.value); i++)
    {
      line.count = g_array_index (message->counts, guint64, i);
      g_array_append_val (lines, line);
    }
  g_array_sort (lines, compare_lines);
  return lines;
}

static void
print_line (const Line *line)
{
  printf ("%7" G_GUINT64_FORMAT " ", line->count);
  fwrite (line->value.start, 1, slice_length (line->value), stdout);
  putchar ('\n');
}

/* Some disks say only when a file is closed that they were full: a duplicate is closed, as others may still write. */
static gboolean
flush_output (void)
{
  return fflush (stdout) == 0 && close (dup (STDOUT_FILENO)) == 0;
}

/* Stops at the first error, while errno still tells of it. An empty line ends each report but the last. */
static gboolean
print_lines (const GArray *lines, guint top, gboolean is_last)
{
  guint n = top > 0 ? MIN (top, lines->len) : lines->len;

  for (guint i = 0; i < n && !ferror (stdout); i++)
    print_line (&g_array_index (lines, Line, i));
  if (!is_last && !ferror (stdout))
    putchar ('\n');
  return !ferror (stdout) && flush_output ();
}

/* Who closes our output (`| head -1`) has seen enough, and that is no error; a full disk is one. */
static void
lose_output (LogpipeReport *self, int code, ButlerHub *hub)
{
  self->output_lost = TRUE;
  if (code == EPIPE)
    butler_hub_shutdown (hub);
  else
    butler_hub_fail (hub, g_error_new (G_FILE_ERROR, g_file_error_from_errno (code), "standard output: %s",
                                       g_strerror (code)));
}

static void
hide_progress (LogpipeReport *self)
{
  if (self->next_progress > 0)
    fputs (CLEAR_LINE, stderr);
  self->next_progress = 0;
}

/* One question at a time: so tally never waits for room in our channel while we wait for room in its. */
static void
ask_for_counts (LogpipeReport *self, gint64 now, ButlerContext *context)
{
  LogpipeCountsWanted wanted = { .number = self->asked + 1 };

  self->next_report = now + self->every;
  self->stale = FALSE;
  if (logpipe_counts_wanted_send (butler_context_get_hub (context), &wanted, NULL))
    self->asked++;
}

static void
report_on_logpipe_counts (LogpipeReport *self, LogpipeCounts *message, ButlerContext *context)
{
  g_autoptr (GArray) lines = NULL;

  if (self->output_lost)
    return;
  self->answered = MAX (self->answered, message->number);
  lines = sorted_lines (message);
  hide_progress (self);
  if (!print_lines (lines, self->top, message->number == 0))
    lose_output (self, errno, butler_context_get_hub (context));
  else if (self->live && self->stale && self->asked == self->answered)
    ask_for_counts (self, g_get_monotonic_time (), context);
}

static void
print_progress (LogpipeReport *self, guint64 lines, gint64 now)
{
  double seconds = (double) (now - self->started) / G_USEC_PER_SEC;

  self->next_progress = now + PROGRESS_PAUSE;
  fprintf (stderr, CLEAR_LINE "%" G_GUINT64_FORMAT " lines, %.0f a second", lines, lines / MAX (seconds, 0.001));
}

static void
report_on_logpipe_progress (LogpipeReport *self, LogpipeProgress *message, ButlerContext *context)
{
  gint64 now = g_get_monotonic_time ();

  if (self->show_progress && now >= self->next_progress)
    print_progress (self, message->lines, now);
  self->stale = TRUE;
  if ((self->live || (self->every > 0 && now >= self->next_report)) && self->asked == self->answered)
    ask_for_counts (self, now, context);
}

/* Everything has been read, counted and printed: the program ends. */
static void
report_on_logpipe_end_of_counts (LogpipeReport      *self G_GNUC_UNUSED,
                                 LogpipeEndOfCounts *message G_GNUC_UNUSED,
                                 ButlerContext      *context)
{
  butler_hub_shutdown (butler_context_get_hub (context));
}

static void
report_stop (LogpipeReport *self, ButlerContext *context G_GNUC_UNUSED)
{
  hide_progress (self);
}

static const ButlerHandlerSet report_set = {
  BUTLER_HANDLER_SET (report),
  BUTLER_START (report, report_settings, report_start),
  BUTLER_STOP (report, report_stop),
  BUTLER_DOC ("prints the counts, the most frequent value first"),
};
BUTLER_PLUGIN (report, "1.0", &report_set)
