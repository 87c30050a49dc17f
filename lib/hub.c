/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/hub.h"

#include "lib/boxed.h"

/* A hub: who keeps it, and how it ends. */

/**
 * ButlerHub:
 *
 * All channels of a program, by name, and the routes from message types to them; it owns the servers. A process may have
 * several, which know nothing of each other.
 *
 * Since: 1.0
 */
BUTLER__DEFINE_BOXED (ButlerHub, butler_hub, butler_hub_ref, butler_hub_unref);

/**
 * butler_hub_new:
 *
 * Makes a hub without channels, routes or servers.
 *
 * Thread: any.
 *
 * Returns: (transfer full): the hub; the last butler_hub_unref() stops and joins all its servers
 *
 * Since: 1.0
 */
ButlerHub *
butler_hub_new (void)
{
  ButlerHub *hub = g_new0 (ButlerHub, 1);

  butler__spin_prepare ();

  g_atomic_ref_count_init (&hub->ref_count);
  g_atomic_ref_count_init (&hub->memory);
  butler__routes_init (&hub->routes);
  butler__topics_init (&hub->topics);
  hub->waits = butler__waits_new ();
  g_mutex_init (&hub->mutex);
  g_mutex_init (&hub->loading);
  hub->swap_limit = 2 * G_USEC_PER_SEC;
  g_cond_init (&hub->changed);
  hub->servers = g_ptr_array_new ();
  hub->all_channels = g_ptr_array_new_with_free_func ((GDestroyNotify) butler_channel_unref);
  hub->channels = g_hash_table_new (g_str_hash, g_str_equal);
  hub->modules = g_ptr_array_new ();
  return hub;
}

/**
 * butler_hub_ref:
 * @hub: the hub
 *
 * Keeps @hub and its servers going.
 *
 * Thread: any.
 *
 * Returns: (transfer full): @hub
 *
 * Since: 1.0
 */
ButlerHub *
butler_hub_ref (ButlerHub *hub)
{
  g_return_val_if_fail (hub != NULL, NULL);

  g_atomic_ref_count_inc (&hub->ref_count);
  return hub;
}

void
butler__hub_close_channels (ButlerHub *hub)
{
  butler__hub_lock (hub);
  for (guint i = 0; i < hub->all_channels->len; i++)
    butler_channel_close (hub->all_channels->pdata[i]);
  butler__hub_unlock (hub);
}

/* Before the modules go: an opaque message's clear function may lie in one. */
static void
empty_channels (ButlerHub *hub)
{
  for (guint i = 0; i < hub->all_channels->len; i++)
    {
      ButlerChannel *channel = hub->all_channels->pdata[i];

      butler_channel_close (channel);
      if (butler__channel_claim (channel))
        {
          butler__channel_discard (channel, BUTLER_DEAD_HUB_GONE);
          butler__channel_close_internal (channel);
          butler__channel_release (channel);
        }
    }
}

/* The layer above may set them just now, on another thread. */
static ButlerHubEnd
get_end (ButlerHub *hub)
{
  ButlerHubEnd end;

  butler__hub_lock (hub);
  end = hub->end;
  butler__hub_unlock (hub);
  return end;
}

/* FALSE on a thread of its own servers or tasks. */
static gboolean
end_all (ButlerHub *hub)
{
  ButlerHubEnd end = get_end (hub);

  if ((end.is_in_task != NULL && end.is_in_task (hub)) || (end.servers != NULL && !end.servers (hub)))
    return FALSE;
  end = get_end (hub);
  if (end.tasks != NULL)
    {
      butler__hub_close_channels (hub);
      end.tasks (hub);
    }
  if (end.swaps != NULL)
    end.swaps (hub);
  if (end.observers != NULL)
    end.observers (hub);
  return TRUE;
}

/* The last reference is kept while the servers end: their handlers may take others meanwhile. */
static gboolean
drop_unless_last (ButlerHub *hub)
{
  for (;;)
    {
      int n = g_atomic_int_get (&hub->ref_count);

      if (n <= 1)
        return FALSE;
      if (g_atomic_int_compare_and_exchange (&hub->ref_count, n, n - 1))
        return TRUE;
    }
}

/**
 * butler_hub_unref:
 * @hub: (transfer full): the hub
 *
 * Gives a reference back. With the last one all servers are stopped in the order in which they were made, everything that they
 * accepted is handled, and their threads are joined; then tasks that are left are cancelled and waited for, and the plugins, the
 * channels and the hub itself go. The code of a plugin that something still needs then, such as a held context that was not
 * released, stays mapped; a line of the log names it.
 *
 * Thread: any but, for the last reference, those of the hub's own servers and tasks: a thread cannot join itself. That is refused
 * with a critical warning, and the hub stays as it is.
 *
 * Since: 1.0
 */
void
butler_hub_unref (ButlerHub *hub)
{
  g_return_if_fail (hub != NULL);

  if (drop_unless_last (hub))
    return;
  if (!end_all (hub))
    {
      g_critical ("the last reference to a hub was given back on a thread of its own servers or tasks: it stays");
      return;
    }
  if (!g_atomic_ref_count_dec (&hub->ref_count))
    return; /* a handler took one and has not given it back: that one is the last */
  empty_channels (hub);
  g_clear_pointer (&hub->modules, g_ptr_array_unref);
  butler__hub_drop (hub);
}

ButlerHub *
butler__hub_hold (ButlerHub *hub)
{
  g_atomic_ref_count_inc (&hub->memory);
  return hub;
}

void
butler__hub_drop (ButlerHub *hub)
{
  if (!g_atomic_ref_count_dec (&hub->memory))
    return;
  g_ptr_array_unref (hub->servers);
  g_clear_pointer (&hub->ending, g_ptr_array_unref); /* the last server may have looked for the next one after all were gone */
  g_hash_table_unref (hub->channels);
  g_ptr_array_unref (hub->all_channels);
  butler__routes_clear (&hub->routes);
  butler__topics_clear (&hub->topics);
  butler__waits_unref (hub->waits);
  g_clear_error (&hub->error);
  g_mutex_clear (&hub->mutex);
  g_mutex_clear (&hub->loading);
  g_cond_clear (&hub->changed);
  g_free (hub);
}

static gboolean
ref_unless_zero (ButlerHub *hub)
{
  for (;;)
    {
      int n = g_atomic_int_get (&hub->ref_count);

      if (n == 0)
        return FALSE;
      if (g_atomic_int_compare_and_exchange (&hub->ref_count, n, n + 1))
        return TRUE;
    }
}

gboolean
butler__hub_try_ref (ButlerHub *hub)
{
  gboolean ok;

  butler__hub_lock (hub);
  ok = !hub->gone && ref_unless_zero (hub);
  butler__hub_unlock (hub);
  return ok;
}

void
butler__hub_add_module (ButlerHub      *hub,
                        ButlerModule   *module,
                        GDestroyNotify  destroy)
{
  butler__hub_lock (hub);
  g_ptr_array_set_free_func (hub->modules, destroy);
  g_ptr_array_add (hub->modules, module);
  butler__hub_unlock (hub);
}

GPtrArray *
butler__hub_get_modules (ButlerHub *hub)
{
  GPtrArray *modules = g_ptr_array_new ();

  butler__hub_lock (hub);
  for (guint i = 0; i < hub->modules->len; i++)
    g_ptr_array_add (modules, hub->modules->pdata[i]);
  butler__hub_unlock (hub);
  return modules;
}
