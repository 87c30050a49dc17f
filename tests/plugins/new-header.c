/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* As a plugin may be that was built with a later version of this ABI: every table is longer, and its array's stride
 * larger. */
typedef struct
{
  ButlerHandler known;
  guint64       appended;
} NewHandler;

typedef struct
{
  ButlerField known;
  guint64     appended;
} NewField;

typedef struct
{
  guint64 first;
  guint64 second;
} New;

static gpointer       new_layout;
static const NewField new_fields[] = {
  { { .name = "first", .kind = BUTLER_KIND_UINT64, .offset = 0, .size = 8 }, G_MAXUINT64 },
  { { .name = "second", .kind = BUTLER_KIND_UINT64, .offset = 8, .size = 8 }, G_MAXUINT64 },
};

static const struct
{
  ButlerRecordInfo known;
  guint64          appended;
} new_info = { { .info_size = sizeof new_info, .name = "TestNew", .size = sizeof (New), .align = _Alignof (New),
                 .n_fields = 2, .field_size = sizeof (NewField), .fields = (gconstpointer) new_fields,
                 .layout = &new_layout },
               G_MAXUINT64 };

static const NewHandler handlers[] = {
  { { (gconstpointer) &new_info, good_call_test_ping }, G_MAXUINT64 },
  { { &test_ping_info, good_call_test_ping }, G_MAXUINT64 },
};

static const struct
{
  ButlerHandlerSet known;
  guint64          appended;
} set = { { .set_size = sizeof set, .name = "new", .state = &good_info, .handlers = (gconstpointer) handlers,
            .n_handlers = 2, .handler_size = sizeof (NewHandler), .doc = "from the future" },
          G_MAXUINT64 };

static const ButlerHandlerSet *const sets[] = { (gconstpointer) &set };

static const struct
{
  ButlerPlugin known;
  guint64      appended;
} longer = { { .magic = BUTLER_PLUGIN_MAGIC, .abi = BUTLER_PLUGIN_ABI, .plugin_size = sizeof longer,
               .name = "new_header", .version = "1.9", TEST_SETS (sets) },
             G_MAXUINT64 };

extern const __typeof__ (longer) butler_plugin __attribute__ ((visibility ("default"), alias ("longer")));
