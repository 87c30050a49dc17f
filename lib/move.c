/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/move.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/settings.h"

/* What one server takes over from its old generation: settings, state, and a place among the servers of the new one. */

/* Making one */

static gboolean
plan_settings (ButlerMove *move,
               GError    **error)
{
  ButlerServer *server = move->server;
  const ButlerHandlerSet *set = &move->handlers->set;

  if (set->settings == NULL || move->handlers->settings == server->handlers->settings)
    return TRUE;
  if (server->settings_file != NULL)
    move->settings = butler_settings_from_key_file (set->settings, server->settings_file, server->settings_group, error);
  else
    move->settings = butler__settings_adapt (server->handlers->settings, server->settings, set->settings, error);
  return move->settings != NULL;
}

/* An opaque state has functions of its own, so it is another layout in each generation. */
static gboolean
plan_state (ButlerMove *move,
            GError    **error)
{
  ButlerServer *server = move->server;
  const ButlerLayout *from = server->handlers->state;
  const ButlerLayout *to = move->handlers->state;

  if (from == to && move->handlers->set.swapped == NULL)
    return TRUE;
  if (server->given_state != NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "its state is the program's own and cannot be moved");
      return FALSE;
    }
  move->conversion = butler__conversion_get (from, to, error);
  return move->conversion != NULL;
}

/* What waits for the server, or is sent to it, must not become a dead letter for a handler that was left out. */
static gboolean
keeps_handlers (const ButlerMove *move,
                GError          **error)
{
  const ButlerHandlers *old = move->server->handlers;

  for (guint i = 0; i < old->set.n_handlers; i++)
    {
      const ButlerType *type = old->entries[i].layout->type;

      if (butler__handlers_find (move->handlers, type) != NULL)
        continue;
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_HANDLERS,
                   "handler set %s has no handler of %s any more (%u messages wait in channel %s)", old->set.name, type->name,
                   (guint) butler_channel_get_length (move->server->channel), move->server->channel->name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
find_handlers (ButlerMove *move,
               GError    **error)
{
  const char *name = move->server->handlers->set.name;
  ButlerHandlers *handlers = butler__generation_find (move->pin.generation, name);

  if (handlers == NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "there is no handler set %s any more", name);
      return FALSE;
    }
  move->handlers = butler__handlers_ref (handlers);
  return TRUE;
}

ButlerMove *
butler__move_new (ButlerServer     *server,
                  ButlerGeneration *generation,
                  GError          **error)
{
  ButlerMove *move = g_new0 (ButlerMove, 1);

  move->server = butler_server_ref (server);
  butler__pin (&move->pin, generation, "swap", "of server", server->name);
  if (find_handlers (move, error) && keeps_handlers (move, error) && plan_settings (move, error) && plan_state (move, error))
    return move;
  g_prefix_error (error, "server %s: ", server->name);
  butler__move_free (move);
  return NULL;
}

void
butler__move_free (ButlerMove *move)
{
  if (move->record != NULL)
    butler_record_free (move->record);
  if (move->settings != NULL)
    butler_record_free (move->settings);
  if (move->handlers != NULL)
    butler__handlers_unref (move->handlers);
  g_clear_pointer (&move->swap.commits, g_array_unref);
  g_clear_pointer (&move->earlier, butler__move_free);
  g_free (move->stray);
  butler__unpin (&move->pin);
  butler__unpin (&move->old);
  butler_server_unref (move->server);
  g_free (move);
}

static gboolean
same_messages (const ButlerHandlers *old,
               const ButlerHandlers *new)
{
  for (guint i = 0; i < old->set.n_handlers; i++)
    {
      const ButlerLayout *layout = old->entries[i].layout;
      const ButlerLayout *now = butler__handlers_find (new, layout->type)->layout;

      if (layout != now && !g_str_equal (layout->fingerprint, now->fingerprint))
        return FALSE;
    }
  return TRUE;
}

gboolean
butler__move_changes_state (const ButlerMove *move)
{
  return move->conversion != NULL || move->settings != NULL || !same_messages (move->server->handlers, move->handlers);
}

/* Making it */

static void
take_settings (ButlerMove *move)
{
  ButlerServer *server = move->server;

  if (move->settings == NULL)
    return;
  if (server->old_settings == NULL)
    server->old_settings = g_ptr_array_new_with_free_func (butler_record_free);
  if (server->settings != NULL)
    g_ptr_array_add (server->old_settings, server->settings);
  server->settings = g_steal_pointer (&move->settings);
}

void
butler__move_apply (ButlerMove *move)
{
  ButlerServer *server = move->server;
  ButlerHandlers *old = server->handlers;

  take_settings (move);
  server->rolls = FALSE;
  server->handlers = g_steal_pointer (&move->handlers);
  butler__unpin (&server->pin);
  butler__pin (&server->pin, move->pin.generation, "server", server->name, NULL);
  atomic_store_explicit (&server->generation, server->pin.generation->number, memory_order_relaxed);
  butler__handlers_unref (old);
}

void
butler__move_install (ButlerMove *move)
{
  ButlerServer *server = move->server;
  gpointer old = server->record;

  if (move->stray != NULL)
    butler__generation_stay (server->pin.generation, g_steal_pointer (&move->stray));
  butler__pin (&move->old, server->pin.generation, "swap", "of server", server->name);
  if (move->record != NULL)
    {
      server->record = move->record;
      move->record = old;
    }
  butler__move_apply (move);
}

static void
copy_state (ButlerMove *move)
{
  ButlerServer *server = move->server;
  const ButlerLayout *to = move->handlers->state;

  move->record = butler_record_new (move->handlers->set.state);
  if (butler__layout_is_opaque (to))
    butler__layout_copy (to, server->record, move->record);
  else
    butler__conversion_copy (move->conversion, server->record, move->record);
}

static gboolean
call_swapped (ButlerMove *move,
              GError    **error)
{
  ButlerServer *server = move->server;
  ButlerContext *context = &server->context;
  gconstpointer settings = move->settings != NULL ? move->settings : server->settings;
  GError *failure = NULL;
  gboolean ok;

  move->swap = (ButlerSwap) { .layout = server->handlers->state, .old = server->record,
                              .from = server->pin.generation->number, .to = move->pin.generation->number };
  context->is_swapping = server->busy = TRUE;
  butler__outbox_open (&move->outbox);
  ok = move->handlers->set.swapped (move->record, settings, &move->swap, context, &failure);
  butler__outbox_close (&move->outbox);
  context->is_swapping = server->busy = FALSE;
  if (failure == NULL)
    failure = g_steal_pointer (&context->error);
  g_clear_error (&context->error);
  if (ok && failure == NULL)
    return TRUE;
  if (failure == NULL)
    failure = g_error_new (BUTLER_ERROR, BUTLER_ERROR_FAILED, "it did not say why");
  g_propagate_prefixed_error (error, failure, "server %s: its swapped function failed: ", server->name);
  return FALSE;
}

gboolean
butler__move_prepare (ButlerMove *move,
                      GError    **error)
{
  ButlerServer *server = move->server;
  gboolean ok = TRUE;

  if (server->record == NULL) /* it is being restarted: the state will be made by the new code */
    return TRUE;
  if (move->conversion != NULL)
    copy_state (move);
  if (move->handlers->set.swapped != NULL)
    ok = call_swapped (move, error);
  move->stray = butler__state_find_stray (move->handlers->state, move->record != NULL ? move->record : server->record,
                                          &server->pin.generation->image, server->name);
  return ok;
}

static void
call_commits (ButlerMove *move)
{
  GArray *commits = move->swap.commits;

  for (guint i = 0; commits != NULL && i < commits->len; i++)
    {
      ButlerCommit *commit = &g_array_index (commits, ButlerCommit, i);

      commit->func (commit->data);
    }
}

void
butler__move_finish (ButlerMove *move,
                     gboolean    committed)
{
  if (committed)
    {
      call_commits (move);
      butler__outbox_post (&move->outbox);
    }
  else
    butler__outbox_drop (&move->outbox);
  butler__move_free (move);
}

/* Strays */

static const char *
name_field (const ButlerLayout *layout,
            gsize               offset)
{
  for (guint i = 0; i < layout->n_fields; i++)
    if (offset >= layout->fields[i].offset && offset < layout->fields[i].offset + layout->fields[i].size)
      return layout->fields[i].name;
  return "a part without a name";
}

char *
butler__state_find_stray (const ButlerLayout *layout,
                          gconstpointer       state,
                          const ButlerImage  *image,
                          const char         *server)
{
  for (gsize offset = 0; image->low != NULL && offset + sizeof (gpointer) <= layout->size; offset += sizeof (gpointer))
    {
      gpointer word;

      memcpy (&word, (const char *) state + offset, sizeof word);
      if (butler__image_has (image, word))
        return g_strdup_printf ("%s of the state of server %s points into it", name_field (layout, offset), server);
    }
  return NULL;
}
