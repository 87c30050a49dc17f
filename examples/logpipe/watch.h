/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* A thread that waits until a pipe, a terminal or a socket has something to read. */
typedef struct _Watch Watch;

/* watch_new() sends LogpipeReadMore to @channel once @input can be read (or has ended, or has an error). */
Watch *watch_new   (int             input,
                    ButlerChannel  *channel,
                    guint32         piece,
                    GError        **error);
/* watch_again() does so once more: called when what there was has been read. */
void   watch_again (Watch          *watch);
/* watch_free() ends the thread, however long the input would have kept it waiting. */
void   watch_free  (Watch          *watch);
