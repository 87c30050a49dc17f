/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/channel.h"

typedef struct _ButlerRouteTable ButlerRouteTable;

/* Message type -> channel, by the type's index. Senders read it without a lock; tables that grew too small stay until the end, as
 * a sender may still look into one. */
typedef struct
{
  _Atomic (ButlerRouteTable *) table;  /* set with release, read with acquire */
  GPtrArray                   *tables; /* (owned): all of them; under the hub's mutex */
} ButlerRoutes;

struct _ButlerRouteTable
{
  guint                     n;
  _Atomic (ButlerChannel *) channels[]; /* (unowned): the hub keeps its channels; set with release, read with acquire */
};

void butler__routes_init  (ButlerRoutes *routes);
void butler__routes_clear (ButlerRoutes *routes);

/* butler__routes_set() is called with the hub's mutex held; @channel NULL ends the route. */
void butler__routes_set (ButlerRoutes     *routes,
                         const ButlerType *type,
                         ButlerChannel    *channel);

/* butler__routes_end() ends all routes to @channel. The hub's mutex is held. */
void butler__routes_end (ButlerRoutes        *routes,
                         const ButlerChannel *channel);

static inline ButlerChannel *
butler__routes_get (ButlerRoutes     *routes,
                    const ButlerType *type)
{
  ButlerRouteTable *table = atomic_load_explicit (&routes->table, memory_order_acquire);

  return table != NULL && type->index < table->n ? atomic_load_explicit (&table->channels[type->index], memory_order_acquire)
                                                 : NULL;
}
