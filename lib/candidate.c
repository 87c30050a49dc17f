/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/candidate.h"

#include "lib/hub.h"

static gboolean
check_name (ButlerCandidate *self,
            GError         **error)
{
  const char *name = butler__loaded_of (self->generation)->descriptor->name;

  if (g_str_equal (name, self->module->name))
    return TRUE;
  return butler__descriptor_refuse (self->module->path, BUTLER_ERROR_BAD_PLUGIN, error,
                                    "it is plugin %s now, and cannot take the place of plugin %s", name, self->module->name);
}

static ButlerStage *
stage_if_new (ButlerModule *module,
              GError      **error)
{
  ButlerStage *stage;

  if (module->path == NULL)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN, "plugin %s is linked into the program: there is no file to swap in",
                   module->name);
      return NULL;
    }
  stage = butler__stage_new (module->path, (ButlerModuleFlags) module->flags, error);
  if (stage == NULL || !butler__stage_is_same (stage, butler__loaded_of (module->current)->stage))
    return stage;
  butler__descriptor_refuse (module->path, BUTLER_ERROR_UNCHANGED, error, "it is generation %u of plugin %s already",
                             module->current->number, module->name);
  butler__stage_free (stage);
  return NULL;
}

ButlerCandidate *
butler__candidate_load (ButlerModule *module,
                        GError      **error)
{
  ButlerStage     *stage = stage_if_new (module, error);
  ButlerCandidate *self;

  if (stage == NULL)
    return NULL;
  self = g_new0 (ButlerCandidate, 1);
  self->module = module;
  self->old = module->current;
  self->generation = butler__loader_open (module, stage, error);
  if (self->generation != NULL && check_name (self, error)
      && butler__descriptor_check_follows (butler__loaded_of (self->generation)->descriptor,
                                           butler__loaded_of (self->old)->descriptor, error))
    return self;
  butler__candidate_free (self);
  return NULL;
}

void
butler__candidate_free (ButlerCandidate *self)
{
  g_clear_pointer (&self->generation, butler__loader_discard);
  g_free (self);
}

static ButlerDescriptor *
get_next (GPtrArray    *candidates,
          ButlerModule *module)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      ButlerCandidate *candidate = candidates->pdata[i];

      if (candidate->module == module)
        return butler__loaded_of (candidate->generation)->descriptor;
    }
  return butler__loaded_of (module->current)->descriptor;
}

static gboolean
check_one (GPtrArray       *modules,
           GPtrArray       *candidates,
           ButlerCandidate *self,
           GError         **error)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  for (guint i = 0; i < modules->len; i++)
    if (modules->pdata[i] != self->module)
      g_ptr_array_add (others, get_next (candidates, modules->pdata[i]));
  return butler__descriptor_check_beside (butler__loaded_of (self->generation)->descriptor, others, error);
}

gboolean
butler__candidates_check (ButlerHub *hub,
                          GPtrArray *candidates,
                          GError   **error)
{
  g_autoptr (GPtrArray) modules = butler__hub_get_modules (hub);

  for (guint i = 0; i < candidates->len; i++)
    if (!check_one (modules, candidates, candidates->pdata[i], error))
      return FALSE;
  return TRUE;
}
