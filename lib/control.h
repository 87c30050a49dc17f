/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/control.h>

#include "lib/hub.h"

/* The control socket of a program: a thread of its own, so that it also answers while all others are busy. It keeps the
 * hub's memory and no more: a reference that keeps the hub going is held only during a call, or the hub would never
 * end. */
struct _ButlerControl
{
  /* Set when made, read-only afterwards. */
  ButlerHub        *hub;      /* (owned): its memory only */
  char             *name;     /* (owned) */
  char             *path;     /* (owned): of the socket */
  char             *guid;     /* (owned) */
  GSocket          *listener; /* (owned) */
  GMainContext     *context;  /* (owned): of the thread */
  GDBusNodeInfo    *node;     /* (owned): what clients can call */
  GCancellable     *cancellable; /* (owned): of calls that take time */
  GThread          *thread;   /* (owned) */

  /* Any thread, atomic. */
  gint              ending;
  gint              stopped;  /* a client asked for the end */

  /* The thread only. */
  GPtrArray        *clients;  /* (owned by themselves): until their connection is closed, or was refused */
  GSource          *incoming; /* (owned) (nullable): the door, or the end of a pause */
  guint             n_calls;  /* that are not answered yet */
};

/* control-clients.c */

/* butler__control_open() lets clients in, butler__control_close() sends all away: when no clients are left in the list,
 * they have gone. The thread only. */
void butler__control_open  (ButlerControl *control);
void butler__control_close (ButlerControl *control);

/* control-calls.c */

/* butler__control_describe() is what clients can call. */
GDBusNodeInfo *butler__control_describe (void);

/* butler__control_export() lets a client call. FALSE if that one is gone already. The thread only. */
gboolean butler__control_export (ButlerControl   *control,
                                 GDBusConnection *connection);
