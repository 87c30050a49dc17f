/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* In which order servers end, when all are to. The hub's mutex is held for all of it. */

/* butler__order_list() are all servers (transfer container, not owned): as they were made, but each behind those after which it ends. */
GPtrArray *butler__order_list (ButlerHub *hub);

/* butler__order_find_active() is (transfer none) (nullable): the first of them that has not ended. All calls until there is none take
 * as long as one look at all of them. */
ButlerServer *butler__order_find_active (ButlerHub *hub);

/* butler__order_changed() is for who adds a server to the hub, or is about to start one. */
void butler__order_changed (ButlerHub *hub);

/* butler__order_forget() is for a server that leaves the hub. */
void butler__order_forget (ButlerServer *server);
