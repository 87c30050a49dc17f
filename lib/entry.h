/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/message.h"

/* What the library itself puts on a server's internal lane, beside messages: something to do with the reader's role. It is linked as a
 * message is, and has no layout. */
typedef struct _ButlerEntry ButlerEntry;
struct _ButlerEntry
{
  ButlerMessage header;

  /* @server is NULL when nobody will ever have the role again for it: it is to be freed, and no more. */
  void        (*run) (ButlerEntry *entry, ButlerServer *server);
};

static inline ButlerEntry *
butler__entry_of (ButlerMessage *message)
{
  return message->layout == NULL ? (ButlerEntry *) message : NULL;
}

/* butler__entry_drop() frees what was on the lane when it closed. */
static inline void
butler__entry_drop (ButlerMessage *message)
{
  ButlerEntry *entry = butler__entry_of (message);

  if (entry != NULL)
    entry->run (entry, NULL);
  else
    butler_message_free (message);
}
