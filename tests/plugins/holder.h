/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* What the plugin holder is told: make a message that counts, when it is cleared, there. */
#define HOLDER_ORDER_FIELDS(F, R) F (R, pointer, counter) /* int */
BUTLER_MESSAGE (HolderOrder, holder_order, HOLDER_ORDER_FIELDS);

/* And what it tells: it holds that message by this. */
#define HOLDER_HELD_FIELDS(F, R) F (R, pointer, context) /* ButlerContext */
BUTLER_MESSAGE (HolderHeld, holder_held, HOLDER_HELD_FIELDS);
