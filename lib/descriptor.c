/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/descriptor.h"

#include "lib/convert.h"
#include "lib/names.h"

#define PLUGIN_SIZE_MIN (G_STRUCT_OFFSET (ButlerPlugin, set_size) + sizeof (guint32)) /* what version 1.0 had */
#define SETS_MAX        1024u

gboolean
butler__descriptor_refuse (const char  *origin,
                           ButlerError  code,
                           GError     **error,
                           const char  *format,
                           ...)
{
  g_autofree char *reason = NULL;
  va_list          args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BUTLER_ERROR, (gint) code, "%s: %s", origin, reason);
  return FALSE;
}

/* The magic number comes before the ABI, and both before the rest: of another ABI nothing else is where we think. */
static gboolean
check_head (const ButlerPlugin *plugin,
            const char         *origin,
            GError            **error)
{
  if (plugin->magic != BUTLER_PLUGIN_MAGIC)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error,
                                      "its butler_plugin was not made by BUTLER_PLUGIN()");
  if (plugin->abi != BUTLER_PLUGIN_ABI)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_ABI, error,
                                      "it was built for ABI %u of ThreadButler, this is ABI %u: build it anew",
                                      plugin->abi, BUTLER_PLUGIN_ABI);
  if (plugin->plugin_size < PLUGIN_SIZE_MIN)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error,
                                      "its butler_plugin says that it has %u bytes, %u are the least",
                                      plugin->plugin_size, (guint) PLUGIN_SIZE_MIN);
  if (plugin->flags != 0)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error,
                                      "it has the flags 0x%x, which this version does not know", plugin->flags);
  return TRUE;
}

static gboolean
check_contents (const ButlerPlugin *plugin,
                const char         *origin,
                GError            **error)
{
  if (!butler__name_is_identifier (plugin->name))
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error, "its name is no C identifier");
  if (plugin->version == NULL)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error, "plugin %s has no version", plugin->name);
  if (plugin->n_sets == 0 || plugin->sets == NULL)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error, "plugin %s has no handler set",
                                      plugin->name);
  if (plugin->n_sets > SETS_MAX)
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error,
                                      "plugin %s has %u handler sets, %u are the most", plugin->name, plugin->n_sets,
                                      SETS_MAX);
  if (plugin->set_size != sizeof plugin->sets[0])
    return butler__descriptor_refuse (origin, BUTLER_ERROR_BAD_PLUGIN, error,
                                      "the table of handler sets of plugin %s has entries of %u bytes, not %u",
                                      plugin->name, plugin->set_size, (guint) sizeof plugin->sets[0]);
  return TRUE;
}

static gboolean
add_set (ButlerDescriptor       *self,
         const ButlerHandlerSet *set,
         GError                **error)
{
  g_autoptr (ButlerHandlers) handlers = NULL;

  if (set == NULL)
    return butler__descriptor_refuse (self->origin, BUTLER_ERROR_BAD_HANDLERS, error,
                                      "handler set %u of plugin %s is NULL", self->handlers->len + 1, self->name);

  handlers = butler__handlers_new (set, self->origin, error);
  if (handlers == NULL)
    return FALSE;
  if (butler__descriptor_find (self, handlers->set.name) != NULL)
    return butler__descriptor_refuse (self->origin, BUTLER_ERROR_BAD_HANDLERS, error,
                                      "plugin %s has two handler sets named %s", self->name, handlers->set.name);

  g_ptr_array_add (self->handlers, g_steal_pointer (&handlers));
  return TRUE;
}

ButlerDescriptor *
butler__descriptor_new (const ButlerPlugin *plugin,
                        const char         *origin,
                        GError            **error)
{
  g_autoptr (ButlerDescriptor) self = NULL;

  if (!check_head (plugin, origin, error) || !check_contents (plugin, origin, error))
    return NULL;

  self = g_new0 (ButlerDescriptor, 1);
  self->origin = g_strdup (origin);
  self->name = g_strdup (plugin->name);
  self->version = g_strdup (plugin->version);
  self->abi = plugin->abi;
  self->handlers = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__handlers_unref);
  for (guint i = 0; i < plugin->n_sets; i++)
    if (!add_set (self, plugin->sets[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

void
butler__descriptor_free (ButlerDescriptor *self)
{
  g_ptr_array_unref (self->handlers);
  g_free (self->origin);
  g_free (self->name);
  g_free (self->version);
  g_free (self);
}

ButlerHandlers *
butler__descriptor_find (const ButlerDescriptor *self,
                         const char             *name)
{
  for (guint i = 0; i < self->handlers->len; i++)
    {
      ButlerHandlers *handlers = g_ptr_array_index (self->handlers, i);

      if (g_str_equal (handlers->set.name, name))
        return handlers;
    }
  return NULL;
}

static gboolean
uses_layout (const ButlerDescriptor *self,
             const ButlerLayout     *layout)
{
  for (guint i = 0; i < self->handlers->len; i++)
    {
      const ButlerHandlers *handlers = g_ptr_array_index (self->handlers, i);

      for (guint n = 0; n < handlers->set.n_handlers; n++)
        if (handlers->entries[n].layout == layout)
          return TRUE;
    }
  return FALSE;
}

/* Who has the layout, NULL if nobody who matters. Layouts are never forgotten: one of a module that is gone, or of
 * another hub's, hinders nobody, even if it was the first to have it. */
static const char *
find_user (const ButlerDescriptor *self,
           GPtrArray              *others,
           const ButlerLayout     *layout)
{
  if (uses_layout (self, layout))
    return self->origin;

  for (guint i = 0; i < others->len; i++)
    {
      const ButlerDescriptor *other = g_ptr_array_index (others, i);

      if (uses_layout (other, layout))
        return other->origin;
    }
  return g_str_equal (layout->origin, BUTLER__ORIGIN_PROGRAM) ? BUTLER__ORIGIN_PROGRAM : NULL;
}

/* Both ways: who handles a type may be sent what any other one calls by that name. */
static gboolean
check_layout (const ButlerDescriptor *self,
              GPtrArray              *others,
              const ButlerLayout     *layout,
              GError                **error)
{
  g_autoptr (GPtrArray) layouts = butler__type_get_layouts (layout->type);

  for (guint i = 0; i < layouts->len; i++)
    {
      const ButlerLayout *other = g_ptr_array_index (layouts, i);
      const char         *user = other != layout ? find_user (self, others, other) : NULL;

      if (user == NULL)
        continue;
      if (butler__conversion_get (other, layout, error) == NULL
          || butler__conversion_get (layout, other, error) == NULL)
        {
          g_prefix_error (error, "%s: its %s cannot be converted to that of %s and back: ", self->origin,
                          layout->type->name, user);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_name (const ButlerDescriptor *self,
            GPtrArray              *others,
            GError                **error)
{
  for (guint i = 0; i < others->len; i++)
    {
      const ButlerDescriptor *other = g_ptr_array_index (others, i);

      if (g_str_equal (other->name, self->name))
        return butler__descriptor_refuse (self->origin, BUTLER_ERROR_EXISTS, error,
                                          "a plugin named %s was already loaded from %s", self->name, other->origin);
    }
  return TRUE;
}

gboolean
butler__descriptor_check_beside (const ButlerDescriptor *self,
                                 GPtrArray              *others,
                                 GError                **error)
{
  if (!check_name (self, others, error))
    return FALSE;

  for (guint i = 0; i < self->handlers->len; i++)
    {
      const ButlerHandlers *handlers = g_ptr_array_index (self->handlers, i);

      for (guint n = 0; n < handlers->set.n_handlers; n++)
        if (!check_layout (self, others, handlers->entries[n].layout, error))
          return FALSE;
    }
  return TRUE;
}

/* NULL: it has no handler of @type. */
static const ButlerLayout *
find_layout (const ButlerDescriptor *self,
             const ButlerType       *type)
{
  for (guint i = 0; i < self->handlers->len; i++)
    {
      const ButlerHandlerEntry *entry = butler__handlers_find (g_ptr_array_index (self->handlers, i), type);

      if (entry != NULL)
        return entry->layout;
    }
  return NULL;
}

static gboolean
check_set_follows (const ButlerDescriptor *self,
                   const ButlerHandlers   *old,
                   GError                **error)
{
  for (guint n = 0; n < old->set.n_handlers; n++)
    {
      const ButlerLayout *from = old->entries[n].layout;
      const ButlerLayout *to = find_layout (self, from->type);

      if (to != NULL && butler__conversion_get (from, to, error) == NULL)
        {
          g_prefix_error (error, "%s: messages that are on their way cannot be handled by it: ", self->origin);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
butler__descriptor_check_follows (const ButlerDescriptor *self,
                                  const ButlerDescriptor *old,
                                  GError                **error)
{
  for (guint i = 0; i < old->handlers->len; i++)
    if (!check_set_follows (self, g_ptr_array_index (old->handlers, i), error))
      return FALSE;
  return TRUE;
}
