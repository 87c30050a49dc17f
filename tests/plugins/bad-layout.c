/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* A field that reaches beyond its record. */
static gpointer               wide_layout;
static const ButlerField      wide_fields[] = { { .name = "far", .kind = BUTLER_KIND_UINT64, .offset = 8, .size = 8 } };
static const ButlerRecordInfo wide_info = { .info_size = sizeof wide_info, .name = "TestWide", .size = 8, .align = 8,
                                            .n_fields = 1, .field_size = sizeof (ButlerField), .fields = wide_fields,
                                            .layout = &wide_layout };
static const ButlerHandler    handlers[] = { { &wide_info, good_call_test_ping } };
static const ButlerHandlerSet set = { .set_size = sizeof set, .name = "wide", .state = &good_info, .handlers = handlers,
                                      .n_handlers = 1, .handler_size = sizeof (ButlerHandler) };

BUTLER_PLUGIN (bad_layout, "1", &set)
