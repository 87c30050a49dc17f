/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/error.h>

#include "lib/channel.h"
#include "lib/ear.h"
#include "lib/message.h"
#include "lib/outbox.h"

/* How messages get into a channel, and out of one that belongs to a thread that is no server. */

static const ButlerError codes[] = {
  [BUTLER__CLOSED_NOW] = BUTLER_ERROR_CLOSED,
  [BUTLER__FULL_NOW] = BUTLER_ERROR_FULL,
  [BUTLER__WOULD_DEADLOCK] = BUTLER_ERROR_WOULD_DEADLOCK,
  [BUTLER__CANCELLED] = BUTLER_ERROR_CANCELLED,
};

static void
set_refusal (GError            **error,
             ButlerSendResult    result,
             ButlerChannel      *channel,
             const ButlerLayout *layout)
{
  const char *type = layout->type->name;

  butler__ear_tell (codes[result]);
  switch (result)
    {
    case BUTLER__CLOSED_NOW:
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "%s was not sent: channel %s is closed", type, channel->name);
      break;
    case BUTLER__FULL_NOW:
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FULL, "%s was not sent: channel %s is full (capacity %u)", type,
                   channel->name, channel->credits.capacity);
      break;
    case BUTLER__WOULD_DEADLOCK:
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_WOULD_DEADLOCK,
                   "%s was not sent: channel %s is full, and its reader waits for this very thread", type, channel->name);
      break;
    case BUTLER__CANCELLED:
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CANCELLED, "%s was not sent: killed while waiting for channel %s", type,
                   channel->name);
      break;
    case BUTLER__SENT:
      break;
    }
}

static gboolean
set_no_route (GError            **error,
              const ButlerLayout *layout)
{
  butler__ear_tell (BUTLER_ERROR_NO_ROUTE);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NO_ROUTE, "%s was not sent: no server or channel takes it",
               layout->type->name);
  return FALSE;
}

static inline gboolean
put (ButlerChannel *channel,
     ButlerMessage *message,
     ButlerPatience patience,
     GError       **error)
{
  const ButlerLayout *layout = message->layout;
  ButlerSendResult result;

  if (butler__outbox_take (channel, message))
    return !butler__ear_refuses (error);
  if (G_LIKELY (channel != NULL))
    {
      result = channel->kind->put (channel, message, patience);
      if (G_LIKELY (result == BUTLER__SENT))
        return TRUE;
      set_refusal (error, result, channel, layout);
    }
  else
    set_no_route (error, layout);
  return FALSE;
}

static gboolean
post (ButlerChannel *channel,
      ButlerMessage *message,
      ButlerPatience patience,
      GError       **error)
{
  if (G_LIKELY (put (channel, message, patience, error)))
    return TRUE;
  butler_message_free (message);
  return FALSE;
}

gboolean
butler__channel_put_unowned (ButlerChannel *channel,
                             ButlerMessage *message,
                             GError       **error)
{
  return put (channel, message, BUTLER__MAY_WAIT, error);
}

gboolean
butler__channel_post_message (ButlerChannel *channel,
                              ButlerMessage *message,
                              GError       **error)
{
  return post (channel, message, BUTLER__MAY_WAIT, error);
}

gboolean
butler__channel_post_accepted (ButlerChannel *channel,
                               ButlerMessage *message,
                               GError       **error)
{
  return post (channel, message, BUTLER__ABOVE_CAPACITY, error);
}

gboolean
butler__channel_post_urgent (ButlerChannel *channel,
                             ButlerMessage *message,
                             gboolean       accepted,
                             GError       **error)
{
  const ButlerLayout *layout = message->layout;
  ButlerSendResult result;

  if (butler__outbox_take_urgent (channel, message))
    {
      if (!butler__ear_refuses (error))
        return TRUE;
    }
  else if (channel != NULL)
    {
      result = butler__channel_put_urgent (channel, message, accepted ? BUTLER__ABOVE_CAPACITY : BUTLER__NEVER_WAIT);
      if (result == BUTLER__SENT)
        return TRUE;
      set_refusal (error, result, channel, layout);
    }
  else
    set_no_route (error, layout);
  butler_message_free (message);
  return FALSE;
}

static gboolean
try_send_value (ButlerChannel      *channel,
                const ButlerLayout *layout,
                gpointer            value,
                GError            **error)
{
  ButlerMessage *message;
  ButlerSendResult result;

  message = butler__message_new (layout, value);
  if (butler__outbox_take (channel, message))
    {
      if (butler__ear_refuses (error))
        {
          butler__envelope_free (message);
          return FALSE;
        }
      result = BUTLER__SENT;
    }
  else
    result = channel != NULL ? channel->kind->put (channel, message, BUTLER__NEVER_WAIT) : BUTLER__CLOSED_NOW;
  if (result == BUTLER__SENT)
    {
      memset (value, 0, layout->size);
      return TRUE;
    }
  /* The envelope alone: the fields are still the caller's. */
  butler__envelope_free (message);
  if (channel == NULL)
    return set_no_route (error, layout);
  set_refusal (error, result, channel, layout);
  return FALSE;
}

gboolean
butler__channel_send_value (ButlerChannel      *channel,
                            const ButlerLayout *layout,
                            gpointer            value,
                            ButlerPatience      patience,
                            GError            **error)
{
  ButlerMessage *message;

  if (patience == BUTLER__NEVER_WAIT)
    return try_send_value (channel, layout, value, error);
  message = butler__envelope_take (layout, value, layout->size);
  return post (channel, message, BUTLER__MAY_WAIT, error);
}

gboolean
butler__channel_send_value_urgent (ButlerChannel      *channel,
                                   const ButlerLayout *layout,
                                   gpointer            value,
                                   GError            **error)
{
  ButlerMessage *message = butler__message_new (layout, value);

  memset (value, 0, layout->size);
  return butler__channel_post_urgent (channel, message, FALSE, error);
}

/**
 * butler_channel_send:
 * @channel: the channel
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * Sends a message to @channel; NAME_send_to() is the typed form. Waits only if the channel's overflow policy is
 * %BUTLER_OVERFLOW_BLOCK and it is full.
 *
 * Errors: %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL, %BUTLER_ERROR_WOULD_DEADLOCK if waiting would close a cycle of waits,
 * %BUTLER_ERROR_CANCELLED if the server that sends is killed while it waits.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @channel accepted the message
 *
 * Since: 1.0
 */
gboolean
butler_channel_send (ButlerChannel          *channel,
                     const ButlerRecordInfo *info,
                     gpointer                value,
                     GError                **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (channel != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (channel, layout, value, BUTLER__MAY_WAIT, error);
}

/**
 * butler_channel_try_send:
 * @channel: the channel
 * @info: the type of @value
 * @value: a record; its fields move into the message only if it is accepted, and it is zero then
 * @error: (nullable): where to put an error
 *
 * As butler_channel_send(), but never waits, and what is refused stays with the caller. NAME_try_send_to() is the typed form.
 *
 * Errors: %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @channel accepted the message
 *
 * Since: 1.0
 */
gboolean
butler_channel_try_send (ButlerChannel          *channel,
                         const ButlerRecordInfo *info,
                         gpointer                value,
                         GError                **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (channel != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (channel, layout, value, BUTLER__NEVER_WAIT, error);
}

/**
 * butler_channel_send_urgent:
 * @channel: the channel
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * Sends a message that overtakes those which wait in @channel and are not urgent; NAME_send_urgent_to() is the typed form. Urgent ones
 * stay in order among themselves. While others wait too, one of them is handed out after 64 urgent ones in a row.
 *
 * It never waits. In a channel with a capacity as many urgent messages may wait as others, beside those; what comes then is refused,
 * whatever the channel does with others. All else is as for other messages: what was accepted is handed to the reader also after
 * butler_channel_close(), counted, and cleared by butler_channel_clear().
 *
 * Errors: %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @channel accepted the message
 *
 * Since: 1.0
 */
gboolean
butler_channel_send_urgent (ButlerChannel          *channel,
                            const ButlerRecordInfo *info,
                            gpointer                value,
                            GError                **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (channel != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value_urgent (channel, layout, value, error);
}

/**
 * butler_channel_post:
 * @channel: the channel
 * @info: the type of @record
 * @record: (transfer full): what NAME_new(), NAME_copy(), NAME_take() or NAME_from_variant() returned
 * @error: (nullable): where to put an error
 *
 * Sends a record that lies in an envelope already: nothing is copied, and it is consumed in every case. NAME_post_to() is the
 * typed form; for the rest see butler_channel_send().
 *
 * Errors: those of butler_channel_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if @channel accepted the message
 *
 * Since: 1.0
 */
gboolean
butler_channel_post (ButlerChannel          *channel,
                     const ButlerRecordInfo *info,
                     gpointer                record,
                     GError                **error)
{
  g_return_val_if_fail (channel != NULL, FALSE);
  g_return_val_if_fail (info != NULL && record != NULL, FALSE);
  g_return_val_if_fail (butler__message_fits (butler__envelope_of (record), butler__layout_of (info)), FALSE);

  butler__envelope_move_ask (butler__envelope_of (record), channel);
  return butler__channel_post_message (channel, butler__envelope_of (record), error);
}

static ButlerMessage *
receive_until (ButlerChannel *channel,
               gint64         deadline,
               GError       **error)
{
  ButlerMessage *message;

  while ((message = butler__channel_next (channel)) == NULL)
    {
      if (butler__channel_is_final (channel))
        {
          g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "channel %s is closed and empty", channel->name);
          return NULL;
        }
      if (deadline >= 0 && !butler__channel_has_taken (channel) && g_get_monotonic_time () >= deadline)
        {
          g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_TIMED_OUT, "no message in channel %s in time", channel->name);
          return NULL;
        }
      butler__channel_wait (channel, deadline);
    }
  return message;
}

/**
 * butler_channel_receive:
 * @channel: the channel
 * @timeout: how long to wait for a message, in microseconds; 0: not at all, -1: for ever
 * @error: (nullable): where to put an error
 *
 * Takes the next message out of a channel that belongs to the program and not to a server. NAME_get() tells whether
 * it is of a given type.
 *
 * Errors: %BUTLER_ERROR_TIMED_OUT, %BUTLER_ERROR_CLOSED once the channel is closed and everything that it accepted was received,
 * %BUTLER_ERROR_BUSY if another thread or a server reads from it.
 *
 * Thread: any, one at a time.
 *
 * Returns: (transfer full) (nullable): the message, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerMessage *
butler_channel_receive (ButlerChannel *channel,
                        gint64         timeout,
                        GError       **error)
{
  ButlerMessage *message;

  g_return_val_if_fail (channel != NULL, NULL);
  g_return_val_if_fail (timeout >= -1, NULL);

  if (!butler__channel_claim (channel))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BUSY, "channel %s has a reader already", channel->name);
      return NULL;
    }
  message = butler__channel_next (channel);
  if (message == NULL) /* only then is the clock worth a look */
    message = receive_until (channel, butler__deadline_after (timeout), error);
  butler__channel_release (channel);
  return message;
}
