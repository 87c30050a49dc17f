/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Its message can be converted to that of clash-number.c, but not back. */
#define TEST_CLASH_FIELDS(F, R) F (R, uint32, value)
BUTLER_MESSAGE (TestClash, test_clash, TEST_CLASH_FIELDS);

#define SMALL_HANDLES(H, S) H (S, test_clash)
typedef Good clash_small_record;
BUTLER_HANDLERS (clash_small, SMALL_HANDLES);

static void
clash_small_on_test_clash (Good *self, TestClash *clash, ButlerContext *context)
{
  (void) clash;
  (void) context;
  self->pings++;
}

static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "clash_small", .state = &good_info,
                                      .handlers = clash_small_handlers, .n_handlers = clash_small_n_handlers,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (clash_small, "1", &set)
