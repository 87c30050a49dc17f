/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/layout.h"

#include <string.h>

#include "lib/field.h"
#include "lib/image.h"
#include "lib/info.h"
#include "lib/kind.h"
#include "lib/opaque.h"

#define FINGERPRINT_MAX 65536

typedef struct
{
  ButlerType type; /* first: a ButlerType is its entry */
  GPtrArray *layouts;
} TypeEntry;

/* A leaf lock: under it only tables are read, nothing of a plugin or of the user is called. Readers never take it. */
static GMutex      registry_lock;
static GHashTable *registry; /* name -> TypeEntry; nothing in it is ever freed */
static GPtrArray  *opaque;   /* the layouts of opaque types, but for those whose functions are gone */

static const ButlerLayout *register_unlocked (const ButlerRecordInfo *info,
                                              const char             *origin,
                                              guint                   depth,
                                              GError                **error);

static void
describe_value (GString            *text,
                ButlerKind          kind,
                const ButlerLayout *nested)
{
  if (kind == BUTLER_KIND_RECORD)
    g_string_append_printf (text, "record(%s)", nested->fingerprint);
  else
    g_string_append (text, butler__kind_get (kind)->name);
}

void
butler__field_describe (const ButlerLayoutField *field,
                        GString                 *text)
{
  if (field->kind != BUTLER_KIND_ARRAY && field->kind != BUTLER_KIND_FIXED)
    {
      describe_value (text, field->kind, field->nested);
      return;
    }

  g_string_append_printf (text, "%s(", butler__kind_get (field->kind)->name);
  describe_value (text, field->element, field->nested);
  if (field->kind == BUTLER_KIND_FIXED)
    g_string_append_printf (text, ",%u", field->count);
  g_string_append_c (text, ')');
}

static char *
make_fingerprint (const ButlerRecordInfo  *info,
                  const ButlerLayoutField *fields)
{
  GString *text = g_string_new (info->name);

  g_string_append_c (text, '{');
  if (butler__info_is_opaque (info))
    g_string_append_printf (text, "opaque %u", info->size);
  for (guint i = 0; fields != NULL && i < info->n_fields; i++)
    {
      butler__field_describe (&fields[i], text);
      g_string_append_printf (text, " %s;", fields[i].name);
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

/* Names are shared with every other layout that has them; like the layouts they stay. */
static void
fill_field (ButlerLayoutField  *to,
            const ButlerField  *from,
            const ButlerLayout *nested)
{
  to->name = g_intern_string (from->name);
  to->kind = (ButlerKind) from->kind;
  to->offset = from->offset;
  to->size = from->size;
  to->nested = nested;
  if (to->kind != BUTLER_KIND_ARRAY && to->kind != BUTLER_KIND_FIXED)
    return;

  to->element = (ButlerKind) from->element;
  to->element_size = nested != NULL ? nested->size : butler__kind_get (from->element)->size;
  to->count = to->kind == BUTLER_KIND_FIXED ? from->count : 0;
}

static gboolean
read_nested (const ButlerRecordInfo *info,
             const ButlerField      *field,
             const char             *origin,
             guint                   depth,
             const ButlerLayout    **nested,
             GError                **error)
{
  *nested = NULL;
  if (!butler__info_needs_nested (field))
    return TRUE;
  if (field->nested == NULL)
    return butler__info_refuse (info->name, field->name, error, "the record that it holds is missing");

  *nested = register_unlocked (field->nested, origin, depth + 1, error);
  if (*nested == NULL)
    {
      g_prefix_error (error, "Record %s, field %s: ", info->name, field->name);
      return FALSE;
    }
  if (butler__layout_is_opaque (*nested))
    return butler__info_refuse (info->name, field->name, error, "%s is opaque, and only records can be nested",
                                (*nested)->type->name);
  return TRUE;
}

static gboolean
read_field (const ButlerRecordInfo *info,
            guint                   index,
            ButlerLayoutField      *fields,
            const char             *origin,
            guint                   depth,
            GError                **error)
{
  ButlerField         field = butler__info_get_field (info, index);
  const ButlerLayout *nested;

  if (!butler__info_check_field (info, &field, error) || !read_nested (info, &field, origin, depth, &nested, error)
      || !butler__info_check_place (info, &field, nested, error))
    return FALSE;

  fill_field (&fields[index], &field, nested);
  for (guint i = 0; i < index; i++)
    if (!butler__info_check_pair (info, &fields[i], &fields[index], error))
      return FALSE;
  return TRUE;
}

static ButlerLayoutField *
read_fields (const ButlerRecordInfo *info,
             const char             *origin,
             guint                   depth,
             GError                **error)
{
  g_autofree ButlerLayoutField *fields = g_new0 (ButlerLayoutField, info->n_fields);

  for (guint i = 0; i < info->n_fields; i++)
    if (!read_field (info, i, fields, origin, depth, error))
      return NULL;
  return g_steal_pointer (&fields);
}

static gboolean
is_plain (const ButlerLayout *layout)
{
  if (butler__layout_is_opaque (layout))
    return FALSE;

  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];
      ButlerKind               kind = field->kind == BUTLER_KIND_FIXED ? field->element : field->kind;

      if (kind == BUTLER_KIND_RECORD ? !field->nested->plain : !butler__kind_get (kind)->plain)
        return FALSE;
    }
  return TRUE;
}

/* Everything but the type: the layout may yet be one that is there. */
static gboolean
fill_layout (ButlerLayout           *layout,
             const ButlerRecordInfo *info,
             const char             *origin,
             guint                   depth,
             GError                **error)
{
  layout->size = info->size;
  layout->align = info->align;
  layout->origin = g_intern_string (origin);
  if (butler__info_is_opaque (info))
    {
      layout->clear = info->clear;
      layout->copy = info->copy;
      layout->no_copy = (info->flags & BUTLER_RECORD_NO_COPY) != 0;
      layout->opaque = g_new0 (ButlerOpaque, 1);
    }
  else
    {
      layout->fields = read_fields (info, origin, depth, error);
      layout->n_fields = info->n_fields;
      if (layout->fields == NULL)
        return FALSE;
    }

  layout->plain = is_plain (layout);
  layout->fingerprint = make_fingerprint (info, layout->fields);
  if (strlen (layout->fingerprint) > FINGERPRINT_MAX)
    return butler__info_refuse (info->name, NULL, error, "its description as text is longer than %u", FINGERPRINT_MAX);
  return TRUE;
}

static void
discard_layout (ButlerLayout *layout)
{
  g_free ((gpointer) layout->fields);
  g_free ((gpointer) layout->fingerprint);
  g_free (layout->opaque);
  g_free (layout);
}

static gboolean
same_layout (const ButlerLayout *a,
             const ButlerLayout *b)
{
  if (a->size != b->size || a->align != b->align || a->clear != b->clear || a->copy != b->copy
      || a->no_copy != b->no_copy || strcmp (a->fingerprint, b->fingerprint) != 0 || (a->opaque != NULL && a->opaque->gone))
    return FALSE;

  for (guint i = 0; i < a->n_fields; i++)
    if (a->fields[i].offset != b->fields[i].offset || a->fields[i].nested != b->fields[i].nested)
      return FALSE;
  return TRUE;
}

static TypeEntry *
ensure_type (const char *name)
{
  TypeEntry *entry;

  if (registry == NULL)
    registry = g_hash_table_new (g_str_hash, g_str_equal);

  entry = g_hash_table_lookup (registry, name);
  if (entry == NULL)
    {
      entry = g_new0 (TypeEntry, 1);
      entry->type.name = g_intern_string (name);
      entry->type.index = g_hash_table_size (registry);
      entry->layouts = g_ptr_array_new ();
      g_hash_table_insert (registry, (gpointer) entry->type.name, entry);
    }
  return entry;
}

/* Takes @layout, and returns the one that stands for it. */
static const ButlerLayout *
add_layout (const char   *name,
            ButlerLayout *layout)
{
  TypeEntry *entry = ensure_type (name);

  for (guint i = 0; i < entry->layouts->len; i++)
    {
      const ButlerLayout *present = entry->layouts->pdata[i];

      if (same_layout (present, layout))
        {
          discard_layout (layout);
          return present;
        }
    }

  layout->type = &entry->type;
  g_ptr_array_add (entry->layouts, layout);
  if (layout->opaque != NULL)
    {
      if (opaque == NULL)
        opaque = g_ptr_array_new ();
      g_ptr_array_add (opaque, layout);
    }
  return layout;
}

static const ButlerLayout *
register_unlocked (const ButlerRecordInfo *info,
                   const char             *origin,
                   guint                   depth,
                   GError                **error)
{
  const ButlerLayout *registered;
  ButlerLayout       *layout;

  if (!butler__info_check (info, error))
    return NULL;
  if (*info->layout != NULL)
    return *info->layout;
  if (depth > BUTLER__DEPTH_MAX)
    {
      butler__info_refuse (info->name, NULL, error, "records are nested more than %u deep", BUTLER__DEPTH_MAX);
      return NULL;
    }

  layout = g_new0 (ButlerLayout, 1);
  if (!fill_layout (layout, info, origin, depth, error))
    {
      discard_layout (layout);
      return NULL;
    }

  registered = add_layout (info->name, layout);
  /* Pairs with the acquire load in butler__layout_of(). */
  __atomic_store_n (info->layout, (gpointer) registered, __ATOMIC_RELEASE);
  return registered;
}

const ButlerLayout *
butler__layout_register (const ButlerRecordInfo *info,
                         const char             *origin,
                         GError                **error)
{
  const ButlerLayout *layout;

  g_mutex_lock (&registry_lock);
  layout = register_unlocked (info, origin != NULL ? origin : BUTLER__ORIGIN_PROGRAM, 1, error);
  g_mutex_unlock (&registry_lock);
  return layout;
}

const ButlerLayout *
butler__layout_of_slow (const ButlerRecordInfo *info)
{
  g_autoptr (GError)  error = NULL;
  const ButlerLayout *layout = butler__layout_register (info, butler__image_origin (info), &error);

  if (layout == NULL)
    g_critical ("%s", error->message);
  return layout;
}

const ButlerType *
butler__type_lookup (const char *name)
{
  TypeEntry *entry;

  g_mutex_lock (&registry_lock);
  entry = registry != NULL ? g_hash_table_lookup (registry, name) : NULL;
  g_mutex_unlock (&registry_lock);
  return entry != NULL ? &entry->type : NULL;
}

GPtrArray *
butler__type_get_layouts (const ButlerType *type)
{
  const TypeEntry *entry = (const TypeEntry *) type;
  GPtrArray       *layouts;

  g_mutex_lock (&registry_lock);
  layouts = g_ptr_array_copy (entry->layouts, NULL, NULL);
  g_mutex_unlock (&registry_lock);
  return layouts;
}

GPtrArray *
butler__layouts_get_opaque (void)
{
  GPtrArray *layouts;

  g_mutex_lock (&registry_lock);
  layouts = opaque != NULL ? g_ptr_array_copy (opaque, NULL, NULL) : g_ptr_array_new ();
  g_mutex_unlock (&registry_lock);
  return layouts;
}

void
butler__layouts_forget_opaque (gconstpointer low,
                               gconstpointer high)
{
  ButlerImage image = { .low = low, .high = high };

  g_mutex_lock (&registry_lock);
  for (guint i = 0; opaque != NULL && i < opaque->len;)
    {
      const ButlerLayout *layout = opaque->pdata[i];

      if (butler__opaque_lies_in (layout, &image))
        {
          layout->opaque->gone = TRUE;
          g_ptr_array_remove_index_fast (opaque, i);
        }
      else
        i++;
    }
  g_mutex_unlock (&registry_lock);
}

/**
 * butler_record_get_fingerprint:
 * @info: the description of a record type
 * @error: (nullable): place for an error
 *
 * Gets the text that tells one version of a record type from another: its name, then kind and name of each field,
 * nested records in full. An example is `LogLine{uint64 number;string text;array(string) words;}`. Records of the same
 * fingerprint have the same fields in the same order, though the compilers may have placed them differently.
 *
 * This is also the way to check an @info that was not made by BUTLER_RECORD(): each other function takes a wrong one
 * for a programmer's mistake.
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT, which says what is wrong with @info.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the fingerprint, which is never freed, or %NULL with an error
 *
 * Since: 1.0
 */
const char *
butler_record_get_fingerprint (const ButlerRecordInfo *info,
                               GError                **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (info != NULL, NULL);

  layout = butler__layout_register (info, BUTLER__ORIGIN_PROGRAM, error);
  return layout != NULL ? layout->fingerprint : NULL;
}
