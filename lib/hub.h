/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/hub.h>

#include "lib/channel.h"
#include "lib/routes.h"
#include "lib/topics.h"
#include "lib/waits.h"

/* How a hub's last reference ends what the layer above has made; set by that layer when it makes the first server or task. */
typedef struct
{
  gboolean (*is_in_task) (ButlerHub *hub); /* TRUE on the thread of a task, which cannot wait for itself */
  gboolean (*servers)    (ButlerHub *hub); /* ends all servers, and then frees them; FALSE on the thread of one */
  void     (*tasks)      (ButlerHub *hub);
  void     (*swaps)      (ButlerHub *hub); /* lets no swap begin any more, and waits for the one that goes on */
  void     (*observers)  (ButlerHub *hub); /* ends what watches handlers: none runs any more */
} ButlerHubEnd;

/* Two counts: ref_count is what programs hold, and its end stops everything; memory is what servers and sources hold, so that a
 * pointer to a hub that has ended is never a dangling one. Lock order: a hub's mutex, then the mutex of its waits, then a
 * channel's locks. No function of a program or a plugin is called with any of them held. */
struct _ButlerHub
{
  gatomicrefcount ref_count;
  gatomicrefcount memory;

  /* Any thread. */
  ButlerRoutes    routes;       /* written under the mutex */
  ButlerTopics    topics;       /* as routes */
  ButlerWaits    *waits;        /* (owned) */

  GMutex          mutex;        /* the control path: all below, and the states of the servers */
  GCond           changed;      /* some server's state, or a thread was joined */
  GPtrArray      *servers;      /* (owned): ButlerServer, in the order in which they were made: also that of their end */
  GPtrArray      *ending;       /* (owned) (nullable): the same in the order of their end, till that changes; see lib/order.h */
  guint           ended;        /* of these, from the first on, are not active */
  GHashTable     *channels;     /* (owned): name -> ButlerChannel; names are never given back, see butler__hub_make_channel() */
  GPtrArray      *all_channels; /* (owned): also those that another took the name of */
  GPtrArray      *modules;      /* (owned): ButlerModule */
  GMutex          loading;      /* who loads or swaps modules, one at a time; locked before the mutex */
  gint64          swap_limit;   /* how long a swap may keep servers, µs */
  _Atomic gboolean reaping;     /* a look for what can be closed is pushed to swaps. Sequentially consistent: set by who
                                 * pushes, after it took the last pin off; unset by swapper before it looks */
  GAsyncQueue    *swaps;        /* (owned) (nullable): what swapper has to do; as long as swapper lives */
  GThread        *swapper;      /* (owned) (nullable): swaps, and closes what was swapped out */
  guint           starting;     /* how many butler_hub_start() are at it: a shutdown is not over before they are */
  gboolean        shutting_down; /* until no server is active any more */
  gboolean        gone;         /* the last reference is being given back: nothing starts any more */
  GSList         *observers;    /* (owned): what watches the servers' handlers, see lib/tap.h */
  GError         *error;        /* (owned) (nullable): the first that butler_hub_fail() was given */
  gint64          end_limit;    /* how long a shutdown may take, µs; 0: for ever */
  guint           handler_limit; /* of servers whose policy names none, ms; 0: none */
  struct _ButlerWatchdog *watchdog; /* (owned) (nullable): see lib/watchdog.h */

  GThreadPool    *tasks;        /* (owned) (nullable): those that belong to no server */
  GCancellable   *cancellable;  /* (owned) (nullable): of those tasks */
  guint           n_tasks;      /* that have not ended, also of servers that were removed or did not wait for them */
  ButlerHubEnd    end;
};

/* butler__hub_hold() keeps the hub's memory, without keeping it from ending. */
ButlerHub *butler__hub_hold (ButlerHub *hub);
void       butler__hub_drop (ButlerHub *hub);

/* butler__hub_try_ref() is butler_hub_ref() for who only holds the memory: FALSE if the hub ends or has ended. */
gboolean butler__hub_try_ref (ButlerHub *hub);

/* butler__hub_make_channel() makes the channel of a server, or takes the one that a removed server of that name left, if it is of
 * the same making. The mutex is held. */
ButlerChannel *butler__hub_make_channel (ButlerHub      *hub,
                                         const char     *name,
                                         guint           capacity,
                                         ButlerOverflow  overflow,
                                         gboolean        as_queue,
                                         GError        **error);

/* butler__hub_route_unlocked() is FALSE if @type goes elsewhere already. The mutex is held. */
gboolean butler__hub_route_unlocked (ButlerHub        *hub,
                                     const ButlerType *type,
                                     ButlerChannel    *channel,
                                     GError          **error);

/* butler__hub_add_module() owns @module from now on: it is freed after all servers, before the channels. */
void butler__hub_add_module (ButlerHub      *hub,
                             ButlerModule   *module,
                             GDestroyNotify  destroy);

/* butler__hub_get_modules() are all of them: (transfer container). */
GPtrArray *butler__hub_get_modules (ButlerHub *hub);

/* butler__hub_close_channels() lets no task wait for room any longer: nobody will read. */
void butler__hub_close_channels (ButlerHub *hub);

static inline void
butler__hub_lock (ButlerHub *hub)
{
  g_mutex_lock (&hub->mutex);
}

static inline void
butler__hub_unlock (ButlerHub *hub)
{
  g_mutex_unlock (&hub->mutex);
}
