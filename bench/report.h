/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* What the process had used up at a moment. */
typedef struct
{
  double  seconds;     /* CLOCK_MONOTONIC */
  double  cpu_seconds; /* user and system, all threads */
  guint64 voluntary;   /* context switches: somebody slept */
  guint64 involuntary; /* somebody was preempted */
} BenchUsage;

/* What a kernel measures besides. */
typedef struct
{
  const char *name;  /* (unowned) */
  double      value;
} BenchFigure;

#define BENCH_FIGURES_MAX 8

typedef struct
{
  BenchUsage  begin;
  BenchUsage  end;
  BenchFigure figures[BENCH_FIGURES_MAX];
  guint       n_figures;
} BenchRound;

/* bench_round_begin() stands before the first send, bench_round_end() after the last receive, on whichever thread. */
void bench_round_begin (BenchRound *round);
void bench_round_end   (BenchRound *round);

/* bench_round_add() adds a figure, of a static @name. */
void bench_round_add   (BenchRound *round,
                        const char *name,
                        double      value);

/* bench_sort() sorts doubles, the smallest first. */
void bench_sort (GArray *values);

/* The figures of one run of the program: rounds as they come, medians at the end. */
typedef struct _BenchReport BenchReport;

BenchReport *bench_report_new  (const char *kernel,
                                gboolean    json);
void         bench_report_free (BenchReport *report);

/* bench_report_add() prints one round, of @n operations; @labels, each "key=value", say how it was run. */
void bench_report_add    (BenchReport       *report,
                          const char        *peer,
                          const char *const *labels,
                          guint64            n,
                          const BenchRound  *round);

/* bench_report_finish() prints the medians of each peer, and the first one's by the second one's. */
void bench_report_finish (BenchReport *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchReport, bench_report_free)
