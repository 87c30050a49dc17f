/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/routes.h"

void
butler__routes_init (ButlerRoutes *routes)
{
  routes->tables = g_ptr_array_new_with_free_func (g_free);
  atomic_init (&routes->table, NULL);
}

void
butler__routes_clear (ButlerRoutes *routes)
{
  g_ptr_array_unref (routes->tables);
}

/* A later set() goes to the new table only, so a sender with the old one may still send where the type went before: as if it had
 * come a moment earlier. */
static ButlerRouteTable *
grow (ButlerRoutes     *routes,
      ButlerRouteTable *old,
      guint             index)
{
  guint n = MAX (16, 2 * index);
  ButlerRouteTable *table = g_malloc0 (sizeof (ButlerRouteTable) + n * sizeof table->channels[0]);

  table->n = n;
  for (guint i = 0; old != NULL && i < old->n; i++)
    atomic_init (&table->channels[i], atomic_load_explicit (&old->channels[i], memory_order_relaxed));
  g_ptr_array_add (routes->tables, table);
  atomic_store_explicit (&routes->table, table, memory_order_release);
  return table;
}

void
butler__routes_set (ButlerRoutes     *routes,
                    const ButlerType *type,
                    ButlerChannel    *channel)
{
  ButlerRouteTable *table = atomic_load_explicit (&routes->table, memory_order_relaxed);

  if (table == NULL || type->index >= table->n)
    {
      if (channel == NULL)
        return;
      table = grow (routes, table, type->index + 1);
    }
  atomic_store_explicit (&table->channels[type->index], channel, memory_order_release);
}

void
butler__routes_end (ButlerRoutes        *routes,
                    const ButlerChannel *channel)
{
  ButlerRouteTable *table = atomic_load_explicit (&routes->table, memory_order_relaxed);

  for (guint i = 0; table != NULL && i < table->n; i++)
    if (atomic_load_explicit (&table->channels[i], memory_order_relaxed) == channel)
      atomic_store_explicit (&table->channels[i], NULL, memory_order_release);
}
