/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/fields.h>

G_BEGIN_DECLS

BUTLER_AVAILABLE_IN_1_0
gpointer    butler_record_new             (const ButlerRecordInfo *info);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_record_new_uncleared   (const ButlerRecordInfo *info);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_record_copy            (const ButlerRecordInfo *info,
                                           gconstpointer           record);
BUTLER_AVAILABLE_IN_1_0
void        butler_record_free            (gpointer                record);
BUTLER_AVAILABLE_IN_1_0
void        butler_record_clear           (const ButlerRecordInfo *info,
                                           gpointer                record);
BUTLER_AVAILABLE_IN_1_0
void        butler_record_copy_to         (const ButlerRecordInfo *info,
                                           gconstpointer           record,
                                           gpointer                copy);
BUTLER_AVAILABLE_IN_1_0
gboolean    butler_record_equal           (const ButlerRecordInfo *info,
                                           gconstpointer           a,
                                           gconstpointer           b);
BUTLER_AVAILABLE_IN_1_0
char       *butler_record_print           (const ButlerRecordInfo *info,
                                           gconstpointer           record);
BUTLER_AVAILABLE_IN_1_0
GVariant   *butler_record_to_variant      (const ButlerRecordInfo *info,
                                           gconstpointer           record,
                                           GError                **error);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_record_from_variant    (const ButlerRecordInfo *info,
                                           GVariant               *variant,
                                           GError                **error);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_record_convert         (const ButlerRecordInfo *from,
                                           gconstpointer           record,
                                           const ButlerRecordInfo *to,
                                           GError                **error);
BUTLER_AVAILABLE_IN_1_0
const char *butler_record_get_fingerprint (const ButlerRecordInfo *info,
                                           GError                **error);
BUTLER_AVAILABLE_IN_1_0
GArray     *butler_record_array_new       (const ButlerRecordInfo *info,
                                           guint                   reserved);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_settings_new           (const ButlerRecordInfo *info,
                                           GError                **error);
BUTLER_AVAILABLE_IN_1_0
gpointer    butler_settings_from_key_file (const ButlerRecordInfo *info,
                                           GKeyFile               *file,
                                           const char             *group,
                                           GError                **error);

/* The functions of every record type. What new, copy and from_variant return, free takes. */
#define BUTLER__RECORD_FUNCTIONS(Name, name)                                                                           \
  BUTLER__UNUSED static inline Name *name##_new (void)                                                                 \
  {                                                                                                                    \
    return (Name *) butler_record_new (&name##_info);                                                                  \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_new_uncleared (void)                                                       \
  {                                                                                                                    \
    return (Name *) butler_record_new_uncleared (&name##_info);                                                        \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_copy (const Name *self)                                                    \
  {                                                                                                                    \
    return (Name *) butler_record_copy (&name##_info, self);                                                           \
  }                                                                                                                    \
  BUTLER__UNUSED static inline void name##_free (Name *self)                                                           \
  {                                                                                                                    \
    butler_record_free (self);                                                                                         \
  }                                                                                                                    \
  BUTLER__UNUSED static inline void name##_clear (Name *self)                                                          \
  {                                                                                                                    \
    butler_record_clear (&name##_info, self);                                                                          \
  }                                                                                                                    \
  G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Name, name##_clear)                                                                \
  G_DEFINE_AUTOPTR_CLEANUP_FUNC (Name, name##_free)

/* The functions of a record type whose fields are known. */
#define BUTLER__FIELD_FUNCTIONS(Name, name)                                                                            \
  BUTLER__UNUSED static inline gboolean name##_equal (const Name *a, const Name *b)                                    \
  {                                                                                                                    \
    return butler_record_equal (&name##_info, a, b);                                                                   \
  }                                                                                                                    \
  BUTLER__UNUSED static inline char *name##_print (const Name *self)                                                   \
  {                                                                                                                    \
    return butler_record_print (&name##_info, self);                                                                   \
  }                                                                                                                    \
  BUTLER__UNUSED static inline GVariant *name##_to_variant (const Name *self, GError **error)                          \
  {                                                                                                                    \
    return butler_record_to_variant (&name##_info, self, error);                                                       \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_from_variant (GVariant *variant, GError **error)                           \
  {                                                                                                                    \
    return (Name *) butler_record_from_variant (&name##_info, variant, error);                                         \
  }                                                                                                                    \
  BUTLER__UNUSED static inline GArray *name##_array_new (guint reserved)                                               \
  {                                                                                                                    \
    return butler_record_array_new (&name##_info, reserved);                                                           \
  }

#define BUTLER__INFO(Name, name, n, table, clear_func, copy_func)                                                      \
  BUTLER__FLAGGED_INFO (Name, name, 0, n, table, clear_func, copy_func)

#define BUTLER__FLAGGED_INFO(Name, name, flags, n, table, clear_func, copy_func)                                       \
  G_STATIC_ASSERT (__alignof__ (Name) <= __alignof__ (max_align_t)); /* what malloc gives */                           \
  BUTLER__UNUSED static gpointer name##_layout;                                                                        \
  BUTLER__UNUSED static const ButlerRecordInfo name##_info = {                                                         \
    sizeof (ButlerRecordInfo), flags, #Name, sizeof (Name), __alignof__ (Name), n, sizeof (ButlerField), table,            \
    &name##_layout, clear_func, copy_func                                                                              \
  }

#define BUTLER__RECORD(Name, name, FIELDS, MEMBER, FIELD)                                                              \
  typedef struct _##Name Name;                                                                                         \
  typedef Name name##_record;                                                                                          \
  struct _##Name                                                                                                       \
  {                                                                                                                    \
    FIELDS (MEMBER, Name)                                                                                              \
  };                                                                                                                   \
  BUTLER__UNUSED static const ButlerField name##_fields[] = { FIELDS (FIELD, Name) };                                  \
  BUTLER__INFO (Name, name, G_N_ELEMENTS (name##_fields), name##_fields, NULL, NULL);                                  \
  BUTLER__RECORD_FUNCTIONS (Name, name)                                                                                \
  BUTLER__FIELD_FUNCTIONS (Name, name)                                                                                 \
  G_STATIC_ASSERT (sizeof (Name) > 0)

#define BUTLER_RECORD(Name, name, FIELDS)   BUTLER__RECORD (Name, name, FIELDS, BUTLER__MEMBER, BUTLER__FIELD)
#define BUTLER_SETTINGS(Name, name, FIELDS) BUTLER__RECORD (Name, name, FIELDS, BUTLER__MEMBER_S, BUTLER__FIELD_S)

G_END_DECLS
