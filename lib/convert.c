/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/convert.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/field.h"
#include "lib/kind.h"

typedef struct
{
  ButlerLayoutField       from;
  ButlerLayoutField       to;
  const ButlerConversion *nested; /* of their records or their elements, if these have two layouts */
} Step;

struct _ButlerConversion
{
  const ButlerLayout *from; /* first, with to: the key in the table */
  const ButlerLayout *to;
  gboolean            whole; /* the bytes are moved as they are */
  guint               n_steps;
  Step                steps[];
};

/* A leaf lock. Conversions are made once a pair and stay. */
static GMutex      conversions_lock;
static GHashTable *conversions; /* a set of ButlerConversion, by from and to */

static guint
pair_hash (gconstpointer key)
{
  const ButlerConversion *conversion = key;

  return g_direct_hash (conversion->from) * 31 + g_direct_hash (conversion->to);
}

static gboolean
pair_equal (gconstpointer a,
            gconstpointer b)
{
  const ButlerConversion *left = a, *right = b;

  return left->from == right->from && left->to == right->to;
}

static const ButlerConversion *get_unlocked (const ButlerLayout *from,
                                             const ButlerLayout *to,
                                             GError            **error);

static gboolean
is_same (const ButlerLayoutField *from,
         const ButlerLayoutField *to)
{
  return from->kind == to->kind && from->element == to->element && from->count == to->count
         && from->nested == to->nested;
}

/* Values of one kind, or elements of one, or numbers that widen. */
static gboolean
is_convertible (const ButlerLayoutField *from,
                const ButlerLayoutField *to)
{
  if (from->kind == BUTLER_KIND_ARRAY || from->kind == BUTLER_KIND_FIXED)
    return from->kind == to->kind && butler__kind_widens (from->element, to->element);

  return butler__kind_widens (from->kind, to->kind);
}

static gboolean
plan_step (const ButlerLayout      *from_layout,
           const ButlerLayoutField *from,
           const ButlerLayout      *to_layout,
           const ButlerLayoutField *to,
           Step                    *step,
           GError                 **error)
{
  *step = (Step) { .from = *from, .to = *to };
  if (!is_convertible (from, to))
    {
      g_autoptr (GString) from_type = g_string_new (NULL);
      g_autoptr (GString) to_type = g_string_new (NULL);

      butler__field_describe (from, from_type);
      butler__field_describe (to, to_type);
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s.%s: %s (in %s) does not widen to %s (in %s)",
                   from_layout->type->name, from->name, from_type->str, from_layout->origin, to_type->str,
                   to_layout->origin);
      return FALSE;
    }
  if (from->nested == to->nested)
    return TRUE;

  step->nested = get_unlocked (from->nested, to->nested, error);
  if (step->nested != NULL)
    return TRUE;
  g_prefix_error (error, "%s.%s: ", from_layout->type->name, from->name);
  return FALSE;
}

static const ButlerLayoutField *
find_field (const ButlerLayout *layout,
            const char         *name)
{
  for (guint i = 0; i < layout->n_fields; i++)
    if (strcmp (layout->fields[i].name, name) == 0)
      return &layout->fields[i];
  return NULL;
}

static gboolean
plan_steps (ButlerConversion *conversion,
            GError          **error)
{
  const ButlerLayout *from = conversion->from;
  const ButlerLayout *to = conversion->to;

  for (guint i = 0; i < from->n_fields; i++)
    {
      const ButlerLayoutField *field = find_field (to, from->fields[i].name);

      if (field != NULL
          && !plan_step (from, &from->fields[i], to, field, &conversion->steps[conversion->n_steps++], error))
        return FALSE;
    }
  if (conversion->n_steps > 0)
    return TRUE;

  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s (in %s) has no field in common with %s (in %s)",
               from->type->name, from->origin, to->type->name, to->origin);
  return FALSE;
}

/* What an opaque value means only its own functions know, whichever file they came from. */
static gboolean
plan_opaque (ButlerConversion *conversion,
             GError          **error)
{
  const ButlerLayout *from = conversion->from;
  const ButlerLayout *to = conversion->to;

  conversion->whole = strcmp (from->fingerprint, to->fingerprint) == 0;
  if (!conversion->whole)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s (in %s) is opaque, and differs from %s (in %s)",
                 from->fingerprint, from->origin, to->fingerprint, to->origin);
  return conversion->whole;
}

static const ButlerConversion *
get_unlocked (const ButlerLayout *from,
              const ButlerLayout *to,
              GError            **error)
{
  ButlerConversion        key = { .from = from, .to = to };
  g_autofree ButlerConversion *made = NULL;
  const ButlerConversion *present;
  gboolean                planned;

  if (conversions == NULL)
    conversions = g_hash_table_new (pair_hash, pair_equal);
  present = g_hash_table_lookup (conversions, &key);
  if (present != NULL)
    return present;

  made = g_malloc0 (sizeof (ButlerConversion) + from->n_fields * sizeof (Step));
  made->from = from;
  made->to = to;
  if (from == to)
    planned = made->whole = TRUE;
  else if (butler__layout_is_opaque (from) || butler__layout_is_opaque (to))
    planned = plan_opaque (made, error);
  else
    planned = plan_steps (made, error);
  if (!planned)
    return NULL;

  g_hash_table_add (conversions, made);
  return g_steal_pointer (&made);
}

const ButlerConversion *
butler__conversion_get (const ButlerLayout *from,
                        const ButlerLayout *to,
                        GError            **error)
{
  const ButlerConversion *conversion;

  g_mutex_lock (&conversions_lock);
  conversion = get_unlocked (from, to, error);
  g_mutex_unlock (&conversions_lock);
  return conversion;
}

static void move_value (const ButlerLayoutField *from,
                        const ButlerLayoutField *to,
                        const ButlerConversion  *nested,
                        gpointer                 source,
                        gpointer                 target);

/* Of sequences of different lengths the common part is moved. */
static void
move_elements (const ButlerLayoutField *from,
               const ButlerLayoutField *to,
               const ButlerConversion  *nested,
               gpointer                 source,
               gpointer                 target)
{
  ButlerSequence source_sequence = butler__field_sequence (from, source);
  ButlerSequence target_sequence = butler__field_sequence (to, target);

  for (gsize i = 0; i < MIN (source_sequence.n, target_sequence.n); i++)
    move_value (&source_sequence.element, &target_sequence.element, nested, butler__sequence_at (&source_sequence, i),
                butler__sequence_at (&target_sequence, i));
}

static void
move_array (const ButlerLayoutField *from,
            const ButlerLayoutField *to,
            const ButlerConversion  *nested,
            gpointer                 source,
            gpointer                 target)
{
  if (*(GArray **) source == NULL)
    return;

  *(GArray **) target = butler__field_new_array (to, (guint) butler__field_sequence (from, source).n);
  move_elements (from, to, nested, source, target);
}

/* What it leaves at @source is still owned by it, and cleared with the record. */
static void
move_value (const ButlerLayoutField *from,
            const ButlerLayoutField *to,
            const ButlerConversion  *nested,
            gpointer                 source,
            gpointer                 target)
{
  if (is_same (from, to))
    {
      memcpy (target, source, to->size);
      memset (source, 0, from->size);
    }
  else if (from->kind == BUTLER_KIND_RECORD)
    butler__conversion_move (nested, source, target);
  else if (from->kind == BUTLER_KIND_ARRAY)
    move_array (from, to, nested, source, target);
  else if (from->kind == BUTLER_KIND_FIXED)
    move_elements (from, to, nested, source, target);
  else
    butler__kind_store (to->kind, target, butler__kind_load (from->kind, source));
}

void
butler__conversion_move (const ButlerConversion *conversion,
                         gpointer                from,
                         gpointer                to)
{
  if (conversion->whole)
    {
      memcpy (to, from, conversion->from->size);
      memset (from, 0, conversion->from->size);
      return;
    }

  for (guint i = 0; i < conversion->n_steps; i++)
    {
      const Step *step = &conversion->steps[i];

      move_value (&step->from, &step->to, step->nested, butler__field_of (&step->from, from),
                  butler__field_of (&step->to, to));
    }
  butler__layout_clear (conversion->from, from);
}

/* A copy that is moved: twice the work of a copy that converts, and half the code. */
void
butler__conversion_copy (const ButlerConversion *conversion,
                         gconstpointer           from,
                         gpointer                to)
{
  g_autofree gpointer copy = g_malloc (conversion->from->size);

  butler__layout_copy (conversion->from, from, copy);
  butler__conversion_move (conversion, copy, to);
}

/**
 * butler_record_convert:
 * @from: the description of the type of @record
 * @record: a record
 * @to: the description of the type that is wanted
 * @error: (nullable): place for an error
 *
 * Makes a record of another type, or of another version of the same type, of the fields that both have by name.
 *
 * A field is kept if its kind is the same, and widened if both kinds are integers of one sign or both floating, and the
 * new one is the larger; the elements of arrays and of fixed fields, and nested records, likewise. Fields that only @to
 * has are zero, those that only @from has are left out, as is what a shorter fixed field has no room for. @record stays
 * as it is.
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT if no field is common or a common one does not widen.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the record, for butler_record_free(), or %NULL with an error
 *
 * Since: 1.0
 */
gpointer
butler_record_convert (const ButlerRecordInfo *from,
                       gconstpointer           record,
                       const ButlerRecordInfo *to,
                       GError                **error)
{
  const ButlerLayout     *from_layout, *to_layout;
  const ButlerConversion *conversion;
  gpointer                converted;

  g_return_val_if_fail (from != NULL && to != NULL, NULL);
  g_return_val_if_fail (record != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  from_layout = butler__layout_of (from);
  to_layout = butler__layout_of (to);
  if (from_layout == NULL || to_layout == NULL)
    return NULL;

  conversion = butler__conversion_get (from_layout, to_layout, error);
  if (conversion == NULL)
    return NULL;

  converted = butler_record_new (to);
  butler__conversion_copy (conversion, record, converted);
  return converted;
}
