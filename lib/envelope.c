/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/envelope.h"

#include "lib/opaque.h"

ButlerMessage *
butler__envelope_new (const ButlerLayout *layout,
                      gsize               size)
{
  ButlerMessage *message = g_malloc0 (sizeof (ButlerMessage) + size);

  message->layout = layout;
  if (G_UNLIKELY (butler__layout_is_opaque (layout)))
    butler__opaque_born (layout);
  return message;
}

void
butler__envelope_free (ButlerMessage *message)
{
  const ButlerLayout *layout = message->layout;

  g_free (message);
  if (G_UNLIKELY (butler__layout_is_opaque (layout)))
    butler__opaque_died (layout);
}
