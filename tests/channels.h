/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <pthread.h>

#include "lib/channel.h"
#include "lib/message.h"
#include "tests/common-messages.h"
#include "tests/common.h"

/* Channels of every making, for what all of them promise. Those with a capacity are never full in such tests. */
typedef struct
{
  const char    *name;
  gboolean       as_queue;
  guint          capacity;
  ButlerOverflow overflow;
} ChannelMaking;

static const ChannelMaking makings[] = {
  { "chain", FALSE, 0, BUTLER_OVERFLOW_FAIL },
  { "queue", TRUE, 0, BUTLER_OVERFLOW_FAIL },
  { "bounded queue", TRUE, 16384, BUTLER_OVERFLOW_BLOCK },
  { "fail", FALSE, 16384, BUTLER_OVERFLOW_FAIL },
  { "block", FALSE, 16384, BUTLER_OVERFLOW_BLOCK },
  { "drop-newest", FALSE, 16384, BUTLER_OVERFLOW_DROP_NEWEST },
  { "drop-oldest", FALSE, 16384, BUTLER_OVERFLOW_DROP_OLDEST },
};

#define N_MAKINGS ((int) G_N_ELEMENTS (makings))

/* A channel in a graph of waits of its own. */
static inline ButlerChannel *
channel_new (guint          capacity,
             ButlerOverflow overflow,
             gboolean       as_queue)
{
  ButlerWaits *waits = butler__waits_new ();
  ButlerChannel *channel = butler__channel_new ("inbox", capacity, overflow, as_queue, waits);

  butler__waits_unref (waits);
  return channel;
}

static inline ButlerChannel *
channel_made (int making)
{
  return channel_new (makings[making].capacity, makings[making].overflow, makings[making].as_queue);
}

static inline void
send_number (ButlerChannel *channel,
             int            value)
{
  Number number = { value };
  GError *error = NULL;

  if (!number_send_to (channel, &number, &error))
    g_error ("%d was not sent: %s", value, error->message);
}

static inline void
send_numbers (ButlerChannel *channel,
              int            first,
              int            last)
{
  for (int value = first; value <= last; value++)
    send_number (channel, value);
}

#define NO_NUMBER G_MININT

/* Frees @message; NO_NUMBER if there is none. */
static inline int
number_in (ButlerMessage *message)
{
  int value = message != NULL ? number_get (message)->value : NO_NUMBER;

  butler_message_free (message);
  return value;
}

/* For who does not have the reader's role: NO_NUMBER if there is none now. */
static inline int
receive_number (ButlerChannel *channel)
{
  return number_in (butler_channel_receive (channel, 0, NULL));
}

/* The thread of a reader. */
static inline gpointer
receive_for_ever (gpointer channel)
{
  return GINT_TO_POINTER (number_in (butler_channel_receive (channel, -1, NULL)));
}

static inline void
assert_numbers (ButlerChannel *channel,
                int            first,
                int            last)
{
  for (int value = first; value <= last; value++)
    ck_assert_int_eq (receive_number (channel), value);
}

/* A message as the library makes it, for the primitives below send. */
static inline ButlerMessage *
number_message (int value)
{
  Number *number = number_new ();

  number->value = value;
  return butler__envelope_of (number);
}

static inline guint64
count_dead (ButlerChannel *channel)
{
  guint64 n = 0;

  for (guint reason = 0; reason < BUTLER_DEAD_REASONS; reason++)
    n += butler_channel_get_dead_letters (channel, (ButlerDeadReason) reason);
  return n;
}

/* How threads of a test meet: no test sleeps, and none looks again and again. */
static inline void
meet (pthread_barrier_t *barrier)
{
  pthread_barrier_wait (barrier);
}

static inline gpointer
do_nothing (gpointer data)
{
  return data;
}

/* Gives other threads the time to come as far as they can, where a test shows more then; it passes without as well. */
static inline void
let_time_pass (void)
{
  for (guint i = 0; i < 3; i++)
    g_thread_join (g_thread_new ("time passes", do_nothing, NULL));
}
