/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * What the four plugins say to each other.
 *
 * Text travels in batches, not line by line: a message costs about as much as reading a kilobyte. A batch is one block
 * of bytes in which each line, or each value, ends with a newline; nothing in it is UTF-8 or ends with a NUL. */

#pragma once

#include <threadbutler/threadbutler.h>

/* reader -> reader: read the next piece, of at most so many bytes. */
#define LOGPIPE_READ_MORE_FIELDS(F, R) \
  F (R, uint32, bytes)
BUTLER_MESSAGE (LogpipeReadMore, logpipe_read_more, LOGPIPE_READ_MORE_FIELDS);

/* reader -> field: whole lines. */
#define LOGPIPE_LINES_FIELDS(F, R) \
  F (R, bytes, text)
BUTLER_MESSAGE (LogpipeLines, logpipe_lines, LOGPIPE_LINES_FIELDS);

/* reader -> field: no more lines; so many bytes were read. */
#define LOGPIPE_END_OF_LINES_FIELDS(F, R) \
  F (R, uint64, bytes)
BUTLER_MESSAGE (LogpipeEndOfLines, logpipe_end_of_lines, LOGPIPE_END_OF_LINES_FIELDS);

/* field -> tally: one value for each line. */
#define LOGPIPE_VALUES_FIELDS(F, R) \
  F (R, bytes, text)
BUTLER_MESSAGE (LogpipeValues, logpipe_values, LOGPIPE_VALUES_FIELDS);

/* field -> tally: no more values; so many lines were seen. */
#define LOGPIPE_END_OF_VALUES_FIELDS(F, R) \
  F (R, uint64, lines)
BUTLER_MESSAGE (LogpipeEndOfValues, logpipe_end_of_values, LOGPIPE_END_OF_VALUES_FIELDS);

/* tally -> report: so many lines were counted by now. Nothing is lost if one of these is. */
#define LOGPIPE_PROGRESS_FIELDS(F, R) \
  F (R, uint64, lines)
BUTLER_MESSAGE (LogpipeProgress, logpipe_progress, LOGPIPE_PROGRESS_FIELDS);

/* report -> tally: what are the counts by now? Asked for the number-th time, from 1. */
#define LOGPIPE_COUNTS_WANTED_FIELDS(F, R) \
  F (R, uint64, number)
BUTLER_MESSAGE (LogpipeCountsWanted, logpipe_counts_wanted, LOGPIPE_COUNTS_WANTED_FIELDS);

/* tally -> report: the counts in no particular order, the n-th count belongs to the n-th value. The number is that of
 * the question, 0 in the last one, for which nobody asks. */
#define LOGPIPE_COUNTS_FIELDS(F, R) \
  F (R, uint64,         number)     \
  F (R, array (uint64), counts)     \
  F (R, bytes,          values)
BUTLER_MESSAGE (LogpipeCounts, logpipe_counts, LOGPIPE_COUNTS_FIELDS);

/* tally -> report: no more counts; so many lines were counted. */
#define LOGPIPE_END_OF_COUNTS_FIELDS(F, R) \
  F (R, uint64, lines)
BUTLER_MESSAGE (LogpipeEndOfCounts, logpipe_end_of_counts, LOGPIPE_END_OF_COUNTS_FIELDS);
