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

static ButlerProbeVerdict *
probe (ButlerModule *module,
       ButlerStage  *stage,
       GError      **error)
{
  g_autoptr (ButlerProbeVerdict) verdict = butler_probe_verdict_new ();

  if (!butler__probe_run (butler__stage_get_copy (stage), module->path, BUTLER__PROBE_LIMIT, verdict, error))
    return NULL;
  return g_steal_pointer (&verdict);
}

/* (transfer full): the verdict decides whether it will ever be unmapped. */
static void
take_verdict (ButlerGeneration   *generation,
              ButlerProbeVerdict *verdict)
{
  butler__loaded_of (generation)->verdict = verdict;
  if (verdict->resident != NULL)
    butler__generation_stay (generation, g_strdup (verdict->resident));
}

/* What was loaded first was not probed: it is about to be swapped out. That it cannot be probed is no reason not to. */
static void
probe_old (ButlerModule *module)
{
  ButlerLoaded           *old = butler__loaded_of (module->current);
  g_autoptr (GError)      error = NULL;
  ButlerProbeVerdict     *verdict;

  if (old->verdict != NULL)
    return;
  verdict = probe (module, old->stage, &error);
  if (verdict != NULL)
    take_verdict (module->current, verdict);
  else
    butler__generation_stay (module->current, g_strdup_printf ("it cannot be probed: %s", error->message));
}

static ButlerGeneration *
open_probed (ButlerModule *module,
             ButlerStage  *stage,
             GError      **error)
{
  ButlerProbeVerdict *verdict = probe (module, stage, error);
  ButlerGeneration   *generation;

  if (verdict == NULL)
    {
      butler__stage_free (stage);
      return NULL;
    }
  generation = butler__loader_open (module, stage, error);
  if (generation != NULL)
    take_verdict (generation, verdict);
  else
    butler_probe_verdict_free (verdict);
  return generation;
}

ButlerCandidate *
butler__candidate_load (ButlerModule *module,
                        GError      **error)
{
  ButlerStage     *stage = stage_if_new (module, error);
  ButlerCandidate *self;

  if (stage == NULL)
    return NULL;
  probe_old (module);
  self = g_new0 (ButlerCandidate, 1);
  self->module = module;
  self->old = module->current;
  self->generation = open_probed (module, stage, error);
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
