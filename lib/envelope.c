/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/envelope.h"

#include <string.h>

#include "lib/opaque.h"
#include "lib/pool.h"

/* Up to here it is done word by word: a call of memcpy() and one of memset() cost more than what they do. */
#define SMALL 64

/* The payload is the caller's to fill. */
static inline ButlerMessage *
envelope_alloc (const ButlerLayout *layout,
                gsize               size)
{
  guint32 kind;
  ButlerMessage *message = butler__pool_alloc (sizeof (ButlerMessage) + size, &kind);

  *message = (ButlerMessage) { .layout = layout, .kind = kind };
  if (G_UNLIKELY (butler__layout_is_opaque (layout)))
    butler__opaque_born (layout);
  return message;
}

ButlerMessage *
butler__envelope_new_uncleared (const ButlerLayout *layout,
                                gsize               size)
{
  return envelope_alloc (layout, size);
}

ButlerMessage *
butler__envelope_new (const ButlerLayout *layout,
                      gsize               size)
{
  ButlerMessage *message = envelope_alloc (layout, size);

  memset (butler__envelope_payload (message), 0, size);
  return message;
}

ButlerMessage *
butler__envelope_with (const ButlerLayout *layout,
                       gconstpointer       value,
                       gsize               size)
{
  ButlerMessage *message = envelope_alloc (layout, size);

  memcpy (butler__envelope_payload (message), value, size);
  return message;
}

static inline void
move (char  *to,
      char  *from,
      gsize  size)
{
  guint64 word;

  for (; size >= sizeof word; size -= sizeof word, from += sizeof word, to += sizeof word)
    {
      memcpy (&word, from, sizeof word);
      memcpy (to, &word, sizeof word);
      word = 0;
      memcpy (from, &word, sizeof word);
    }
  for (; size > 0; size--, from++, to++)
    {
      *to = *from;
      *from = 0;
    }
}

ButlerMessage *
butler__envelope_take (const ButlerLayout *layout,
                       gpointer            value,
                       gsize               size)
{
  ButlerMessage *message = envelope_alloc (layout, size);

  if (size <= SMALL)
    {
      move (butler__envelope_payload (message), value, size);
      return message;
    }
  memcpy (butler__envelope_payload (message), value, size);
  memset (value, 0, size);
  return message;
}

void
butler__envelope_free (ButlerMessage *message)
{
  const ButlerLayout *layout = message->layout;

  butler__pool_free (message, message->kind);
  if (G_UNLIKELY (butler__layout_is_opaque (layout)))
    butler__opaque_died (layout);
}
