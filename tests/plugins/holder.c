/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/holder.h"

/* Holds a message of an opaque type, whose clear function lies here, and hands the context over. */

typedef struct
{
  int *counter; /* (unowned) (nullable): counts up when it is cleared */
} HolderBlob;

static void
blob_wipe (HolderBlob *blob)
{
  if (blob->counter != NULL)
    ++*blob->counter;
  blob->counter = NULL;
}

BUTLER_OPAQUE_MESSAGE (HolderBlob, holder_blob, blob_wipe, NULL);

#define HOLDER_FIELDS(F, R) F (R, uint32, blobs)
BUTLER_RECORD (Holder, holder, HOLDER_FIELDS);

#define HOLDER_HANDLES(H, S) \
  H (S, holder_order)        \
  H (S, holder_blob)
BUTLER_HANDLERS (holder, HOLDER_HANDLES);

static void
holder_on_holder_order (Holder *self, HolderOrder *order, ButlerContext *context)
{
  (void) self;
  holder_blob_send_to (butler_context_get_channel (context), &(HolderBlob) { .counter = order->counter }, NULL);
}

static void
holder_on_holder_blob (Holder *self, HolderBlob *blob, ButlerContext *context)
{
  (void) blob;
  self->blobs++;
  holder_held_send (butler_context_get_hub (context), &(HolderHeld) { .context = butler_context_hold (context) }, NULL);
}

static const ButlerHandlerSet holder_set = { BUTLER_HANDLER_SET (holder) };

BUTLER_PLUGIN (holder, "1.0", &holder_set)
