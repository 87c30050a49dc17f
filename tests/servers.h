/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <pthread.h>

#include "tests/common-messages.h"
#include "tests/common.h"

/* A server's state that is the test's own: what its handler does, and what it saw. Touched by the server while it runs, and by the
 * test when it does not. */
typedef struct _Script Script;
struct _Script
{
  void         (*on_number) (Script *self, Number *number, ButlerContext *context); /* (nullable) */
  ButlerChannel *to;      /* (nullable): each number goes there afterwards */
  gpointer       data;
  GAsyncQueue   *gate;    /* (nullable): what a handler may wait for */
  int            handled;
  int            last;
  gboolean       jumped;  /* some number did not follow the one before */
  GError        *error;   /* (owned) (nullable): what the last send to @to met */
};

static inline void
script_clear_error (Script *script)
{
  g_clear_error (&script->error);
}

BUTLER_OPAQUE_MESSAGE (Script, script, script_clear_error, NULL);

#define SCRIPT_HANDLES(H, S) \
  H (S, number)
BUTLER_HANDLERS (script, SCRIPT_HANDLES);

static void
script_on_number (Script        *self,
                  Number        *number,
                  ButlerContext *context)
{
  self->jumped |= self->handled > 0 && number->value != self->last + 1;
  self->last = number->value;
  self->handled++;
  if (self->on_number != NULL)
    self->on_number (self, number, context);
  if (self->to != NULL)
    {
      g_clear_error (&self->error);
      number_send_to (self->to, number, &self->error);
    }
}

static const ButlerHandlerSet script_set = { BUTLER_HANDLER_SET (script) };

/* @options have neither a size nor a state yet. */
static inline ButlerServer *
script_server (ButlerHub           *hub,
               const char          *name,
               Script              *script,
               ButlerServerOptions  options)
{
  GError *error = NULL;
  ButlerServer *server;

  options.options_size = sizeof options;
  options.state = script;
  server = butler_server_new (hub, name, &script_set, &options, &error);
  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (server);
  return server;
}

#define NO_OPTIONS ((ButlerServerOptions) { 0 })
#define OPTIONS(...) ((ButlerServerOptions) { __VA_ARGS__ })

static inline void
start (ButlerServer *server)
{
  GError *error = NULL;
  gboolean started = butler_server_start (server, &error);

  butler_assert_no_error (error);
  ck_assert (started);
}

static inline void
start_hub (ButlerHub *hub)
{
  GError *error = NULL;
  gboolean started = butler_hub_start (hub, &error);

  butler_assert_no_error (error);
  ck_assert (started);
}

static inline gboolean
try_send_number (ButlerServer *server,
                 int           value)
{
  Number number = { value };

  return number_send_to (butler_server_get_channel (server), &number, NULL);
}

/* Numbers from @first to @last, for who knows that they are accepted; any thread. */
static inline void
send_to_server (ButlerServer *server,
                int           first,
                int           last)
{
  for (int value = first; value <= last; value++)
    g_assert_true (try_send_number (server, value));
}

static inline ButlerChannel *
own_channel (ButlerHub      *hub,
             const char     *name,
             guint           capacity,
             ButlerOverflow  overflow)
{
  GError *error = NULL;
  ButlerChannel *channel = butler_hub_add_channel (hub, name, capacity, overflow, &error);

  butler_assert_no_error (error);
  return channel;
}

/* Waits for a number in a channel of the test's own. */
static inline int
wait_for_number (ButlerChannel *channel)
{
  GError *error = NULL;
  g_autoptr (ButlerMessage) message = butler_channel_receive (channel, -1, &error);

  butler_assert_no_error (error);
  return number_get (message)->value;
}

static inline void
tell (ButlerChannel *channel,
      int            value)
{
  Number number = { value };

  g_assert_true (number_send_to (channel, &number, NULL));
}

static inline guint64
dead_letters (ButlerServer     *server,
              ButlerDeadReason  reason)
{
  return butler_channel_get_dead_letters (butler_server_get_channel (server), reason);
}

/* butler_hub_get_stats() of one server, to be cleared; all its messages must be accounted for. */
static inline ButlerServerStats
get_stats_of (ButlerHub  *hub,
              const char *name)
{
  g_autoptr (GArray) all = butler_hub_get_stats (hub);

  for (guint i = 0; i < all->len; i++)
    {
      ButlerServerStats *one = &g_array_index (all, ButlerServerStats, i);
      ButlerServerStats found = *one;

      if (!g_str_equal (one->name, name))
        continue;
      *one = (ButlerServerStats) { 0 };
      g_assert_cmpuint (found.received, ==, found.handled + found.dead + found.length);
      return found;
    }
  g_error ("no server %s", name);
}

static inline void
assert_figures (ButlerHub  *hub,
                const char *name,
                guint       received,
                guint       handled,
                guint       dead)
{
  g_auto (ButlerServerStats) stats = get_stats_of (hub, name);

  ck_assert_uint_eq (stats.received, received);
  ck_assert_uint_eq (stats.handled, handled);
  ck_assert_uint_eq (stats.dead, dead);
}

/* A handler's: 0 ends its own server. */
static inline void
stop_on_first (Script        *self G_GNUC_UNUSED,
               Number        *number,
               ButlerContext *context)
{
  if (number->value == 0)
    butler_context_stop_server (context);
}

/* A thread's. */
static inline gpointer
stop_it (gpointer server)
{
  g_assert_true (butler_server_stop (server));
  return NULL;
}

/* How threads of a test meet: no test sleeps, and none looks again and again. */
static inline void
meet (pthread_barrier_t *barrier)
{
  pthread_barrier_wait (barrier);
}

/* What the library warns of, by structured logging, while a test expects that. */
static GMutex     warnings_lock;
static GPtrArray *warnings;

static inline gboolean
keep_warning (const GLogField *fields,
              gsize            n)
{
  GString *text = g_string_new (NULL);
  gboolean kept = FALSE;

  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") || g_str_equal (fields[i].key, "SERVER")
        || g_str_equal (fields[i].key, "MESSAGE_TYPE"))
      g_string_append_printf (text, "%s=%s;", fields[i].key, (const char *) fields[i].value);
  g_mutex_lock (&warnings_lock);
  kept = warnings != NULL;
  if (kept)
    g_ptr_array_add (warnings, g_strdup (text->str));
  g_mutex_unlock (&warnings_lock);
  g_string_free (text, TRUE);
  return kept;
}

static inline GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n,
           gpointer         data)
{
  if ((level & G_LOG_LEVEL_WARNING) && keep_warning (fields, n))
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n, data);
}

/* servers_test_main() is butler_test_main() for tests that expect warnings. */
static inline int
servers_test_main (Suite *suite)
{
  g_log_set_writer_func (write_log, NULL, NULL);
  return butler_test_main (suite);
}

static inline void
expect_warnings (void)
{
  g_mutex_lock (&warnings_lock);
  warnings = g_ptr_array_new_with_free_func (g_free);
  g_mutex_unlock (&warnings_lock);
}

/* Or none, as it happens. */
static inline void
forget_warnings (void)
{
  g_mutex_lock (&warnings_lock);
  g_clear_pointer (&warnings, g_ptr_array_unref);
  g_mutex_unlock (&warnings_lock);
}

/* There were so many, and the first holds @part. */
static inline void
assert_warnings (guint       n,
                 const char *part)
{
  g_autoptr (GPtrArray) seen = NULL;

  g_mutex_lock (&warnings_lock);
  seen = g_steal_pointer (&warnings);
  g_mutex_unlock (&warnings_lock);
  ck_assert_uint_eq (seen->len, n);
  ck_assert_msg (strstr (seen->pdata[0], part) != NULL, "\"%s\" is missing in: %s", part, (char *) seen->pdata[0]);
}
