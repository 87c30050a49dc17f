/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>

#include "lib/image.h"
#include "lib/layout.h"

/* The values of opaque types that live, in messages and elsewhere: each needs the file in which its type's functions lie. */
typedef struct _ButlerOpaque ButlerOpaque;
struct _ButlerOpaque
{
  _Atomic guint    live;    /* sequentially consistent, as watched is: who counts down or who watches sees the other */
  _Atomic gboolean watched; /* somebody wants to know when there is none left */
  gboolean         gone;    /* under the registry's lock: the functions are no more, though others may lie there by now */
};

typedef struct
{
  const ButlerImage *image;
  void             (*idle) (gpointer data); /* the last value of some type of @image went. Any thread; it must only wake */
  gpointer           data;
} ButlerOpaqueWatch;

/* butler__opaque_watch() and _unwatch() are a pair; after the latter idle() is not called any more, and does not run. */
void butler__opaque_watch   (ButlerOpaqueWatch *watch);
void butler__opaque_unwatch (ButlerOpaqueWatch *watch);

/* butler__opaque_notify() is the slow part of butler__opaque_died(). */
void butler__opaque_notify (const ButlerLayout *layout);

/* butler__opaque_count() is how many values need @image; for each type that has some, a line is added to @lines (nullable). */
guint butler__opaque_count (const ButlerImage *image,
                            GPtrArray         *lines);

static inline gboolean
butler__opaque_lies_in (const ButlerLayout *layout,
                        const ButlerImage  *image)
{
  return butler__image_has (image, (gconstpointer) (guintptr) layout->copy)
         || (layout->clear != NULL && butler__image_has (image, (gconstpointer) (guintptr) layout->clear));
}

static inline void
butler__opaque_born (const ButlerLayout *layout)
{
  atomic_fetch_add_explicit (&layout->opaque->live, 1, memory_order_seq_cst);
}

static inline void
butler__opaque_died (const ButlerLayout *layout)
{
  ButlerOpaque *opaque = layout->opaque;

  if (atomic_fetch_sub_explicit (&opaque->live, 1, memory_order_seq_cst) == 1
      && atomic_load_explicit (&opaque->watched, memory_order_seq_cst))
    butler__opaque_notify (layout);
}
