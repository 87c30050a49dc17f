/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/message.h"

#include <threadbutler/error.h>

#include "lib/boxed.h"
#include "lib/convert.h"
#include "lib/late.h"

/**
 * ButlerMessage:
 *
 * A record on its way: an envelope with a type and a payload, owned by exactly one place at a time. Programs and
 * handlers mostly see the payload alone, by way of the functions that BUTLER_MESSAGE() makes for a type.
 *
 * Since: 1.0
 */
BUTLER__DEFINE_BOXED (ButlerMessage, butler_message, butler_message_copy, butler_message_free);

ButlerMessage *
butler__message_new (const ButlerLayout *layout,
                     gconstpointer       value)
{
  return butler__envelope_with (layout, value, layout->size);
}

gboolean
butler__message_fits (const ButlerMessage *message,
                      const ButlerLayout  *layout)
{
  if (message->layout == layout)
    return TRUE;
  return layout != NULL && butler__layout_is_opaque (layout) && message->layout->type == layout->type
         && g_str_equal (message->layout->fingerprint, layout->fingerprint);
}

void
butler__message_fail (ButlerMessage *message,
                      GError        *error)
{
  if (message->ask != NULL)
    message->ask->fail (message->ask, error);
  else
    g_error_free (error);
}

ButlerMessage *
butler__message_convert (ButlerMessage      *message,
                         const ButlerLayout *layout,
                         GError            **error)
{
  if (G_LIKELY (message->layout == layout))
    return message;

  const ButlerConversion *conversion = butler__conversion_get (message->layout, layout, error);
  if (conversion == NULL)
    return NULL;
  if (butler__layout_is_opaque (layout))
    return message;

  ButlerMessage *converted = butler__envelope_new (layout, layout->size);
  butler__conversion_move (conversion, butler__envelope_payload (message), butler__envelope_payload (converted));
  converted->run = message->run;
  converted->ask = message->ask;
  butler__envelope_free (message);
  return converted;
}

/**
 * butler_message_copy:
 * @message: the message
 *
 * Copies a message with all that its record owns; objects are referenced, pointers carried.
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
ButlerMessage *
butler_message_copy (const ButlerMessage *message)
{
  ButlerMessage *copy;

  g_return_val_if_fail (message != NULL, NULL);

  copy = butler__envelope_new (message->layout, message->layout->size);
  butler__layout_copy (message->layout, butler__envelope_payload (message), butler__envelope_payload (copy));
  return copy;
}

/**
 * butler_message_free:
 * @message: (transfer full) (nullable): the message
 *
 * Frees a message with all that its record owns.
 *
 * Thread: the one that owns @message.
 *
 * Since: 1.0
 */
void
butler_message_free (ButlerMessage *message)
{
  if (message == NULL)
    return;
  butler__envelope_leave_ask (message);
  if (!message->layout->plain)
    butler__layout_clear (message->layout, butler__envelope_payload (message));
  butler__envelope_free (message);
}

/**
 * butler_message_get_type_name:
 * @message: the message
 *
 * Gets the name of the message's type, as it was given to BUTLER_MESSAGE().
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer none): the name; never freed
 *
 * Since: 1.0
 */
const char *
butler_message_get_type_name (const ButlerMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);

  return message->layout->type->name;
}

/**
 * butler_message_get:
 * @message: the message
 * @info: the type that the caller asks for
 *
 * Gets the payload of a message, if it is of the type and layout that the caller was compiled with; NAME_get() is the typed
 * form. It stays part of @message: NAME_free() and butler_message_free() free the same thing, so call one of them.
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer none) (nullable): the payload, or %NULL if @message is of another type
 *
 * Since: 1.0
 */
gpointer
butler_message_get (ButlerMessage          *message,
                    const ButlerRecordInfo *info)
{
  g_return_val_if_fail (message != NULL, NULL);
  g_return_val_if_fail (info != NULL, NULL);

  return butler__message_fits (message, butler__layout_of (info)) ? butler__envelope_payload (message) : NULL;
}

/**
 * butler_message_convert:
 * @message: (transfer full) (nullable): the message
 * @info: the type that the caller asks for
 * @error: (nullable): where to put an error
 *
 * Makes the record of a message that was received, or was the answer to an ask: in the layout that the caller was compiled with,
 * whichever the sender had. NAME_from_message() is the typed form. %NULL for @message is %NULL for the record and leaves @error as it
 * is, so that it can be given what another call returned:
 *
 *     answer_from_message (question_ask_sync (hub, &question, 1000, NULL, &error), &error)
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT if it is of another type, or its layout cannot be converted.
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer full) (nullable): the record, for NAME_free() or NAME_post(), or %NULL with an error
 *
 * Since: 1.0
 */
gpointer
butler_message_convert (ButlerMessage           *message,
                        const ButlerRecordInfo  *info,
                        GError                 **error)
{
  const ButlerLayout *layout;
  ButlerMessage *converted = NULL;

  g_return_val_if_fail (info != NULL, NULL);

  layout = butler__layout_of (info);
  if (message == NULL || layout == NULL)
    return NULL;
  if (message->layout->type == layout->type)
    converted = butler__message_convert (message, layout, error);
  else if (butler__late_is (message))
    converted = butler__late_make (message, layout, error);
  else
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s is no %s", message->layout->type->name, layout->type->name);
  if (converted != NULL)
    return butler__envelope_payload (converted);
  butler_message_free (message);
  return NULL;
}

/**
 * butler_message_to_variant:
 * @message: the message
 * @error: (nullable): where to put an error
 *
 * Makes a #GVariant of type a{sv} of the message's record.
 *
 * Errors: %BUTLER_ERROR_NOT_SERIALIZABLE if the record holds an object or a pointer, or is opaque.
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer full) (nullable): the variant, not floating, or %NULL with an error
 *
 * Since: 1.0
 */
GVariant *
butler_message_to_variant (const ButlerMessage *message,
                           GError             **error)
{
  g_return_val_if_fail (message != NULL, NULL);

  return butler__layout_to_variant (message->layout, butler__envelope_payload (message), error);
}

/**
 * butler_message_print:
 * @message: the message
 *
 * Makes one line of text of the message, for logs.
 *
 * Thread: the one that owns @message.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
butler_message_print (const ButlerMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);

  return butler__layout_print (message->layout, butler__envelope_payload (message));
}
