/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* As a plugin would be that was built before anything was appended to the first tables: no doc, no clear and copy,
 * fields without default and doc, in arrays whose strides say so. */
typedef struct
{
  const char             *name;
  guint8                  kind;
  guint8                  element;
  guint16                 reserved;
  guint32                 count;
  guint32                 offset;
  guint32                 size;
  const ButlerRecordInfo *nested;
} OldField;

typedef struct
{
  guint64 first;
  guint32 second;
  guint32 third;
} Old;

#define OLD_FIELD(kind_of, name_of)                                                                                    \
  { #name_of, kind_of, 0, 0, 0, offsetof (Old, name_of), sizeof (((Old *) 0)->name_of), NULL }

static gpointer       old_layout;
static const OldField old_fields[] = { OLD_FIELD (BUTLER_KIND_UINT64, first), OLD_FIELD (BUTLER_KIND_UINT32, second),
                                       OLD_FIELD (BUTLER_KIND_UINT32, third) };

static const struct
{
  guint32         info_size;
  guint32         flags;
  const char     *name;
  guint32         size;
  guint32         align;
  guint32         n_fields;
  guint32         field_size;
  const OldField *fields;
  gpointer       *layout;
} old_info = { sizeof old_info, 0, "TestOld", sizeof (Old), _Alignof (Old), 3, sizeof (OldField), old_fields,
               &old_layout };

static void
on_old (gpointer self, gpointer message, ButlerContext *context)
{
  const Old *old = message;
  Good      *good = self;

  (void) context;
  good->pings += old->third;
}

static const ButlerHandler handlers[] = { { (gconstpointer) &old_info, on_old } };

static const struct
{
  guint32                 set_size;
  guint32                 flags;
  const char             *name;
  const ButlerRecordInfo *state;
  const ButlerRecordInfo *settings;
  const ButlerHandler    *handlers;
  guint32                 n_handlers;
  guint32                 handler_size;
  ButlerStartFunc         start;
  ButlerStopFunc          stop;
  guint64                 beyond; /* not what doc is to us */
} set = { G_STRUCT_OFFSET (ButlerHandlerSet, doc), 0, "old", &good_info, NULL, handlers, 1, sizeof (ButlerHandler),
          NULL, NULL, G_MAXUINT64 };

static const ButlerHandlerSet *const sets[] = { (gconstpointer) &set };

TEST_PLUGIN = { TEST_HEAD, .name = "old_header", .version = "0.9", TEST_SETS (sets) };
