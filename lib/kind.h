/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/layout.h"

/* What numbers of a kind are: only those of one family widen into each other, booleans and enums into nothing. */
typedef enum
{
  BUTLER_FAMILY_NONE, /* no number */
  BUTLER_FAMILY_BOOLEAN,
  BUTLER_FAMILY_ENUM,
  BUTLER_FAMILY_SIGNED,
  BUTLER_FAMILY_UNSIGNED,
  BUTLER_FAMILY_FLOATING,
} ButlerFamily;

/* All that is known of a kind; every walker reads it here. */
typedef struct
{
  const char  *name;     /* as it stands in a field list */
  guint8       size;     /* of one value; 0: as much as its nested record or its elements take */
  guint8       align;    /* likewise */
  guint8       element;  /* may stand in an array or a fixed field */
  guint8       plain;    /* owns nothing */
  guint8       verbatim; /* a GVariant array holds the very bytes of an array of it */
  ButlerFamily family;
  const char  *variant;  /* the GVariant type of one value; NULL: an array of its elements' */
} ButlerKindTraits;

/* A number of any family, as wide as they come. */
typedef union
{
  gint64  i; /* boolean, enum, signed */
  guint64 u;
  double  f;
} ButlerNumber;

#define BUTLER__N_KINDS (BUTLER_KIND_FIXED + 1)

extern const ButlerKindTraits butler__kinds[BUTLER__N_KINDS];

/* butler__kind_get() is NULL when @kind, which may come from a plugin, is none. */
static inline const ButlerKindTraits *
butler__kind_get (guint kind)
{
  return kind != BUTLER_KIND_NONE && kind < BUTLER__N_KINDS ? &butler__kinds[kind] : NULL;
}

/* butler__kind_widens() tells whether each value of the number kind @from is one of @to. */
gboolean butler__kind_widens (ButlerKind from,
                              ButlerKind to);

/* butler__kind_max() is the largest integer that @kind holds. Signed ones hold from minus that minus one on. */
guint64 butler__kind_max (ButlerKind kind);

/* butler__kind_holds() tells whether @number, which is of @kind's family, fits. */
gboolean butler__kind_holds (ButlerKind   kind,
                             ButlerNumber number);

ButlerNumber butler__kind_load  (ButlerKind    kind,
                                 gconstpointer value);
void         butler__kind_store (ButlerKind    kind,
                                 gpointer      value,
                                 ButlerNumber  number);
