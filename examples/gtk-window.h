/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* What gtk-main and gtk-thread have in common: two servers. They differ only in how the client's handlers come to GTK's
 * thread. */

/* The client is a window that sends what was typed to the worker and shows its answers. All of it, its start and stop
 * functions too, runs on the thread on which GTK runs. */
#define CLIENT_FIELDS(F, R)                              \
  F (R, pointer, hub)    /* ButlerHub: where it sends */ \
  F (R, pointer, window) /* GtkWindow */                 \
  F (R, pointer, entry)  /* GtkEntry */                  \
  F (R, pointer, label)  /* GtkLabel */                  \
  F (R, uint64,  answers)
BUTLER_RECORD (GtkExampleClient, client, CLIENT_FIELDS);

extern const ButlerHandlerSet client_set;

/* The worker answers, on a thread of its own. */
extern const ButlerHandlerSet worker_set;
