/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/reaper.h"

#include "lib/candidate.h"
#include "lib/log.h"

/* Called by who frees the last opaque message of the generation's types. */
static void
look_again (gpointer data)
{
  ButlerModule *module = data;

  g_mutex_lock (&module->pins);
  if (module->idle != NULL)
    module->idle (module);
  g_mutex_unlock (&module->pins);
}

static void
retire (ButlerGeneration *generation)
{
  ButlerLoaded *loaded = butler__loaded_of (generation);

  if (generation->image.low != NULL && loaded->watch.image == NULL)
    {
      loaded->watch = (ButlerOpaqueWatch) { &generation->image, look_again, generation->module };
      butler__opaque_watch (&loaded->watch);
    }
  butler__generation_retire (generation);
}

void
butler__reaper_forget (ButlerGeneration *generation)
{
  ButlerLoaded *loaded = butler__loaded_of (generation);

  if (loaded->watch.image != NULL)
    butler__opaque_unwatch (&loaded->watch);
  loaded->watch.image = NULL;
}

/* One that did not get in may still be in use, by a `swapped` function that has not returned. */
static void
take_refused (ButlerCandidate *candidate)
{
  ButlerModule *module = candidate->module;
  ButlerGeneration *generation = g_steal_pointer (&candidate->generation);

  butler__hub_lock (module->hub);
  g_ptr_array_insert (module->generations, 0, generation);
  butler__hub_unlock (module->hub);
  retire (generation);
}

void
butler__reaper_take (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      ButlerCandidate *candidate = candidates->pdata[i];

      if (candidate->generation == NULL)
        retire (candidate->old);
      else
        take_refused (candidate);
    }
}

static void
log_resident (const ButlerGeneration *generation)
{
  butler__log (G_LOG_LEVEL_INFO, NULL, NULL, "generation %u of plugin %s stays mapped: %s", generation->number,
               generation->module->name, generation->resident);
}

/* (transfer container): those that can go now, taken out of the module's list. */
static GPtrArray *
take_idle (ButlerModule *module)
{
  GPtrArray *idle = g_ptr_array_new ();

  butler__hub_lock (module->hub);
  for (guint i = module->generations->len; i > 0; i--)
    {
      ButlerGeneration *generation = module->generations->pdata[i - 1];

      if (!butler__loaded_of (generation)->stays && butler__generation_is_idle (generation))
        {
          g_ptr_array_add (idle, generation);
          g_ptr_array_remove_index (module->generations, i - 1);
        }
    }
  butler__hub_unlock (module->hub);
  return idle;
}

static void
reap_module (ButlerModule *module)
{
  g_autoptr (GPtrArray) idle = take_idle (module);

  for (guint i = 0; i < idle->len; i++)
    {
      ButlerGeneration *generation = idle->pdata[i];

      butler__reaper_forget (generation);
      if (butler__loader_close (generation))
        continue;
      log_resident (generation);
      butler__loaded_of (generation)->stays = TRUE;
      butler__hub_lock (module->hub);
      g_ptr_array_insert (module->generations, 0, generation);
      butler__hub_unlock (module->hub);
    }
}

void
butler__reaper_run (ButlerHub *hub)
{
  g_autoptr (GPtrArray) modules = butler__hub_get_modules (hub);

  g_mutex_lock (&hub->loading);
  for (guint i = 0; i < modules->len; i++)
    reap_module (modules->pdata[i]);
  g_mutex_unlock (&hub->loading);
}
