/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>
#include <sys/types.h>
#include <threadbutler/server.h>

#include "lib/alarms.h"
#include "lib/context.h"
#include "lib/events.h"
#include "lib/generation.h"
#include "lib/handlers.h"
#include "lib/hub.h"
#include "lib/timer.h"
#include "lib/overrun.h"
#include "lib/restart.h"

typedef struct _ButlerMove ButlerMove;

struct _ButlerServer
{
  gatomicrefcount ref_count;

  /* Set when made, read-only afterwards. */
  ButlerHub      *hub;         /* (owned): its memory only, see lib/hub.h */
  char           *name;        /* (owned) */
  ButlerModule   *module;      /* (unowned) (nullable): whose generations its handlers come from; NULL: the program's */
  GKeyFile       *settings_file;  /* (owned) (nullable): where its settings are read from, also at a swap */
  char           *settings_group; /* (owned) (nullable) */
  ButlerChannel  *channel;     /* (unowned): the hub keeps it */
  guint64         received_before; /* of the channel's figures: those of a removed server that had it before */
  guint64         dead_before[BUTLER_DEAD_REASONS];
  ButlerLoopFunc  loop;        /* (nullable): NULL for a server without a thread */
  gpointer        loop_data;   /* (unowned) */
  gpointer        given_state; /* (unowned) (nullable) */
  guint           pool_size;   /* threads for its tasks */
  gint64          end_limit;   /* how long its end waits for what is pending, µs */
  GMainContext   *main_context; /* (owned) (nullable): of a default loop; its thread's own. Made at the first start */

  /* Before the first start by who made it, read-only afterwards. */
  ButlerEvents    startup;
  ButlerEvents    shutdown;
  GPtrArray      *code;        /* (owned) (nullable): ButlerPin: of plugins in which its loop or functions of its events lie */

  /* Under the hub's mutex. */
  ButlerServerState state;
  GThread        *thread;      /* (owned) (nullable): whoever exchanges it to NULL joins it */
  gboolean        joining;     /* somebody is at it */
  gboolean        removed;
  guint           run;         /* counts the starts: whoever waits for a run is not to wait for the next one */
  gboolean        finishing;   /* somebody runs the rest of this run, or has */
  GError         *start_error; /* (owned) (nullable) */
  ButlerHalt     *halt;        /* (owned) (nullable): the swap that waits for it; it has not arrived, or stands still */
  ButlerMove     *move;        /* (nullable): what a swap has prepared for it; the swap's, while that halts the module */
  gboolean        ending;      /* of this run only the shutdown events, or the stop function, are left */
  gboolean        comes_late;  /* it was asked to stand still while it started */
  gboolean        rolls;       /* it is to take what is current at its next boundary; the layouts are the same */
  gboolean        lent;        /* it has no thread, and a swap has the reader's role for a moment */
  gboolean        routed;      /* the types of its set are routed to it */
  gint64          pause;       /* how long the last swap kept it, ns */
  GPtrArray      *followers;   /* (owned) (nullable): servers, not owned, that end after it when all end */
  GSource        *source;      /* (unowned) (nullable): not destroyed; goes with the run */

  gboolean        reserved;    /* nothing can fail in its start: the reader's role is kept for its thread, and it counts as running at once.
                                * Written before there is that thread, which reads it */

  /* Any thread. */
  _Atomic gboolean killed;     /* release in butler__server_request_end(), acquire between two messages */

  /* Written under the hub's mutex and taps_lock, relaxed; the dispatcher looks for NULL, and takes it under taps_lock (lib/tap.c). */
  _Atomic (struct _ButlerTaps *) taps; /* (owned) (nullable): what watches the handlers */

  /* Who has the reader's role only; of a server that does not run, under the hub's mutex. */
  ButlerHandlers *handlers;    /* (owned): changed under the hub's mutex too */
  ButlerPin       pin;         /* of the generation that they are of; as they */
  gpointer        settings;    /* (owned) (nullable): a record of the set's settings */
  GPtrArray      *old_settings; /* (owned) (nullable): of before a swap; a state may point to them */
  gboolean        coming_over;

  ButlerAlarms    alarms;      /* any thread sets, who has the reader's role rings */
  ButlerTimers    timers;

  /* Who has the reader's role only. */
  gpointer        record;      /* (owned) unless given: the state, from startup to shutdown */
  ButlerContext   context;
  gboolean        busy;        /* in a handler or an event */
  gboolean        starting;    /* from the first startup event to the end of what the last one held */
  struct _ButlerPending *pending; /* (unowned): held contexts and tasks; each owns itself. Written under the lock of it, too */
  GCancellable   *cancellable; /* (owned) (nullable): of this run; made when somebody needs it */
  GThreadPool    *tasks;       /* (owned) (nullable): made for the first task */
  GSource        *clock;       /* (owned) (nullable): limits the sleep of a default loop; made for the first alarm */
  gboolean        polled;      /* a foreign loop sleeps on the channel's descriptor */

  /* Written by who has the reader's role, relaxed; read by anybody. */
  _Atomic guint   generation;  /* its number; 0: the program's */
  _Atomic (const char *) doing; /* (nullable): the type of the message that is being handled; never freed */
  _Atomic guint64 handled;
  _Atomic guint64 failed;      /* tasks too, of which those that nobody waited for are counted on their own threads */
  _Atomic guint   begun;       /* the run whose start is over; release, read by is_starting() in start.c */

  GMutex          pending_lock; /* for who lists what is pending; a leaf lock */
  GMutex          taps_lock;    /* a leaf lock */

  /* Relaxed, any thread. */
  _Atomic guint64 results;     /* of tasks: messages that did not come through the channel */

  ButlerRecovery  recovery;    /* see lib/restart.h */

  /* Under the hub's mutex. */
  ButlerLook      look;        /* of the watchdog */
  struct _ButlerGuard *guard;  /* (unowned) (nullable): one of its taps; see lib/guard.h */
  pid_t           thread_id;   /* of the thread that the server has; 0: none, or it is about to end */

  _Atomic guint64 overruns;    /* relaxed; written by the watchdog */
};

/* How many messages a loop dispatches before it looks at anything else. */
#define BUTLER__BATCH 64

static inline gboolean
butler__server_is_active (const ButlerServer *server)
{
  return server->state == BUTLER_SERVER_STARTING || server->state == BUTLER_SERVER_RUNNING
         || server->state == BUTLER_SERVER_STOPPING;
}

/* butler__server_is_killed() is TRUE when what is left is to become dead letters. */
static inline gboolean
butler__server_is_killed (ButlerServer *server)
{
  return atomic_load_explicit (&server->killed, memory_order_acquire);
}

/* server.c */

/* butler__server_alloc() is a server without handlers and settings, of no hub's list yet. */
ButlerServer *butler__server_alloc (ButlerHub                 *hub,
                                    const char                *name,
                                    const ButlerServerOptions *options);

/* butler__server_pin_function() keeps the plugin mapped in which @function lies, if it lies in one, as long as the server. */
void butler__server_pin_function (ButlerServer *server,
                                  const char   *kind,
                                  gconstpointer function);

/* server-hub.c */

/* butler__server_add_to_hub() gives it its channel and its routes, and the hub a reference. The mutex is held. */
gboolean butler__server_add_to_hub (ButlerServer              *server,
                                    const ButlerServerOptions *options,
                                    GError                   **error);

/* run.c */

/* butler__server_set_state() announces it. The hub's mutex is held. */
void butler__server_set_state (ButlerServer      *server,
                               ButlerServerState  state);

/* Parts of a run, for a restart: see lib/restart.h. run_startup() makes the state and runs the startup events; drop_state() is for when
 * it failed. Who has the reader's role. */
gboolean butler__server_run_startup  (ButlerServer *server,
                                      GError      **error);
void     butler__server_run_shutdown (ButlerServer *server);
void     butler__server_drop_state   (ButlerServer *server);

/* butler__server_claim_or_close() takes the reader's role. A program may read from the channel of a server that does not run; then it
 * does not start. */
gboolean butler__server_claim_or_close (ButlerServer *server);

/* butler__server_thread() is what a server's thread runs; it takes a reference of the server. */
gpointer butler__server_thread (gpointer server);

/* What a run consists of; who has the reader's role. begin() announces RUNNING, or STOPPING if that was asked for meanwhile, or is
 * FALSE. finish() hands out what is left and runs the shutdown events; after it the role is given back and then announce_end() says so. */
gboolean butler__server_begin        (ButlerServer *server);
void     butler__server_finish       (ButlerServer *server);
void     butler__server_announce_end (ButlerServer      *server,
                                      ButlerServerState  state);

/* butler__server_is_ended_elsewhere() is for who finds that somebody has the role of a server without a thread: TRUE if a stop on another
 * thread is running it to its end, which is waited for until @deadline (monotonic, µs; 0: not at all, -1: for ever). */
gboolean butler__server_is_ended_elsewhere (ButlerServer *server,
                                            gint64        deadline);

/* butler__server_announce_free() says that the reader's role was given back before the end: whoever waits for it may go on with that. */
void     butler__server_announce_free (ButlerServer *server);

/* stop.c */

/* butler__server_request_end() closes the server's channel, and with @kill lets the rest become dead letters. Does not wait. The
 * hub's mutex is held. */
void butler__server_request_end (ButlerServer *server,
                                 gboolean      kill);

/* butler__server_wait_for_end() returns when the run has ended and its thread is joined; at once with TRUE on its own thread, with
 * FALSE if waiting would deadlock or the waiter itself was killed. */
gboolean butler__server_wait_for_end (ButlerServer *server,
                                      guint         run);

/* butler__server_await_end() is the same for who knows that no server waits for anything of this thread. */
void butler__server_await_end (ButlerServer *server);

/* butler__server_end_here() runs the rest of a server without a thread on the calling thread, if it was asked to stop, that thread is
 * the right one, and nobody has the reader's role. */
void butler__server_end_here (ButlerServer *server);

/* butler__server_await_change() sleeps until some server's state changed; FALSE if somebody ended the wait. butler__server_join_thread()
 * joins the thread of a run that has ended, or is about to. The hub's mutex is held, and let go meanwhile. */
gboolean butler__server_await_change (ButlerServer *server,
                                      ButlerWait   *wait);
void     butler__server_join_thread  (ButlerServer *server);

/* source.c */

/* butler__server_steal_source() is (transfer full) (nullable): what butler_server_create_source() made, if it lives. It is the server's
 * no longer; butler__source_end() takes it away. The first holds the hub's mutex, the second must not. */
GSource *butler__server_steal_source (ButlerServer *server);
void     butler__source_end          (GSource      *source);

/* butler__server_get_context() is (nullable): where the server's source is attached. The hub's mutex is held. */
GMainContext *butler__server_get_context (ButlerServer *server);

/* stats.c */

/* butler__server_count_dead() is how many of them are its own: those of a removed server that had the channel before are not. */
guint64 butler__server_count_dead (ButlerServer     *server,
                                   ButlerDeadReason  reason);

/* butler__server_get_stats() is (transfer full). */
ButlerServerStats butler__server_get_stats (ButlerServer *server);

/* dispatch.c */

/* butler__server_dispatch() is butler_server_dispatch() for who has the reader's role already. */
guint butler__server_dispatch (ButlerServer *server,
                               guint         max);

/* butler__server_dispatch_lane() looks after what lies on the internal lane in this moment, up to @max; how many. The reader's role is
 * held. */
guint butler__server_dispatch_lane (ButlerServer *server,
                                    guint         max);

/* butler__server_tell_alarm() says that an alarm was set which is the earliest now: who sleeps for the server is to look again. */
void butler__server_tell_alarm (ButlerServer *server);

/* butler__server_ring_alarms() does what is due, @max at the most; how many. The reader's role is held. */
guint butler__server_ring_alarms (ButlerServer *server,
                                  guint         max);

/* butler__server_handle_internal() hands @message to its handler. The reader's role is held. */
void butler__server_handle_internal (ButlerServer  *server,
                                     ButlerMessage *message);

/* butler__server_note_failure() logs and counts what @context was told of, if it was, and lets the failure policy decide what follows;
 * during the start it fails the start. TRUE if the message is not to be counted as handled: it was taken. */
gboolean butler__server_note_failure (ButlerServer  *server,
                                      ButlerContext *context);

/* butler__server_refuse_here() is TRUE, after a critical warning, on the thread of the server, which cannot be @what there, such as
 * "joined": it would wait for itself. */
gboolean butler__server_refuse_here (ButlerServer *server,
                                     const char   *what);

/* butler__server_is_here() is TRUE on the thread on which the server's handlers run, also between them. */
gboolean butler__server_is_here (ButlerServer *server);

/* loop-pieces.c */

/* butler__server_try_dispatch() is butler_server_dispatch() for a server without a thread; FALSE if somebody has the reader's role. */
gboolean butler__server_try_dispatch (ButlerServer *server,
                                      guint         max);

/* butler__server_arm_descriptor() prepares the next sleep of a foreign loop. The reader's role is held. */
void butler__server_arm_descriptor (ButlerServer *server);

/* butler__server_has_ended() is TRUE when nothing is left to dispatch. The reader's role is held. */
gboolean butler__server_has_ended (ButlerServer *server);

/* loop.c */

/* butler__server_sleep() sleeps until there is something on the internal lane, or for one pass of the server's context. The reader's
 * role is held. */
void butler__server_sleep (ButlerServer *server,
                           gint64        deadline);

/* butler__server_make_context() makes the context of a server with the default loop. The hub's mutex is held. */
gboolean butler__server_make_context (ButlerServer *server,
                                      GError      **error);

/* task.c */

/* butler__server_leave_tasks() gives up the pool, and waits for nothing: the end of the hub waits for tasks that are left. Nobody runs
 * the server any more. */
void butler__server_leave_tasks (ButlerServer *server);

/* butler__server_is_in_task() is TRUE in a task of @server: the server waits for it, so it must not wait for the server. */
gboolean butler__server_is_in_task (const ButlerServer *server);

/* shutdown.c */

/* butler__hub_end_servers() is what the hub's last reference calls. */
gboolean butler__hub_end_servers (ButlerHub *hub);

/* butler__hub_is_own_thread() is TRUE on the thread of one of its servers. */
gboolean butler__hub_is_own_thread (ButlerHub *hub);

/* butler__hub_refuse_own_thread() is TRUE there, after a critical warning: the hub cannot be @what, such as "joined". */
gboolean butler__hub_refuse_own_thread (ButlerHub  *hub,
                                        const char *what);

/* butler__hub_go_on_shutting_down() lets the next server stop, in order, if the hub is being shut down. */
void butler__hub_go_on_shutting_down (ButlerHub *hub);
