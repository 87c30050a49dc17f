/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* What supervisors are to be told of failures: noted with the hub's mutex held, told without it. All zero: nothing. */
struct _ButlerAlerts
{
  GArray *alerts; /* (owned) (nullable) */
};

/* butler__alerts_note() notes that @server failed, and what follows, if its supervisor has a handler for that. */
void butler__alerts_note (ButlerAlerts *alerts,
                          ButlerServer *server,
                          const char   *why,
                          ButlerFailure follows);

/* butler__alerts_drop() forgets all: nobody is left to tell. */
void butler__alerts_drop (ButlerAlerts *alerts);

/* butler__alerts_tell() sends them; never waits. */
void butler__alerts_tell (ButlerAlerts *alerts);
