/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/module.h>

#include "lib/hub.h"
#include "lib/loader.h"
#include "lib/log.h"
#include "lib/names.h"
#include "lib/reaper.h"

/* Modules that a hub left behind, as something pinned them: their files are mapped, and their memory is needed, for good. */
static GMutex     left_lock;
static GPtrArray *left;

static void
leave_behind (ButlerModule *self)
{
  for (guint i = 0; i < self->generations->len; i++)
    g_clear_pointer (&butler__loaded_of (self->generations->pdata[i])->stage, butler__stage_free);
  g_mutex_lock (&left_lock);
  if (left == NULL)
    left = g_ptr_array_new ();
  g_ptr_array_add (left, self);
  g_mutex_unlock (&left_lock);
}

/* TRUE if something still needs one of them. */
static gboolean
end_generations (ButlerModule *self)
{
  for (guint i = self->generations->len; i > 0; i--)
    {
      ButlerGeneration *generation = self->generations->pdata[i - 1];

      butler__generation_retire (generation);
      if (!butler__generation_is_idle (generation))
        continue;
      butler__reaper_forget (generation);
      butler__loader_discard (generation);
      g_ptr_array_remove_index (self->generations, i - 1);
    }
  return self->generations->len > 0;
}

static void
name_pins (ButlerModule *self)
{
  g_autoptr (GPtrArray) pins = g_ptr_array_new_with_free_func (g_free);
  g_autofree char      *list = NULL;

  for (guint i = 0; i < self->generations->len; i++)
    butler__generation_describe_pins (self->generations->pdata[i], pins);
  g_ptr_array_add (pins, NULL);
  list = g_strjoinv (", ", (char **) pins->pdata);
  butler__log (G_LOG_LEVEL_WARNING, NULL, NULL, "plugin %s stays mapped after its hub has ended: %s", self->name, list);
}

static void
module_free (gpointer data)
{
  ButlerModule *self = data;

  g_mutex_lock (&self->pins);
  self->idle = NULL;
  g_mutex_unlock (&self->pins);
  g_ptr_array_set_size (self->given, 0);
  if (end_generations (self))
    {
      name_pins (self);
      leave_behind (self);
      return;
    }
  g_ptr_array_unref (self->generations);
  g_ptr_array_unref (self->given);
  g_mutex_clear (&self->pins);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerModule, module_free)

static ButlerModule *
module_new (ButlerHub         *hub,
            const char        *path,
            ButlerModuleFlags  flags)
{
  ButlerModule *self = g_new0 (ButlerModule, 1);

  self->hub = hub;
  self->path = g_strdup (path);
  self->flags = flags;
  self->generations = g_ptr_array_new ();
  self->given = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__handlers_unref);
  g_mutex_init (&self->pins);
  return self;
}

static GPtrArray *
list_current (GPtrArray *modules)
{
  GPtrArray *descriptors = g_ptr_array_new ();

  for (guint i = 0; i < modules->len; i++)
    g_ptr_array_add (descriptors, butler__loaded_of (((ButlerModule *) modules->pdata[i])->current)->descriptor);
  return descriptors;
}

static ButlerDescriptor *
get_descriptor (ButlerModule *self)
{
  return butler__loaded_of (self->current)->descriptor;
}

/* Consumes @self and @generation, also on error. Under the hub's loading lock: who looks at its modules and adds or changes one does
 * not miss another that does so. */
static ButlerModule *
join_hub (ButlerModule     *self,
          ButlerGeneration *generation,
          GError          **error)
{
  g_autoptr (ButlerModule) module = self;
  g_autoptr (GPtrArray)    modules = NULL;
  g_autoptr (GPtrArray)    others = NULL;
  ButlerHub               *hub = self->hub;
  gboolean                 ok;

  if (generation == NULL)
    return NULL;
  self->current = generation;
  generation->number = self->last_number = 1;
  g_ptr_array_add (self->generations, generation);
  self->name = g_intern_string (get_descriptor (self)->name);

  g_mutex_lock (&hub->loading);
  modules = butler__hub_get_modules (hub);
  others = list_current (modules);
  ok = butler__descriptor_check_beside (get_descriptor (self), others, error);
  if (ok)
    butler__hub_add_module (hub, g_steal_pointer (&module), module_free);
  g_mutex_unlock (&hub->loading);
  return ok ? self : NULL;
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
 * Errors: all name @path and the reason: %BUTLER_ERROR_NOT_FOUND, %BUTLER_ERROR_UNTRUSTED,
 * %BUTLER_ERROR_BAD_PLUGIN (no plugin, incomplete, changed meanwhile, an unresolved symbol), %BUTLER_ERROR_BAD_ABI,
 * %BUTLER_ERROR_BAD_HANDLERS, %BUTLER_ERROR_BAD_LAYOUT (also when a message of it cannot be converted to what the
 * program or another module calls by the same name), %BUTLER_ERROR_EXISTS (a module of that name is there),
 * %BUTLER_ERROR_FAILED (no place for the copy).
 *
 * Thread: any but a server's: the dynamic linker's lock is held while constructors run.
 *
 * Returns: (transfer none) (nullable): the module, or %NULL on error
 *
 * Since: 1.0
 */
ButlerModule *
butler_module_load (ButlerHub         *hub,
                    const char        *path,
                    ButlerModuleFlags  flags,
                    GError           **error)
{
  ButlerModule *self;
  ButlerStage  *stage;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  stage = butler__stage_new (path, flags, error);
  if (stage == NULL)
    return NULL;
  self = module_new (hub, path, flags);
  return join_hub (self, butler__loader_open (self, stage, error), error);
}

/**
 * butler_module_add_static:
 * @hub: the hub that owns the module from now on
 * @plugin: the descriptor of a plugin that was compiled with -DBUTLER_STATIC and linked into the program,
 * `butler_plugin_NAME`
 * @error: (nullable): where to put an error
 *
 * Adds a plugin that is part of the program. It is checked as a loaded one is.
 *
 * Errors: those of butler_module_load() that do not concern the file.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (nullable): the module, or %NULL on error
 *
 * Since: 1.0
 */
ButlerModule *
butler_module_add_static (ButlerHub           *hub,
                          const ButlerPlugin  *plugin,
                          GError             **error)
{
  ButlerModule *self;

  g_return_val_if_fail (hub != NULL, NULL);
  g_return_val_if_fail (plugin != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = module_new (hub, NULL, BUTLER_MODULE_DEFAULT);
  return join_hub (self, butler__loader_add (self, plugin, error), error);
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

  return module->name;
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
  const char *version;

  g_return_val_if_fail (module != NULL, NULL);

  butler__hub_lock (module->hub);
  version = g_intern_string (get_descriptor (module)->version); /* it may be swapped at any time */
  butler__hub_unlock (module->hub);
  return version;
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
  guint abi;

  g_return_val_if_fail (module != NULL, 0);

  butler__hub_lock (module->hub);
  abi = get_descriptor (module)->abi;
  butler__hub_unlock (module->hub);
  return abi;
}
