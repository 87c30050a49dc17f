/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/servers.h"

/* A server whose handlers and events begin work that ends later. What they hold comes to the test by a queue, or ends by a timer of the
 * server's own context, or when it is cancelled. */

#define KEEPER_FIELDS(F, R) \
  F (R, int32, sum)
BUTLER_RECORD (Keeper, keeper, KEEPER_FIELDS);

#define KEEPER_HANDLES(H, S) \
  H (S, number)              \
  H (S, parcel)
BUTLER_HANDLERS (keeper, KEEPER_HANDLES);

static void         (*on_number) (Keeper *self, Number *number, ButlerContext *context);
static void         (*on_parcel) (Keeper *self, Parcel *parcel, ButlerContext *context);
static GAsyncQueue   *held;    /* contexts, for the test to release */
static GAsyncQueue   *gate;    /* what a handler or a task waits for */
static ButlerChannel *news;    /* what the test is told */
static _Atomic int    ended;   /* work that ended */

static void
keeper_on_number (Keeper        *self,
                  Number        *number,
                  ButlerContext *context)
{
  on_number (self, number, context);
}

static void
keeper_on_parcel (Keeper        *self,
                  Parcel        *parcel,
                  ButlerContext *context)
{
  on_parcel (self, parcel, context);
}

static const ButlerHandlerSet keeper_set = { BUTLER_HANDLER_SET (keeper) };

static ButlerHub    *hub;
static ButlerServer *server;

static inline ButlerServer *
new_keeper (const char         *name,
            ButlerServerOptions options)
{
  GError *error = NULL;
  ButlerServer *made;

  options.options_size = sizeof options;
  made = butler_server_new (hub, name, &keeper_set, &options, &error);
  butler_assert_no_error (error);
  return made;
}

/* The first server, and all around it. */
static inline void
set_up (ButlerServerOptions options)
{
  hub = butler_hub_new ();
  held = g_async_queue_new ();
  gate = g_async_queue_new ();
  atomic_store (&ended, 0);
  news = own_channel (hub, "news", 0, BUTLER_OVERFLOW_FAIL);
  server = new_keeper ("keeper", options);
}

static inline void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&held, g_async_queue_unref);
  g_clear_pointer (&gate, g_async_queue_unref);
}

/* Handlers and parts of them */

static inline void
tell_number (Keeper        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context G_GNUC_UNUSED)
{
  tell (news, number->value);
}

/* Odd numbers are held for the test, the others told. */
static inline void
hold_odd (Keeper        *self,
          Number        *number,
          ButlerContext *context)
{
  if (number->value % 2 != 0)
    g_async_queue_push (held, butler_context_hold (context));
  else
    tell_number (self, number, context);
}

static inline ButlerContext *
next_held (void)
{
  return g_async_queue_pop (held);
}

/* All that was sent before this has been handled when it returns, and what was released before it is over. */
static inline void
round_trip (void)
{
  send_to_server (server, 0, 0);
  ck_assert_int_eq (wait_for_number (news), 0);
}

static inline gboolean
release_now (gpointer data)
{
  atomic_fetch_add (&ended, 1);
  butler_context_release (data);
  return G_SOURCE_REMOVE;
}

/* On the thread's own context. */
static inline void
run_after (guint       milliseconds,
           GSourceFunc func,
           gpointer    data)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

static inline void
release_after (guint          milliseconds,
               ButlerContext *context)
{
  run_after (milliseconds, release_now, butler_context_hold (context));
}

static inline void
end_by_cancel (GCancellable *cancellable G_GNUC_UNUSED,
               gpointer      data)
{
  release_now (data);
}

static inline void
release_when_cancelled (ButlerContext *context)
{
  GCancellable *cancellable = butler_context_get_cancellable (context);

  g_cancellable_connect (cancellable, G_CALLBACK (end_by_cancel), butler_context_hold (context), NULL);
}

/* When it does not run. */
static inline guint64
failures (void)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, "keeper");

  return stats.failed;
}
