/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/hub.h"

#include <threadbutler/error.h>

#include "lib/message.h"

/* Sending by type: to whoever takes it. */

/**
 * butler_hub_send:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * Sends a message to whoever takes its type; NAME_send() is the typed form. Waits only if that channel's overflow policy is
 * %BUTLER_OVERFLOW_BLOCK and it is full.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE if nobody takes the type, and those of butler_channel_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send (ButlerHub               *hub,
                 const ButlerRecordInfo  *info,
                 gpointer                 value,
                 GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (butler__routes_get (&hub->routes, layout->type), layout, value, BUTLER__MAY_WAIT, error);
}

/**
 * butler_hub_try_send:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message only if it is accepted, and it is zero then
 * @error: (nullable): where to put an error
 *
 * As butler_hub_send(), but never waits, and what is refused stays with the caller. NAME_try_send() is the typed form.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE, %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_try_send (ButlerHub               *hub,
                     const ButlerRecordInfo  *info,
                     gpointer                 value,
                     GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (butler__routes_get (&hub->routes, layout->type), layout, value, BUTLER__NEVER_WAIT, error);
}

/**
 * butler_hub_send_urgent:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * As butler_channel_send_urgent(), to whoever takes the type. NAME_send_urgent() is the typed form.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE, %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send_urgent (ButlerHub               *hub,
                        const ButlerRecordInfo  *info,
                        gpointer                 value,
                        GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value_urgent (butler__routes_get (&hub->routes, layout->type), layout, value, error);
}

/**
 * butler_hub_post:
 * @hub: the hub
 * @info: the type of @record
 * @record: (transfer full): what NAME_new(), NAME_copy(), NAME_take() or NAME_from_variant() returned
 * @error: (nullable): where to put an error
 *
 * Sends a record that lies in an envelope already: nothing is copied, and it is consumed in every case. NAME_post() is the
 * typed form; for the rest see butler_hub_send().
 *
 * Errors: those of butler_hub_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_post (ButlerHub               *hub,
                 const ButlerRecordInfo  *info,
                 gpointer                 record,
                 GError                 **error)
{
  const ButlerLayout *layout;
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && record != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (butler__message_fits (butler__envelope_of (record), layout), FALSE);
  channel = butler__routes_get (&hub->routes, layout->type);
  butler__envelope_move_ask (butler__envelope_of (record), channel);
  return butler__channel_post_message (channel, butler__envelope_of (record), error);
}

static const ButlerLayout *
newest_layout (const ButlerType *type)
{
  g_autoptr (GPtrArray) layouts = butler__type_get_layouts (type);

  return layouts->pdata[layouts->len - 1];
}

/**
 * butler_hub_send_variant:
 * @hub: the hub
 * @type_name: the name of a message type that the program or one of its plugins has
 * @variant: the record, as NAME_to_variant() makes it; a floating reference is taken
 * @error: (nullable): where to put an error
 *
 * Sends a message whose type is not known at compile time: for bindings and tools.
 *
 * Errors: %BUTLER_ERROR_NOT_FOUND if there is no such type, %BUTLER_ERROR_BAD_VALUE if @variant does not fit it, and those of
 * butler_hub_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send_variant (ButlerHub   *hub,
                         const char  *type_name,
                         GVariant    *variant,
                         GError     **error)
{
  g_autoptr (GVariant) owned = NULL;
  const ButlerType *type;
  const ButlerLayout *layout;
  ButlerMessage *message;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (type_name != NULL && variant != NULL, FALSE);

  owned = g_variant_ref_sink (variant);
  type = butler__type_lookup (type_name);
  if (type == NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "there is no message type %s", type_name);
      return FALSE;
    }
  layout = newest_layout (type);
  message = butler__envelope_new (layout, layout->size);
  if (!butler__layout_from_variant (layout, owned, butler__envelope_payload (message), error))
    {
      butler__envelope_free (message);
      return FALSE;
    }
  return butler__channel_post_message (butler__routes_get (&hub->routes, type), message, error);
}
