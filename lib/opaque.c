/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/opaque.h"

/* Nothing is locked below it but what idle() locks. */
static GMutex     watches_lock;
static GPtrArray *watches; /* ButlerOpaqueWatch */

void
butler__opaque_watch (ButlerOpaqueWatch *watch)
{
  g_autoptr (GPtrArray) layouts = butler__layouts_get_opaque ();

  g_mutex_lock (&watches_lock);
  if (watches == NULL)
    watches = g_ptr_array_new ();
  g_ptr_array_add (watches, watch);
  g_mutex_unlock (&watches_lock);

  for (guint i = 0; i < layouts->len; i++)
    {
      const ButlerLayout *layout = layouts->pdata[i];

      if (butler__opaque_lies_in (layout, watch->image))
        atomic_store_explicit (&layout->opaque->watched, TRUE, memory_order_seq_cst);
    }
}

void
butler__opaque_unwatch (ButlerOpaqueWatch *watch)
{
  g_mutex_lock (&watches_lock);
  if (watches != NULL)
    g_ptr_array_remove_fast (watches, watch);
  g_mutex_unlock (&watches_lock);
}

void
butler__opaque_notify (const ButlerLayout *layout)
{
  g_mutex_lock (&watches_lock);
  for (guint i = 0; watches != NULL && i < watches->len; i++)
    {
      ButlerOpaqueWatch *watch = watches->pdata[i];

      if (butler__opaque_lies_in (layout, watch->image))
        watch->idle (watch->data);
    }
  g_mutex_unlock (&watches_lock);
}

guint
butler__opaque_count (const ButlerImage *image,
                      GPtrArray         *lines)
{
  g_autoptr (GPtrArray) layouts = butler__layouts_get_opaque ();
  guint sum = 0;

  for (guint i = 0; i < layouts->len; i++)
    {
      const ButlerLayout *layout = layouts->pdata[i];
      guint live = butler__opaque_lies_in (layout, image) ? atomic_load_explicit (&layout->opaque->live, memory_order_seq_cst) : 0;

      sum += live;
      if (live > 0 && lines != NULL)
        g_ptr_array_add (lines, g_strdup_printf ("%u of type %s", live, layout->type->name));
    }
  return sum;
}
