/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* A handler set with nothing wrong about it, for plugins that are broken elsewhere. */

#define TEST_PING_FIELDS(F, R) F (R, uint64, number)
BUTLER_MESSAGE (TestPing, test_ping, TEST_PING_FIELDS);

#define GOOD_FIELDS(F, R) F (R, uint64, pings)
BUTLER_RECORD (Good, good, GOOD_FIELDS);

#define GOOD_HANDLES(H, S) H (S, test_ping)
BUTLER_HANDLERS (good, GOOD_HANDLES);

static void
good_on_test_ping (Good *self, TestPing *ping, ButlerContext *context)
{
  (void) ping;
  (void) context;
  self->pings++;
}

BUTLER__UNUSED static const ButlerHandlerSet good_set = { BUTLER_HANDLER_SET (good) };
BUTLER__UNUSED static const ButlerHandlerSet *const good_sets[] = { &good_set };

/* Followed by the members of the descriptor. */
#define TEST_PLUGIN                                                                                                    \
  BUTLER_API const ButlerPlugin butler_plugin;                                                                         \
  const ButlerPlugin            butler_plugin

#define TEST_HEAD .magic = BUTLER_PLUGIN_MAGIC, .abi = BUTLER_PLUGIN_ABI, .plugin_size = sizeof (ButlerPlugin)
#define TEST_SETS(array) .sets = array, .n_sets = G_N_ELEMENTS (array), .set_size = sizeof (array[0])
