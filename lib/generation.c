/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/generation.h"

#include "lib/hub.h"

void
butler__pin (ButlerPin        *pin,
             ButlerGeneration *generation,
             const char       *kind,
             const char       *name,
             const char       *server)
{
  *pin = (ButlerPin) { .generation = generation, .kind = kind, .name = name, .server = server };
  if (generation == NULL)
    return;
  g_mutex_lock (&generation->module->pins);
  pin->next = generation->pins;
  if (pin->next != NULL)
    pin->next->previous = pin;
  generation->pins = pin;
  g_mutex_unlock (&generation->module->pins);
}

/* The lock is held. */
static void
tell_if_idle (ButlerGeneration *generation)
{
  ButlerModule *module = generation->module;

  if (generation->retired && generation->pins == NULL && module->idle != NULL)
    module->idle (module);
}

void
butler__unpin (ButlerPin *pin)
{
  ButlerGeneration *generation = g_steal_pointer (&pin->generation);
  ButlerModule *module;

  if (generation == NULL)
    return;
  module = generation->module;
  g_mutex_lock (&module->pins);
  if (pin->previous != NULL)
    pin->previous->next = pin->next;
  else
    generation->pins = pin->next;
  if (pin->next != NULL)
    pin->next->previous = pin->previous;
  tell_if_idle (generation);
  g_mutex_unlock (&module->pins);
}

void
butler__pin_move (ButlerPin *to,
                  ButlerPin *from)
{
  butler__pin (to, from->generation, "the end of", "a task or a hold", NULL);
  butler__unpin (from);
}

void
butler__generation_retire (ButlerGeneration *generation)
{
  g_mutex_lock (&generation->module->pins);
  generation->retired = TRUE;
  tell_if_idle (generation);
  g_mutex_unlock (&generation->module->pins);
}

gboolean
butler__generation_is_idle (ButlerGeneration *generation)
{
  gboolean idle;

  g_mutex_lock (&generation->module->pins);
  idle = generation->retired && generation->pins == NULL;
  g_mutex_unlock (&generation->module->pins);
  return idle && (generation->image.low == NULL || butler__opaque_count (&generation->image, NULL) == 0);
}

void
butler__generation_describe_pins (ButlerGeneration *generation,
                                  GPtrArray        *lines)
{
  g_mutex_lock (&generation->module->pins);
  for (const ButlerPin *pin = generation->pins; pin != NULL; pin = pin->next)
    g_ptr_array_add (lines, pin->server != NULL
                              ? g_strdup_printf ("%s %s of server %s", pin->kind, pin->name, pin->server)
                              : g_strdup_printf ("%s %s", pin->kind, pin->name));
  g_mutex_unlock (&generation->module->pins);
  if (generation->image.low != NULL)
    butler__opaque_count (&generation->image, lines);
}

void
butler__generation_stay (ButlerGeneration *generation,
                         char             *reason)
{
  g_mutex_lock (&generation->module->pins);
  if (generation->resident == NULL)
    generation->resident = g_steal_pointer (&reason);
  g_mutex_unlock (&generation->module->pins);
  g_free (reason);
}

ButlerHandlers *
butler__generation_find (const ButlerGeneration *generation,
                         const char             *name)
{
  for (guint i = 0; i < generation->handlers->len; i++)
    {
      ButlerHandlers *handlers = generation->handlers->pdata[i];

      if (g_str_equal (handlers->set.name, name))
        return handlers;
    }
  return NULL;
}

static ButlerHandlers *
find_set (GPtrArray              *handlers,
          const ButlerHandlerSet *set)
{
  for (guint i = 0; i < handlers->len; i++)
    if (&((ButlerHandlers *) handlers->pdata[i])->set == set)
      return handlers->pdata[i];
  return NULL;
}

static ButlerGeneration *
find_code (const ButlerModule *module,
           gconstpointer       function)
{
  for (guint i = 0; i < module->generations->len; i++)
    {
      ButlerGeneration *generation = module->generations->pdata[i];

      if (butler__image_has (&generation->image, function))
        return generation;
    }
  return NULL;
}

ButlerGeneration *
butler__generation_of_code (ButlerHub    *hub,
                            gconstpointer function)
{
  ButlerGeneration *found = NULL;

  for (guint i = 0; i < hub->modules->len && found == NULL; i++)
    found = find_code (hub->modules->pdata[i], function);
  return found;
}

/* The table in the file itself. */
static ButlerModule *
module_of_table (ButlerHub              *hub,
                 const ButlerHandlerSet *set,
                 ButlerHandlers        **known)
{
  ButlerGeneration *generation = butler__generation_of_code (hub, set);

  *known = generation != NULL && set->name != NULL ? butler__generation_find (generation, set->name) : NULL;
  return *known != NULL ? generation->module : NULL;
}

ButlerModule *
butler__module_of_set (ButlerHub              *hub,
                       const ButlerHandlerSet *set,
                       ButlerHandlers        **known)
{
  for (guint i = 0; i < hub->modules->len; i++)
    {
      ButlerModule *module = hub->modules->pdata[i];

      *known = find_set (module->given, set);
      if (*known == NULL)
        *known = find_set (module->current->handlers, set);
      if (*known != NULL)
        return module;
    }
  return module_of_table (hub, set, known);
}
