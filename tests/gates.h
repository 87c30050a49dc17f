/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/servers.h"

/* Handlers that wait until a test lets them go on, and status. */

static GAsyncQueue *arrived;
static GAsyncQueue *gate;

static inline void
make_gates (void)
{
  arrived = g_async_queue_new ();
  gate = g_async_queue_new ();
}

static inline void
drop_gates (void)
{
  g_async_queue_unref (arrived);
  g_async_queue_unref (gate);
}

static inline void
open_gate (void)
{
  g_async_queue_push (gate, &gate);
}

static inline void
arrive (void)
{
  g_async_queue_push (arrived, &arrived);
}

static inline void
wait_for_arrival (void)
{
  g_async_queue_pop (arrived);
}

static inline void
stand_at_gate (Script        *self G_GNUC_UNUSED,
               Number        *number G_GNUC_UNUSED,
               ButlerContext *context G_GNUC_UNUSED)
{
  arrive ();
  g_async_queue_pop (gate);
}

static inline ButlerServerStatus *
find_status (ButlerHubStatus *status,
             const char      *name)
{
  for (guint i = 0; i < status->servers->len; i++)
    if (g_str_equal (g_array_index (status->servers, ButlerServerStatus, i).name, name))
      return &g_array_index (status->servers, ButlerServerStatus, i);
  ck_abort_msg ("no server %s", name);
}
