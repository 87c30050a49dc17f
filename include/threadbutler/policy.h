/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/types.h>

G_BEGIN_DECLS

/* What follows when a handler has failed. */
typedef enum
{
  BUTLER_FAILURE_DEFAULT,  /* not said here: what the set says, or to continue */
  BUTLER_FAILURE_CONTINUE, /* the next message follows */
  BUTLER_FAILURE_RESTART,  /* the server is made anew: shutdown events, a new state, startup events; its messages wait */
  BUTLER_FAILURE_STOP,     /* the server ends, and what waits for it becomes dead letters */
  BUTLER_FAILURE_ESCALATE, /* its supervisor restarts it, and perhaps others: see ButlerStrategy */
} ButlerFailure;

/* Whom a supervisor restarts when one of those under it has escalated its failure. */
typedef enum
{
  BUTLER_STRATEGY_DEFAULT, /* not said here: what the set says, or one-for-one */
  BUTLER_STRATEGY_ONE_FOR_ONE,
  BUTLER_STRATEGY_ONE_FOR_ALL,
  BUTLER_STRATEGY_REST_FOR_ONE, /* the one that failed and those that were made after it */
} ButlerStrategy;

/* What becomes of who waits for the answer of a handler that runs longer than it may. */
typedef enum
{
  BUTLER_ASKS_DEFAULT, /* not said here: what the set says, or to wait */
  BUTLER_ASKS_WAIT,    /* the handler may still answer */
  BUTLER_ASKS_FAIL,    /* the ask ends at once, with BUTLER_ERROR_TIMED_OUT; what the handler answers later is for nobody */
} ButlerLateAsks;

#define BUTLER_NO_PAUSE G_MAXUINT
#define BUTLER_NO_LIMIT G_MAXUINT

/* Of a handler set, and of a server, whose own goes before it, member by member; zero is what is not said. Append-only: policy_size
 * says what is there. */
typedef struct
{
  gsize          policy_size;
  ButlerFailure  on_failure;
  guint          restarts;      /* so many in a period at the most, then it is given up; 0: 5 */
  guint          period;        /* ms; 0: 60000 */
  guint          pause;         /* before the first restart in a period, and double before each further one, ms; 0: 100; BUTLER_NO_PAUSE */
  guint          longest_pause; /* ms; 0: 10000 */
  guint          poison;        /* a message is tried again after each restart, until it has failed so often; 0: it is not tried again */
  ButlerStrategy strategy;      /* of those that it supervises */
  guint          handler_limit; /* how long a handler may run before it is reported, ms; 0: as the hub says; BUTLER_NO_LIMIT */
  ButlerFailure  on_limit;      /* what follows when a handler that was reported returns; BUTLER_FAILURE_DEFAULT: nothing */
  ButlerLateAsks late_asks;     /* what who asked gets when the handler is reported */
} ButlerPolicy;

#ifndef __cplusplus
/* BUTLER_POLICY (.on_failure = BUTLER_FAILURE_RESTART, .restarts = 3, .period = 10000) */
#define BUTLER_POLICY(...) (&(const ButlerPolicy) { .policy_size = sizeof (ButlerPolicy), __VA_ARGS__ })
#endif

BUTLER_AVAILABLE_IN_1_0
const char *butler_failure_to_string    (ButlerFailure    failure);
BUTLER_AVAILABLE_IN_1_0
gboolean    butler_failure_from_string  (const char      *text,
                                         ButlerFailure   *failure,
                                         GError         **error);
BUTLER_AVAILABLE_IN_1_0
const char *butler_strategy_to_string   (ButlerStrategy   strategy);
BUTLER_AVAILABLE_IN_1_0
gboolean    butler_strategy_from_string (const char      *text,
                                         ButlerStrategy  *strategy,
                                         GError         **error);

G_END_DECLS
