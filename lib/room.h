/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/channel.h"

/* How a message finds room in a channel that has a capacity and does not drop its oldest. */

/* butler__room_get() reserves room for one message, as the channel's policy and @patience allow; waits for it if need be. BUTLER__FULL_NOW
 * may also mean that it is to be dropped. */
ButlerSendResult butler__room_get (ButlerChannel *channel,
                                   ButlerPatience patience);
