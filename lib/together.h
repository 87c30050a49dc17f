/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* Servers that a supervisor restarts together: all go down, in the reverse of the order in which they were made, before the first comes
 * up, and they come up in that order. A server without a thread is not among them: it would keep whoever dispatches it. */

/* butler__together_begin() puts together @servers, which were asked to restart, and all that are to restart together with one of them
 * already. The hub's mutex is held. */
void butler__together_begin (ButlerHub *hub,
                             GPtrArray *servers);

/* butler__together_leave() is for a server that has come up, or has ended. The hub's mutex is held. */
void butler__together_leave (ButlerServer *server);

/* butler__together_await() sleeps until @server may go down, or come up; FALSE if it was killed. Who has the reader's role. */
gboolean butler__together_await (ButlerServer *server);

/* butler__together_note() tells the others. The hub's mutex is held. */
void butler__together_note (ButlerServer      *server,
                            ButlerRestartStage stage);

/* butler__together_hurries() is TRUE if one of them is to stop: then no pause is waited for. */
gboolean butler__together_hurries (ButlerServer *server);
