/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <threadbutler/error.h>

#include "lib/app.h"
#include "lib/names.h"
#include "lib/settings.h"

static char *
get (ButlerApp  *app,
     const char *group,
     const char *key)
{
  return g_key_file_get_string (app->file, group, key, NULL);
}

/* What the layers below say becomes part of the file's story: "app.ini: [server x] key: why". */
static gboolean
blame (ButlerApp  *app,
       const char *group,
       const char *key,
       GError    **error)
{
  g_prefix_error (error, "%s: [%s] %s%s", app->path, group, key != NULL ? key : "", key != NULL ? ": " : "");
  return FALSE;
}

static gboolean
read_capacity (ButlerApp            *app,
               const char           *group,
               ButlerServerOptions  *options,
               GError              **error)
{
  g_autofree char *text = get (app, group, "capacity");
  guint64          capacity = 0;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &capacity, NULL))
    return butler__app_refuse (app, group, "capacity", error, "\"%s\" is not a whole number from 0 to %u", text,
                               G_MAXUINT);

  options->capacity = (guint) capacity;
  return TRUE;
}

static gboolean
read_overflow (ButlerApp            *app,
               const char           *group,
               ButlerServerOptions  *options,
               GError              **error)
{
  g_autofree char *text = get (app, group, "overflow");

  if (text == NULL)
    return TRUE;
  if (!butler_overflow_from_string (text, &options->overflow, error))
    return blame (app, group, "overflow", error);
  if (options->capacity == 0)
    return butler__app_refuse (app, group, "overflow", error,
                               "it says what happens beyond the capacity, but there is no capacity=");
  return TRUE;
}

static gboolean
read_loop (ButlerApp            *app,
           const char           *group,
           ButlerServerOptions  *options,
           GError              **error)
{
  g_autofree char *text = get (app, group, "loop");

  if (text != NULL && !g_str_equal (text, "queue") && !g_str_equal (text, "default"))
    return butler__app_refuse (app, group, "loop", error, "there is no loop \"%s\", only default and queue", text);

  options->loop = g_strcmp0 (text, "queue") == 0 ? butler_loop_queue : butler_loop_default;
  return TRUE;
}

static gboolean
read_route (ButlerApp            *app,
            const char           *group,
            ButlerServerOptions  *options,
            GError              **error)
{
  g_autofree char *text = get (app, group, "route");

  if (text != NULL && !g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return butler__app_refuse (app, group, "route", error, "\"%s\" is neither true nor false", text);

  options->no_route = g_strcmp0 (text, "false") == 0;
  return TRUE;
}

/* Which types there are, the handler set says: that is looked at when the server is made. */
static GStrv
read_subscribes (ButlerApp  *app,
                 const char *group)
{
  GStrv names = g_key_file_get_string_list (app->file, group, "subscribes", NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    g_strstrip (names[i]);
  return names;
}

/* Where a set has settings, this is their reader's business. */
static gboolean
check_no_settings (ButlerApp               *app,
                   const char              *group,
                   const ButlerHandlerSet  *set,
                   GError                 **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (app->file, group, NULL, NULL);

  for (guint i = 0; keys[i] != NULL; i++)
    if (!g_strv_contains (butler__settings_reserved, keys[i]))
      {
        g_autofree char *hint = butler__name_hint (keys[i], butler__settings_reserved);

        return butler__app_refuse (app, group, keys[i], error, "there is no such key, handler set %s has no settings%s",
                                   set->name, hint);
      }
  return TRUE;
}

static gboolean
read_settings (ButlerApp               *app,
               const char              *group,
               const ButlerHandlerSet  *set,
               gpointer                *settings,
               GError                 **error)
{
  *settings = NULL;
  if (set->settings == NULL)
    return check_no_settings (app, group, set, error);

  *settings = butler_settings_from_key_file (set->settings, app->file, group, error);
  if (*settings != NULL)
    return TRUE;

  g_prefix_error (error, "%s: ", app->path); /* it names group and key itself */
  return FALSE;
}

static const ButlerHandlerSet *
read_set (ButlerApp  *app,
          const char *group,
          GError    **error)
{
  g_autofree char        *plugin = get (app, group, "plugin");
  g_autofree char        *name = get (app, group, "set");
  ButlerModule           *module;
  const ButlerHandlerSet *set;

  if (plugin == NULL || *plugin == '\0')
    {
      butler__app_refuse (app, group, "plugin", error, "the key is missing: which plugin is the server made of?");
      return NULL;
    }

  module = butler__search_load (app->search, plugin, error);
  if (module == NULL)
    {
      blame (app, group, "plugin", error);
      return NULL;
    }
  set = butler_module_get_set (module, name, error);
  if (set == NULL)
    blame (app, group, "set", error);
  return set;
}

gboolean
butler__app_make_server (ButlerApp  *app,
                         const char *group,
                         GError    **error)
{
  ButlerPolicy            policy;
  ButlerServerOptions     options = { .options_size = sizeof options, .policy = &policy };
  g_auto (GStrv)          subscribes = read_subscribes (app, group);
  const ButlerHandlerSet *set;
  gpointer                settings;
  gboolean                made;

  if (!read_capacity (app, group, &options, error) || !read_overflow (app, group, &options, error)
      || !read_loop (app, group, &options, error) || !read_route (app, group, &options, error)
      || !butler__app_read_policy (app, group, &policy, error))
    return FALSE;

  set = read_set (app, group, error);
  if (set == NULL || !read_settings (app, group, set, &settings, error))
    return FALSE;

  options.settings = settings;
  options.settings_file = set->settings != NULL ? app->file : NULL;
  options.settings_group = group;
  options.subscribes = (const char *const *) subscribes;
  made = butler_server_new (app->hub, butler__app_server_name (group), set, &options, error) != NULL
         || blame (app, group, NULL, error);
  g_clear_pointer (&settings, butler_record_free);
  return made;
}
