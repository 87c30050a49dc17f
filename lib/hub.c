/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/hub.h"

#include <threadbutler/error.h>

#include "lib/boxed.h"
#include "lib/message.h"

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

/* Channels */

static gboolean
is_same_making (const ButlerChannel *channel,
                guint                capacity,
                ButlerOverflow       overflow,
                gboolean             as_queue)
{
  return channel->credits.capacity == capacity && channel->overflow == overflow
         && channel->kind == butler__channel_kind_for (capacity, overflow, as_queue);
}

ButlerChannel *
butler__hub_make_channel (ButlerHub      *hub,
                          const char     *name,
                          guint           capacity,
                          ButlerOverflow  overflow,
                          gboolean        as_queue,
                          GError        **error)
{
  ButlerChannel *channel = g_hash_table_lookup (hub->channels, name);

  if (channel != NULL && !channel->abandoned)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS, "the hub has a server or channel %s already", name);
      return NULL;
    }
  if (channel != NULL && is_same_making (channel, capacity, overflow, as_queue) && butler__channel_reopen (channel))
    {
      channel->abandoned = FALSE;
      atomic_store_explicit (&channel->high_water, 0, memory_order_relaxed);
      return channel;
    }
  channel = butler__channel_new (name, capacity, overflow, as_queue, hub->waits);
  channel->hub = hub;
  g_ptr_array_add (hub->all_channels, channel);
  g_hash_table_replace (hub->channels, channel->name, channel);
  return channel;
}

/**
 * butler_hub_add_channel:
 * @hub: the hub
 * @name: its name, unique among the hub's servers and channels; not empty
 * @capacity: how many messages may wait; 0: any number
 * @overflow: what happens to those beyond
 * @error: (nullable): where to put an error
 *
 * Makes a channel for a thread that is no server, such as the program's main thread, which reads it with
 * butler_channel_receive(). butler_hub_route() lets the messages of a type go there.
 *
 * Errors: %BUTLER_ERROR_EXISTS.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the channel, which the hub owns, or %NULL with an error
 *
 * Since: 1.0
 */
ButlerChannel *
butler_hub_add_channel (ButlerHub       *hub,
                        const char      *name,
                        guint            capacity,
                        ButlerOverflow   overflow,
                        GError         **error)
{
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);

  butler__hub_lock (hub);
  channel = butler__hub_make_channel (hub, name, capacity, overflow, FALSE, error);
  butler__hub_unlock (hub);
  return channel;
}

/**
 * butler_hub_get_channel:
 * @hub: the hub
 * @name: the name of a channel or a server
 *
 * Looks a channel up; look it up once and keep the pointer, which is valid as long as the hub.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the channel, or %NULL if there is none of that name
 *
 * Since: 1.0
 */
ButlerChannel *
butler_hub_get_channel (ButlerHub  *hub,
                        const char *name)
{
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  butler__hub_lock (hub);
  channel = g_hash_table_lookup (hub->channels, name);
  if (channel != NULL && channel->abandoned)
    channel = NULL;
  butler__hub_unlock (hub);
  return channel;
}

/* Routes */

gboolean
butler__hub_route_unlocked (ButlerHub        *hub,
                            const ButlerType *type,
                            ButlerChannel    *channel,
                            GError          **error)
{
  ButlerChannel *other = butler__routes_get (&hub->routes, type);

  if (other != NULL && other != channel)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS,
                   "%s is routed to %s already, so it cannot be routed to %s: give one of them route=false", type->name,
                   other->name, channel->name);
      return FALSE;
    }
  butler__routes_set (&hub->routes, type, channel);
  return TRUE;
}

/**
 * butler_hub_route:
 * @hub: the hub
 * @info: the type
 * @channel: a channel of this hub
 * @error: (nullable): where to put an error
 *
 * Lets NAME_send() bring messages of a type to @channel; NAME_route() is the typed form. A server's types are routed to it when
 * it is made, so this is for channels of the program's own.
 *
 * Errors: %BUTLER_ERROR_EXISTS if the type is routed to another channel.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the type is routed to @channel now
 *
 * Since: 1.0
 */
gboolean
butler_hub_route (ButlerHub               *hub,
                  const ButlerRecordInfo  *info,
                  ButlerChannel           *channel,
                  GError                 **error)
{
  const ButlerLayout *layout;
  gboolean routed;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && channel != NULL, FALSE);
  g_return_val_if_fail (channel->waits == hub->waits, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  butler__hub_lock (hub);
  routed = butler__hub_route_unlocked (hub, layout->type, channel, error);
  butler__hub_unlock (hub);
  return routed;
}

/* Sending */

/**
 * butler_hub_send:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * Sends a message to whoever takes its type; NAME_send() is the typed form. Waits only if that channel's overflow policy is
 * %BUTLER_OVERFLOW_BLOCK and it is full.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE if nobody takes the type, and those of butler_channel_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send (ButlerHub               *hub,
                 const ButlerRecordInfo  *info,
                 gpointer                 value,
                 GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (butler__routes_get (&hub->routes, layout->type), layout, value, BUTLER__MAY_WAIT, error);
}

/**
 * butler_hub_try_send:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message only if it is accepted, and it is zero then
 * @error: (nullable): where to put an error
 *
 * As butler_hub_send(), but never waits, and what is refused stays with the caller. NAME_try_send() is the typed form.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE, %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_try_send (ButlerHub               *hub,
                     const ButlerRecordInfo  *info,
                     gpointer                 value,
                     GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value (butler__routes_get (&hub->routes, layout->type), layout, value, BUTLER__NEVER_WAIT, error);
}

/**
 * butler_hub_send_urgent:
 * @hub: the hub
 * @info: the type of @value
 * @value: a record; its fields move into the message and it is zero afterwards, also on error
 * @error: (nullable): where to put an error
 *
 * As butler_channel_send_urgent(), to whoever takes the type. NAME_send_urgent() is the typed form.
 *
 * Errors: %BUTLER_ERROR_NO_ROUTE, %BUTLER_ERROR_CLOSED, %BUTLER_ERROR_FULL.
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send_urgent (ButlerHub               *hub,
                        const ButlerRecordInfo  *info,
                        gpointer                 value,
                        GError                 **error)
{
  const ButlerLayout *layout;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && value != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  return butler__channel_send_value_urgent (butler__routes_get (&hub->routes, layout->type), layout, value, error);
}

/**
 * butler_hub_post:
 * @hub: the hub
 * @info: the type of @record
 * @record: (transfer full): what NAME_new(), NAME_copy(), NAME_take() or NAME_from_variant() returned
 * @error: (nullable): where to put an error
 *
 * Sends a record that lies in an envelope already: nothing is copied, and it is consumed in every case. NAME_post() is the
 * typed form; for the rest see butler_hub_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_post (ButlerHub               *hub,
                 const ButlerRecordInfo  *info,
                 gpointer                 record,
                 GError                 **error)
{
  const ButlerLayout *layout;
  ButlerChannel *channel;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (info != NULL && record != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (butler__message_fits (butler__envelope_of (record), layout), FALSE);
  channel = butler__routes_get (&hub->routes, layout->type);
  butler__envelope_move_ask (butler__envelope_of (record), channel);
  return butler__channel_post_message (channel, butler__envelope_of (record), error);
}

static const ButlerLayout *
newest_layout (const ButlerType *type)
{
  g_autoptr (GPtrArray) layouts = butler__type_get_layouts (type);

  return layouts->pdata[layouts->len - 1];
}

/**
 * butler_hub_send_variant:
 * @hub: the hub
 * @type_name: the name of a message type that the program or one of its plugins has
 * @variant: the record, as NAME_to_variant() makes it; a floating reference is taken
 * @error: (nullable): where to put an error
 *
 * Sends a message whose type is not known at compile time: for bindings and tools.
 *
 * Errors: %BUTLER_ERROR_NOT_FOUND if there is no such type, %BUTLER_ERROR_BAD_VALUE if @variant does not fit it, and those of
 * butler_hub_send().
 *
 * Thread: any.
 *
 * Returns: %TRUE if the message was accepted
 *
 * Since: 1.0
 */
gboolean
butler_hub_send_variant (ButlerHub   *hub,
                         const char  *type_name,
                         GVariant    *variant,
                         GError     **error)
{
  g_autoptr (GVariant) owned = NULL;
  const ButlerType *type;
  const ButlerLayout *layout;
  ButlerMessage *message;

  g_return_val_if_fail (hub != NULL, FALSE);
  g_return_val_if_fail (type_name != NULL && variant != NULL, FALSE);

  owned = g_variant_ref_sink (variant);
  type = butler__type_lookup (type_name);
  if (type == NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "there is no message type %s", type_name);
      return FALSE;
    }
  layout = newest_layout (type);
  message = butler__envelope_new (layout, layout->size);
  if (!butler__layout_from_variant (layout, owned, butler__envelope_payload (message), error))
    {
      butler__envelope_free (message);
      return FALSE;
    }
  return butler__channel_post_message (butler__routes_get (&hub->routes, type), message, error);
}
