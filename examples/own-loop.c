/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * own-loop: a server whose loop is poll(2): it sleeps on its channel's descriptor and on a timer's at once.
 *
 *     examples/own-loop 3 */

#include <poll.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <threadbutler/threadbutler.h>
#include <unistd.h>

#define TICK (5 * 1000 * 1000) /* ns */

#define COUNT_DOWN_FIELDS(F, R) \
  F (R, uint64, from)
BUTLER_MESSAGE (OwnLoopCountDown, count_down, COUNT_DOWN_FIELDS);

#define TICKER_FIELDS(F, R) \
  F (R, int32,  timer)      \
  F (R, uint64, left)
BUTLER_RECORD (OwnLoopTicker, ticker, TICKER_FIELDS);

#define TICKER_HANDLES(H, S) \
  H (S, count_down)
BUTLER_HANDLERS (ticker, TICKER_HANDLES);

static void
ticker_on_count_down (OwnLoopTicker *self, OwnLoopCountDown *message, ButlerContext *context G_GNUC_UNUSED)
{
  const struct itimerspec always = { { 0, TICK }, { 0, TICK } };

  self->left = message->from;
  timerfd_settime (self->timer, 0, &always, NULL);
}

static const ButlerHandlerSet ticker_set = { BUTLER_HANDLER_SET (ticker) };

/* On the server's thread, like its handlers: the state needs no lock here either. */
static gboolean
tick (OwnLoopTicker *self)
{
  guint64 ticks;

  if (read (self->timer, &ticks, sizeof ticks) != sizeof ticks)
    return TRUE;
  for (; ticks > 0 && self->left > 0; ticks--)
    g_print ("%" G_GUINT64_FORMAT "\n", self->left--);
  return self->left > 0;
}

static void
poll_loop (ButlerServer *server, gpointer data)
{
  OwnLoopTicker *self = data;
  g_autoptr (GError) error = NULL;
  struct pollfd watched[] = { { butler_server_get_fd (server, &error), POLLIN, 0 }, { self->timer, POLLIN, 0 } };
  gboolean ticking = error == NULL;

  if (error != NULL)
    butler_hub_fail (butler_server_get_hub (server), g_steal_pointer (&error));
  while (ticking && butler_server_keep_running (server))
    {
      poll (watched, G_N_ELEMENTS (watched), -1);
      if (watched[0].revents != 0)
        butler_server_dispatch (server, 64);
      if (watched[1].revents != 0)
        ticking = tick (self);
    }
}

static gboolean
run (ButlerHub *hub, OwnLoopTicker *state, guint64 from, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.loop = poll_loop, .loop_data = state, .state = state);

  return butler_server_new (hub, "ticker", &ticker_set, options, error) != NULL && butler_hub_start (hub, error)
         && count_down_send (hub, &(OwnLoopCountDown) { from }, error)
         && butler_hub_join (hub, error); /* until the loop has come to its end */
}

int
main (int argc, char **argv)
{
  OwnLoopTicker state = { .timer = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC) };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok = state.timer >= 0 && run (hub, &state, argc > 1 ? strtoull (argv[1], NULL, 10) : 3, &error);

  if (state.timer >= 0)
    close (state.timer);
  if (!ok)
    g_printerr ("own-loop: %s\n", error != NULL ? error->message : "no timer");
  return ok ? 0 : 1;
}
