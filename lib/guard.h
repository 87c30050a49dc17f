/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/ask.h"
#include "lib/server.h"

/* The ask that a server's handler is at, for the watchdog: it is noted by a tap, so that servers without a guard pay nothing for it. */
typedef struct _ButlerGuard ButlerGuard;

/* butler__guard_begin() lets @server have one, if its policy fails the asks of handlers that run too long. The hub's mutex is held. */
void butler__guard_begin (ButlerServer *server);

/* butler__guard_look() is (transfer full) (nullable): what is asked in the handler that runs now; not what that posted on. */
ButlerQuestion *butler__guard_look (ButlerServer *server);
