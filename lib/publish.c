/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/publish.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/ear.h"
#include "lib/log.h"
#include "lib/message.h"
#include "lib/outbox.h"

/* One message to all who subscribed to its type: each gets one of its own, and none is waited for. */

/* How often the subscribers are looked up without the mutex, while others change them. */
#define TRIES 16

gboolean
butler__publish_check (const ButlerLayout *layout,
                       GError            **error)
{
  if (!layout->no_copy)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT,
               "%s cannot be published: it has a function that clears it, and none that copies it", layout->type->name);
  return FALSE;
}

static void
read_audience (ButlerHub        *hub,
               const ButlerType *type,
               ButlerAudience   *audience)
{
  for (guint i = 0; i < TRIES; i++)
    if (butler__topics_read (&hub->topics, type, audience))
      return;
  butler__hub_lock (hub);
  butler__topics_read (&hub->topics, type, audience);
  butler__hub_unlock (hub);
}

/* One line for the first, and then each time that the number doubles, as of dead letters. */
static void
count_missed (ButlerSubscription *subscription,
              const ButlerType   *type)
{
  gsize n = atomic_fetch_add_explicit (&subscription->missed, 1, memory_order_relaxed) + 1;

  if ((n & (n - 1)) == 0)
    butler__log (G_LOG_LEVEL_INFO, subscription->channel->name, type->name,
                 "channel %s: %" G_GSIZE_FORMAT " published messages of type %s missed so far: it is %s", subscription->channel->name,
                 n, type->name, butler_channel_is_closed (subscription->channel) ? "closed" : "full");
}

/* Consumes @message. */
static gboolean
deliver (ButlerSubscription *subscription,
         ButlerMessage      *message)
{
  ButlerChannel *channel = subscription->channel;
  const ButlerType *type = message->layout->type;

  if (butler__outbox_take (channel, message) ? !butler__ear_refuses (NULL)
                                             : channel->kind->put (channel, message, BUTLER__NEVER_WAIT) == BUTLER__SENT)
    return TRUE;
  butler_message_free (message);
  count_missed (subscription, type);
  return FALSE;
}

/* Consumes @message, which is what the last one gets. */
static guint
deliver_all (const ButlerAudience *audience,
             ButlerMessage        *message)
{
  guint n = 0;

  for (guint i = 0; i < audience->n; i++)
    n += deliver (audience->list[i], i + 1 < audience->n ? butler_message_copy (message) : g_steal_pointer (&message)) ? 1 : 0;
  butler_message_free (message);
  return n;
}

/* Consumes what @value owns. */
static guint
publish (ButlerHub          *hub,
         const ButlerLayout *layout,
         gpointer            value)
{
  ButlerDeed deed = { .kind = BUTLER__DEED_PUBLISH, .layout = layout, .value = value };
  ButlerAudience audience;

  if (butler__deed_begin (&deed))
    {
      butler__layout_clear (layout, value);
      return (guint) deed.outcome;
    }
  butler__audience_init (&audience);
  read_audience (hub, layout->type, &audience);
  if (audience.n > 0)
    deed.outcome = deliver_all (&audience, butler__message_new (layout, value));
  else
    butler__layout_clear (layout, value);
  butler__audience_clear (&audience);
  butler__deed_end (&deed);
  return (guint) deed.outcome;
}

/**
 * butler_hub_publish:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the last subscriber's message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * Sends a message to every server and channel that subscribed to its type, each a copy of its own: what NAME_copy() makes, so bytes,
 * variants and objects are shared. NAME_publish() is the typed form. To whom the type is routed does not matter here, nor do
 * subscribers to NAME_send().
 *
 * It never waits. A subscriber whose channel is closed, or full and refuses or blocks what comes then, has missed the message, which
 * is counted for it (see `subscriptions` of butler_hub_get_status()) and does not keep it from the others. A full channel that drops
 * drops, and has got it. To each channel messages come in the order in which one thread published and sent them.
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT if the type is opaque and has a function that clears it, but none that copies it. That nobody
 * subscribed is no error.
 *
 * Thread: any.
 *
 * Returns: how many got it
 *
 * Since: 1.0
 */
guint
butler_hub_publish (ButlerHub               *hub,
                    const ButlerRecordInfo  *info,
                    gpointer                 value,
                    GError                 **error)
{
  const ButlerLayout *layout;
  guint n = 0;

  g_return_val_if_fail (hub != NULL, 0);
  g_return_val_if_fail (info != NULL && value != NULL, 0);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, 0);
  if (butler__publish_check (layout, error))
    n = publish (hub, layout, value);
  else
    butler__layout_clear (layout, value);
  memset (value, 0, layout->size);
  return n;
}

/**
 * butler_hub_subscribe:
 * @hub: the hub
 * @info: the type
 * @channel: a channel of this hub
 * @error: (nullable): where to put an error
 *
 * Lets @channel get what is published of a type from now on; NAME_subscribe() is the typed form. This is for channels of the program's
 * own; a server does so by butler_server_subscribe(), by its options or in the app file. Once is enough: a second time does nothing.
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT if the type cannot be published.
 *
 * Thread: any.
 *
 * Returns: %TRUE if it has subscribed now
 *
 * Since: 1.0
 */
gboolean
butler_hub_subscribe (ButlerHub               *hub,
                      const ButlerRecordInfo  *info,
                      ButlerChannel           *channel,
                      GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && channel != NULL, FALSE);
  g_return_val_if_fail (channel->waits == hub->waits, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  if (!butler__publish_check (layout, error))
    return FALSE;
  butler__hub_lock (hub);
  butler__topics_add (&hub->topics, layout->type, channel);
  butler__hub_unlock (hub);
  return TRUE;
}

/**
 * butler_hub_unsubscribe:
 * @hub: the hub
 * @info: the type
 * @channel: a channel of this hub
 *
 * Ends what butler_hub_subscribe() began; NAME_unsubscribe() is the typed form. What is being published on another thread in this moment
 * may still come.
 *
 * Thread: any.
 *
 * Returns: %FALSE if @channel had not subscribed
 *
 * Since: 1.0
 */
gboolean
butler_hub_unsubscribe (ButlerHub              *hub,
                        const ButlerRecordInfo *info,
                        ButlerChannel          *channel)
{
  const ButlerLayout *layout;
  gboolean ended;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && channel != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  butler__hub_lock (hub);
  ended = butler__topics_remove (&hub->topics, layout->type, channel);
  butler__hub_unlock (hub);
  return ended;
}
