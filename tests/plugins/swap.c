/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/swap-messages.h"

/* One plugin in several versions, by -D: SWAP_VERSION is what it answers with.
 * STATE_OTHER: a state with its fields in another order, one more, and one wider. STATE_NARROW: one whose count is text.
 * SWAPPED: it has a `swapped` function, which sends an answer; SWAPPED_FAILS: that fails for servers whose name ends in 7;
 * SWAPPED_WAITS: that waits for ever. NO_ORDERS: it lacks a handler. MORE: it has one more. SWAP_TICK_OTHER: its ticks have another
 * layout. OTHER_NAME: it is another plugin. */

#define LEAST_SWAP_FIELDS(F, R) \
  F (R, uint32, count)          \
  F (R, string, name)           \
  F (R, pointer, carried)       \
  F (R, pointer, held)
#define OTHER_SWAP_FIELDS(F, R) \
  F (R, pointer, held)          \
  F (R, string, name)           \
  F (R, int64, extra)           \
  F (R, uint64, count)
#define NARROW_SWAP_FIELDS(F, R) \
  F (R, string, name)            \
  F (R, string, count)           \
  F (R, pointer, held)

#if defined STATE_OTHER
BUTLER_RECORD (Swap, swap, OTHER_SWAP_FIELDS);
#elif defined STATE_NARROW
BUTLER_RECORD (Swap, swap, NARROW_SWAP_FIELDS);
#else
BUTLER_RECORD (Swap, swap, LEAST_SWAP_FIELDS);
#endif

#define SWAP_SETTINGS_FIELDS(F, R) \
  F (R, string, motto, "be brief", "what it goes by")
#define OTHER_SWAP_SETTINGS_FIELDS(F, R)                \
  F (R, uint64, step, "5", "what is new in it")         \
  F (R, string, motto, "be brief", "what it goes by")
#ifdef STATE_OTHER
BUTLER_SETTINGS (SwapSettings, swap_settings, OTHER_SWAP_SETTINGS_FIELDS);
#else
BUTLER_SETTINGS (SwapSettings, swap_settings, SWAP_SETTINGS_FIELDS);
#endif

#define SWAP_MORE_FIELDS(F, R) F (R, string, text)
BUTLER_MESSAGE (SwapMore, swap_more, SWAP_MORE_FIELDS);

#define SWAP_BASE_HANDLES(H, S) H (S, swap_tick)
#if defined NO_ORDERS
#define SWAP_HANDLES(H, S) SWAP_BASE_HANDLES (H, S)
#elif defined MORE
#define SWAP_HANDLES(H, S)   \
  SWAP_BASE_HANDLES (H, S)   \
  H (S, swap_order)          \
  H (S, swap_more)
#else
#define SWAP_HANDLES(H, S) \
  SWAP_BASE_HANDLES (H, S) \
  H (S, swap_order)
#endif
BUTLER_HANDLERS (swap, SWAP_HANDLES);

BUTLER__UNUSED static const char version_text[] = "version " G_STRINGIFY (SWAP_VERSION);

static void
answer (ButlerContext *context, const SwapTick *tick, guint64 count, const char *text)
{
  SwapAnswer answer = { .version = SWAP_VERSION, .count = count, .text = g_strdup (text) };

  answer.server = g_strdup (butler_server_get_name (butler_context_get_server (context)));
  if (tick != NULL)
    {
      answer.writer = (guint32) tick->writer;
      answer.number = tick->number;
    }
  swap_answer_send (butler_context_get_hub (context), &answer, NULL);
}

static guint64
count_of (const Swap *self)
{
#ifdef STATE_NARROW
  return self->count != NULL;
#else
  return self->count;
#endif
}

static void
swap_on_swap_tick (Swap *self, SwapTick *tick, ButlerContext *context)
{
#ifndef STATE_NARROW
  self->count++;
#endif
  answer (context, tick, count_of (self), self->name);
}

#ifndef NO_ORDERS
static void
swapped_it (GObject *nothing, GAsyncResult *result, gpointer data)
{
  ButlerContext              *held = data;
  g_autoptr (GError)          error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap_finish (butler_context_get_hub (held), result, &error);

  (void) nothing;
  answer (held, NULL, report != NULL ? report->plugins->len : 0, error != NULL ? error->message : "swapped");
  butler_context_release (held);
}

static void
run_task (ButlerTask *task, gpointer queue)
{
  SwapTick tick = { .writer = 99 };

  g_async_queue_pop (queue);
  swap_tick_return (task, &tick);
}

static void
swap_on_swap_order (Swap *self, SwapOrder *order, ButlerContext *context)
{
  ButlerHub *hub = butler_context_get_hub (context);

  if (g_str_equal (order->what, "hold"))
    self->held = butler_context_hold (context);
  else if (g_str_equal (order->what, "release"))
    butler_context_release (g_steal_pointer (&self->held));
  else if (g_str_equal (order->what, "wait"))
    {
      answer (context, NULL, count_of (self), "waiting");
      g_async_queue_pop (order->data);
    }
  else if (g_str_equal (order->what, "task"))
    butler_context_run_task (context, "fetch", run_task, order->data, NULL);
  else if (g_str_equal (order->what, "swap"))
    butler_hub_swap_async (hub, NULL, NULL, swapped_it, butler_context_hold (context));
  else if (g_str_equal (order->what, "swap now"))
    {
      g_autoptr (GError) error = NULL;

      butler_hub_swap (hub, NULL, &error);
      answer (context, NULL, 0, error != NULL ? error->message : "swapped");
      return;
    }
#if !defined STATE_OTHER && !defined STATE_NARROW
  else if (g_str_equal (order->what, "keep"))
    self->carried = (gpointer) version_text;
#endif
  answer (context, NULL, count_of (self), order->what);
}
#endif

#ifdef MORE
static void
swap_on_swap_more (Swap *self, SwapMore *more, ButlerContext *context)
{
  answer (context, NULL, count_of (self), more->text);
}
#endif

static gboolean
swap_start (Swap *self, const SwapSettings *settings, ButlerContext *context, GError **error)
{
  (void) error;
  (void) context;
  self->name = g_strdup (settings->motto);
  return TRUE;
}

#ifdef SWAPPED
static void
say_committed (gpointer flag)
{
  g_atomic_int_inc ((int *) flag);
}

static gboolean
swap_swapped (Swap *self, const SwapSettings *settings, ButlerSwap *swap, ButlerContext *context, GError **error)
{
  const char *server = butler_server_get_name (butler_context_get_server (context));
  gpointer    flag = butler_swap_get_old_pointer (swap, "carried");

  answer (context, NULL, butler_swap_get_from (swap) * 1000 + butler_swap_get_to (swap), settings->motto);
  if (flag != NULL)
    butler_swap_on_commit (swap, say_committed, flag);
  g_free (self->name);
  self->name = g_strdup ("swapped");
#ifdef STATE_OTHER
  self->extra = (gint64) settings->step;
#endif
#ifdef SWAPPED_WAITS
  g_async_queue_pop (flag);
#endif
#ifdef SWAPPED_FAILS
  if (g_str_has_suffix (server, "7"))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "it is the seventh");
      return FALSE;
    }
#endif
  (void) server;
  (void) error;
  return version_text[0] == 'v';
}
#endif

static const ButlerHandlerSet swap_set = {
  BUTLER_HANDLER_SET (swap),
  BUTLER_START (swap, swap_settings, swap_start),
#ifdef SWAPPED
  BUTLER_SWAPPED (swap, swap_settings, swap_swapped),
#endif
};

#ifdef OTHER_NAME
BUTLER_PLUGIN (other, "1.0", &swap_set)
#else
BUTLER_PLUGIN (swap, G_STRINGIFY (SWAP_VERSION) ".0", &swap_set)
#endif
