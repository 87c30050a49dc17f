/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <poll.h>

#include "tests/channels.h"

/* The three ways in which a reader sleeps, as loops use them. A sleep without blocking is one whose time is over at once. */
typedef struct
{
  const char *name;
  ButlerSleep how;
  void      (*sleep) (ButlerChannel *channel, gboolean block);
} WayToSleep;

static inline void
sleep_in_queue (ButlerChannel *channel,
                gboolean       block)
{
  butler__waker_sleep (&channel->waker, block ? -1 : 0);
}

static inline void
sleep_in_context (ButlerChannel *channel,
                  gboolean       block)
{
  g_main_context_iteration (atomic_load (&channel->waker.context), block);
}

static inline gboolean
fd_is_readable (ButlerChannel *channel,
                gboolean       block)
{
  struct pollfd fd = { .fd = butler__waker_get_fd (&channel->waker, NULL), .events = POLLIN };

  return poll (&fd, 1, block ? -1 : 0) == 1;
}

static inline void
sleep_on_fd (ButlerChannel *channel,
             gboolean       block)
{
  fd_is_readable (channel, block);
  butler__waker_drain_fd (&channel->waker);
}

static const WayToSleep ways[] = {
  { "queue", BUTLER__SLEEP_IN_QUEUE, sleep_in_queue },
  { "context", BUTLER__SLEEP_IN_CONTEXT, sleep_in_context },
  { "descriptor", BUTLER__SLEEP_ON_FD, sleep_on_fd },
};

#define N_WAYS ((int) G_N_ELEMENTS (ways))

/* The reader, before it sleeps in any of them. */
static inline void
prepare_to_sleep (ButlerChannel *channel)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  butler__waker_set_context (&channel->waker, context);
  if (butler__waker_get_fd (&channel->waker, NULL) < 0)
    g_error ("no descriptor");
}

/* The reader: sleeps if there is nothing to do. */
static inline void
sleep_if_idle (ButlerChannel    *channel,
               const WayToSleep *way,
               gboolean          block)
{
  if (!butler__channel_arm (channel, way->how))
    return;
  way->sleep (channel, block);
  butler__channel_disarm (channel);
}

/* The reader: NULL when the channel is closed and empty. */
static inline ButlerMessage *
next_or_sleep (ButlerChannel    *channel,
               const WayToSleep *way)
{
  ButlerMessage *message;

  while ((message = butler__channel_next (channel)) == NULL && !butler__channel_is_final (channel))
    sleep_if_idle (channel, way, TRUE);
  return message;
}
