/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* Whose code runs on this thread, for what is called without a context. It is a stack of one thread's, kept by those who run a server
 * on it: nothing of a server lives here. */

/* butler__here_set() says that the calling thread runs @server (nullable) from now on; (nullable): what it ran before. */
ButlerServer *butler__here_set (ButlerServer *server);

/* butler__here_get() is (nullable): NULL where no server's handlers, events or callbacks run. */
ButlerServer *butler__here_get (void);
