/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* In which order servers end, when all are to. The hub's mutex is held for all of it. */

/* butler__order_list() are all servers (transfer container, not owned): as they were made, but each behind those after which it ends. */
GPtrArray *butler__order_list (ButlerHub *hub);

/* butler__order_forget() is for a server that leaves the hub. */
void butler__order_forget (ButlerServer *server);
