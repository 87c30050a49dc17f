/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/order.h"

#include <threadbutler/error.h>

/* The order has no cycle, as each that would close one is refused: so the walks below end. */

/* From the back to the front: when @server gets its place, those that end after it have theirs. */
static void
place (ButlerServer **list,
       guint         *n,
       GHashTable    *seen,
       ButlerServer  *server)
{
  if (!g_hash_table_add (seen, server))
    return;
  for (guint i = server->followers != NULL ? server->followers->len : 0; i > 0; i--)
    place (list, n, seen, server->followers->pdata[i - 1]);
  list[--*n] = server;
}

GPtrArray *
butler__order_list (ButlerHub *hub)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GPtrArray *list = g_ptr_array_sized_new (hub->servers->len);
  guint n = hub->servers->len;

  g_ptr_array_set_size (list, (int) n);
  for (guint i = hub->servers->len; i > 0; i--)
    place ((ButlerServer **) list->pdata, &n, seen, hub->servers->pdata[i - 1]);
  return list;
}

void
butler__order_changed (ButlerHub *hub)
{
  g_clear_pointer (&hub->ending, g_ptr_array_unref);
}

ButlerServer *
butler__order_find_active (ButlerHub *hub)
{
  if (hub->ending == NULL)
    {
      hub->ending = butler__order_list (hub);
      hub->ended = 0;
    }
  for (; hub->ended < hub->ending->len; hub->ended++)
    if (butler__server_is_active (hub->ending->pdata[hub->ended]))
      return hub->ending->pdata[hub->ended];
  return NULL;
}

void
butler__order_forget (ButlerServer *server)
{
  butler__order_changed (server->hub);
  g_clear_pointer (&server->followers, g_ptr_array_unref);
  for (guint i = 0; i < server->hub->servers->len; i++)
    {
      ButlerServer *other = server->hub->servers->pdata[i];

      if (other->followers != NULL)
        g_ptr_array_remove (other->followers, server);
    }
}

/* TRUE if @last ends after @first, directly or because of others: then their names are put into @way, from the last to the first. */
static gboolean
find_way (const ButlerServer *first,
          const ButlerServer *last,
          GHashTable         *seen,
          GString            *way)
{
  gboolean found = first == last;

  if (!g_hash_table_add (seen, (gpointer) first))
    return FALSE;
  for (guint i = 0; !found && first->followers != NULL && i < first->followers->len; i++)
    found = find_way (first->followers->pdata[i], last, seen, way);
  if (found)
    g_string_append_printf (way, " after %s", first->name);
  return found;
}

/* The mutex is held. */
static gboolean
check (const ButlerServer *server,
       const ButlerServer *other,
       GError            **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (GString) way = g_string_new (server->name);

  if (server->removed || other->removed)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "server %s has left its hub", server->removed ? server->name : other->name);
      return FALSE;
    }
  if (!find_way (server, other, seen, way))
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "servers would end in a circle: %s", way->str);
  return FALSE;
}

/**
 * butler_server_add_after:
 * @server: the server
 * @other: another one of the same hub
 * @error: (nullable): where to put an error
 *
 * Lets @server end after @other when all servers of the hub are stopped (butler_hub_shutdown(), the end of the hub): it is asked
 * to stop when @other has ended, so that what that sends to it at its end is still accepted. Apart from that servers end in the order in
 * which they were made, as they start in any case.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE, with the names, if they would wait for each other in a circle; %BUTLER_ERROR_CLOSED if one of them has
 * left the hub.
 *
 * Thread: any.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 1.0
 */
gboolean
butler_server_add_after (ButlerServer  *server,
                         ButlerServer  *other,
                         GError       **error)
{
  gboolean ok;

  g_return_val_if_fail (server != NULL, FALSE);
  g_return_val_if_fail (other != NULL && other->hub == server->hub, FALSE);

  butler__hub_lock (server->hub);
  ok = check (server, other, error);
  if (ok && other->followers == NULL)
    other->followers = g_ptr_array_new ();
  butler__order_changed (server->hub);
  if (ok && !g_ptr_array_find (other->followers, server, NULL))
    g_ptr_array_add (other->followers, server);
  butler__hub_unlock (server->hub);
  return ok;
}
