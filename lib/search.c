/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/search.h"

#include <string.h>
#include <threadbutler/error.h>

struct _ButlerSearch
{
  ButlerHub         *hub;     /* (unowned) */
  char              *base;    /* (owned) */
  ButlerModuleFlags  flags;
  GPtrArray         *folders; /* (owned): absolute, NULL not at its end */
  GHashTable        *modules; /* (owned): path -> ButlerModule (unowned) */
};

ButlerSearch *
butler__search_new (ButlerHub         *hub,
                    const char        *base,
                    ButlerModuleFlags  flags)
{
  ButlerSearch *self = g_new0 (ButlerSearch, 1);

  self->hub = hub;
  self->base = g_canonicalize_filename (base, NULL);
  self->flags = flags;
  self->folders = g_ptr_array_new_with_free_func (g_free);
  self->modules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
butler__search_free (ButlerSearch *self)
{
  g_hash_table_unref (self->modules);
  g_ptr_array_unref (self->folders);
  g_free (self->base);
  g_free (self);
}

void
butler__search_add (ButlerSearch *self,
                    const char   *folder)
{
  if (*folder != '\0')
    g_ptr_array_add (self->folders, g_canonicalize_filename (folder, self->base));
}

static void
set_not_found (ButlerSearch *self,
               const char   *file,
               GError      **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < self->folders->len; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", (char *) g_ptr_array_index (self->folders, i));
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "there is no %s in %s", file, list->str);
}

/* What a folder has is taken, be it good or not: going on would run another plugin than the one that was meant. */
char *
butler__search_find (ButlerSearch *self,
                     const char   *name,
                     GError      **error)
{
  g_autofree char *file = NULL;

  if (strchr (name, '/') != NULL)
    return g_canonicalize_filename (name, self->base);

  file = g_strconcat (name, g_str_has_suffix (name, ".so") ? NULL : ".so", NULL);
  for (guint i = 0; i < self->folders->len; i++)
    {
      g_autofree char *path = g_build_filename (g_ptr_array_index (self->folders, i), file, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  set_not_found (self, file, error);
  return NULL;
}

ButlerModuleFlags
butler__search_get_flags (const ButlerSearch *self)
{
  return self->flags;
}

ButlerModule *
butler__search_load (ButlerSearch *self,
                     const char   *name,
                     GError      **error)
{
  g_autofree char *path = butler__search_find (self, name, error);
  ButlerModule    *module = path != NULL ? g_hash_table_lookup (self->modules, path) : NULL;

  if (path == NULL || module != NULL)
    return module;

  module = butler_module_load (self->hub, path, self->flags, error);
  if (module != NULL)
    g_hash_table_insert (self->modules, g_steal_pointer (&path), module);
  return module;
}
