/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/message.h>

#include "lib/layout.h"

/* butler__message_new() moves @value into an envelope: its bytes are taken over, @value is left as it is. */
ButlerMessage *butler__message_new (const ButlerLayout *layout,
                                    gconstpointer       value);

/* butler__message_fits() tells whether @message's payload is as @layout, which may be NULL, has it. Each file that names an opaque
 * type registers functions, and so a layout, of its own: they mean the same. */
gboolean butler__message_fits (const ButlerMessage *message,
                               const ButlerLayout  *layout);

/* butler__message_fail() lets who waits for the answer have @error (transfer full) instead; nothing, if nobody waits. */
void butler__message_fail (ButlerMessage *message,
                           GError        *error);

/* butler__message_convert() is @message with the payload as @layout has it: @message itself where the layouts are alike,
 * else a new one, and @message is freed. On error @message stays with the caller. */
ButlerMessage *butler__message_convert (ButlerMessage      *message,
                                        const ButlerLayout *layout,
                                        GError            **error);
