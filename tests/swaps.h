/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/leftovers.h"
#include "tests/swap-messages.h"

/* A hub with the plugin "swap" loaded from a file that tests exchange, and a channel of their own for its answers. */

static Leftovers      left;
static ButlerHub     *hub;
static ButlerModule  *module;
static ButlerChannel *answers;
static char          *file;

static inline void
put (const char *plugin)
{
  leftovers_put (file, plugin);
}

static inline ButlerServer *
make_server (const char          *name,
             ButlerServerOptions  options)
{
  GError       *error = NULL;
  ButlerServer *server;

  options.options_size = sizeof options;
  server = butler_server_new (hub, name, butler_module_get_set (module, "swap", NULL), &options, &error);
  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (server);
  return server;
}

static inline ButlerServer *
start_server (const char          *name,
              ButlerServerOptions  options)
{
  GError       *error = NULL;
  ButlerServer *server = make_server (name, options);

  ck_assert (butler_server_start (server, &error));
  butler_assert_no_error (error);
  return server;
}

#define ROUTED   ((ButlerServerOptions) { 0 })
#define UNROUTED ((ButlerServerOptions) { .no_route = TRUE })

static inline void
swaps_begin (void)
{
  GError *error = NULL;

  g_type_ensure (G_TYPE_TASK); /* GIO makes a thread with its first task, and keeps it */
  leftovers_begin (&left);
  file = g_build_filename (left.folder, "swap.so", NULL);
  put ("swap-1");
  hub = butler_hub_new ();
  butler_hub_set_swap_limit (hub, 60 * 1000); /* the machine may be slow */
  answers = butler_hub_add_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
  ck_assert (butler_hub_route (hub, &swap_answer_info, answers, NULL));
  module = butler_module_load (hub, file, BUTLER_MODULE_DEFAULT, &error);
  butler_assert_no_error (error);
}

static inline void
swaps_end (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_unlink (file);
  g_clear_pointer (&file, g_free);
  leftovers_end (&left);
}

static inline ButlerSwapReport *
swap_to (const char *plugin)
{
  GError           *error = NULL;
  ButlerSwapReport *report;

  put (plugin);
  report = butler_hub_swap (hub, NULL, &error);
  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (report);
  return report;
}

static inline void
swap_fails (const char *plugin,
            int         code,
            const char *reason)
{
  GError *error = NULL;

  put (plugin);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, code, reason, NULL);
}

static inline void
tick (ButlerServer *server,
      guint32       writer,
      guint64       number)
{
  ck_assert (swap_tick_send_to (butler_server_get_channel (server), &(SwapTick) { .writer = writer, .number = number }, NULL));
}

static inline void
order (ButlerServer *server,
       const char   *what,
       gpointer      data)
{
  ck_assert (swap_order_send_to (butler_server_get_channel (server), &(SwapOrder) { g_strdup (what), data }, NULL));
}

/* (transfer full): the next answer, which is waited for. */
static inline SwapAnswer *
next_answer (void)
{
  GError        *error = NULL;
  ButlerMessage *message = butler_channel_receive (answers, -1, &error);

  butler_assert_no_error (error);
  return swap_answer_get (message);
}

/* Returns when all that could go of what was let go before has gone: the thread that swaps does one thing after the other. */
static inline void
settle (void)
{
  const char *const none[] = { "none", NULL };
  GError           *error = NULL;

  ck_assert_ptr_null (butler_hub_swap (hub, none, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, NULL);
}

static inline void
expect (guint32     version,
        guint64     count,
        const char *text)
{
  g_autoptr (SwapAnswer) answer = next_answer ();

  ck_assert_uint_eq (answer->version, version);
  ck_assert_uint_eq (answer->count, count);
  ck_assert_str_eq (answer->text, text);
}

/* Returns when @server is in its handler, until something is pushed to @gate. */
static inline void
keep_waiting (ButlerServer *server,
              GAsyncQueue  *gate)
{
  g_autoptr (SwapAnswer) answer = NULL;

  order (server, "wait", gate);
  answer = next_answer ();
  ck_assert_str_eq (answer->text, "waiting");
}
