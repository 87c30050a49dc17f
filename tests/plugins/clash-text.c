/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Its message cannot be converted to that of clash-number.c. */
#define TEST_CLASH_FIELDS(F, R) F (R, string, value)
BUTLER_MESSAGE (TestClash, test_clash, TEST_CLASH_FIELDS);

#define TEXT_HANDLES(H, S) H (S, test_clash)
typedef Good clash_text_record;
BUTLER_HANDLERS (clash_text, TEXT_HANDLES);

static void
clash_text_on_test_clash (Good *self, TestClash *clash, ButlerContext *context)
{
  (void) clash;
  (void) context;
  self->pings++;
}

static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "clash_text", .state = &good_info,
                                      .handlers = clash_text_handlers, .n_handlers = clash_text_n_handlers,
                                      .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (clash_text, "1", &set)
