/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* A thread of a hub that looks at the clock, if somebody gave it a reason to. */
typedef struct _ButlerWatchdog ButlerWatchdog;

/* butler__watchdog_note_run() tells it of a server that runs, or has another policy. The hub's mutex is held. */
void butler__watchdog_note_run (ButlerServer *server);

/* butler__watchdog_note_shutdown() tells it that all servers are to end from now on. The hub's mutex is held. */
void butler__watchdog_note_shutdown (ButlerHub *hub);

/* A handler that runs too long. */
typedef struct _ButlerOverrun ButlerOverrun;

/* butler__overrun_get_limit() is how long a handler of @server may run, µs; 0: for ever, or it does not run. butler__overrun_get_age() is
 * for how long, at least, the one that runs now has run; 0: not known. The hub's mutex is held. */
gint64 butler__overrun_get_limit (ButlerServer *server);
gint64 butler__overrun_get_age   (ButlerServer *server);

/* butler__overrun_look() is (transfer full) (nullable), and to be reported without the hub's mutex, with which it is called. */
ButlerOverrun *butler__overrun_look (ButlerServer *server,
                                     gint64        now);

/* butler__overrun_report() consumes @overrun: it logs it, and lets follow what the policy says. */
void butler__overrun_report (ButlerOverrun *overrun);

/* butler__watchdog_end() waits for the end of its thread; no server runs any more. */
void butler__watchdog_end (ButlerHub *hub);
