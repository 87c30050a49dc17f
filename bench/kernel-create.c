/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * create: A servers are made and started, each answers one message, then all are stopped.
 * idle: the same, but after the answers nothing happens for T seconds; that is what is measured. */

#include "bench/work.h"

#define HELLO_FIELDS(F, R) \
  F (R, uint64, value)
BUTLER_MESSAGE (BenchHello, hello, HELLO_FIELDS);

#define CLERK_FIELDS(F, R)  \
  F (R, uint64,  number)    \
  F (R, pointer, answers)
BUTLER_RECORD (BenchClerk, clerk, CLERK_FIELDS);

#define CLERK_HANDLES(H, S) \
  H (S, hello)
BUTLER_HANDLERS (clerk, CLERK_HANDLES);

static void
clerk_on_hello (BenchClerk    *self,
                BenchHello    *hello,
                ButlerContext *context)
{
  GError *error = NULL;

  hello->value = bench_value (self->number);
  if (!hello_post_to (self->answers, hello_take (context), &error))
    butler_context_take_error (context, error);
}

static const ButlerHandlerSet clerk_set = { BUTLER_HANDLER_SET (clerk) };

typedef struct
{
  ButlerHub     *hub;
  ButlerChannel *answers;  /* (unowned) */
  BenchClerk    *clerks;   /* (owned): the states */
  ButlerServer **servers;  /* (owned) */
  guint64        n;
} Office;

static gboolean
office_open (Office           *self,
             const BenchArgs  *args,
             GError          **error)
{
  self->hub = butler_hub_new ();
  self->answers = butler_hub_add_channel (self->hub, "answers", 0, BUTLER_OVERFLOW_FAIL, error);
  if (self->answers == NULL)
    return FALSE;
  self->clerks = g_new0 (BenchClerk, args->actors);
  self->servers = g_new0 (ButlerServer *, args->actors);
  for (; self->n < args->actors; self->n++)
    {
      g_autofree char *name = g_strdup_printf ("clerk-%" G_GUINT64_FORMAT, self->n);
      ButlerServer *server;

      self->clerks[self->n] = (BenchClerk) { .number = self->n, .answers = self->answers };
      server = bench_server_new (self->hub, name, &clerk_set, &self->clerks[self->n], (guint) self->n, TRUE, args, error);
      if (server == NULL || !butler_server_start (server, error))
        return FALSE;
      self->servers[self->n] = server;
    }
  return TRUE;
}

static gboolean
office_ask_all (Office           *self,
                const BenchArgs  *args,
                GError          **error)
{
  BenchTally tally = { .n = self->n };
  guint64 lost = args->lose ? 1 : 0;

  for (guint64 i = lost; i < self->n; i++)
    if (!hello_send_to (butler_server_get_channel (self->servers[i]), &(BenchHello) { 0 }, error))
      return FALSE;
  for (guint64 i = lost; i < self->n; i++)
    {
      g_autoptr (ButlerMessage) answer = butler_channel_receive (self->answers, -1, error);

      if (answer == NULL)
        return FALSE;
      bench_tally_add (&tally, tally.received, hello_get (answer)->value); /* they come in any order */
    }
  return bench_tally_check (&tally, error);
}

static void
office_close (Office *self)
{
  butler_hub_shutdown (self->hub);
  butler_hub_unref (self->hub);
  g_free (self->servers);
  g_free (self->clerks);
}

static gboolean
live (const BenchArgs  *args,
      GError          **error)
{
  Office office = { 0 };
  gboolean ok = office_open (&office, args, error) && office_ask_all (&office, args, error);

  office_close (&office);
  return ok;
}

gboolean
bench_create_butler (const BenchArgs  *args,
                     BenchRound       *round,
                     GError          **error)
{
  return bench_live_through (live, args, round, error);
}

gboolean
bench_idle_butler (const BenchArgs  *args,
                   BenchRound       *round,
                   GError          **error)
{
  Office office = { 0 };
  gboolean ok = office_open (&office, args, error) && office_ask_all (&office, args, error);

  if (ok)
    {
      bench_rest (args, round);
      ok = office_ask_all (&office, args, error);
    }
  office_close (&office);
  return ok;
}
