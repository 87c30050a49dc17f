/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>
#include <string.h>

#include "tools/common.h"

static const char *
fingerprint (const ButlerRecordInfo *info)
{
  return butler_record_get_fingerprint (info, NULL);
}

/* A plugin of another version has entries of another size. */
static ButlerField
nth_field (const ButlerRecordInfo *info,
           guint                   n)
{
  ButlerField field = { 0 };

  memcpy (&field, (const char *) info->fields + (gsize) n * info->field_size, MIN (info->field_size, sizeof field));
  return field;
}

/* The fingerprint is NAME{KIND FIELD;KIND FIELD;}, and no kind that a setting can have has a semicolon in it. */
static GStrv
list_kinds (const ButlerRecordInfo *info)
{
  GStrv kinds = g_strsplit (strchr (fingerprint (info), '{') + 1, ";", -1);

  for (guint i = 0; kinds[i] != NULL; i++)
    if (strrchr (kinds[i], ' ') != NULL)
      *strrchr (kinds[i], ' ') = '\0';
  return kinds;
}

static void
print_settings (const ButlerRecordInfo *info)
{
  g_auto (GStrv) kinds = list_kinds (info);

  puts ("  settings");
  for (guint i = 0; i < info->n_fields; i++)
    {
      ButlerField      field = nth_field (info, i);
      g_autofree char *key = g_strdelimit (g_strdup (field.name), "_", '-'); /* as the app file has it */

      printf ("    %s (%s", key, kinds[i]);
      if (field.fallback != NULL)
        printf (", default \"%s\"", field.fallback);
      printf (")%s%s\n", field.doc != NULL ? ": " : "", field.doc != NULL ? field.doc : "");
    }
}

static void
print_set (const ButlerHandlerSet *set)
{
  printf ("\nset %s%s%s\n", set->name, set->doc != NULL ? ": " : "", set->doc != NULL ? set->doc : "");
  printf ("  state\n    %s\n", fingerprint (set->state));
  if (set->settings != NULL)
    print_settings (set->settings);
  puts ("  messages");
  for (guint i = 0; i < set->n_handlers; i++)
    {
      const char          *entry = (const char *) set->handlers + (gsize) i * set->handler_size;
      const ButlerHandler *handler = (gconstpointer) entry;

      printf ("    %s\n", fingerprint (handler->message));
    }
}

/* By another process first: constructors must not end this one. */
static ButlerModule *
probe_and_load (ButlerHub  *hub,
                const char *path,
                GError    **error)
{
  g_autoptr (ButlerProbeVerdict) verdict = butler_module_probe (path, BUTLER_MODULE_DEFAULT, error);

  if (verdict == NULL)
    return NULL;

  for (guint i = 0; verdict->warnings != NULL && verdict->warnings[i] != NULL; i++)
    tool_say ("warning: %s: %s", path, verdict->warnings[i]);
  return butler_module_load (hub, path, BUTLER_MODULE_DEFAULT, error);
}

int
tool_inspect (int    argc,
              char **argv)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError)    error = NULL;
  g_autofree char      *path = NULL;
  ButlerModule         *module;

  path = tool_parse ("inspect", "PLUGIN.so", "Prints what a plugin declares; runs none of its handlers.", NULL, argc,
                     argv);
  if (path == NULL)
    return TOOL_REFUSED;

  module = probe_and_load (hub, path, &error);
  if (module == NULL)
    {
      tool_say ("%s", error->message);
      return TOOL_REFUSED;
    }

  printf ("plugin %s\nversion %s\nABI %u\n", butler_module_get_name (module), butler_module_get_version (module),
          butler_module_get_abi (module));
  for (guint i = 0; i < butler_module_get_n_sets (module); i++)
    print_set (butler_module_get_nth_set (module, i));
  return tool_finish ();
}
