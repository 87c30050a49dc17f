/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>

/* The folder (0700) of this user's control sockets, NAME.PID each: `threadbutler` in $XDG_RUNTIME_DIR, if that is this
 * user's, else `threadbutler-UID` in the temporary directory. Whoever makes or removes a socket has the folder locked:
 * so one that exists and does not listen belongs to a dead process, and not to one that is just about to listen. */

/* butler__control_listen() makes the socket of this process and name, and removes those of dead processes. @path (out)
 * (transfer full) */
GSocket *butler__control_listen (const char *name,
                                 char      **path,
                                 GError    **error);

/* butler__control_find() lists the paths of all sockets that somebody listens at: (transfer full), in the order of
 * their names. */
GPtrArray *butler__control_find (GError **error);
