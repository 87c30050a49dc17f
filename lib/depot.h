/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/chunk.h"

/* Where threads exchange free blocks of one size, by the magazine: a list of up to BUTLER__MAGAZINE of them. After Bonwick and Adams,
 * "Magazines and Vmem" (USENIX 2001): a block has no owner to return to, it goes to whoever needs one next. */
#define BUTLER__MAGAZINE 64

typedef struct _ButlerDepot ButlerDepot;

/* butler__depot_of() is the one for blocks of butler__sizes[@index] bytes. Never freed. */
ButlerDepot *butler__depot_of (guint index);

/* How many sizes there are, and which. */
#define BUTLER__SIZES 12
extern const guint16 butler__sizes[BUTLER__SIZES];

/* butler__depot_take() is a magazine, of which *n are there; NULL if there is no memory. Any thread. */
ButlerBlock *butler__depot_take (ButlerDepot *depot,
                                 guint       *n);

/* butler__depot_put() is the other way: @n blocks, linked by next. Any thread. */
void butler__depot_put (ButlerDepot *depot,
                        ButlerBlock *first,
                        guint        n);

/* butler__depot_has_surplus() is TRUE when so much lies there that it is worth a look which chunks are complete. */
gboolean butler__depot_has_surplus (ButlerDepot *depot);

/* butler__depot_sort() brings the blocks of one magazine back to their chunks, and releases those that are complete and more than are
 * kept; FALSE when there is none left. Any thread. */
gboolean butler__depot_sort (ButlerDepot *depot);
