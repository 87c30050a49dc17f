/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/loader.h"

#include <dlfcn.h>

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

/* Tools that name code by its address when the process ends would find nothing where a module was. */
static const char *
why_keep_images (void)
{
  if (BUTLER_SANITIZED)
    return "the library was built with a sanitizer";
  if (RUNNING_ON_VALGRIND)
    return "valgrind runs";
  return g_strcmp0 (g_getenv ("BUTLER_KEEP_MODULES"), "1") == 0 ? "BUTLER_KEEP_MODULES is 1" : NULL;
}

static void
set_image_error (const ButlerLoaded *self,
                 const char         *path,
                 GError            **error)
{
  const char      *text = dlerror ();
  g_autofree char *reason = butler__stage_explain (butler__stage_get_copy (self->stage), path,
                                                   text != NULL ? text : "it cannot be loaded");

  butler__descriptor_refuse (path, BUTLER_ERROR_BAD_PLUGIN, error, "%s", reason);
}

static const ButlerPlugin *
open_image (ButlerLoaded *self,
            const char   *path,
            GError      **error)
{
  const ButlerPlugin *plugin;

  self->handle = dlopen (butler__stage_get_copy (self->stage), RTLD_NOW | RTLD_LOCAL);
  if (self->handle == NULL)
    {
      set_image_error (self, path, error);
      return NULL;
    }

  plugin = dlsym (self->handle, "butler_plugin");
  if (plugin == NULL)
    butler__descriptor_refuse (path, BUTLER_ERROR_BAD_PLUGIN, error,
                               "it exports no butler_plugin: is BUTLER_PLUGIN() missing?");
  return plugin;
}

static ButlerLoaded *
loaded_new (ButlerModule *module,
            ButlerStage  *stage)
{
  ButlerLoaded *self = g_new0 (ButlerLoaded, 1);

  self->generation.module = module;
  self->generation.since = g_get_monotonic_time ();
  self->stage = stage;
  return self;
}

static ButlerGeneration *
describe (ButlerLoaded       *self,
          const ButlerPlugin *plugin,
          const char         *origin,
          GError            **error)
{
  self->descriptor = butler__descriptor_new (plugin, origin, error);
  if (self->descriptor != NULL)
    {
      self->generation.handlers = self->descriptor->handlers;
      return &self->generation;
    }
  butler__loader_discard (&self->generation);
  return NULL;
}

ButlerGeneration *
butler__loader_open (ButlerModule *module,
                     ButlerStage  *stage,
                     GError      **error)
{
  ButlerLoaded       *self = loaded_new (module, stage);
  const ButlerPlugin *plugin = open_image (self, module->path, error);

  if (plugin == NULL)
    {
      butler__loader_discard (&self->generation);
      return NULL;
    }
  if (butler__image_find (&self->generation.image, plugin))
    butler__image_announce (&self->generation.image, module->path);
  return describe (self, plugin, module->path, error);
}

ButlerGeneration *
butler__loader_add (ButlerModule        *module,
                    const ButlerPlugin  *plugin,
                    GError             **error)
{
  return describe (loaded_new (module, NULL), plugin, BUTLER__ORIGIN_PROGRAM, error);
}

static void
loaded_free (ButlerLoaded *self)
{
  g_clear_pointer (&self->stage, butler__stage_free);
  butler__image_clear (&self->generation.image);
  g_clear_pointer (&self->descriptor, butler__descriptor_free);
  g_clear_pointer (&self->verdict, butler_probe_verdict_free);
  g_free (self->generation.resident);
  g_free (self);
}

/* FALSE: it is still there. */
static gboolean
close_image (ButlerLoaded *self)
{
  ButlerImage *image = &self->generation.image;

  dlclose (g_steal_pointer (&self->handle));
  if (image->low == NULL)
    return TRUE;
  if (butler__image_is_mapped (image))
    {
      butler__generation_stay (&self->generation, g_strdup ("the dynamic linker keeps it mapped: thread-local variables with "
                                                            "destructors, unique symbols or -z nodelete do that"));
      return FALSE;
    }
  butler__image_withdraw (image);
  butler__layouts_forget_opaque (image->low, image->high);
  return TRUE;
}

gboolean
butler__loader_close (ButlerGeneration *generation)
{
  ButlerLoaded *self = butler__loaded_of (generation);
  const char   *reason = why_keep_images ();

  if (self->handle != NULL && generation->resident == NULL && reason != NULL)
    butler__generation_stay (generation, g_strdup (reason));
  if (generation->resident != NULL || (self->handle != NULL && !close_image (self)))
    return FALSE;
  loaded_free (self);
  return TRUE;
}

void
butler__loader_discard (ButlerGeneration *generation)
{
  if (!butler__loader_close (generation))
    loaded_free (butler__loaded_of (generation));
}
