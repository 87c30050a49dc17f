/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/ask.h>
#include <threadbutler/hub.h>
#include <threadbutler/server.h>
#include <threadbutler/task.h>
#include <threadbutler/timer.h>

G_BEGIN_DECLS

/* A run of a server has ended; for who monitors it. */
#define BUTLER_SERVER_STOPPED_MESSAGE_FIELDS(F, R)                                    \
  F (R, string, name)                                                                 \
  F (R, string, reason)  /* "stopped", "killed", or the error with which it failed */ \
  F (R, boolean, failed) /* it did not start, or its failure policy ended it */
BUTLER_MESSAGE (ButlerServerStopped, butler_server_stopped, BUTLER_SERVER_STOPPED_MESSAGE_FIELDS);

/* A server has failed, and more follows than its next message; for the handler of its supervisor, if that has one. */
#define BUTLER_SERVER_FAILED_MESSAGE_FIELDS(F, R)                                              \
  F (R, string, name)                                                                         \
  F (R, string, reason)                                                                       \
  F (R, string, follows)  /* "restart": by its own policy; "escalate": the supervisor restarts it, and whom its strategy says, or has \
                           * failed by that, too; "stop": it ends */                           \
  F (R, uint64, restarts) /* of it, before this */
BUTLER_MESSAGE (ButlerServerFailed, butler_server_failed, BUTLER_SERVER_FAILED_MESSAGE_FIELDS);

BUTLER_AVAILABLE_IN_1_0
gboolean      butler_server_set_supervisor (ButlerServer   *server,
                                            ButlerServer   *supervisor,
                                            GError        **error);
BUTLER_AVAILABLE_IN_1_0
ButlerServer *butler_server_get_supervisor (ButlerServer   *server);
BUTLER_AVAILABLE_IN_1_0
guint64       butler_server_monitor        (ButlerServer   *server,
                                            ButlerChannel  *channel);
BUTLER_AVAILABLE_IN_1_0
gboolean      butler_server_unmonitor      (ButlerServer   *server,
                                            guint64         monitor);

G_END_DECLS
