/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/random-records.h"

#include <math.h>
#include <string.h>

#include "lib/field.h"
#include "lib/kind.h"

#define FIELDS_MAX 9

typedef struct
{
  ButlerRecordInfo info;
  ButlerField      fields[2 * FIELDS_MAX];
  gpointer         slot;
} RandomInfo;

static GPtrArray *infos; /* (element-type RandomInfo) */

static RandomInfo *
remember (void)
{
  RandomInfo *random = g_new0 (RandomInfo, 1);

  if (infos == NULL)
    infos = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (infos, random);
  random->info = (ButlerRecordInfo) { .info_size = sizeof (ButlerRecordInfo), .field_size = sizeof (ButlerField),
                                      .fields = random->fields, .layout = &random->slot };
  return random;
}

void
random_free_all (void)
{
  g_clear_pointer (&infos, g_ptr_array_unref);
}

static gboolean
toss (GRand *rand)
{
  return g_rand_int_range (rand, 0, 2) == 1;
}

static guint
below (GRand *rand,
       guint  limit)
{
  return (guint) g_rand_int_range (rand, 0, (gint32) limit);
}

static guint64
bits (GRand *rand)
{
  return (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
}

/* Places the fields one behind the other as a compiler would. */
static void
place (RandomInfo *random)
{
  guint32 end = 0, align = 1;

  for (guint i = 0; i < random->info.n_fields; i++)
    {
      ButlerField            *field = &random->fields[i];
      gboolean                fixed = field->kind == BUTLER_KIND_FIXED;
      const ButlerKindTraits *kind = butler__kind_get (fixed ? field->element : field->kind);
      guint32                 own = kind->align != 0 ? kind->align : field->nested->align;

      field->size = (kind->size != 0 ? kind->size : field->nested->size) * (fixed ? field->count : 1);
      field->offset = (end + own - 1) / own * own;
      end = field->offset + field->size;
      align = MAX (align, own);
    }
  random->info.align = align;
  random->info.size = (end + align - 1) / align * align;
}

static void
choose_element (GRand       *rand,
                ButlerField *field,
                guint        depth)
{
  do
    field->element = (guint8) (1 + below (rand, BUTLER_KIND_FIXED));
  while (!butler__kind_get (field->element)->element || (field->element == BUTLER_KIND_RECORD && depth == 0));

  if (field->kind == BUTLER_KIND_FIXED)
    field->count = 1 + below (rand, 4);
  if (field->element == BUTLER_KIND_RECORD)
    field->nested = random_info_new (rand, depth - 1);
}

static void
choose_field (GRand       *rand,
              ButlerField *field,
              guint        depth)
{
  do
    field->kind = (guint8) (1 + below (rand, BUTLER_KIND_FIXED));
  while (field->kind == BUTLER_KIND_RECORD && depth == 0);

  if (field->kind == BUTLER_KIND_RECORD)
    field->nested = random_info_new (rand, depth - 1);
  else if (field->kind == BUTLER_KIND_ARRAY || field->kind == BUTLER_KIND_FIXED)
    choose_element (rand, field, depth);
}

ButlerRecordInfo *
random_info_new (GRand *rand,
                 guint  depth)
{
  static guint     number;
  g_autofree char *name = g_strdup_printf ("Random%u", number++ % 300);
  RandomInfo      *random = remember ();

  /* Few names: the types get many layouts, and GLib never frees what it interns. */
  random->info.name = g_intern_string (name);
  random->info.n_fields = 1 + below (rand, FIELDS_MAX);
  for (guint i = 0; i < random->info.n_fields; i++)
    {
      g_autofree char *field_name = g_strdup_printf ("f%u", i);

      choose_field (rand, &random->fields[i], depth);
      random->fields[i].name = g_intern_string (field_name);
    }
  place (random);
  return &random->info;
}

static guint8
widen_kind (GRand *rand,
            guint8 kind)
{
  guint8 wide = (guint8) (1 + below (rand, BUTLER_KIND_FIXED));

  return butler__kind_widens (kind, wide) && toss (rand) ? wide : kind;
}

static void
vary_field (GRand       *rand,
            ButlerField *field,
            gboolean     widen)
{
  if (field->nested != NULL)
    field->nested = random_info_vary (rand, field->nested, widen);
  if (field->kind == BUTLER_KIND_FIXED)
    field->count += below (rand, 3);
  if (widen)
    {
      field->kind = widen_kind (rand, field->kind);
      if (field->element != BUTLER_KIND_NONE)
        field->element = widen_kind (rand, field->element);
    }
}

ButlerRecordInfo *
random_info_vary (GRand                  *rand,
                  const ButlerRecordInfo *info,
                  gboolean                widen)
{
  RandomInfo *random = remember ();
  guint       n = info->n_fields;

  random->info.name = info->name;
  for (guint i = 0; i < n; i++)
    {
      random->fields[i] = info->fields[i];
      vary_field (rand, &random->fields[i], widen);
    }
  for (guint extra = below (rand, FIELDS_MAX / 2); extra > 0; extra--)
    {
      g_autofree char *name = g_strdup_printf ("extra%u", n);

      choose_field (rand, &random->fields[n], 1);
      random->fields[n++].name = g_intern_string (name);
    }
  random->info.n_fields = n;

  for (guint i = n - 1; i > 0; i--)
    {
      guint       j = below (rand, i + 1);
      ButlerField swapped = random->fields[i];

      random->fields[i] = random->fields[j];
      random->fields[j] = swapped;
    }
  place (random);
  return &random->info;
}

/* Empty, plain, UTF-8, or bytes of any kind. */
static char *
random_string (GRand *rand)
{
  static const char *const texts[] = { "", "a", "\xc3\xbc", "\xe2\x82\xac uro", "\"quoted\"\n", "\xf0\x9f\x90\x9b" };
  guint                    length;
  char                    *text;

  if (toss (rand))
    return g_strdup (texts[below (rand, G_N_ELEMENTS (texts))]);

  length = below (rand, 12);
  text = g_new0 (char, length + 1);
  for (guint i = 0; i < length; i++)
    text[i] = (char) (1 + below (rand, toss (rand) ? 255 : 126));
  return text;
}

GVariant *
random_variant (GRand *rand,
                guint  depth)
{
  g_autofree char *text = NULL;

  switch (below (rand, depth > 0 ? 9 : 6))
    {
    case 0:
      return g_variant_new_int32 ((gint32) g_rand_int (rand));
    case 1:
      return g_variant_new_uint64 (bits (rand));
    case 2:
      text = random_string (rand);
      return g_variant_new_bytestring (text);
    case 3:
      return g_variant_new_boolean (toss (rand));
    case 4:
      return g_variant_new_double (g_rand_double (rand));
    case 5:
      return g_variant_new_string ("text");
    case 6:
      return g_variant_new_variant (random_variant (rand, depth - 1));
    case 7:
      return g_variant_new_parsed ("(%*, 'x')", random_variant (rand, depth - 1));
    default:
      return g_variant_new_parsed ("{'f0': <%*>, 'f1': <%*>}", random_variant (rand, depth - 1),
                                   random_variant (rand, depth - 1));
    }
}

/* Any bits, but that a float is no NaN: one that signals loses its signal when it becomes a double. */
static void
fill_number (GRand     *rand,
             ButlerKind kind,
             gpointer   value)
{
  guint64 any = toss (rand) ? bits (rand) : below (rand, 3);

  if (kind == BUTLER_KIND_BOOLEAN)
    any &= 1;
  memcpy (value, &any, butler__kind_get (kind)->size);
  if (kind == BUTLER_KIND_FLOAT && isnan (*(float *) value))
    *(float *) value = 1.5f;
}

static GBytes *
random_bytes (GRand *rand)
{
  guint8 data[40];
  gsize  n = below (rand, sizeof data);

  for (gsize i = 0; i < n; i++)
    data[i] = (guint8) g_rand_int (rand);
  return g_bytes_new (data, n);
}

static GStrv
random_strv (GRand *rand)
{
  guint n = below (rand, 4);
  GStrv strv = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    strv[i] = random_string (rand);
  return strv;
}

static void fill_value (GRand                   *rand,
                        const ButlerLayoutField *field,
                        gpointer                 value,
                        RandomFlags              flags);

static void
fill_elements (GRand                   *rand,
               const ButlerLayoutField *field,
               gpointer                 value,
               RandomFlags              flags)
{
  ButlerSequence sequence = butler__field_sequence (field, value);

  for (gsize i = 0; i < sequence.n; i++)
    fill_value (rand, &sequence.element, butler__sequence_at (&sequence, i), flags);
}

/* Of what is a pointer, and shall not be NULL. */
static void
fill_pointer (GRand                   *rand,
              const ButlerLayoutField *field,
              gpointer                 value,
              RandomFlags              flags)
{
  switch (field->kind)
    {
    case BUTLER_KIND_STRING:
      *(char **) value = random_string (rand);
      break;
    case BUTLER_KIND_STRV:
      *(GStrv *) value = random_strv (rand);
      break;
    case BUTLER_KIND_BYTES:
      *(GBytes **) value = random_bytes (rand);
      break;
    case BUTLER_KIND_VARIANT:
      *(GVariant **) value = random_variant (rand, 3);
      break;
    case BUTLER_KIND_ARRAY:
      *(GArray **) value = butler__field_new_array (field, below (rand, 30) == 0 ? 100 : below (rand, 5));
      fill_elements (rand, field, value, flags);
      break;
    case BUTLER_KIND_OBJECT:
      if (flags & RANDOM_LOCAL)
        *(GObject **) value = g_object_new (G_TYPE_OBJECT, NULL);
      break;
    default:
      if (flags & RANDOM_LOCAL)
        *(gpointer *) value = GSIZE_TO_POINTER (g_rand_int (rand));
      break;
    }
}

static void
fill_value (GRand                   *rand,
            const ButlerLayoutField *field,
            gpointer                 value,
            RandomFlags              flags)
{
  if (butler__kind_get (field->kind)->family != BUTLER_FAMILY_NONE)
    fill_number (rand, field->kind, value);
  else if (field->kind == BUTLER_KIND_RECORD)
    random_fill (rand, field->nested, value, flags);
  else if (field->kind == BUTLER_KIND_FIXED)
    fill_elements (rand, field, value, flags);
  else if (below (rand, 4) > 0)
    fill_pointer (rand, field, value, flags);
}

void
random_fill (GRand              *rand,
             const ButlerLayout *layout,
             gpointer            record,
             RandomFlags         flags)
{
  for (guint i = 0; i < layout->n_fields; i++)
    fill_value (rand, &layout->fields[i], butler__field_of (&layout->fields[i], record), flags);
}
