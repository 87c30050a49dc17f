/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/channels.h"

/* Parcels that count in one place how often they are cleared. */
static _Atomic guint8 cleared;

static inline Parcel
parcel (guint number)
{
  return (Parcel) { .cleared = &cleared, .number = number };
}

static inline void
send_parcels (ButlerChannel *channel,
              guint          n)
{
  for (guint i = 0; i < n; i++)
    {
      Parcel value = parcel (i);

      ck_assert (parcel_send_to (channel, &value, NULL));
    }
}

/* Before each test. */
static inline void
count_parcels_anew (void)
{
  atomic_store (&cleared, 0);
}
