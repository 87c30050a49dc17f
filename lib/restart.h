/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>
#include <threadbutler/context.h>

#include "lib/policy.h"

typedef struct _ButlerTogether ButlerTogether;
typedef struct _ButlerAlerts ButlerAlerts;

/* Where a server is in its restart. */
typedef enum
{
  BUTLER__STAGE_UP,     /* also in a handler that has to return first */
  BUTLER__STAGE_WAITS,  /* between two messages, until it may go down */
  BUTLER__STAGE_FALLS,  /* its shutdown events run */
  BUTLER__STAGE_DOWN,   /* it has no state; until it may come up */
  BUTLER__STAGE_RISES,  /* its startup events run */
} ButlerRestartStage;

/* What a server's failure policy needs to know of it. */
typedef struct
{
  /* Set when made, read-only afterwards. */
  ButlerPolicy    own;        /* goes before that of its set, which may change by a swap */

  /* Under the hub's mutex. */
  ButlerServer   *supervisor; /* (unowned) (nullable): of the same hub */
  ButlerIntensity restarts;   /* by its own policy */
  ButlerIntensity children;   /* for those under it */
  ButlerTogether *together;   /* (unowned) (nullable): with whom it restarts: see lib/together.h */
  ButlerRestartStage stage;
  gint64          pause;      /* before the next restart, µs */
  GError         *cause;      /* (owned) (nullable): why its policy ended this run */
  GArray         *monitors;   /* (owned) (nullable): see lib/monitor.h */

  /* Who has the reader's role only. */
  gboolean        down;       /* it has no state: from the shutdown events of a restart to the end of the startup events */
  gboolean        deaf;       /* those events run: a swap that halts it waits for their end */
  gboolean        late;       /* a restart was asked for where it could not be done */
  GQueue          again;      /* messages that failed, and are to be tried again; see lib/restart.c */

  /* Relaxed; written by who has the reader's role, read by anybody. */
  _Atomic guint64 n;          /* restarts, of all runs */
} ButlerRecovery;

/* butler__server_follow_policy() decides what follows the failure that @context was told of; TRUE if its message is not to be counted
 * as handled: it was taken, to be tried again or as poison. The reader's role is held. */
gboolean butler__server_follow_policy (ButlerServer  *server,
                                       ButlerContext *context);

/* butler__server_try_again() hands what failed before to its handlers, until one fails; how many. The reader's role is held. */
guint butler__server_try_again (ButlerServer *server);

/* butler__server_restart() does what BUTLER__REQUEST_RESTART asks for, if it can be done now. What is to be tried again is there
 * afterwards. Who has the reader's role, at a boundary. */
void butler__server_restart (ButlerServer *server);

/* butler__server_put_off_restart() is for where it cannot be done, and the bit would keep the server from sleeping. */
void butler__server_put_off_restart (ButlerServer *server);

/* butler__server_open_recovery() prepares the next run. The hub's mutex is held. */
void butler__server_open_recovery (ButlerServer *server);

/* butler__server_bury_again() is for a run that ends before what failed was tried again. */
void butler__server_bury_again (ButlerServer *server);

/* butler__server_get_policy() is what holds now. The hub's mutex is held. */
ButlerPolicy butler__server_get_policy (const ButlerServer *server);

/* butler__server_ask_restart() asks for a restart in @pause (µs); FALSE: it starts or does not run, and is left alone. The hub's mutex
 * is held. */
gboolean butler__server_ask_restart (ButlerServer *server,
                                     gint64        pause);

/* butler__server_see_to_control() is for who sleeps in a restart: a clear and a swap. */
void butler__server_see_to_control (ButlerServer *server);

/* butler__server_exceed() lets follow what the policy says of a handler (of @type) that runs too long: when it returns; @alerts, see
 * lib/alert.h. The hub's mutex is held. */
void butler__server_exceed (ButlerServer *server,
                            const char   *type,
                            ButlerAlerts *alerts);

/* butler__server_give_up() ends the run, which has failed: all that waits becomes dead letters. The hub's mutex is held. */
void butler__server_give_up (ButlerServer *server,
                             const char   *format,
                             ...) G_GNUC_PRINTF (2, 3);
