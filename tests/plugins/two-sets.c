/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

#define TEST_PONG_FIELDS(F, R) F (R, string, text)
BUTLER_MESSAGE (TestPong, test_pong, TEST_PONG_FIELDS);

#define OTHER_FIELDS(F, R) F (R, string, last)
BUTLER_RECORD (Other, other, OTHER_FIELDS);

#define OTHER_HANDLES(H, S) H (S, test_pong)
BUTLER_HANDLERS (other, OTHER_HANDLES);

static void
other_on_test_pong (Other *self, TestPong *pong, ButlerContext *context)
{
  (void) context;
  g_free (self->last);
  self->last = g_steal_pointer (&pong->text);
}

static const ButlerHandlerSet other_set = { BUTLER_HANDLER_SET (other), BUTLER_DOC ("keeps the last pong") };

BUTLER_PLUGIN (two_sets, "2.5", &good_set, &other_set)
