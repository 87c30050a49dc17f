/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/error.h>
#include <threadbutler/task.h>

#include "lib/log.h"
#include "lib/message.h"
#include "lib/outbox.h"
#include "lib/pending.h"

/* Work that blocks, on the threads of a pool: a server's own, or the hub's. */

struct _ButlerTask
{
  ButlerPending  pending;     /* first: a server's task comes home as one */
  ButlerHub     *hub;         /* (unowned): the server, or who waits for the hub's pool, keeps it */
  GCancellable  *cancellable; /* (owned) */
  char          *name;        /* (owned) */
  ButlerTaskFunc func;
  gpointer       data;
  GDestroyNotify destroy;     /* (nullable) */
  ButlerMessage *result;      /* (owned) (nullable) */
  GError        *error;       /* (owned) (nullable) */
};

static void
task_free (ButlerTask *task)
{
  if (task->destroy != NULL)
    task->destroy (task->data);
  g_clear_pointer (&task->result, butler_message_free);
  g_clear_error (&task->error);
  g_object_unref (task->cancellable);
  g_free (task->name);
  g_free (task);
}

static void
note_failure (const ButlerTask *task,
              ButlerServer     *owner)
{
  if (task->error == NULL)
    return;
  butler__log (G_LOG_LEVEL_WARNING, owner != NULL ? owner->name : NULL, NULL, "task %s failed: %s", task->name, task->error->message);
  if (owner != NULL)
    atomic_fetch_add_explicit (&owner->failed, 1, memory_order_relaxed);
}

/* With the server's role: its result meets the state and the handlers of now. */
static void
deliver (ButlerTask   *task,
         ButlerServer *owner,
         gboolean      runs)
{
  if (task->result == NULL)
    return;
  atomic_fetch_add_explicit (&owner->results, 1, memory_order_relaxed);
  if (!runs)
    butler__channel_count_dead (owner->channel, BUTLER_DEAD_LATE, 1);
  else if (butler__server_is_killed (owner))
    butler__channel_count_dead (owner->channel, BUTLER_DEAD_KILLED, 1);
  else
    butler__server_handle_internal (owner, g_steal_pointer (&task->result));
}

static void
task_end (ButlerPending *pending,
          ButlerServer  *server)
{
  ButlerTask *task = (ButlerTask *) pending;
  ButlerServer *owner = pending->server;

  note_failure (task, owner);
  deliver (task, owner, server != NULL);
  task_free (task);
  butler_server_unref (owner);
}

/* Whose task runs on this thread, or is freed here: nobody is to be ended by who it would wait for. */
typedef struct
{
  const ButlerHub    *hub;
  const ButlerServer *server; /* (nullable) */
} Place;

static GPrivate place_here;

static gboolean
send_result (ButlerHub     *hub,
             ButlerMessage *result,
             GError       **error)
{
  return butler__channel_post_message (butler__routes_get (&hub->routes, result->layout->type), result, error);
}

static void
end_hub_task (ButlerTask *task)
{
  g_autoptr (GError) error = NULL;
  ButlerPin pin;

  note_failure (task, NULL);
  if (task->result != NULL && !send_result (task->hub, g_steal_pointer (&task->result), &error))
    butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "the result of task %s reaches nobody: %s", task->name, error->message);
  butler__pin_move (&pin, &task->pending.pin);
  task_free (task);
  butler__unpin (&pin);
}

static void
end_task (ButlerTask *task)
{
  if (task->pending.server != NULL)
    butler__pending_done (&task->pending);
  else
    end_hub_task (task);
}

/* The server may wait for it, unless it is one that an earlier run left behind. */
static void
begin_errand (const ButlerTask *task,
              ButlerErrand     *errand)
{
  ButlerHub *hub = task->hub;
  ButlerServer *server = task->pending.server;
  const ButlerServed *home = NULL;

  butler__hub_lock (hub);
  if (server != NULL && server->run == task->pending.run)
    home = &server->channel->served;
  butler__waits_begin_errand (hub->waits, errand, home);
  butler__hub_unlock (hub);
}

static void
count_ended (ButlerHub *hub)
{
  butler__hub_lock (hub);
  hub->n_tasks--;
  g_cond_broadcast (&hub->changed);
  butler__hub_unlock (hub);
}

static void
run_task (gpointer data,
          gpointer nothing G_GNUC_UNUSED)
{
  ButlerTask *task = data;
  ButlerHub *hub = butler__hub_hold (task->hub);
  Place place = { hub, task->pending.server };
  ButlerErrand errand;

  g_private_set (&place_here, &place);
  begin_errand (task, &errand);
  task->func (task, task->data);
  end_task (task);
  butler__waits_end_errand (hub->waits, &errand);
  g_private_set (&place_here, NULL);
  count_ended (hub);
  butler__hub_drop (hub);
}

/* Called when a pool goes that never had a thread. */
static void
refuse_task (gpointer data)
{
  ButlerTask *task = data;
  ButlerHub *hub = butler__hub_hold (task->hub);

  task->error = g_error_new_literal (BUTLER_ERROR, BUTLER_ERROR_FAILED, "there is no thread for it");
  end_task (task);
  count_ended (hub);
  butler__hub_drop (hub);
}

static gboolean
is_in_task (ButlerHub *hub)
{
  const Place *place = g_private_get (&place_here);

  return place != NULL && place->hub == hub;
}

gboolean
butler__server_is_in_task (const ButlerServer *server)
{
  const Place *place = g_private_get (&place_here);

  return place != NULL && place->server == server;
}

/* The mutex is held. */
static GCancellable *
get_cancellable (ButlerHub *hub)
{
  if (hub->cancellable == NULL)
    hub->cancellable = g_cancellable_new ();
  return hub->cancellable;
}

/* Those of the hub, and those that servers left behind: the plugins' code is needed until the last of them has ended. They may run
 * others, which are cancelled from the start. */
static void
end_tasks (ButlerHub *hub)
{
  g_autoptr (GCancellable) cancellable = NULL;
  GThreadPool *pool;

  butler__hub_lock (hub);
  cancellable = g_object_ref (get_cancellable (hub));
  butler__hub_unlock (hub);
  g_cancellable_cancel (cancellable);

  butler__hub_lock (hub);
  while (hub->n_tasks > 0)
    g_cond_wait (&hub->changed, &hub->mutex);
  pool = g_steal_pointer (&hub->tasks);
  g_clear_object (&hub->cancellable);
  butler__hub_unlock (hub);
  if (pool != NULL)
    g_thread_pool_free (pool, FALSE, TRUE);
}

void
butler__server_leave_tasks (ButlerServer *server)
{
  if (server->tasks != NULL)
    g_thread_pool_free (g_steal_pointer (&server->tasks), FALSE, FALSE);
}

static ButlerTask *
task_new (ButlerHub      *hub,
          GCancellable   *cancellable,
          const char     *name,
          ButlerTaskFunc  func,
          gpointer        data,
          GDestroyNotify  destroy)
{
  ButlerTask *task = g_new0 (ButlerTask, 1);

  task->hub = hub;
  task->cancellable = g_object_ref (cancellable);
  task->name = g_strdup (name);
  task->func = func;
  task->data = data;
  task->destroy = destroy;
  task->pending.end = task_end;
  return task;
}

/* Starting */

/* The mutex is held. */
static void
count_begun (ButlerHub *hub)
{
  hub->end.is_in_task = is_in_task;
  hub->end.tasks = end_tasks;
  hub->n_tasks++;
}

static void
log_delay (const char   *name,
           const GError *error)
{
  butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "task %s waits for a thread: %s", name, error->message);
}

/* It is queued all the same, and belongs to the pool: @task may be gone already. (transfer full) (nullable): the pool, if it has no
 * thread that could ever come to it. */
static GThreadPool *
push (GThreadPool **pool,
      guint         size,
      ButlerTask   *task)
{
  g_autofree char *name = g_strdup (task->name);
  g_autoptr (GError) error = NULL;

  if (*pool == NULL)
    *pool = g_thread_pool_new_full (run_task, NULL, refuse_task, (int) size, FALSE, NULL);
  if (g_thread_pool_push (*pool, task, &error))
    return NULL;
  log_delay (name, error);
  return g_thread_pool_get_num_threads (*pool) == 0 ? g_steal_pointer (pool) : NULL;
}

/* With what is in it. */
static void
free_pool (GThreadPool *pool)
{
  if (pool != NULL)
    g_thread_pool_free (pool, TRUE, TRUE);
}

/**
 * butler_context_run_task:
 * @context: the context of a handler or an event, or a held one
 * @name: what to call it in the log
 * @func: (scope notified) (closure data) (destroy destroy): the task
 * @data: (nullable): what to give to @func
 * @destroy: (nullable): frees @data after @func
 *
 * Runs @func on a thread of the server's pool, whose size is an option of the server. What it gives to NAME_return() is handled by this
 * server as a message, ahead of those that wait. A server that is stopped waits for its tasks as for what is held: see
 * butler_context_hold(). With a held context whose run is over it only frees @data. If there is no thread to be had, and the pool has none,
 * the task fails without having run.
 *
 * Thread: the server's.
 *
 * Since: 1.0
 */
void
butler_context_run_task (ButlerContext  *context,
                         const char     *name,
                         ButlerTaskFunc  func,
                         gpointer        data,
                         GDestroyNotify  destroy)
{
  ButlerServer *server;
  ButlerTask *task;

  g_return_if_fail (context != NULL);
  g_return_if_fail (name != NULL && func != NULL);

  server = context->server;
  g_return_if_fail (butler__server_is_here (server));
  if (butler__context_is_over (context))
    {
      if (destroy != NULL)
        destroy (data);
      return;
    }
  g_return_if_fail (!context->is_swapping); /* it may yet not happen */
  butler__hub_lock (context->hub);
  count_begun (context->hub);
  task = task_new (context->hub, butler__pending_get_cancellable (server), name, func, data, destroy);
  butler__pending_begin (&task->pending, server, butler__generation_of_code (context->hub, (gconstpointer) (guintptr) func),
                         "task", task->name);
  butler__hub_unlock (context->hub);
  free_pool (push (&server->tasks, server->pool_size, task));
}

/**
 * butler_hub_run_task:
 * @hub: the hub
 * @name: what to call it in the log
 * @func: (scope notified) (closure data) (destroy destroy): the task
 * @data: (nullable): what to give to @func
 * @destroy: (nullable): frees @data after @func
 *
 * Runs @func on a thread of the hub's pool, which has as many as there are CPUs. What it gives to NAME_return() is sent as NAME_send()
 * does. The end of the hub waits for its tasks, and cancels them first. If there is no thread to be had, and the pool has none, the task
 * fails without having run.
 *
 * Thread: any, but not in a `swapped` function, whose code goes if the swap does not happen.
 *
 * Since: 1.0
 */
void
butler_hub_run_task (ButlerHub      *hub,
                     const char     *name,
                     ButlerTaskFunc  func,
                     gpointer        data,
                     GDestroyNotify  destroy)
{
  GThreadPool *empty;
  ButlerTask *task;

  g_return_if_fail (hub != NULL);
  g_return_if_fail (name != NULL && func != NULL);
  g_return_if_fail (!butler__outbox_is_open ()); /* in `swapped`: it may yet not happen, and then its code goes */

  butler__hub_lock (hub);
  count_begun (hub);
  task = task_new (hub, get_cancellable (hub), name, func, data, destroy);
  butler__pin (&task->pending.pin, butler__generation_of_code (hub, (gconstpointer) (guintptr) func), "task", task->name, NULL);
  empty = push (&hub->tasks, g_get_num_processors (), task);
  butler__hub_unlock (hub);
  free_pool (empty);
}

/**
 * butler_task_get_hub:
 * @task: the task
 *
 * Gets the hub, to send by.
 *
 * Thread: the task's.
 *
 * Returns: (transfer none): the hub
 *
 * Since: 1.0
 */
ButlerHub *
butler_task_get_hub (ButlerTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);

  return task->hub;
}

/**
 * butler_task_get_cancellable:
 * @task: the task
 *
 * Gets what is cancelled when nobody can wait for the task any longer; a long one asks g_cancellable_is_cancelled() now and then.
 *
 * Thread: the task's.
 *
 * Returns: (transfer none): the cancellable
 *
 * Since: 1.0
 */
GCancellable *
butler_task_get_cancellable (ButlerTask *task)
{
  g_return_val_if_fail (task != NULL, NULL);

  return task->cancellable;
}

/**
 * butler_task_return:
 * @task: the task
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards
 *
 * Sets the message that is delivered when the task's function has returned; NAME_return() is the typed form. The last one counts.
 *
 * Thread: the task's.
 *
 * Since: 1.0
 */
void
butler_task_return (ButlerTask             *task,
                    const ButlerRecordInfo *info,
                    gpointer                value)
{
  const ButlerLayout *layout;

  g_return_if_fail (task != NULL);
  g_return_if_fail (info != NULL && value != NULL);

  layout = butler__layout_of (info);
  g_return_if_fail (layout != NULL);
  g_clear_pointer (&task->result, butler_message_free);
  task->result = butler__message_new (layout, value);
  memset (value, 0, layout->size);
}

/**
 * butler_task_fail:
 * @task: the task
 * @format: what went wrong, as for printf()
 * @...: the arguments of @format
 *
 * Says that the task failed; that is logged, and counted as a failure of its server, when its function has returned. The first error
 * counts.
 *
 * Thread: the task's.
 *
 * Since: 1.0
 */
void
butler_task_fail (ButlerTask *task,
                  const char *format,
                  ...)
{
  va_list args;

  g_return_if_fail (task != NULL);
  g_return_if_fail (format != NULL);

  va_start (args, format);
  if (task->error == NULL)
    task->error = g_error_new_valist (BUTLER_ERROR, BUTLER_ERROR_FAILED, format, args);
  va_end (args);
}
