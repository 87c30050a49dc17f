/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/server.h"

/* What those who monitor a server are to be told of the end of its run: taken with the hub's mutex held, told without it. */
typedef struct
{
  GArray  *monitors; /* (owned) (nullable) */
  char    *reason;   /* (owned) (nullable) */
  gboolean failed;
} ButlerNews;

ButlerNews butler__news_take (ButlerServer *server);

/* butler__news_tell() sends it to all; never waits. */
void butler__news_tell (ButlerNews         *news,
                        const ButlerServer *server);

/* butler__server_why() is (transfer full) (nullable): why the last run failed. The hub's mutex is held. */
char *butler__server_why (const ButlerServer *server);
