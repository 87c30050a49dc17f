/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/kernels.h"

#include <stdio.h>

#include "bench/work.h"

#define NUMBER(text, field, number)    { .name = text, .offset = offsetof (BenchArgs, field), .fallback = number }
#define TIMES(text, field, number)                                                                                     \
  { .name = text, .offset = offsetof (BenchArgs, field), .fallback = number, .multiplies = TRUE }
#define CHOICE(text, field, zero, one) { .name = text, .offset = offsetof (BenchArgs, field), .words = { zero, one } }
#define FUNCTIONS(name)                .butler = bench_##name##_butler, .plain = bench_##name##_plain

static const BenchKernel kernels[] = {
  { .name = "count",
    .doc = "N messages of 16 bytes, one by one, from one thread to another",
    FUNCTIONS (count),
    .parameters = { TIMES ("N", n, 3000000) } },
  { .name = "fanin",
    .doc = "P threads send N such messages each to one",
    FUNCTIONS (fanin),
    .parameters = { TIMES ("P", actors, 4), TIMES ("N", n, 500000) } },
  { .name = "pingpong",
    .doc = "one message to and fro between two threads, N times",
    FUNCTIONS (pingpong),
    .parameters = { TIMES ("N", n, 200000) } },
  { .name = "ring",
    .doc = "A threads pass one message round, for N hops",
    FUNCTIONS (ring),
    .parameters = { NUMBER ("A", actors, 100), TIMES ("N", n, 200000) } },
  { .name = "burst",
    .doc = "N messages of S bytes there and back, ROUNDS times; FILL: what of them is written",
    FUNCTIONS (burst),
    .parameters = { TIMES ("N", n, 5000), TIMES ("ROUNDS", rounds, 20), NUMBER ("S", size, BENCH_BURST_SMALL),
                    CHOICE ("FILL", ends_only, "full", "ends") },
    .keeps_heap = TRUE },
  { .name = "create",
    .doc = "A threads are made, answer one message each, and end",
    FUNCTIONS (create),
    .parameters = { TIMES ("A", actors, 1000) },
    .is_apart = TRUE },
  { .name = "send-latency",
    .doc = "N messages, RATE a second, to a READER that waits or always has something to do",
    FUNCTIONS (send_latency),
    .parameters = { TIMES ("N", n, 50000), NUMBER ("RATE", rate, 20000), CHOICE ("READER", busy, "idle", "busy") } },
  { .name = "idle",
    .doc = "what A threads use up that wait for T seconds",
    FUNCTIONS (idle),
    .parameters = { TIMES ("A", actors, 100), NUMBER ("T", seconds, 5) } },
  { .name = "mixed",
    .doc = "A threads ask and tell one with a bounded channel, N times each; one of EVERY is a timer's",
    FUNCTIONS (mixed),
    .parameters = { TIMES ("A", actors, 4), TIMES ("N", n, 50000), NUMBER ("EVERY", every, 16) },
    .capacity = BENCH_MIXED_CAPACITY },
  { .name = "alone",
    .doc = "count in one thread, which sends and handles in turns",
    FUNCTIONS (alone),
    .parameters = { TIMES ("N", n, 3000000) } },
};

const BenchKernel *
bench_kernel_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    if (g_str_equal (kernels[i].name, name))
      return &kernels[i];
  return NULL;
}

static void
append_parameter (GString              *line,
                  const BenchParameter *parameter)
{
  if (parameter->words[0] != NULL)
    g_string_append_printf (line, " %s=%s|%s", parameter->name, parameter->words[0], parameter->words[1]);
  else
    g_string_append_printf (line, " %s=%" G_GUINT64_FORMAT, parameter->name, parameter->fallback);
}

void
bench_kernels_list (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    {
      g_autoptr (GString) line = g_string_new (kernels[i].name);

      for (const BenchParameter *parameter = kernels[i].parameters; parameter->name != NULL; parameter++)
        append_parameter (line, parameter);
      printf ("%-48s %s\n", line->str, kernels[i].doc);
    }
}

guint64
bench_kernel_count (const BenchKernel *kernel,
                    const BenchArgs   *args)
{
  guint64 n = 1;

  for (const BenchParameter *parameter = kernel->parameters; parameter->name != NULL; parameter++)
    if (parameter->multiplies)
      n *= bench_parameter_get (parameter, args);
  return n;
}

gboolean
bench_parameter_parse (const BenchParameter *parameter,
                       const char           *text,
                       guint64              *value)
{
  if (parameter->words[0] == NULL)
    return g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, value, NULL);
  *value = g_str_equal (text, parameter->words[1]);
  return *value || g_str_equal (text, parameter->words[0]);
}
