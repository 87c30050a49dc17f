/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/context.h>

#include "lib/layout.h"

/* Of a message that a timer sent; else all zero. */
typedef struct
{
  guint64 timer;
  gint64  deadline; /* monotonic, µs */
  guint64 missed;
} ButlerTick;

/* What a handler or an event is given beside the state. One a server, as its handlers run one at a time, and one for each that is
 * held. The reader only; a held one: whoever holds it. */
struct _ButlerContext
{
  ButlerServer  *server;  /* (unowned) */
  ButlerHub     *hub;     /* (unowned) */
  ButlerMessage *message; /* (owned) (nullable): what is being handled; NULL in events, and once it was taken */
  const char    *type;    /* (nullable): the name of its type */
  GError        *error;   /* (owned) (nullable): the handler failed */
  GCancellable  *cancellable; /* (unowned) (nullable), a held one's (owned): of the server's run; see lib/pending.h */
  ButlerContext *held;    /* (unowned) (nullable): what butler_context_hold() made of this, while the handler runs */
  ButlerAsk     *asked;   /* (owned) (nullable): of a message that was taken, so that it still can be answered here */
  ButlerTick     tick;
  guint          tries;    /* how often the message has failed before, across restarts */
  gboolean       is_held;
  gboolean       is_swapping; /* `swapped` runs: nothing that it does is certain yet */
};

/* butler__context_leave() is called when the handler or the event has returned: what it held lives on by itself. */
void butler__context_leave (ButlerContext *context);

/* butler__context_answer_failure() lets who waits for the answer, if somebody does, have a copy of the error. reply.c. */
void butler__context_answer_failure (ButlerContext *context);

/* butler__context_is_over() is TRUE for what was held in a run that is over. The server's thread. */
gboolean butler__context_is_over (ButlerContext *context);
