/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/kind.h"

#include <float.h>
#include <math.h>

#define NUMBER(name, Type, family, variant, verbatim)                                                                  \
  { name, sizeof (Type), _Alignof (Type), TRUE, TRUE, verbatim, BUTLER_FAMILY_##family, variant }
#define POINTER(name, element, plain, variant)                                                                         \
  { name, sizeof (gpointer), _Alignof (gpointer), element, plain, FALSE, BUTLER_FAMILY_NONE, variant }
#define COMPOUND(name, element, variant) { name, 0, 0, element, FALSE, FALSE, BUTLER_FAMILY_NONE, variant }

/* GVariant has no signed byte and no float: both go as the next larger type and are checked on their way back. */
const ButlerKindTraits butler__kinds[BUTLER__N_KINDS] = {
  [BUTLER_KIND_BOOLEAN] = NUMBER ("boolean", gboolean, BOOLEAN, "b", FALSE),
  [BUTLER_KIND_INT8] = NUMBER ("int8", gint8, SIGNED, "n", FALSE),
  [BUTLER_KIND_UINT8] = NUMBER ("uint8", guint8, UNSIGNED, "y", TRUE),
  [BUTLER_KIND_INT16] = NUMBER ("int16", gint16, SIGNED, "n", TRUE),
  [BUTLER_KIND_UINT16] = NUMBER ("uint16", guint16, UNSIGNED, "q", TRUE),
  [BUTLER_KIND_INT32] = NUMBER ("int32", gint32, SIGNED, "i", TRUE),
  [BUTLER_KIND_UINT32] = NUMBER ("uint32", guint32, UNSIGNED, "u", TRUE),
  [BUTLER_KIND_INT64] = NUMBER ("int64", gint64, SIGNED, "x", TRUE),
  [BUTLER_KIND_UINT64] = NUMBER ("uint64", guint64, UNSIGNED, "t", TRUE),
  [BUTLER_KIND_FLOAT] = NUMBER ("float", float, FLOATING, "d", FALSE),
  [BUTLER_KIND_DOUBLE] = NUMBER ("double", double, FLOATING, "d", TRUE),
  [BUTLER_KIND_ENUM] = NUMBER ("enum", gint32, ENUM, "i", TRUE),
  [BUTLER_KIND_STRING] = POINTER ("string", TRUE, FALSE, "s"),
  [BUTLER_KIND_STRV] = POINTER ("strv", FALSE, FALSE, "as"),
  [BUTLER_KIND_BYTES] = POINTER ("bytes", FALSE, FALSE, "ay"),
  [BUTLER_KIND_VARIANT] = POINTER ("variant", FALSE, FALSE, "v"),
  [BUTLER_KIND_OBJECT] = POINTER ("object", FALSE, FALSE, NULL),
  [BUTLER_KIND_POINTER] = POINTER ("pointer", FALSE, TRUE, NULL),
  [BUTLER_KIND_RECORD] = COMPOUND ("record", TRUE, "a{sv}"),
  [BUTLER_KIND_ARRAY] = POINTER ("array", FALSE, FALSE, NULL),
  [BUTLER_KIND_FIXED] = COMPOUND ("fixed", FALSE, NULL),
};

gboolean
butler__kind_widens (ButlerKind from,
                     ButlerKind to)
{
  if (from == to)
    return TRUE;

  return butler__kinds[from].family == butler__kinds[to].family && butler__kinds[from].family >= BUTLER_FAMILY_SIGNED
         && butler__kinds[from].size < butler__kinds[to].size;
}

guint64
butler__kind_max (ButlerKind kind)
{
  guint64 all = butler__kinds[kind].family == BUTLER_FAMILY_UNSIGNED ? G_MAXUINT64 : G_MAXINT64;

  return all >> (64 - 8 * butler__kinds[kind].size);
}

gboolean
butler__kind_holds (ButlerKind   kind,
                    ButlerNumber number)
{
  gint64 max = (gint64) butler__kind_max (kind); /* used for the signed families alone */

  switch (butler__kinds[kind].family)
    {
    case BUTLER_FAMILY_UNSIGNED:
      return number.u <= butler__kind_max (kind);
    case BUTLER_FAMILY_SIGNED:
    case BUTLER_FAMILY_ENUM:
      return number.i <= max && number.i >= -max - 1;
    case BUTLER_FAMILY_FLOATING:
      return kind == BUTLER_KIND_DOUBLE || !isfinite (number.f) || fabs (number.f) <= (double) FLT_MAX;
    case BUTLER_FAMILY_BOOLEAN:
    case BUTLER_FAMILY_NONE:
    default:
      return TRUE;
    }
}

ButlerNumber
butler__kind_load (ButlerKind    kind,
                   gconstpointer value)
{
  switch (kind)
    {
    case BUTLER_KIND_INT8:
      return (ButlerNumber) { .i = *(const gint8 *) value };
    case BUTLER_KIND_UINT8:
      return (ButlerNumber) { .u = *(const guint8 *) value };
    case BUTLER_KIND_INT16:
      return (ButlerNumber) { .i = *(const gint16 *) value };
    case BUTLER_KIND_UINT16:
      return (ButlerNumber) { .u = *(const guint16 *) value };
    case BUTLER_KIND_UINT32:
      return (ButlerNumber) { .u = *(const guint32 *) value };
    case BUTLER_KIND_INT64:
      return (ButlerNumber) { .i = *(const gint64 *) value };
    case BUTLER_KIND_UINT64:
      return (ButlerNumber) { .u = *(const guint64 *) value };
    case BUTLER_KIND_FLOAT:
      return (ButlerNumber) { .f = (double) *(const float *) value };
    case BUTLER_KIND_DOUBLE:
      return (ButlerNumber) { .f = *(const double *) value };
    default: /* boolean, int32, enum */
      return (ButlerNumber) { .i = *(const gint32 *) value };
    }
}

void
butler__kind_store (ButlerKind   kind,
                    gpointer     value,
                    ButlerNumber number)
{
  switch (kind)
    {
    case BUTLER_KIND_INT8:
      *(gint8 *) value = (gint8) number.i;
      break;
    case BUTLER_KIND_UINT8:
      *(guint8 *) value = (guint8) number.u;
      break;
    case BUTLER_KIND_INT16:
      *(gint16 *) value = (gint16) number.i;
      break;
    case BUTLER_KIND_UINT16:
      *(guint16 *) value = (guint16) number.u;
      break;
    case BUTLER_KIND_UINT32:
      *(guint32 *) value = (guint32) number.u;
      break;
    case BUTLER_KIND_INT64:
      *(gint64 *) value = number.i;
      break;
    case BUTLER_KIND_UINT64:
      *(guint64 *) value = number.u;
      break;
    case BUTLER_KIND_FLOAT:
      *(float *) value = (float) number.f;
      break;
    case BUTLER_KIND_DOUBLE:
      *(double *) value = number.f;
      break;
    default: /* boolean, int32, enum */
      *(gint32 *) value = (gint32) number.i;
      break;
    }
}
