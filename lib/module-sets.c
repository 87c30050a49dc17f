/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/module.h>

#include "lib/hub.h"
#include "lib/loader.h"
#include "lib/names.h"

/* The handler sets of a module, as its current generation has them. */

/**
 * butler_module_get_n_sets:
 * @module: a module
 *
 * The number of its handler sets, at least one.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
butler_module_get_n_sets (ButlerModule *module)
{
  guint n;

  g_return_val_if_fail (module != NULL, 0);

  butler__hub_lock (module->hub);
  n = module->current->handlers->len;
  butler__hub_unlock (module->hub);
  return n;
}

/* The program keeps a pointer to it, whatever becomes of the generation. The hub's mutex is held. */
static const ButlerHandlerSet *
give_set (ButlerModule   *self,
          ButlerHandlers *handlers)
{
  if (!g_ptr_array_find (self->given, handlers, NULL))
    g_ptr_array_add (self->given, butler__handlers_ref (handlers));
  return &handlers->set;
}

/**
 * butler_module_get_nth_set:
 * @module: a module
 * @n: from 0 on, less than butler_module_get_n_sets()
 *
 * One of its handler sets, in the plugin's order. It has this library's size, whatever the plugin was built with.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the set, which lives as long as the module's hub, though the plugin may be swapped; %NULL if
 *   there are fewer
 *
 * Since: 1.0
 */
const ButlerHandlerSet *
butler_module_get_nth_set (ButlerModule *module,
                           guint         n)
{
  const ButlerHandlerSet *set = NULL;

  g_return_val_if_fail (module != NULL, NULL);

  butler__hub_lock (module->hub);
  if (n < module->current->handlers->len)
    set = give_set (module, module->current->handlers->pdata[n]);
  butler__hub_unlock (module->hub);
  return set;
}

/* The hub's mutex is held. */
static GPtrArray *
list_sets (ButlerModule *self)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < self->current->handlers->len; i++)
    g_ptr_array_add (names, (gpointer) ((ButlerHandlers *) self->current->handlers->pdata[i])->set.name);
  g_ptr_array_add (names, NULL);
  return names;
}

static void
set_not_found (ButlerModule *self,
               const char   *name,
               GError      **error)
{
  g_autoptr (GPtrArray) names = list_sets (self);
  g_autofree char      *list = g_strjoinv (", ", (char **) names->pdata);
  g_autofree char      *hint = NULL;
  const char           *origin = butler__loaded_of (self->current)->descriptor->origin;

  if (name == NULL)
    {
      butler__descriptor_refuse (origin, BUTLER_ERROR_NOT_FOUND, error,
                                 "it has %u handler sets, of which one must be chosen: %s", names->len - 1, list);
      return;
    }

  hint = butler__name_hint (name, (const char *const *) names->pdata);
  butler__descriptor_refuse (origin, BUTLER_ERROR_NOT_FOUND, error, "it has no handler set \"%s\"; it has: %s%s", name, list,
                             hint);
}

static ButlerHandlers *
find_handlers (ButlerModule *self,
               const char   *name)
{
  if (name != NULL)
    return butler__generation_find (self->current, name);
  return self->current->handlers->len == 1 ? self->current->handlers->pdata[0] : NULL;
}

/**
 * butler_module_get_set:
 * @module: a module
 * @name: (nullable): the set's name; %NULL if the plugin has but one
 * @error: (nullable): where to put an error
 *
 * Finds a handler set, for butler_server_new().
 *
 * Errors: %BUTLER_ERROR_NOT_FOUND, which lists the sets.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the set, which lives as long as the module's hub, or %NULL on error
 *
 * Since: 1.0
 */
const ButlerHandlerSet *
butler_module_get_set (ButlerModule  *module,
                       const char    *name,
                       GError       **error)
{
  const ButlerHandlerSet *set = NULL;
  ButlerHandlers *handlers;

  g_return_val_if_fail (module != NULL, NULL);

  butler__hub_lock (module->hub);
  handlers = find_handlers (module, name);
  if (handlers != NULL)
    set = give_set (module, handlers);
  else
    set_not_found (module, name, error);
  butler__hub_unlock (module->hub);
  return set;
}
