/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/context.h>

#include "lib/layout.h"

/* What a handler or an event is given beside the state. One a server, as its handlers run one at a time; the reader only. */
struct _ButlerContext
{
  ButlerServer  *server;  /* (unowned) */
  ButlerHub     *hub;     /* (unowned) */
  ButlerMessage *message; /* (owned) (nullable): what is being handled; NULL in events, and once it was taken */
  const char    *type;    /* (nullable): the name of its type */
  GError        *error;   /* (owned) (nullable): the handler failed */
};
