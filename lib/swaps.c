/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/reaper.h"
#include "lib/server.h"
#include "lib/swap.h"

/* Swaps are run one after the other by a thread of their own: constructors run while the dynamic linker's lock is held. */

typedef struct
{
  char            **plugins;     /* (owned) (nullable) */
  GCancellable     *cancellable; /* (owned) (nullable) */
  GTask            *task;        /* (owned) (nullable): NULL: somebody waits for done */
  ButlerSwapReport *report;      /* (owned) (nullable) */
  GError           *error;       /* (owned) (nullable) */
  gboolean          done;        /* under the hub's mutex */
} Job;

/* What tells the result of butler_hub_swap_async() from others. */
static char tag;

/* What is pushed when there may be a generation to be closed, and when nothing follows. */
static char reap;
static char the_end;

static void
job_free (Job *job)
{
  g_strfreev (job->plugins);
  g_clear_object (&job->cancellable);
  g_clear_object (&job->task);
  g_clear_pointer (&job->report, butler_swap_report_free);
  g_clear_error (&job->error);
  g_free (job);
}

static void
return_result (Job *job)
{
  if (job->report != NULL)
    g_task_return_pointer (job->task, g_steal_pointer (&job->report), butler_record_free);
  else
    g_task_return_error (job->task, g_steal_pointer (&job->error));
  job_free (job);
}

/* Under the lock of a module's pins, which is let be once nothing reads the queue. */
static void
push_reap (ButlerModule *module)
{
  if (!atomic_exchange_explicit (&module->hub->reaping, TRUE, memory_order_seq_cst))
    g_async_queue_push (module->hub->swaps, &reap);
}

static void
set_idle (ButlerHub *hub,
          void     (*idle) (ButlerModule *module))
{
  g_autoptr (GPtrArray) modules = butler__hub_get_modules (hub);

  for (guint i = 0; i < modules->len; i++)
    {
      ButlerModule *module = modules->pdata[i];

      g_mutex_lock (&module->pins);
      module->idle = idle;
      g_mutex_unlock (&module->pins);
    }
}

/* From now on who takes the last pin off a generation has it closed. */
static void
listen (ButlerHub *hub)
{
  gboolean gone;

  butler__hub_lock (hub);
  gone = hub->gone;
  butler__hub_unlock (hub);
  if (!gone)
    set_idle (hub, push_reap);
}

static void
run_job (ButlerHub *hub,
         Job       *job)
{
  listen (hub);
  job->report = butler__swap_run (hub, (const char *const *) job->plugins, job->cancellable, &job->error);
  if (job->task != NULL)
    {
      return_result (job);
      return;
    }
  butler__hub_lock (hub);
  job->done = TRUE;
  g_cond_broadcast (&hub->changed);
  butler__hub_unlock (hub);
}

static gpointer
run_jobs (gpointer data)
{
  ButlerHub *hub = data;
  gpointer job;

  while ((job = g_async_queue_pop (hub->swaps)) != &the_end)
    if (job != &reap)
      run_job (hub, job);
    else
      {
        atomic_store_explicit (&hub->reaping, FALSE, memory_order_seq_cst);
        butler__reaper_run (hub);
      }
  return NULL;
}

/* The hub is going, so each job that still waits fails at once. */
static void
end_swaps (ButlerHub *hub)
{
  GThread *swapper;

  butler__hub_lock (hub);
  hub->gone = TRUE; /* also of a hub that never had a server */
  swapper = hub->swapper;
  butler__hub_unlock (hub);
  if (swapper == NULL)
    return;
  g_async_queue_push (hub->swaps, &the_end);
  g_thread_join (swapper);
  set_idle (hub, NULL); /* it may have set it last */
  butler__hub_lock (hub);
  hub->swapper = NULL;
  butler__hub_unlock (hub);
  g_clear_pointer (&hub->swaps, g_async_queue_unref);
}

/* The mutex is held. */
static gboolean
ensure_swapper (ButlerHub *hub,
                GError   **error)
{
  if (hub->swapper != NULL)
    return TRUE;
  hub->swaps = g_async_queue_new ();
  hub->swapper = g_thread_try_new ("butler-swaps", run_jobs, hub, error);
  if (hub->swapper != NULL)
    {
      hub->end.swaps = end_swaps;
      return TRUE;
    }
  g_clear_pointer (&hub->swaps, g_async_queue_unref);
  g_prefix_error (error, "nothing was swapped: ");
  return FALSE;
}

/* The mutex is held. */
static gboolean
push_unlocked (ButlerHub *hub,
               Job       *job,
               GError   **error)
{
  if (hub->gone)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "nothing was swapped: the hub ends");
      return FALSE;
    }
  if (!ensure_swapper (hub, error))
    return FALSE;
  g_async_queue_push (hub->swaps, job);
  return TRUE;
}

static gboolean
push (ButlerHub *hub,
      Job       *job,
      GError   **error)
{
  gboolean pushed;

  butler__hub_lock (hub);
  pushed = push_unlocked (hub, job, error);
  butler__hub_unlock (hub);
  return pushed;
}

static Job *
job_new (const char *const *plugins,
         GCancellable      *cancellable)
{
  Job *job = g_new0 (Job, 1);

  job->plugins = g_strdupv ((char **) plugins);
  g_set_object (&job->cancellable, cancellable);
  return job;
}

/* Its thread cannot wait for its boundary. The mutex is held. */
static gboolean
is_mine (ButlerServer *server)
{
  GMainContext *context = butler__server_get_context (server);

  return butler__channel_is_mine (server->channel) || (context != NULL && g_main_context_is_owner (context));
}

/* The mutex is held. */
static gboolean
serves_any (ButlerHub         *hub,
            const char *const *plugins)
{
  for (guint i = 0; i < hub->servers->len; i++)
    {
      ButlerServer *server = hub->servers->pdata[i];

      if (server->module != NULL && (plugins == NULL || g_strv_contains (plugins, server->module->name))
          && butler__server_is_active (server) && is_mine (server))
        return TRUE;
    }
  return FALSE;
}

/**
 * butler_hub_swap:
 * @hub: the hub
 * @plugins: (nullable) (array zero-terminated=1): the names of plugins that were loaded from files; %NULL: all whose file has changed
 * @error: (nullable): where to put an error
 *
 * Loads the files of plugins anew and puts their handler sets in the place of the old ones, between two messages of each server; all
 * of them, or none. Messages are not touched: what waits is handled by the new code. Servers that run at that moment keep their
 * state. If the state's and the messages' layouts are the same as before, and the new set has no `swapped` function, each server comes
 * over at its next boundary, while messages flow; else all servers of these plugins stand still at a boundary, each makes its new
 * state out of the old one, `swapped` runs, and they go on together. If that fails, or takes longer than
 * butler_hub_set_swap_limit() says, all stays as it was.
 *
 * Returns when it is done, and what was to be called on commit has returned, unless the limit is over by then; what was left of the old
 * code can be unloaded. A server that is in a long handler then, in a swap while messages flow, comes over when that returns; the
 * report names it.
 *
 * Errors: as butler_module_load(); %BUTLER_ERROR_UNCHANGED if a named plugin's file is what is current, %BUTLER_ERROR_NOT_FOUND if no
 * plugin has that name or a set that servers are made of is missing, %BUTLER_ERROR_BAD_LAYOUT if the state or messages cannot be
 * converted, %BUTLER_ERROR_BAD_HANDLERS if a handler is missing that the old set has, %BUTLER_ERROR_EXISTS if the type of a new
 * handler is routed elsewhere, %BUTLER_ERROR_TIMED_OUT, which names the server, %BUTLER_ERROR_CLOSED if the hub ends,
 * %BUTLER_ERROR_WOULD_DEADLOCK on the thread of a server of these plugins, and what a `swapped` function gives.
 *
 * Thread: any but that of a server of these plugins, which is to use butler_hub_swap_async().
 *
 * Returns: (transfer full) (nullable): what was done, for butler_swap_report_free(); or %NULL with an error
 *
 * Since: 1.0
 */
ButlerSwapReport *
butler_hub_swap (ButlerHub         *hub,
                 const char *const *plugins,
                 GError           **error)
{
  ButlerSwapReport *report;
  gboolean here;
  Job *job;

  g_return_val_if_fail (hub != NULL, NULL);

  butler__hub_lock (hub);
  here = hub->swapper == g_thread_self () || serves_any (hub, plugins);
  butler__hub_unlock (hub);
  if (here)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_WOULD_DEADLOCK,
                   "nothing was swapped: a server cannot wait for the swap of its own plugin");
      return NULL;
    }
  job = job_new (plugins, NULL);
  if (!push (hub, job, error))
    {
      job_free (job);
      return NULL;
    }
  butler__hub_lock (hub);
  while (!job->done)
    g_cond_wait (&hub->changed, &hub->mutex);
  butler__hub_unlock (hub);
  report = g_steal_pointer (&job->report);
  if (report == NULL)
    g_propagate_error (error, g_steal_pointer (&job->error));
  job_free (job);
  return report;
}

/**
 * butler_hub_swap_async:
 * @hub: the hub
 * @plugins: (nullable) (array zero-terminated=1): see butler_hub_swap()
 * @cancellable: (nullable): to give it up, as long as nothing is published
 * @callback: (nullable) (scope async): what to call when it is done
 * @user_data: what to give to @callback
 *
 * As butler_hub_swap(), but does not wait. In a handler of the very plugin it is the way to have it swapped: that happens after the
 * handler has returned.
 *
 * Thread: any; @callback is called in the thread-default #GMainContext of the caller.
 *
 * Since: 1.0
 */
void
butler_hub_swap_async (ButlerHub           *hub,
                       const char *const   *plugins,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  Job *job;

  g_return_if_fail (hub != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  job = job_new (plugins, cancellable);
  job->task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (job->task, &tag);
  g_task_set_check_cancellable (job->task, FALSE); /* what is published is published */
  if (!push (hub, job, &job->error))
    return_result (job);
}

/**
 * butler_hub_swap_finish:
 * @hub: the hub
 * @result: what the callback was given
 * @error: (nullable): where to put an error
 *
 * Gets the result of butler_hub_swap_async().
 *
 * Errors: as butler_hub_swap(); %G_IO_ERROR_CANCELLED.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): as butler_hub_swap()
 *
 * Since: 1.0
 */
ButlerSwapReport *
butler_hub_swap_finish (ButlerHub     *hub,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, &tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * butler_hub_set_swap_limit:
 * @hub: the hub
 * @milliseconds: the limit, from 1 on; 2000 is the default
 *
 * Says how long servers may stand still for a swap before it is given up.
 *
 * Thread: any; for swaps that are begun later.
 *
 * Since: 1.0
 */
void
butler_hub_set_swap_limit (ButlerHub *hub,
                           guint      milliseconds)
{
  g_return_if_fail (hub != NULL);
  g_return_if_fail (milliseconds > 0);

  butler__hub_lock (hub);
  hub->swap_limit = (gint64) milliseconds * 1000;
  butler__hub_unlock (hub);
}
