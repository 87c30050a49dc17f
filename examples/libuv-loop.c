/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * libuv-loop: a server whose loop is libuv's, so that its handlers can use libuv's timers, sockets and files. Each
 * message sets an alarm; the alarms ring in their own order, and the server ends when the last one has.
 *
 *     examples/libuv-loop 30 10 20 */

#include <stdlib.h>
#include <threadbutler/threadbutler.h>
#include <uv.h>

#define ALARM_FIELDS(F, R) \
  F (R, uint64, after) /* ms */
BUTLER_MESSAGE (UvAlarm, alarm, ALARM_FIELDS);

#define BELL_FIELDS(F, R) \
  F (R, pointer, loop)    \
  F (R, uint64,  rung)
BUTLER_RECORD (UvBell, bell, BELL_FIELDS);

#define BELL_HANDLES(H, S) \
  H (S, alarm)
BUTLER_HANDLERS (bell, BELL_HANDLES);

typedef struct
{
  uv_timer_t     timer;   /* first: it is what libuv's callbacks get */
  ButlerContext *context; /* held, which keeps the message too */
  UvAlarm       *message;
} Alarm;

static void
free_alarm (uv_handle_t *handle)
{
  g_free (handle);
}

static void
ring (uv_timer_t *timer)
{
  Alarm *alarm = (Alarm *) timer;
  UvBell *self = butler_context_state (alarm->context);

  g_print ("%" G_GUINT64_FORMAT ": after %" G_GUINT64_FORMAT " ms\n", ++self->rung, alarm->message->after);
  butler_context_release (alarm->context);
  uv_close ((uv_handle_t *) timer, free_alarm);
}

static void
bell_on_alarm (UvBell *self, UvAlarm *message, ButlerContext *context)
{
  Alarm *alarm = g_new0 (Alarm, 1);

  alarm->context = butler_context_hold (context);
  alarm->message = message;
  uv_timer_init (self->loop, &alarm->timer);
  uv_timer_start (&alarm->timer, ring, message->after, 0);
}

static const ButlerHandlerSet bell_set = { BUTLER_HANDLER_SET (bell) };

static void
dispatch (uv_poll_t *poll, int status G_GNUC_UNUSED, int events G_GNUC_UNUSED)
{
  butler_server_dispatch (poll->data, 64);
  if (!butler_server_keep_running (poll->data))
    uv_close ((uv_handle_t *) poll, NULL);
}

/* uv_run() returns when nothing is left that libuv could wait for: no poll, no alarm. */
static void
run_uv (ButlerServer *server, gpointer loop)
{
  uv_poll_t poll = { .data = server };
  GError *error = NULL;
  int fd = butler_server_get_fd (server, &error);

  if (fd < 0)
    {
      butler_hub_fail (butler_server_get_hub (server), error);
      return;
    }
  uv_poll_init (loop, &poll, fd);
  uv_poll_start (&poll, UV_READABLE, dispatch);
  uv_run (loop, UV_RUN_DEFAULT);
}

static gboolean
run (ButlerHub *hub, UvBell *state, char **times, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.loop = run_uv, .loop_data = state->loop, .state = state);
  ButlerServer *bell = butler_server_new (hub, "bell", &bell_set, options, error);

  if (bell == NULL)
    return FALSE;
  for (; *times != NULL; times++) /* they wait for the start */
    if (!alarm_send (hub, &(UvAlarm) { strtoull (*times, NULL, 10) }, error))
      return FALSE;
  if (!butler_server_start (bell, error))
    return FALSE;
  butler_hub_shutdown (hub);
  return butler_hub_join (hub, error);
}

int
main (int argc, char **argv)
{
  uv_loop_t loop;
  UvBell state = { .loop = &loop };
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok;

  uv_loop_init (&loop);
  ok = run (hub, &state, argv + MIN (argc, 1), &error);
  uv_loop_close (&loop);
  if (!ok)
    g_printerr ("libuv-loop: %s\n", error->message);
  return ok ? 0 : 1;
}
