/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Its message can be converted to that of clash-number.c, and back. */
#define TEST_CLASH_FIELDS(F, R) F (R, uint64, value) F (R, string, remark)
BUTLER_MESSAGE (TestClash, test_clash, TEST_CLASH_FIELDS);

#define MORE_HANDLES(H, S) H (S, test_clash)
typedef Good clash_more_record;
BUTLER_HANDLERS (clash_more, MORE_HANDLES);

static void
clash_more_on_test_clash (Good *self, TestClash *clash, ButlerContext *context)
{
  (void) clash;
  (void) context;
  self->pings++;
}

static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "clash_more", .state = &good_info,
                                      .handlers = clash_more_handlers, .n_handlers = clash_more_n_handlers,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (clash_more, "1", &set)
