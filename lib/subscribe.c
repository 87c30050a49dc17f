/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/subscribe.h"

#include <threadbutler/error.h>

#include "lib/names.h"
#include "lib/publish.h"

/* Servers subscribe to what they have handlers for. */

gboolean
butler__subscribe_names (const char *const *names,
                         const ButlerType  *type)
{
  return names != NULL && g_strv_contains (names, type->name);
}

static const ButlerHandlerEntry *
find_handler (const ButlerHandlers *handlers,
              const char           *name)
{
  for (guint i = 0; i < handlers->set.n_handlers; i++)
    if (g_str_equal (handlers->entries[i].layout->type->name, name))
      return &handlers->entries[i];
  return NULL;
}

static gboolean
refuse_type (const ButlerHandlers *handlers,
             const char           *name,
             GError              **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_autofree char *hint = NULL;

  for (guint i = 0; i < handlers->set.n_handlers; i++)
    g_ptr_array_add (known, (gpointer) handlers->entries[i].layout->type->name);
  g_ptr_array_add (known, NULL);
  hint = butler__name_hint (name, (const char *const *) known->pdata);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "it cannot subscribe to %s: handler set %s has no handler for it%s", name,
               handlers->set.name, hint);
  return FALSE;
}

gboolean
butler__subscribe_check (const ButlerHandlers *handlers,
                         const char *const    *names,
                         GError              **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      const ButlerHandlerEntry *entry = find_handler (handlers, names[i]);

      if (entry == NULL)
        return refuse_type (handlers, names[i], error);
      if (!butler__publish_check (entry->layout, error))
        return FALSE;
    }
  return TRUE;
}

void
butler__subscribe_all (ButlerServer      *server,
                       const char *const *names)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    butler__topics_add (&server->hub->topics, find_handler (server->handlers, names[i])->layout->type, server->channel);
}

/* The mutex is held. */
static gboolean
subscribe_unlocked (ButlerServer       *server,
                    const ButlerLayout *layout,
                    GError            **error)
{
  if (server->removed)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "server %s has left its hub", server->name);
      return FALSE;
    }
  if (butler__handlers_find (server->handlers, layout->type) == NULL)
    {
      refuse_type (server->handlers, layout->type->name, error);
      g_prefix_error (error, "server %s: ", server->name);
      return FALSE;
    }
  butler__topics_add (&server->hub->topics, layout->type, server->channel);
  return TRUE;
}

/**
 * butler_server_subscribe:
 * @server: the server
 * @info: a type that @server handles
 * @error: (nullable): where to put an error
 *
 * Lets @server get a copy of whatever is published of a type from now on (see butler_hub_publish()), until butler_server_unsubscribe()
 * or its removal. Stops, starts and swaps do not end it; as long as @server does not run it misses what is published, but for a new one,
 * whose messages wait. Whether the type is also routed to it stays as it is. Once is enough: a second time does nothing.
 *
 * Errors: %BUTLER_ERROR_NOT_FOUND if @server has no handler for the type, %BUTLER_ERROR_BAD_LAYOUT if the type cannot be published,
 * %BUTLER_ERROR_CLOSED if @server was removed.
 *
 * Thread: any.
 *
 * Returns: %TRUE if it has subscribed now
 *
 * Since: 1.0
 */
gboolean
butler_server_subscribe (ButlerServer            *server,
                         const ButlerRecordInfo  *info,
                         GError                 **error)
{
  const ButlerLayout *layout;
  gboolean subscribed;

  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (info != NULL, FALSE);

  layout = butler__layout_of (info);
  g_return_val_if_fail (layout != NULL, FALSE);
  if (!butler__publish_check (layout, error))
    return FALSE;
  butler__hub_lock (server->hub);
  subscribed = subscribe_unlocked (server, layout, error);
  butler__hub_unlock (server->hub);
  return subscribed;
}

/**
 * butler_server_unsubscribe:
 * @server: the server
 * @info: the type
 *
 * Ends what butler_server_subscribe() or the options of @server began. What is being published on another thread in this moment may
 * still come, and what came before is handled.
 *
 * Thread: any.
 *
 * Returns: %FALSE if @server had not subscribed
 *
 * Since: 1.0
 */
gboolean
butler_server_unsubscribe (ButlerServer           *server,
                           const ButlerRecordInfo *info)
{
  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (info != NULL, FALSE);

  return butler_hub_unsubscribe (server->hub, info, server->channel);
}
