/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/hub.h"

#include <threadbutler/error.h>

#include "lib/layout.h"

/* The channels of a hub, by name, and which type goes to which of them. */

static gboolean
is_same_making (const ButlerChannel *channel,
                guint                capacity,
                ButlerOverflow       overflow,
                gboolean             as_queue)
{
  return channel->credits.capacity == capacity && channel->overflow == overflow
         && channel->kind == butler__channel_kind_for (capacity, overflow, as_queue);
}

ButlerChannel *
butler__hub_make_channel (ButlerHub      *hub,
                          const char     *name,
                          guint           capacity,
                          ButlerOverflow  overflow,
                          gboolean        as_queue,
                          GError        **error)
{
  ButlerChannel *channel = g_hash_table_lookup (hub->channels, name);

  if (channel != NULL && !channel->abandoned)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS, "the hub has a server or channel %s already", name);
      return NULL;
    }
  if (channel != NULL && is_same_making (channel, capacity, overflow, as_queue) && butler__channel_reopen (channel))
    {
      channel->abandoned = FALSE;
      atomic_store_explicit (&channel->high_water, 0, memory_order_relaxed);
      return channel;
    }
  channel = butler__channel_new (name, capacity, overflow, as_queue, hub->waits);
  channel->hub = hub;
  g_ptr_array_add (hub->all_channels, channel);
  g_hash_table_replace (hub->channels, channel->name, channel);
  return channel;
}

/**
 * butler_hub_add_channel:
 * @hub: the hub
 * @name: its name, unique among the hub's servers and channels; not empty
 * @capacity: how many messages may wait; 0: any number
 * @overflow: what happens to those beyond
 * @error: (nullable): where to put an error
 *
 * Makes a channel for a thread that is no server, such as the program's main thread, which reads it with
 * butler_channel_receive(). butler_hub_route() lets the messages of a type go there.
 *
 * Errors: %BUTLER_ERROR_EXISTS.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the channel, which the hub owns, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerChannel *
butler_hub_add_channel (ButlerHub       *hub,
                        const char      *name,
                        guint            capacity,
                        ButlerOverflow   overflow,
                        GError         **error)
{
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail ((guint) overflow <= BUTLER_OVERFLOW_DROP_OLDEST, NULL);

  butler__hub_lock (hub);
  channel = butler__hub_make_channel (hub, name, capacity, overflow, FALSE, error);
  butler__hub_unlock (hub);
  return channel;
}

/**
 * butler_hub_get_channel:
 * @hub: the hub
 * @name: the name of a channel or a server
 *
 * Looks a channel up; look it up once and keep the pointer, which is valid as long as the hub.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the channel, or %NULL if there is none of that name
 *
 * Since: 1.0
 */
ButlerChannel *
butler_hub_get_channel (ButlerHub  *hub,
                        const char *name)
{
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  butler__hub_lock (hub);
  channel = g_hash_table_lookup (hub->channels, name);
  if (channel != NULL && channel->abandoned)
    channel = NULL;
  butler__hub_unlock (hub);
  return channel;
}

gboolean
butler__hub_route_unlocked (ButlerHub        *hub,
                            const ButlerType *type,
                            ButlerChannel    *channel,
                            GError          **error)
{
  ButlerChannel *other = butler__routes_get (&hub->routes, type);

  if (other != NULL && other != channel)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS,
                   "%s is routed to %s already, so it cannot be routed to %s: give one of them route=false (.no_route in its options)", type->name,
                   other->name, channel->name);
      return FALSE;
    }
  butler__routes_set (&hub->routes, type, channel);
  return TRUE;
}

/**
 * butler_hub_route:
 * @hub: the hub
 * @info: the type
 * @channel: a channel of this hub
 * @error: (nullable): where to put an error
 *
 * Lets NAME_send() bring messages of a type to @channel; NAME_route() is the typed form. A server's types are routed to it when
 * it is made, so this is for channels of the program's own.
 *
 * Errors: %BUTLER_ERROR_EXISTS if the type is routed to another channel.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the type is routed to @channel now
 *
 * Since: 1.0
 */
gboolean
butler_hub_route (ButlerHub               *hub,
                  const ButlerRecordInfo  *info,
                  ButlerChannel           *channel,
                  GError                 **error)
{
  const ButlerLayout *layout;
  gboolean routed;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && channel != NULL, FALSE);
  g_return_val_if_fail (channel->waits == hub->waits, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  butler__hub_lock (hub);
  routed = butler__hub_route_unlocked (hub, layout->type, channel, error);
  butler__hub_unlock (hub);
  return routed;
}
