/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/supervise.h>

#include "lib/alert.h"

/* butler__supervise_escalate() notes in @alerts who is to be told, and lets the supervisors of @server, which failed, restart it and whom their strategy says; TRUE if it is
 * to be restarted. If they have done so too often, those under the topmost end with it. The hub's mutex is held. */
gboolean butler__supervise_escalate (ButlerServer *server,
                                     const char   *why,
                                     ButlerAlerts *alerts);

/* butler__supervise_forget() is for a server that leaves the hub. The hub's mutex is held. */
void butler__supervise_forget (ButlerServer *server);
