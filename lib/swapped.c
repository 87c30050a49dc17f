/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/swap.h>

#include "lib/field.h"
#include "lib/loader.h"
#include "lib/move.h"

/* What a `swapped` function can ask, and what can be asked of a module. */

static const ButlerLayoutField *
find_field (const ButlerLayout *layout,
            const char         *name)
{
  for (guint i = 0; i < layout->n_fields; i++)
    if (g_str_equal (layout->fields[i].name, name))
      return &layout->fields[i];
  return NULL;
}

/**
 * butler_swap_get_old_pointer:
 * @swap: what `swapped` was given
 * @field: the name of a field of the old state, of a kind that is one pointer: string, strv, bytes, variant, object, pointer, array
 *
 * Gets a pointer of the state as it was, which is still the old state's. It is the way to something that the new state has no
 * field for. To free what a field of the kind pointer points to belongs into butler_swap_on_commit().
 *
 * Thread: the server's, in `swapped`.
 *
 * Returns: (transfer none) (nullable): the pointer; %NULL also if the old state has no such field
 *
 * Since: 1.0
 */
gpointer
butler_swap_get_old_pointer (ButlerSwap *swap,
                             const char *field)
{
  const ButlerLayoutField *found;

  g_return_val_if_fail (swap != NULL, NULL);
  g_return_val_if_fail (field != NULL, NULL);

  found = find_field (swap->layout, field);
  if (found == NULL || found->size != sizeof (gpointer) || found->kind < BUTLER_KIND_STRING || found->kind == BUTLER_KIND_RECORD
      || found->kind == BUTLER_KIND_FIXED)
    return NULL;
  return butler__field_pointer (butler__field_of (found, swap->old));
}

/**
 * butler_swap_get_old_variant:
 * @swap: what `swapped` was given
 * @error: (nullable): where to put an error
 *
 * Gets the state as it was as a #GVariant of type a{sv}.
 *
 * Errors: %BUTLER_ERROR_NOT_SERIALIZABLE if it holds an object or a pointer.
 *
 * Thread: the server's, in `swapped`.
 *
 * Returns: (transfer full) (nullable): the variant, or %NULL with an error
 *
 * Since: 1.0
 */
GVariant *
butler_swap_get_old_variant (ButlerSwap *swap,
                             GError    **error)
{
  g_return_val_if_fail (swap != NULL, NULL);

  return butler__layout_to_variant (swap->layout, swap->old, error);
}

/**
 * butler_swap_get_from:
 * @swap: what `swapped` was given
 *
 * Gets the number of the generation that is swapped out.
 *
 * Thread: the server's, in `swapped`.
 *
 * Returns: the number, from 1 on
 *
 * Since: 1.0
 */
guint
butler_swap_get_from (ButlerSwap *swap)
{
  g_return_val_if_fail (swap != NULL, 0);

  return swap->from;
}

/**
 * butler_swap_get_to:
 * @swap: what `swapped` was given
 *
 * Gets the number of the generation that is swapped in.
 *
 * Thread: the server's, in `swapped`.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
butler_swap_get_to (ButlerSwap *swap)
{
  g_return_val_if_fail (swap != NULL, 0);

  return swap->to;
}

/**
 * butler_swap_on_commit:
 * @swap: what `swapped` was given
 * @func: (scope async) (closure data): what to call when the swap has happened: not at all if it does not
 * @data: (nullable): what to give to @func
 *
 * Puts off what cannot be undone, such as freeing what the old state pointed to.
 *
 * Thread: the server's, in `swapped`; @func is called there too, before the next message is handled.
 *
 * Since: 1.0
 */
void
butler_swap_on_commit (ButlerSwap     *swap,
                       GDestroyNotify  func,
                       gpointer        data)
{
  ButlerCommit commit = { func, data };

  g_return_if_fail (swap != NULL);
  g_return_if_fail (func != NULL);

  if (swap->commits == NULL)
    swap->commits = g_array_new (FALSE, FALSE, sizeof (ButlerCommit));
  g_array_append_val (swap->commits, commit);
}

/* The module's hub's mutex is held. */
static ButlerGenerationStatus
describe (ButlerGeneration *generation)
{
  ButlerLoaded          *loaded = butler__loaded_of (generation);
  g_autoptr (GPtrArray)  pins = g_ptr_array_new_with_free_func (g_free);
  ButlerGenerationStatus status = { .number = generation->number };

  butler__generation_describe_pins (generation, pins);
  g_ptr_array_add (pins, NULL);
  status.pins = g_strdupv ((char **) pins->pdata);
  g_mutex_lock (&generation->module->pins);
  status.reason = g_strdup (generation->resident);
  g_mutex_unlock (&generation->module->pins);
  status.state = g_strdup (generation == generation->module->current ? "current" : status.reason != NULL ? "resident" : "retired");
  status.version = g_strdup (loaded->descriptor->version);
  status.build_id = g_strdup (generation->image.build_id);
  status.copy = g_strdup (loaded->stage != NULL ? butler__stage_get_copy (loaded->stage) : NULL);
  status.age = (double) (g_get_monotonic_time () - generation->since) / G_USEC_PER_SEC;
  return status;
}

/**
 * butler_module_get_status:
 * @module: a module
 *
 * Describes a plugin and all its generations that are loaded, and what needs each of them.
 *
 * Thread: any.
 *
 * Returns: (transfer full): the status, for butler_module_status_free()
 *
 * Since: 1.0
 */
ButlerModuleStatus *
butler_module_get_status (ButlerModule *module)
{
  ButlerModuleStatus *status;

  g_return_val_if_fail (module != NULL, NULL);

  status = butler_module_status_new ();
  status->name = g_strdup (module->name);
  status->path = g_strdup (module->path);
  status->generations = butler_generation_status_array_new (1);
  butler__hub_lock (module->hub);
  for (guint i = module->generations->len; i > 0; i--)
    {
      ButlerGenerationStatus generation = describe (module->generations->pdata[i - 1]);

      g_array_append_val (status->generations, generation);
    }
  butler__hub_unlock (module->hub);
  return status;
}

/**
 * butler_module_get_generation:
 * @module: a module
 *
 * Gets the number of the generation that is current: 1 after it was loaded, more after each swap.
 *
 * Thread: any.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
butler_module_get_generation (ButlerModule *module)
{
  guint number;

  g_return_val_if_fail (module != NULL, 0);

  butler__hub_lock (module->hub);
  number = module->current->number;
  butler__hub_unlock (module->hub);
  return number;
}
