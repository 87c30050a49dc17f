/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/hub.h>
#include <threadbutler/swap.h>

G_BEGIN_DECLS

/* What a server began and has not ended. */
#define BUTLER_PENDING_STATUS_FIELDS(F, R)                                    \
  F (R, string, what) /* "handler of Request", "event startup", "task fetch" */ \
  F (R, double, age)  /* s */
BUTLER_RECORD (ButlerPendingStatus, butler_pending_status, BUTLER_PENDING_STATUS_FIELDS);

#define BUTLER_DEAD_STATUS_FIELDS(F, R)                               \
  F (R, string, reason) /* as butler_dead_reason_to_string() has it */ \
  F (R, uint64, number)
BUTLER_RECORD (ButlerDeadStatus, butler_dead_status, BUTLER_DEAD_STATUS_FIELDS);

/* A type of which a server gets a copy of whatever is published. */
#define BUTLER_SUBSCRIPTION_STATUS_FIELDS(F, R)                                     \
  F (R, string, type)                                                               \
  F (R, uint64, missed) /* messages that its channel refused, as it was full or closed */
BUTLER_RECORD (ButlerSubscriptionStatus, butler_subscription_status, BUTLER_SUBSCRIPTION_STATUS_FIELDS);

/* One server, as ButlerServerStats and more. */
#define BUTLER_SERVER_STATUS_FIELDS(F, R)                                                          \
  F (R, string, name)                                                                              \
  F (R, string, state)                                                                             \
  F (R, string, plugin)     /* NULL: the program's own */                                          \
  F (R, uint32, generation) /* of the plugin, which it runs; 0: the program's own */               \
  F (R, string, set)                                                                               \
  F (R, string, loop)       /* "default", "queue", "own", or "none": it has no thread */           \
  F (R, string, handling)   /* the type of the message whose handler runs now; NULL: none does */  \
  F (R, uint64, length)     /* messages that wait */                                               \
  F (R, uint64, high_water) /* the most that ever waited */                                        \
  F (R, uint32, capacity)   /* 0: unbounded */                                                     \
  F (R, string, overflow)   /* NULL: unbounded */                                                  \
  F (R, uint64, received)                                                                          \
  F (R, uint64, handled)                                                                           \
  F (R, uint64, failed)                                                                            \
  F (R, uint64, dead)                                                                              \
  F (R, uint64, restarts)   /* by failure policies */                                              \
  F (R, string, on_failure) /* "continue", "restart", "stop", "escalate" */                        \
  F (R, string, supervisor) /* NULL: none */                                                       \
  F (R, double, handling_for) /* at least so long it is at it, s; 0: not known, as its handlers have no limit */ \
  F (R, uint64, overruns)   /* handlers that ran longer than they may */                           \
  F (R, string, reason)     /* why it failed; NULL: it has not */                                  \
  F (R, array (record (butler_dead_status)), dead_letters) /* of each reason of which there are some */ \
  F (R, array (record (butler_pending_status)), pending)   /* the newest first */                       \
  F (R, array (record (butler_subscription_status)), subscriptions)
BUTLER_RECORD (ButlerServerStatus, butler_server_status, BUTLER_SERVER_STATUS_FIELDS);

#define BUTLER_HUB_STATUS_FIELDS(F, R)                                                               \
  F (R, boolean, stopping) /* somebody asked all servers to stop, and some have not */               \
  F (R, array (record (butler_server_status)), servers) /* in the order in which they were made */   \
  F (R, array (record (butler_module_status)), modules)
BUTLER_RECORD (ButlerHubStatus, butler_hub_status, BUTLER_HUB_STATUS_FIELDS);

BUTLER_AVAILABLE_IN_1_0
ButlerHubStatus *butler_hub_get_status (ButlerHub *hub);

G_END_DECLS
