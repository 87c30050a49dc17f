/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/module.h"

#include <dlfcn.h>

#include "lib/descriptor.h"
#include "lib/hub.h"
#include "lib/names.h"
#include "lib/stage.h"

#if defined __has_include
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif
#ifndef BUTLER_SANITIZED
#define BUTLER_SANITIZED 0
#endif

/* Made at load, read-only afterwards, freed by the hub after its servers. */
struct _ButlerModule
{
  char             *path;       /* (owned) (nullable): the user's file, not the copy; NULL: linked in */
  ButlerDescriptor *descriptor; /* (owned) */
  ButlerStage      *stage;      /* (owned) (nullable) */
  gpointer          image;      /* (owned) (nullable): of dlopen() */
};

/* Joining a hub is looking at its modules and adding one: two at once must not miss each other. No plugin code runs
 * inside. */
static GMutex joining;

/* Tools that name code by its address when the process ends would find nothing where a module was. */
static gboolean
keeps_images (void)
{
  return BUTLER_SANITIZED || RUNNING_ON_VALGRIND || g_strcmp0 (g_getenv ("BUTLER_KEEP_MODULES"), "1") == 0;
}

static void
module_free (gpointer data)
{
  ButlerModule *self = data;

  g_clear_pointer (&self->descriptor, butler__descriptor_free); /* points into the image */
  if (self->image != NULL && !keeps_images ())
    dlclose (self->image);
  g_clear_pointer (&self->stage, butler__stage_free);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerModule, module_free)

/* dlerror() speaks of the private copy, which the user never heard of. */
static void
set_image_error (ButlerModule *self,
                 GError      **error)
{
  const char         *text = dlerror ();
  const char         *copy = butler__stage_get_copy (self->stage);
  g_autofree char    *prefix = g_strconcat (copy, ": ", NULL);
  g_autoptr (GString) reason = g_string_new (text != NULL ? text : "it cannot be loaded");

  g_string_replace (reason, prefix, "", 0);
  g_string_replace (reason, copy, self->path, 0);
  butler__descriptor_refuse (self->path, BUTLER_ERROR_BAD_PLUGIN, error, "%s", reason->str);
}

static const ButlerPlugin *
open_image (ButlerModule *self,
            GError      **error)
{
  const ButlerPlugin *plugin;

  self->image = dlopen (butler__stage_get_copy (self->stage), RTLD_NOW | RTLD_LOCAL);
  if (self->image == NULL)
    {
      set_image_error (self, error);
      return NULL;
    }

  plugin = dlsym (self->image, "butler_plugin");
  if (plugin == NULL)
    butler__descriptor_refuse (self->path, BUTLER_ERROR_BAD_PLUGIN, error,
                               "it exports no butler_plugin: is BUTLER_PLUGIN() missing?");
  return plugin;
}

static gboolean
check_beside (ButlerModule *self,
              GPtrArray    *modules,
              GError      **error)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  for (guint i = 0; i < modules->len; i++)
    {
      ButlerModule *other = g_ptr_array_index (modules, i);

      g_ptr_array_add (others, other->descriptor);
    }
  return butler__descriptor_check_beside (self->descriptor, others, error);
}

/* Consumes @self, also on error. */
static ButlerModule *
join_hub (ButlerHub    *hub,
          ButlerModule *self,
          GError      **error)
{
  g_autoptr (GPtrArray) modules = NULL;
  gboolean              ok;

  g_mutex_lock (&joining);
  modules = butler__hub_get_modules (hub);
  ok = check_beside (self, modules, error);
  if (ok)
    butler__hub_add_module (hub, self, module_free);
  g_mutex_unlock (&joining);
  if (ok)
    return self;

  module_free (self);
  return NULL;
}

/**
 * butler_module_load:
 * @hub: the hub that owns the module from now on
 * @path: (type filename): the plugin's file
 * @flags: what is allowed
 * @error: (nullable): where to put an error
 *
 * Loads a plugin. The file has to be a regular one, of the calling user or root, that nobody else can write, in a
 * folder where others cannot replace it. It is copied to a private folder and the copy is mapped, so the file itself
 * can be rebuilt while the program runs. The copy lies in $BUTLER_HOT_DIR, $XDG_RUNTIME_DIR or the temporary directory,
 * the first that can be written and is not mounted noexec: a RUNPATH with $ORIGIN is resolved from there. It is deleted
 * when the hub is freed.
 *
 * Everything that the plugin declares is checked before any of its functions is called; constructors, which it should
 * not have, are called by the dynamic linker all the same. On error nothing is left of it.
 *
 * The module lives as long as @hub. With the environment variable BUTLER_KEEP_MODULES=1, under valgrind and in a
 * sanitized build its code stays mapped until the process ends.
 *
 * Errors, all of which name @path and the reason: %BUTLER_ERROR_NOT_FOUND, %BUTLER_ERROR_UNTRUSTED,
 * %BUTLER_ERROR_BAD_PLUGIN (no plugin, incomplete, changed meanwhile, an unresolved symbol), %BUTLER_ERROR_BAD_ABI,
 * %BUTLER_ERROR_BAD_HANDLERS, %BUTLER_ERROR_BAD_LAYOUT (also when a message of it cannot be converted to what the
 * program or another module calls by the same name), %BUTLER_ERROR_EXISTS (a module of that name is there),
 * %BUTLER_ERROR_FAILED (no place for the copy).
 *
 * Thread: any but a server's: the dynamic linker's lock is held while constructors run.
 *
 * Returns: (transfer none): the module, or %NULL on error
 *
 * Since: 1.0
 */
ButlerModule *
butler_module_load (ButlerHub         *hub,
                    const char        *path,
                    ButlerModuleFlags  flags,
                    GError           **error)
{
  g_autoptr (ButlerModule) self = NULL;
  const ButlerPlugin      *plugin;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_new0 (ButlerModule, 1);
  self->path = g_strdup (path);
  self->stage = butler__stage_new (path, flags, error);
  if (self->stage == NULL)
    return NULL;
  plugin = open_image (self, error);
  if (plugin == NULL)
    return NULL;
  self->descriptor = butler__descriptor_new (plugin, path, error);
  if (self->descriptor == NULL)
    return NULL;
  return join_hub (hub, g_steal_pointer (&self), error);
}

/**
 * butler_module_add_static:
 * @hub: the hub that owns the module from now on
 * @plugin: the descriptor of a plugin that was compiled with -DBUTLER_STATIC and linked into the program,
 * `butler_plugin_NAME`
 * @error: (nullable): where to put an error
 *
 * Adds a plugin that is part of the program. It is checked as a loaded one is, with the same errors.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the module, or %NULL on error
 *
 * Since: 1.0
 */
ButlerModule *
butler_module_add_static (ButlerHub           *hub,
                          const ButlerPlugin  *plugin,
                          GError             **error)
{
  g_autoptr (ButlerModule) self = NULL;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (plugin != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_new0 (ButlerModule, 1);
  self->descriptor = butler__descriptor_new (plugin, BUTLER__ORIGIN_PROGRAM, error);
  if (self->descriptor == NULL)
    return NULL;
  return join_hub (hub, g_steal_pointer (&self), error);
}

/**
 * butler_module_get_name:
 * @module: a module
 *
 * The name that the plugin gave itself.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_module_get_name (ButlerModule *module)
{
  g_return_val_if_fail (module != NULL, NULL);

  return module->descriptor->name;
}

/**
 * butler_module_get_version:
 * @module: a module
 *
 * The version that the plugin gave itself.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the version
 *
 * Since: 1.0
 */
const char *
butler_module_get_version (ButlerModule *module)
{
  g_return_val_if_fail (module != NULL, NULL);

  return module->descriptor->version;
}

/**
 * butler_module_get_path:
 * @module: a module
 *
 * The file that butler_module_load() was given, not its private copy.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable) (type filename): the file, %NULL if the plugin is linked in
 *
 * Since: 1.0
 */
const char *
butler_module_get_path (ButlerModule *module)
{
  g_return_val_if_fail (module != NULL, NULL);

  return module->path;
}

/**
 * butler_module_get_abi:
 * @module: a module
 *
 * The ABI of this library that the plugin was built for.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
butler_module_get_abi (ButlerModule *module)
{
  g_return_val_if_fail (module != NULL, 0);

  return module->descriptor->abi;
}

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
  g_return_val_if_fail (module != NULL, 0);

  return module->descriptor->handlers->len;
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
 * Returns: (transfer none): the set, which lives as long as the module's hub
 *
 * Since: 1.0
 */
const ButlerHandlerSet *
butler_module_get_nth_set (ButlerModule *module,
                           guint         n)
{
  ButlerHandlers *handlers;

  g_return_val_if_fail (module != NULL, NULL);
  g_return_val_if_fail (n < module->descriptor->handlers->len, NULL);

  handlers = g_ptr_array_index (module->descriptor->handlers, n);
  return &handlers->set;
}

/**
 * butler_module_get_set:
 * @module: a module
 * @name: (nullable): the set's name; %NULL if the plugin has but one
 * @error: (nullable): where to put an error
 *
 * Finds a handler set, for butler_server_new(). Error: %BUTLER_ERROR_NOT_FOUND, which lists the sets.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the set, which lives as long as the module's hub, or %NULL on error
 *
 * Since: 1.0
 */
const ButlerHandlerSet *
butler_module_get_set (ButlerModule  *module,
                       const char    *name,
                       GError       **error)
{
  ButlerHandlers *handlers;

  g_return_val_if_fail (module != NULL, NULL);

  handlers = butler__module_get_handlers (module, name, error);
  return handlers != NULL ? &handlers->set : NULL;
}

static GPtrArray *
list_sets (ButlerModule *self)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < butler_module_get_n_sets (self); i++)
    g_ptr_array_add (names, (gpointer) butler_module_get_nth_set (self, i)->name);
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

  if (name == NULL)
    {
      butler__descriptor_refuse (self->descriptor->origin, BUTLER_ERROR_NOT_FOUND, error,
                                 "it has %u handler sets, of which one must be chosen: %s",
                                 butler_module_get_n_sets (self), list);
      return;
    }

  hint = butler__name_hint (name, (const char *const *) names->pdata);
  butler__descriptor_refuse (self->descriptor->origin, BUTLER_ERROR_NOT_FOUND, error,
                             "it has no handler set \"%s\"; it has: %s%s", name, list, hint);
}

ButlerHandlers *
butler__module_get_handlers (ButlerModule *module,
                             const char   *name,
                             GError      **error)
{
  ButlerHandlers *handlers = NULL;

  if (name != NULL)
    handlers = butler__descriptor_find (module->descriptor, name);
  else if (butler_module_get_n_sets (module) == 1)
    handlers = g_ptr_array_index (module->descriptor->handlers, 0);
  if (handlers == NULL)
    set_not_found (module, name, error);
  return handlers;
}
