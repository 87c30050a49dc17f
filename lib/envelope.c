/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/envelope.h"

ButlerMessage *
butler__envelope_new (const ButlerLayout *layout,
                      gsize               size)
{
  ButlerMessage *message = g_malloc0 (sizeof (ButlerMessage) + size);

  message->layout = layout;
  return message;
}

void
butler__envelope_free (ButlerMessage *message)
{
  g_free (message);
}
