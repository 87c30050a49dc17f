/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/switch.h"

/* butler__halt_run() lets the servers of @moves (element-type ButlerMove) come to a boundary and stand still, and makes their new
 * states; if all is well it calls @publish and lets them go on with these, else with what they had. What it hands to servers it takes
 * out of @moves. The hub's mutex is held, and let go meanwhile. */
gboolean butler__halt_run (ButlerHub    *hub,
                           GPtrArray    *candidates,
                           GPtrArray    *moves,
                           gboolean    (*publish) (ButlerHub *hub, GPtrArray *candidates, GPtrArray *moves, GError **error),
                           GCancellable *cancellable,
                           GError      **error);

/* butler__halt_bring_over() lets those of @servers, which have no thread, come over that nobody dispatches just now; TRUE if there was
 * one. The mutex is held, and let go meanwhile. */
gboolean butler__halt_bring_over (ButlerHub *hub,
                                  GPtrArray *servers);
