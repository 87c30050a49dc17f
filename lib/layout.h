/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/record.h>

#include "lib/envelope.h"

#define BUTLER__ORIGIN_PROGRAM "the program" /* the origin of what no module registered */

/* A message or record type: process-wide, by name. Never freed. */
typedef struct
{
  const char *name;
  guint       index; /* dense, from 0: hubs and handler sets have tables by it */
} ButlerType;

typedef struct
{
  const char         *name;
  ButlerKind          kind;
  ButlerKind          element;
  guint32             count;
  guint32             offset;
  guint32             size;
  guint32             element_size; /* of an array's or a fixed field's elements */
  const ButlerLayout *nested;
} ButlerLayoutField;

/* One version of a record type: a checked heap copy of a ButlerRecordInfo, immutable and never freed. Two infos with the same
 * fingerprint and the same offsets share one layout, so that layouts are compared by pointer. Opaque ones also differ by
 * their functions. */
struct _ButlerLayout
{
  const ButlerType        *type;
  const char              *fingerprint; /* "LogLine{uint64 number;string text;}", nested records in full; "Blob{opaque 24}" */
  const char              *origin;      /* the file that registered it first, or "the program" */
  guint32                  size;
  guint32                  align;
  guint32                  n_fields;
  gboolean                 plain;       /* no field owns anything: clear is memset, copy is memcpy */
  const ButlerLayoutField *fields;
  void                   (*clear) (gpointer value);                      /* opaque only, (nullable) */
  void                   (*copy)  (gconstpointer value, gpointer copy);  /* opaque only */
  gboolean                 no_copy;     /* opaque only: the bytes are the copy, though there is something to clear */
  struct _ButlerOpaque    *opaque;      /* (owned): opaque only; what changes of it, see lib/opaque.h */
};

static inline gboolean
butler__layout_is_opaque (const ButlerLayout *layout)
{
  return layout->copy != NULL;
}

/* butler__layout_register() checks @info and copies it, or returns the layout that is there. @origin is named in later errors. */
const ButlerLayout *butler__layout_register (const ButlerRecordInfo *info,
                                             const char             *origin,
                                             GError                **error);

/* butler__layout_of() is what the typed functions call: the registered layout through the info's own slot. A wrong info is a
 * programmer error: a critical, and NULL. */
const ButlerLayout *butler__layout_of_slow (const ButlerRecordInfo *info);

static inline const ButlerLayout *
butler__layout_of (const ButlerRecordInfo *info)
{
  /* Pairs with the release store at the end of butler__layout_register(): who sees the pointer sees the layout. */
  const ButlerLayout *layout = __atomic_load_n ((const ButlerLayout **) (gpointer) info->layout, __ATOMIC_ACQUIRE);

  return G_LIKELY (layout != NULL) ? layout : butler__layout_of_slow (info);
}

/* butler__type_lookup() is NULL when no layout of that name was ever registered. */
const ButlerType *butler__type_lookup (const char *name);

/* butler__type_get_layouts() are all layouts of @type, oldest first: (transfer container), elements never freed. */
GPtrArray *butler__type_get_layouts (const ButlerType *type);

/* butler__layouts_get_opaque() are those of which the functions are still there: (transfer container). butler__layouts_forget_opaque()
 * is called when those of one file go: what is registered from now on, be it at the same address, is something else. */
GPtrArray *butler__layouts_get_opaque    (void);
void       butler__layouts_forget_opaque (gconstpointer low,
                                          gconstpointer high);

/* What a layout's fields allow; the public butler_record_ functions are these by way of butler__layout_of(). */
void      butler__layout_clear        (const ButlerLayout *layout,
                                       gpointer            record);
void      butler__layout_copy         (const ButlerLayout *layout,
                                       gconstpointer       record,
                                       gpointer            copy);
gboolean  butler__layout_equal        (const ButlerLayout *layout,
                                       gconstpointer       a,
                                       gconstpointer       b);
char     *butler__layout_print        (const ButlerLayout *layout,
                                       gconstpointer       record);
GVariant *butler__layout_to_variant   (const ButlerLayout *layout,
                                       gconstpointer       record,
                                       GError            **error);

/* butler__layout_from_variant() fills @record, whose bytes are zero; on error it is zero again. */
gboolean  butler__layout_from_variant (const ButlerLayout *layout,
                                       GVariant           *variant,
                                       gpointer            record,
                                       GError            **error);
