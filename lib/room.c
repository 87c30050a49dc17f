/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/room.h"

static void
wake_waiters (gpointer credits)
{
  butler__credits_wake (credits);
}

static gboolean
is_full (gpointer credits)
{
  return butler__credits_are_gone (credits);
}

/* Announced before the graph is looked at, and looked at before each sleep: who gives room after the announcement ends the sleep, so
 * those who sleep have all seen each other, and room that a waiter has not come to see yet is no edge. */
static ButlerSendResult
sleep_for_room (ButlerChannel *channel,
                guint          generation)
{
  static const ButlerSendResult results[] = {
    [BUTLER__WAIT_GOES_ON] = BUTLER__CLOSED_NOW,
    [BUTLER__WAIT_CANCELLED] = BUTLER__CANCELLED,
    [BUTLER__WAIT_REFUSED] = BUTLER__SENT, /* it is found again, unless it is admitted now */
  };
  ButlerCredits *credits = &channel->credits;
  ButlerWait wait;
  gboolean go_on;

  if (!butler__waits_enter_while (channel->waits, &wait, &channel->served, is_full, wake_waiters, credits))
    return BUTLER__WOULD_DEADLOCK;
  go_on = butler__credits_sleep (credits, generation, &wait);
  butler__waits_leave (channel->waits, &wait);
  return go_on ? BUTLER__SENT : results[atomic_load_explicit (&wait.cancelled, memory_order_acquire)];
}

/* Room often comes while others run, such as a reader on this very CPU; that costs less than a sleep, which has somebody to end it. */
static gboolean
try_after_others (ButlerCredits *credits)
{
  g_thread_yield ();
  return butler__credits_try (credits);
}

static ButlerSendResult
wait_for_room (ButlerChannel *channel)
{
  ButlerCredits *credits = &channel->credits;
  ButlerSendResult result = BUTLER__SENT;
  guint generation;

  while (result == BUTLER__SENT && !butler__credits_try (credits) && !try_after_others (credits))
    if (butler__waits_is_admitted (channel->waits, &channel->served))
      {
        butler__credits_overdraw (credits);
        break;
      }
    else if (butler__credits_announce (credits, &generation))
      result = sleep_for_room (channel, generation);
  return result;
}

/* It is not there. */
static ButlerSendResult
get_somehow (ButlerChannel *channel,
             ButlerPatience patience)
{
  if (butler_channel_is_closed (channel))
    return BUTLER__CLOSED_NOW;
  if (channel->overflow == BUTLER_OVERFLOW_DROP_NEWEST)
    return BUTLER__FULL_NOW;
  if (patience == BUTLER__ABOVE_CAPACITY)
    {
      butler__credits_overdraw (&channel->credits);
      return BUTLER__SENT;
    }
  if (channel->overflow == BUTLER_OVERFLOW_BLOCK && patience == BUTLER__MAY_WAIT)
    return wait_for_room (channel);
  return BUTLER__FULL_NOW;
}

ButlerSendResult
butler__room_get (ButlerChannel *channel,
                  ButlerPatience patience)
{
  if (G_LIKELY (butler__credits_try (&channel->credits)))
    return BUTLER__SENT;
  return get_somehow (channel, patience);
}
