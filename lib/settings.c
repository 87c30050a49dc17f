/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/settings.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/convert.h"
#include "lib/field.h"
#include "lib/info.h"
#include "lib/names.h"
#include "lib/settings-parse.h"

#define THE_DEFAULT "default" /* the group, and the only one, of a file that holds a field's fallback */

const char *const butler__settings_reserved[] = {
  "plugin",         "set",           "capacity",      "overflow", "loop",     "route",      "after", "on-failure", "restarts",
  "restart-period", "restart-pause", "longest-pause", "poison",   "strategy", "supervisor",
  "subscribes",     "handler-limit",  "on-limit",      "late-asks", NULL,
};

/* The key of a field: its name, as key files spell it. */
static char *
key_of (const char *field)
{
  return g_strdelimit (g_strdup (field), "_", '-');
}

static gboolean
parse_fallback (const ButlerLayoutField *field,
                const char              *fallback,
                gpointer                 value)
{
  g_autoptr (GKeyFile) file = NULL;

  if (fallback == NULL)
    return TRUE;

  file = g_key_file_new ();
  butler__settings_quote (field, file, THE_DEFAULT, field->name, fallback);
  return butler__settings_parse (field, file, THE_DEFAULT, field->name, value);
}

static gboolean
check_fallback (const ButlerLayout      *layout,
                const ButlerLayoutField *field,
                const char              *fallback,
                GError                 **error)
{
  g_autofree gpointer value = g_malloc0 (field->size);
  gboolean            parsed = parse_fallback (field, fallback, value);

  butler__field_clear (field, value);
  if (!parsed)
    {
      g_autofree char *expectation = butler__settings_expectation (field);

      return butler__info_refuse (layout->type->name, field->name, error, "the default \"%s\" is not %s", fallback,
                                  expectation);
    }
  return TRUE;
}

static gboolean
check_setting (const ButlerLayout      *layout,
               const ButlerLayoutField *field,
               const char              *fallback,
               GError                 **error)
{
  g_autofree char *key = key_of (field->name);

  if (!butler__settings_holds (field))
    {
      g_autoptr (GString) kind = g_string_new (NULL);

      butler__field_describe (field, kind);
      return butler__info_refuse (layout->type->name, field->name, error, "a setting cannot be of the kind %s",
                                  kind->str);
    }
  if (g_strv_contains (butler__settings_reserved, key))
    return butler__info_refuse (layout->type->name, field->name, error,
                                "the key of this name belongs to the app file: a setting needs another");
  return check_fallback (layout, field, fallback, error);
}

/* The defaults are not part of a layout: each version of a plugin has its own. */
static const ButlerLayout *
register_settings (const ButlerRecordInfo *info,
                   GError                **error)
{
  const ButlerLayout *layout = butler__layout_register (info, NULL, error);

  if (layout == NULL)
    return NULL;
  if (butler__layout_is_opaque (layout))
    {
      butler__info_refuse (layout->type->name, NULL, error, "settings cannot be opaque");
      return NULL;
    }

  for (guint i = 0; i < layout->n_fields; i++)
    if (!check_setting (layout, &layout->fields[i], butler__info_get_field (info, i).fallback, error))
      return NULL;
  return layout;
}

gboolean
butler__settings_check (const ButlerRecordInfo *info,
                        GError                **error)
{
  return register_settings (info, error) != NULL;
}

/* All keys that a settings group may have, the app's own among them. */
static GStrv
list_keys (const ButlerLayout *layout)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();

  for (guint i = 0; i < layout->n_fields; i++)
    {
      g_autofree char *key = key_of (layout->fields[i].name);

      g_strv_builder_add (keys, key);
    }
  g_strv_builder_addv (keys, (const char **) butler__settings_reserved);
  return g_strv_builder_end (keys);
}

static gboolean
check_keys (const ButlerLayout *layout,
            GKeyFile           *file,
            const char         *group,
            GError            **error)
{
  g_auto (GStrv)     known = list_keys (layout);
  g_auto (GStrv)     given = g_key_file_get_keys (file, group, NULL, NULL);
  const char *const *words = (const char *const *) known;

  for (guint i = 0; given != NULL && given[i] != NULL; i++)
    if (!g_strv_contains (words, given[i]))
      {
        g_autofree char *hint = butler__name_hint (given[i], words);

        g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "[%s] %s: there is no such key%s", group,
                     given[i], hint);
        return FALSE;
      }
  return TRUE;
}

static void
refuse_value (const ButlerLayoutField *field,
              GKeyFile                *file,
              const char              *group,
              const char              *key,
              GError                 **error)
{
  g_autofree char *value = g_key_file_get_value (file, group, key, NULL);
  g_autofree char *text = g_utf8_make_valid (value != NULL ? value : "", -1);
  g_autofree char *expectation = butler__settings_expectation (field);

  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "[%s] %s: \"%s\" is not %s", group, key, text, expectation);
}

static gboolean
read_setting (const ButlerLayoutField *field,
              const char              *fallback,
              GKeyFile                *file,
              const char              *group,
              gpointer                 value,
              GError                 **error)
{
  g_autofree char *key = key_of (field->name);

  if (file == NULL || group == NULL || !g_key_file_has_key (file, group, key, NULL))
    return parse_fallback (field, fallback, value);
  if (butler__settings_parse (field, file, group, key, value))
    return TRUE;

  refuse_value (field, file, group, key, error);
  return FALSE;
}

/**
 * butler_settings_new:
 * @info: the description of a record that BUTLER_SETTINGS() made
 * @error: (nullable): place for an error
 *
 * Makes settings all of whose fields have their defaults; those that name none are zero or %NULL.
 *
 * Errors: %BUTLER_ERROR_BAD_LAYOUT if a field's kind is none that a key file can hold, its name is that of a key of the app
 * file, or its default does not parse.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the settings, for butler_record_free(), or %NULL with an error
 *
 * Since: 1.0
 */
gpointer
butler_settings_new (const ButlerRecordInfo *info,
                     GError                **error)
{
  return butler_settings_from_key_file (info, NULL, NULL, error);
}

/**
 * butler_settings_from_key_file:
 * @info: the description of a record that BUTLER_SETTINGS() made
 * @file: (nullable): a key file
 * @group: (nullable): the group of @file that holds the settings; if it is missing, all have their defaults
 * @error: (nullable): place for an error
 *
 * Makes settings of a group of a key file. The keys are the names of the fields, `_` written as `-`; a field whose key
 * is missing has its default.
 *
 * Booleans are true, false, yes, no, on, off, 1 or 0; integers and enums are decimal or start with 0x; lists have a `;`
 * between their elements, or whatever g_key_file_set_list_separator() chose; bytes are the bytes of the text; variants
 * are in the text format of g_variant_parse().
 *
 * The keys that an app file has beside them (plugin, capacity, on-failure ...) are passed over; each other key has to be a
 * field's.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE, which names group, key and what is expected; %BUTLER_ERROR_NOT_FOUND, which names an unknown
 * key and the nearest known one; %BUTLER_ERROR_BAD_LAYOUT as butler_settings_new().
 *
 * Thread: any that may read @file.
 *
 * Returns: (transfer full) (nullable): the settings, for butler_record_free(), or %NULL with an error
 *
 * Since: 1.0
 */
gpointer
butler_settings_from_key_file (const ButlerRecordInfo *info,
                               GKeyFile               *file,
                               const char             *group,
                               GError                **error)
{
  const ButlerLayout *layout;
  gpointer            settings;

  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  layout = register_settings (info, error);
  if (layout == NULL || (file != NULL && group != NULL && !check_keys (layout, file, group, error)))
    return NULL;

  settings = butler_record_new (info);
  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];

      if (!read_setting (field, butler__info_get_field (info, i).fallback, file, group,
                         butler__field_of (field, settings), error))
        {
          butler_record_free (settings);
          return NULL;
        }
    }
  return settings;
}

static gboolean
has_field (const ButlerLayout *layout,
           const char         *name)
{
  for (guint i = 0; i < layout->n_fields; i++)
    if (g_str_equal (layout->fields[i].name, name))
      return TRUE;
  return FALSE;
}

/* Moves the fields of @from that @known lacks to @to, where they are zero. */
static void
move_new_fields (const ButlerLayout *layout,
                 const ButlerLayout *known,
                 gpointer            from,
                 gpointer            to)
{
  for (guint i = 0; i < layout->n_fields; i++)
    {
      const ButlerLayoutField *field = &layout->fields[i];

      if (has_field (known, field->name))
        continue;
      memcpy (butler__field_of (field, to), butler__field_of (field, from), field->size);
      memset (butler__field_of (field, from), 0, field->size);
    }
}

gpointer
butler__settings_adapt (const ButlerLayout     *layout,
                        gconstpointer           from,
                        const ButlerRecordInfo *to,
                        GError                **error)
{
  gpointer defaults = butler_settings_new (to, error);
  const ButlerConversion *conversion = NULL;
  gpointer settings;

  if (defaults == NULL || from == NULL)
    return defaults;
  conversion = butler__conversion_get (layout, butler__layout_of (to), error);
  if (conversion == NULL)
    {
      butler_record_free (defaults);
      return NULL;
    }
  settings = butler_record_new (to);
  butler__conversion_copy (conversion, from, settings);
  move_new_fields (butler__layout_of (to), layout, defaults, settings);
  butler_record_free (defaults);
  return settings;
}
