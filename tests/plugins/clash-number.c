/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Its message cannot be converted to that of clash-text.c, but to that of clash-more.c. */
#define TEST_CLASH_FIELDS(F, R) F (R, uint64, value)
BUTLER_MESSAGE (TestClash, test_clash, TEST_CLASH_FIELDS);

#define NUMBER_HANDLES(H, S) H (S, test_clash)
typedef Good clash_number_record;
BUTLER_HANDLERS (clash_number, NUMBER_HANDLES);

static void
clash_number_on_test_clash (Good *self, TestClash *clash, ButlerContext *context)
{
  (void) clash;
  (void) context;
  self->pings++;
}

static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "clash_number", .state = &good_info,
                                      .handlers = clash_number_handlers, .n_handlers = clash_number_n_handlers,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (clash_number, "1", &set)
