/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

#define TOOL_NOT_BUILT (-1.0)

/* tool_tell_swap() says what a swap did, one line for each plugin, or why there was none: one of @report and @error is
 * NULL. @built: how many seconds the build took that it follows, or TOOL_NOT_BUILT. */
void tool_tell_swap (const ButlerSwapReport *report,
                     const GError           *error,
                     double                  built);

/* tool_swap() swaps all plugins whose file has changed, and then tells. */
void tool_swap (ButlerHub *hub,
                double     built);

/* tool_watch() swaps plugins when their files change, and tells; NULL after a message. */
ButlerHubWatch *tool_watch (ButlerHub *hub);
