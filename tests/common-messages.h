/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>
#include <threadbutler/threadbutler.h>

/* Messages that the tests of channels and servers share. */

#define NUMBER_FIELDS(F, R) \
  F (R, int32, value)
BUTLER_MESSAGE (Number, number, NUMBER_FIELDS);

#define NOTE_FIELDS(F, R) \
  F (R, int32,  number)   \
  F (R, string, text)
BUTLER_MESSAGE (Note, note, NOTE_FIELDS);

/* Tells when it is cleared, by counting and by a call; a copy is another one that counts in the same place. */
typedef struct
{
  _Atomic guint8 *cleared; /* (nullable) */
  void          (*on_clear) (gpointer data);
  gpointer        data;
  guint           writer;
  guint           number;
} Parcel;

static inline void
parcel_tell (Parcel *parcel)
{
  if (parcel->cleared != NULL)
    atomic_fetch_add_explicit (parcel->cleared, 1, memory_order_relaxed);
  if (parcel->on_clear != NULL)
    parcel->on_clear (parcel->data);
}

BUTLER_OPAQUE_MESSAGE (Parcel, parcel, parcel_tell, NULL);
