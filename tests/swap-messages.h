/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* What tests of swapping and their plugins, tests/plugins/swap.c, say to each other. */

#define SWAP_TICK_FIELDS(F, R) \
  F (R, uint32, writer)        \
  F (R, uint64, number)
#define SWAP_TICK_OTHER_FIELDS(F, R) \
  F (R, string, note)                \
  F (R, uint64, number)              \
  F (R, uint64, writer)
#ifdef SWAP_TICK_OTHER
BUTLER_MESSAGE (SwapTick, swap_tick, SWAP_TICK_OTHER_FIELDS);
#else
BUTLER_MESSAGE (SwapTick, swap_tick, SWAP_TICK_FIELDS);
#endif

/* "hold", "release", "wait", "keep", "swap", "ask": see the plugin. */
#define SWAP_ORDER_FIELDS(F, R) \
  F (R, string, what)           \
  F (R, pointer, data)
BUTLER_MESSAGE (SwapOrder, swap_order, SWAP_ORDER_FIELDS);

#define SWAP_ANSWER_FIELDS(F, R)                          \
  F (R, string, server)                                   \
  F (R, uint32, version) /* of the code that answers */   \
  F (R, uint32, writer)                                   \
  F (R, uint64, number)                                   \
  F (R, uint64, count)                                    \
  F (R, string, text)
BUTLER_MESSAGE (SwapAnswer, swap_answer, SWAP_ANSWER_FIELDS);
