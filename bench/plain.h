/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "bench/work.h"

/* A message by hand. */
typedef struct
{
  guint64 seq;
  guint64 value;
} BenchPlainMessage;

/* What a thread gets when nothing more will come. */
extern BenchPlainMessage bench_plain_stop;

static inline BenchPlainMessage *
bench_plain_new (guint64 seq,
                 guint64 value)
{
  BenchPlainMessage *message = g_new (BenchPlainMessage, 1);

  message->seq = seq;
  message->value = value;
  return message;
}
