/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>

#include "lib/channel.h"

/* What one thread sends while it is not certain yet that it happens: held back, and then posted in order, or freed. */
typedef struct
{
  GQueue letters;
} ButlerOutbox;

/* How many are open, in the process, and ears (lib/ear.h). Relaxed: a thread sees its own, and only that one matters to it. */
extern _Atomic guint butler__outboxes_open;

/* butler__outbox_open() holds back what the calling thread sends from now on, until butler__outbox_close(). */
void butler__outbox_open  (ButlerOutbox *outbox);
void butler__outbox_close (ButlerOutbox *outbox);

/* butler__outbox_put() holds back something else: one of @post and @drop is called with @data. The calling thread has one open. */
void butler__outbox_put (void   (*post) (gpointer data),
                         void   (*drop) (gpointer data),
                         gpointer data);

/* butler__outbox_is_open() is TRUE if the calling thread has one open: what it does is not certain to happen. */
gboolean butler__outbox_is_open (void);

/* butler__outbox_post() sends it, on any thread; what cannot be sent is freed and logged. butler__outbox_drop() frees it. */
void butler__outbox_post (ButlerOutbox *outbox);
void butler__outbox_drop (ButlerOutbox *outbox);

/* butler__outbox_take() consumes @message if the calling thread has one open, or an ear that keeps it; else it is FALSE. @channel is NULL
 * if nobody takes this type. The other one is for the urgent lane. */
gboolean butler__outbox_take_slow (ButlerChannel *channel,
                                   ButlerMessage *message,
                                   gboolean       urgent);

static inline gboolean
butler__outbox_take (ButlerChannel *channel,
                     ButlerMessage *message)
{
  return G_UNLIKELY (atomic_load_explicit (&butler__outboxes_open, memory_order_relaxed) != 0)
         && butler__outbox_take_slow (channel, message, FALSE);
}

static inline gboolean
butler__outbox_take_urgent (ButlerChannel *channel,
                            ButlerMessage *message)
{
  return G_UNLIKELY (atomic_load_explicit (&butler__outboxes_open, memory_order_relaxed) != 0)
         && butler__outbox_take_slow (channel, message, TRUE);
}
