/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "bench/bench.h"

#define BENCH_PARAMETERS_MAX 4

/* A number, or one of two words; on the command line they stand in this order, and the last ones can be left out. */
typedef struct
{
  const char *name;
  gsize       offset;     /* of its field in BenchArgs, a guint64 */
  guint64     fallback;
  gboolean    multiplies; /* as many operations */
  const char *words[2];   /* (nullable): for 0 and 1 */
} BenchParameter;

typedef struct
{
  const char *name;
  const char *doc;
  BenchFunc   butler;
  BenchFunc   plain;
  BenchParameter   parameters[BENCH_PARAMETERS_MAX + 1]; /* the last one has no name */
  gboolean    keeps_heap; /* glibc is not to give large heaps back and fault them in again */
  gboolean    is_apart;   /* each round is a process of its own */
  guint       capacity;   /* of the library's channels, if no other is given; 0: unbounded */
} BenchKernel;

/* bench_kernel_find() is NULL if there is none of that name; bench_kernels_list() prints all with what they take. */
const BenchKernel *bench_kernel_find  (const char *name);
void               bench_kernels_list (void);

/* bench_kernel_count() is how many operations a round is. */
guint64 bench_kernel_count (const BenchKernel *kernel,
                            const BenchArgs   *args);

/* bench_parameter_parse() is FALSE if @text is not what it takes. */
gboolean bench_parameter_parse (const BenchParameter *parameter,
                                const char           *text,
                                guint64              *value);

static inline guint64 *
bench_parameter_in (const BenchParameter *parameter,
                    BenchArgs            *args)
{
  return (guint64 *) (gpointer) ((char *) args + parameter->offset);
}

static inline guint64
bench_parameter_get (const BenchParameter *parameter,
                     const BenchArgs      *args)
{
  return *(const guint64 *) (gconstpointer) ((const char *) args + parameter->offset);
}
