/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stddef.h>
#include <threadbutler/types.h>

G_BEGIN_DECLS

/* The kinds of a field. The numbers are part of the ABI: new ones are added at the end. */
typedef enum
{
  BUTLER_KIND_NONE,
  BUTLER_KIND_BOOLEAN,
  BUTLER_KIND_INT8,
  BUTLER_KIND_UINT8,
  BUTLER_KIND_INT16,
  BUTLER_KIND_UINT16,
  BUTLER_KIND_INT32,
  BUTLER_KIND_UINT32,
  BUTLER_KIND_INT64,
  BUTLER_KIND_UINT64,
  BUTLER_KIND_FLOAT,
  BUTLER_KIND_DOUBLE,
  BUTLER_KIND_ENUM,
  BUTLER_KIND_STRING,
  BUTLER_KIND_STRV,
  BUTLER_KIND_BYTES,
  BUTLER_KIND_VARIANT,
  BUTLER_KIND_OBJECT,
  BUTLER_KIND_POINTER,
  BUTLER_KIND_RECORD,
  BUTLER_KIND_ARRAY,
  BUTLER_KIND_FIXED,
} ButlerKind;

/* One field of a record. Append-only: arrays of it are walked by the field_size beside them. */
struct _ButlerField
{
  const char             *name;
  guint8                  kind;      /* a ButlerKind */
  guint8                  element;   /* the kind of an array's or a fixed field's elements */
  guint16                 reserved;  /* 0 */
  guint32                 count;     /* the number of a fixed field's elements */
  guint32                 offset;
  guint32                 size;
  const ButlerRecordInfo *nested;    /* the record of a record field, or of the elements */
  const char             *fallback;  /* settings only: the default, as text */
  const char             *doc;       /* settings only */
};

/* Opaque messages only: there is a function that clears them, and none that copies them. */
#define BUTLER_RECORD_NO_COPY (1u << 0)

/* The description of a record type as one file was compiled with it. Append-only: info_size says what is there. */
struct _ButlerRecordInfo
{
  guint32            info_size;
  guint32            flags;       /* BUTLER_RECORD_NO_COPY, or 0 */
  const char        *name;
  guint32            size;
  guint32            align;
  guint32            n_fields;
  guint32            field_size;
  const ButlerField *fields;
  gpointer          *layout;      /* where the library keeps the registered layout; private to it */

  /* Opaque messages only, which have no fields. */
  void             (*clear) (gpointer value);
  void             (*copy) (gconstpointer value, gpointer copy);
};

/* kind -> C type */
#define BUTLER_C_boolean       gboolean
#define BUTLER_C_int8          gint8
#define BUTLER_C_uint8         guint8
#define BUTLER_C_int16         gint16
#define BUTLER_C_uint16        guint16
#define BUTLER_C_int32         gint32
#define BUTLER_C_uint32        guint32
#define BUTLER_C_int64         gint64
#define BUTLER_C_uint64        guint64
#define BUTLER_C_float         float
#define BUTLER_C_double        double
#define BUTLER_C_enum(Type)    Type
#define BUTLER_C_string        char *
#define BUTLER_C_strv          GStrv
#define BUTLER_C_bytes         GBytes *
#define BUTLER_C_variant       GVariant *
#define BUTLER_C_object        GObject *
#define BUTLER_C_pointer       gpointer
#define BUTLER_C_record(name)  name##_record
#define BUTLER_C_array(elem)   GArray *
#define BUTLER_C_fixed(elem, n) __typeof__ (BUTLER_C_##elem[n])

/* kind -> kind, count, element kind, nested record */
#define BUTLER_K_boolean        BUTLER_KIND_BOOLEAN, 0, 0, NULL
#define BUTLER_K_int8           BUTLER_KIND_INT8, 0, 0, NULL
#define BUTLER_K_uint8          BUTLER_KIND_UINT8, 0, 0, NULL
#define BUTLER_K_int16          BUTLER_KIND_INT16, 0, 0, NULL
#define BUTLER_K_uint16         BUTLER_KIND_UINT16, 0, 0, NULL
#define BUTLER_K_int32          BUTLER_KIND_INT32, 0, 0, NULL
#define BUTLER_K_uint32         BUTLER_KIND_UINT32, 0, 0, NULL
#define BUTLER_K_int64          BUTLER_KIND_INT64, 0, 0, NULL
#define BUTLER_K_uint64         BUTLER_KIND_UINT64, 0, 0, NULL
#define BUTLER_K_float          BUTLER_KIND_FLOAT, 0, 0, NULL
#define BUTLER_K_double         BUTLER_KIND_DOUBLE, 0, 0, NULL
#define BUTLER_K_enum(Type)     BUTLER_KIND_ENUM, 0, 0, NULL
#define BUTLER_K_string         BUTLER_KIND_STRING, 0, 0, NULL
#define BUTLER_K_strv           BUTLER_KIND_STRV, 0, 0, NULL
#define BUTLER_K_bytes          BUTLER_KIND_BYTES, 0, 0, NULL
#define BUTLER_K_variant        BUTLER_KIND_VARIANT, 0, 0, NULL
#define BUTLER_K_object         BUTLER_KIND_OBJECT, 0, 0, NULL
#define BUTLER_K_pointer        BUTLER_KIND_POINTER, 0, 0, NULL
#define BUTLER_K_record(name)   BUTLER_KIND_RECORD, 0, 0, &name##_info
#define BUTLER_K_array(elem)    BUTLER_KIND_ARRAY, 0, BUTLER_E_##elem
#define BUTLER_K_fixed(elem, n) BUTLER_KIND_FIXED, n, BUTLER_E_##elem

/* element of an array or a fixed field -> kind, nested record */
#define BUTLER_E_boolean        BUTLER_KIND_BOOLEAN, NULL
#define BUTLER_E_int8           BUTLER_KIND_INT8, NULL
#define BUTLER_E_uint8          BUTLER_KIND_UINT8, NULL
#define BUTLER_E_int16          BUTLER_KIND_INT16, NULL
#define BUTLER_E_uint16         BUTLER_KIND_UINT16, NULL
#define BUTLER_E_int32          BUTLER_KIND_INT32, NULL
#define BUTLER_E_uint32         BUTLER_KIND_UINT32, NULL
#define BUTLER_E_int64          BUTLER_KIND_INT64, NULL
#define BUTLER_E_uint64         BUTLER_KIND_UINT64, NULL
#define BUTLER_E_float          BUTLER_KIND_FLOAT, NULL
#define BUTLER_E_double         BUTLER_KIND_DOUBLE, NULL
#define BUTLER_E_enum(Type)     BUTLER_KIND_ENUM, NULL
#define BUTLER_E_string         BUTLER_KIND_STRING, NULL
#define BUTLER_E_record(name)   BUTLER_KIND_RECORD, &name##_info

/* What a field list's F becomes: a struct member, or an entry of the field table; _S for settings, which add default and doc. */
#define BUTLER__MEMBER(R, kind, name)                   BUTLER_C_##kind name;
#define BUTLER__MEMBER_S(R, kind, name, fallback, doc)  BUTLER_C_##kind name;
#define BUTLER__FIELD(R, kind, name)                    BUTLER__ENTRY (R, name, NULL, NULL, BUTLER_K_##kind)
#define BUTLER__FIELD_S(R, kind, name, fallback, doc)   BUTLER__ENTRY (R, name, fallback, doc, BUTLER_K_##kind)
#define BUTLER__ENTRY(...)                              BUTLER__ENTRY_OF (__VA_ARGS__)
#define BUTLER__ENTRY_OF(R, name, fallback, doc, kind, count, elem, nested)                                          \
  { #name, kind, elem, 0, count, (guint32) offsetof (R, name), (guint32) sizeof (((R *) 0)->name), nested, fallback, doc },

G_END_DECLS
