/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/info.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/kind.h"
#include "lib/names.h"

/* Where a table of version 1.0 ends; what stands behind is absent if the table says that it is shorter. */
#define INFO_SIZE_MIN   (G_STRUCT_OFFSET (ButlerRecordInfo, layout) + sizeof (gpointer *))
#define INFO_SIZE_FUNCS (G_STRUCT_OFFSET (ButlerRecordInfo, copy) + sizeof (GCallback))
#define FIELD_SIZE_MIN  (G_STRUCT_OFFSET (ButlerField, nested) + sizeof (const ButlerRecordInfo *))
#define FIELD_SIZE_MAX  4096u

gboolean
butler__info_refuse (const char *record,
                     const char *field,
                     GError    **error,
                     const char *format,
                     ...)
{
  g_autofree char *reason = NULL;
  va_list          args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  if (field != NULL)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "Record %s, field %s: %s", record, field, reason);
  else
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "Record %s: %s", record, reason);
  return FALSE;
}

gboolean
butler__info_is_opaque (const ButlerRecordInfo *info)
{
  return info->info_size >= INFO_SIZE_FUNCS && info->copy != NULL;
}

static gboolean
check_head (const ButlerRecordInfo *info,
            GError                **error)
{
  if (info == NULL)
    return butler__info_refuse ("(none)", NULL, error, "there is no description");
  if (info->info_size < INFO_SIZE_MIN)
    return butler__info_refuse ("(unknown)", NULL, error, "its description has %u bytes, %u are the least",
                                info->info_size, (guint) INFO_SIZE_MIN);
  if (!butler__name_is_identifier (info->name))
    {
      g_autofree char *escaped = info->name != NULL ? g_strescape (info->name, NULL) : g_strdup ("(unnamed)");

      return butler__info_refuse (escaped, NULL, error, "its name is no C identifier");
    }
  if (info->layout == NULL)
    return butler__info_refuse (info->name, NULL, error, "it has no place where its layout is kept");
  if ((info->flags & ~(guint32) BUTLER_RECORD_NO_COPY) != 0)
    return butler__info_refuse (info->name, NULL, error, "it has the flags 0x%x, which this version does not know",
                                info->flags);
  return TRUE;
}

static gboolean
check_size (const ButlerRecordInfo *info,
            GError                **error)
{
  guint32 align = info->align;

  if (align == 0 || (align & (align - 1)) != 0 || align > _Alignof (max_align_t))
    return butler__info_refuse (info->name, NULL, error, "its alignment %u is no power of two up to %u", align,
                                (guint) _Alignof (max_align_t));
  if (info->size == 0 || info->size % align != 0)
    return butler__info_refuse (info->name, NULL, error, "its size %u is no multiple of its alignment %u", info->size,
                                align);
  return TRUE;
}

static gboolean
check_table (const ButlerRecordInfo *info,
             GError                **error)
{
  if (info->n_fields == 0)
    return butler__info_refuse (info->name, NULL, error, "it has neither fields nor a copy function");
  if (info->fields == NULL)
    return butler__info_refuse (info->name, NULL, error, "its table of %u fields is missing", info->n_fields);
  if (info->n_fields > BUTLER__FIELDS_MAX)
    return butler__info_refuse (info->name, NULL, error, "it has %u fields, %u are the most", info->n_fields,
                                BUTLER__FIELDS_MAX);
  if (info->field_size < FIELD_SIZE_MIN || info->field_size > FIELD_SIZE_MAX
      || info->field_size % _Alignof (ButlerField) != 0)
    return butler__info_refuse (info->name, NULL, error,
                                "the entries of its field table have %u bytes: no multiple of %u from %u to %u",
                                info->field_size, (guint) _Alignof (ButlerField), (guint) FIELD_SIZE_MIN,
                                FIELD_SIZE_MAX);
  return TRUE;
}

gboolean
butler__info_check (const ButlerRecordInfo *info,
                    GError                **error)
{
  if (!check_head (info, error) || !check_size (info, error))
    return FALSE;

  if (!butler__info_is_opaque (info))
    return check_table (info, error);
  if (info->n_fields != 0)
    return butler__info_refuse (info->name, NULL, error, "it has both fields and a copy function");
  return TRUE;
}

ButlerField
butler__info_get_field (const ButlerRecordInfo *info,
                        guint                   index)
{
  const char *entry = (const char *) info->fields + (gsize) index * info->field_size;
  ButlerField field = { 0 };

  memcpy (&field, entry, MIN (info->field_size, sizeof field));
  return field;
}

gboolean
butler__info_needs_nested (const ButlerField *field)
{
  if (field->kind == BUTLER_KIND_ARRAY || field->kind == BUTLER_KIND_FIXED)
    return field->element == BUTLER_KIND_RECORD;

  return field->kind == BUTLER_KIND_RECORD;
}

static gboolean
check_element (const ButlerRecordInfo *info,
               const ButlerField      *field,
               GError                **error)
{
  const ButlerKindTraits *element = butler__kind_get (field->element);

  if (element == NULL)
    return butler__info_refuse (info->name, field->name, error,
                                "the kind %u of its elements is unknown to this version", field->element);
  if (!element->element)
    return butler__info_refuse (info->name, field->name, error, "the elements of an %s field cannot be of the kind %s",
                                butler__kind_get (field->kind)->name, element->name);
  if (field->kind == BUTLER_KIND_FIXED && field->count == 0)
    return butler__info_refuse (info->name, field->name, error, "a fixed field has at least one element");
  return TRUE;
}

gboolean
butler__info_check_field (const ButlerRecordInfo *info,
                          const ButlerField      *field,
                          GError                **error)
{
  if (!butler__name_is_identifier (field->name))
    return butler__info_refuse (info->name, NULL, error, "the name of the field at offset %u is no C identifier",
                                field->offset);
  if (butler__kind_get (field->kind) == NULL)
    return butler__info_refuse (info->name, field->name, error, "the kind %u is unknown to this version", field->kind);
  if (field->reserved != 0)
    return butler__info_refuse (info->name, field->name, error, "a part that this version reserves is %u, not 0",
                                field->reserved);
  if (field->kind == BUTLER_KIND_ARRAY || field->kind == BUTLER_KIND_FIXED)
    return check_element (info, field, error);
  return TRUE;
}

gboolean
butler__info_check_place (const ButlerRecordInfo *info,
                          const ButlerField      *field,
                          const ButlerLayout     *nested,
                          GError                **error)
{
  gboolean                fixed = field->kind == BUTLER_KIND_FIXED;
  const ButlerKindTraits *value = butler__kind_get (fixed ? field->element : field->kind);
  guint64                 size = (guint64) (value->size != 0 ? value->size : nested->size) * (fixed ? field->count : 1);
  guint64                 end = (guint64) field->offset + field->size;
  guint32                 align = value->align != 0 ? value->align : nested->align;

  if (field->size != size)
    return butler__info_refuse (info->name, field->name, error,
                                "its size is %u, but the kind %s takes %" G_GUINT64_FORMAT " here", field->size,
                                butler__kind_get (field->kind)->name, size);
  if (end > info->size)
    return butler__info_refuse (info->name, field->name, error, "it ends at %" G_GUINT64_FORMAT ", the record at %u",
                                end, info->size);
  if (field->offset % align != 0 || info->align % align != 0)
    return butler__info_refuse (info->name, field->name, error,
                                "it needs the alignment %u, but its offset is %u and the record's alignment %u", align,
                                field->offset, info->align);
  return TRUE;
}

gboolean
butler__info_check_pair (const ButlerRecordInfo  *info,
                         const ButlerLayoutField *a,
                         const ButlerLayoutField *b,
                         GError                 **error)
{
  if (strcmp (a->name, b->name) == 0)
    return butler__info_refuse (info->name, b->name, error, "two fields have this name");
  if (a->offset < b->offset + b->size && b->offset < a->offset + a->size)
    return butler__info_refuse (info->name, b->name, error, "it overlaps the field %s", a->name);
  return TRUE;
}
