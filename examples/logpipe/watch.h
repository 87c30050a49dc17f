/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* A thread that waits until a descriptor has something to read: a pipe, a terminal, a socket, or inotify. */
typedef struct _Watch Watch;

/* watch_new() sends LogpipeReadMore to @channel when @input can be read (or has ended, or has an error): the first time at
 * once if @now, else after watch_again(). */
Watch *watch_new     (int             input,
                      gboolean        now,
                      ButlerChannel  *channel,
                      guint32         piece,
                      GError        **error);
/* watch_again() does so once more: called when what there was has been read. */
void   watch_again   (Watch          *watch);
/* watch_restart() goes on with another thread, which runs the code that this function is part of. A GDestroyNotify. */
void   watch_restart (gpointer        watch);
/* watch_free() ends the thread, however long the input would have kept it waiting. */
void   watch_free    (Watch          *watch);
