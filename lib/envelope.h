/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stddef.h>
#include <threadbutler/types.h>

typedef struct _ButlerLayout ButlerLayout;
typedef struct _ButlerAsk    ButlerAsk;

/* What hangs on a message of which somebody waits for the answer. The room of the servers makes it: lib/ask.h. */
struct _ButlerAsk
{
  void (*fail)  (ButlerAsk *ask, GError *error); /* (transfer full): ends it, unless it is over */
  void (*leave) (ButlerAsk *ask);                /* the message goes: nobody can answer any more. @ask may be gone then */
  void (*move)  (ButlerAsk *ask, ButlerChannel *channel); /* (nullable): it is about to be sent on to @channel */
};

/* What stands before every payload that the library hands out: one allocation holds both. A message and a heap record are
 * the same thing; it is owned by exactly one place at a time, and only the owner touches it. */
struct _ButlerMessage
{
  _Alignas (max_align_t) ButlerMessage *link; /* the next older one in a chain, the next one in a list that is in order */
  const ButlerLayout          *layout; /* never freed, never in a plugin's memory */
  guint32                      run;    /* internal lane: the server's run that it belongs to; 0: any */
  guint32                      kind;   /* of its memory: butler__pool_free() */
  ButlerAsk                   *ask;    /* (owned) (nullable): whoever frees the message ends it */
};

G_STATIC_ASSERT (sizeof (ButlerMessage) % _Alignof (max_align_t) == 0); /* the payload stands right behind */

/* butler__envelope_new() is an envelope for a payload of @size bytes, all of them zero. */
ButlerMessage *butler__envelope_new (const ButlerLayout *layout,
                                     gsize               size);

/* butler__envelope_new_uncleared() is one whose payload is the caller's to fill. */
ButlerMessage *butler__envelope_new_uncleared (const ButlerLayout *layout,
                                               gsize               size);

/* butler__envelope_with() is one for a payload that is a copy of @size bytes at @value, as they stand. */
ButlerMessage *butler__envelope_with (const ButlerLayout *layout,
                                      gconstpointer       value,
                                      gsize               size);

/* butler__envelope_take() is the same, and leaves zeros behind. */
ButlerMessage *butler__envelope_take (const ButlerLayout *layout,
                                      gpointer            value,
                                      gsize               size);

/* butler__envelope_free() frees the envelope alone: the payload's fields were cleared or moved out. */
void butler__envelope_free (ButlerMessage *message);

/* butler__envelope_leave_ask() comes before butler__envelope_free() where the message itself goes, and not into another one. */
static inline void
butler__envelope_leave_ask (ButlerMessage *message)
{
  if (G_UNLIKELY (message->ask != NULL))
    message->ask->leave (message->ask);
}

/* butler__envelope_move_ask() comes before a message is sent on that was received. */
static inline void
butler__envelope_move_ask (ButlerMessage *message,
                           ButlerChannel *channel)
{
  if (G_UNLIKELY (message->ask != NULL) && message->ask->move != NULL && channel != NULL)
    message->ask->move (message->ask, channel);
}

static inline gpointer
butler__envelope_payload (const ButlerMessage *message)
{
  return (gpointer) (message + 1);
}

static inline ButlerMessage *
butler__envelope_of (gconstpointer payload)
{
  return (ButlerMessage *) payload - 1;
}
