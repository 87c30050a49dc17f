/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/new-plugin.h"

#include <stdio.h>
#include <string.h>

#include "tools/common.h"

#define LOWER   "abcdefghijklmnopqrstuvwxyz"
#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define SUMMARY                                                                                                        \
  "Writes a plugin that builds, loads and swaps at once: its source, the header of its messages, a Makefile,\n"        \
  "an app file, a test and a README.md.\n"                                                                             \
  "\n"                                                                                                                 \
  "NAME and SET are written like_this, TYPE is written LikeThis. Without --set there is one set, of the plugin's\n"    \
  "name; a set that is given no message has one of its own."

static void
set_free (gpointer data)
{
  NewSet *set = data;

  g_ptr_array_unref (set->messages);
  g_free (set->type);
  g_free (set->name);
  g_free (set);
}

static void
plugin_free (NewPlugin *plugin)
{
  g_ptr_array_unref (plugin->sets);
  g_free (plugin->name);
  g_free (plugin);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NewPlugin, plugin_free)

/* Names */

/* log_line, as types have it: LogLine. */
static char *
type_of_name (const char *name)
{
  GString *type = g_string_new (NULL);

  for (const char *c = name; *c != '\0'; c++)
    if (*c != '_')
      g_string_append_c (type, c == name || c[-1] == '_' ? g_ascii_toupper (*c) : *c);
  return g_string_free (type, FALSE);
}

/* A word begins at a capital after a small letter or a digit, and at the last of several: HTTPLine is http_line. */
char *
new_name_of_type (const char *type)
{
  GString *name = g_string_new (NULL);

  for (const char *c = type; *c != '\0'; c++)
    {
      if (c > type && g_ascii_isupper (*c) && (!g_ascii_isupper (c[-1]) || g_ascii_islower (c[1])))
        g_string_append_c (name, '_');
      g_string_append_c (name, g_ascii_tolower (*c));
    }
  return g_string_free (name, FALSE);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError    **error,
        const char *format,
        ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, format, args));
  va_end (args);
  return FALSE;
}

/* The last two are macros of the compiler. */
static gboolean
is_word_of_c (const char *name)
{
  static const char *const words[] = {
    "auto",     "break",  "case",    "char",   "const",    "continue", "default",  "do",       "double", "else",
    "enum",     "extern", "float",   "for",    "goto",     "if",       "inline",   "int",      "long",   "register",
    "restrict", "return", "short",   "signed", "sizeof",   "static",   "struct",   "switch",   "typedef", "union",
    "unsigned", "void",   "volatile", "while", "asm",      "typeof",   "linux",    "unix",     NULL,
  };

  return g_strv_contains (words, name);
}

/* A record named g_array would have a function g_array_new(). */
static gboolean
is_taken (const char *name)
{
  return g_str_equal (name, "g") || g_str_has_prefix (name, "g_") || g_str_equal (name, "butler")
         || g_str_has_prefix (name, "butler_");
}

static gboolean
check_name (const char *name,
            GError    **error)
{
  if (!g_ascii_islower (name[0]) || name[strspn (name, LOWER DIGITS "_")] != '\0')
    return refuse (error, "\"%s\" is no name: it has to be of small letters, digits and _, and to begin with a letter",
                   name);
  if (is_word_of_c (name))
    return refuse (error, "\"%s\" is no name: it means something else in C", name);
  if (is_taken (name))
    return refuse (error, "\"%s\" is no name: what begins so belongs to GLib or to this library", name);
  return TRUE;
}

static gboolean
check_type (const char *type,
            GError    **error)
{
  g_autofree char *name = NULL;

  if (!g_ascii_isupper (type[0]) || type[strspn (type, LOWER UPPER DIGITS)] != '\0')
    return refuse (error, "\"%s\" is no type: it has to be of letters and digits, and to begin with a capital", type);

  name = new_name_of_type (type);
  if (is_word_of_c (name) || is_taken (name))
    return refuse (error, "\"%s\" is no type: its functions would begin with %s_", type, name);
  return TRUE;
}

static gboolean
add_once (GHashTable *names,
          char       *name,
          GError    **error)
{
  if (g_hash_table_contains (names, name))
    {
      refuse (error, "\"%s\" would be there twice", name);
      g_free (name);
      return FALSE;
    }
  return g_hash_table_add (names, name);
}

static gboolean
add_set_names (GHashTable   *names,
               const NewSet *set,
               GError      **error)
{
  if (!add_once (names, g_strdup (set->name), error) || !add_once (names, g_strdup (set->type), error)
      || !add_once (names, g_strconcat (set->name, "_settings", NULL), error)
      || !add_once (names, g_strconcat (set->type, "Settings", NULL), error))
    return FALSE;

  for (guint i = 0; i < set->messages->len; i++)
    {
      const char *type = g_ptr_array_index (set->messages, i);

      if (!add_once (names, g_strdup (type), error) || !add_once (names, new_name_of_type (type), error))
        return FALSE;
    }
  return TRUE;
}

/* Each name becomes a record: in one file, two of the same would not compile. */
static gboolean
check_names_differ (const NewPlugin *plugin,
                    GError         **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < plugin->sets->len; i++)
    if (!add_set_names (names, g_ptr_array_index (plugin->sets, i), error))
      return FALSE;
  return TRUE;
}

/* What the options ask for */

static NewSet *
find_set (const NewPlugin *plugin,
          const char      *name)
{
  for (guint i = 0; i < plugin->sets->len; i++)
    {
      NewSet *set = g_ptr_array_index (plugin->sets, i);

      if (g_str_equal (set->name, name))
        return set;
    }
  return NULL;
}

/* Types are known to the whole process, so they begin with the plugin's name. */
static gboolean
add_set (NewPlugin  *plugin,
         const char *name,
         GError    **error)
{
  NewSet          *set;
  g_autofree char *prefix = type_of_name (plugin->name);
  g_autofree char *type = type_of_name (name);

  if (!check_name (name, error))
    return FALSE;
  if (find_set (plugin, name) != NULL)
    return refuse (error, "the set \"%s\" is given twice", name);

  set = g_new0 (NewSet, 1);
  set->name = g_strdup (name);
  set->type = g_strconcat (prefix, g_str_equal (name, plugin->name) ? "" : type, NULL);
  set->messages = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (plugin->sets, set);
  return TRUE;
}

/* TYPE is for the first set, SET.TYPE for that one. */
static gboolean
add_message (const NewPlugin *plugin,
             const char      *message,
             GError         **error)
{
  const char      *dot = strchr (message, '.');
  const char      *type = dot != NULL ? dot + 1 : message;
  g_autofree char *name = g_strndup (message, dot != NULL ? (gsize) (dot - message) : 0);
  NewSet          *set = dot != NULL ? find_set (plugin, name) : g_ptr_array_index (plugin->sets, 0);

  if (set == NULL)
    return refuse (error, "--message=%s: there is no --set=%s", message, name);
  if (!check_type (type, error))
    return FALSE;
  g_ptr_array_add (set->messages, g_strdup (type));
  return TRUE;
}

static void
add_missing_messages (const NewPlugin *plugin)
{
  for (guint i = 0; i < plugin->sets->len; i++)
    {
      NewSet *set = g_ptr_array_index (plugin->sets, i);

      if (set->messages->len == 0)
        g_ptr_array_add (set->messages, g_strconcat (set->type, "Note", NULL));
    }
}

static NewPlugin *
plugin_new (const char  *name,
            char       **sets,
            char       **messages,
            GError     **error)
{
  g_autoptr (NewPlugin) plugin = g_new0 (NewPlugin, 1);

  plugin->name = g_strdup (name);
  plugin->sets = g_ptr_array_new_with_free_func (set_free);
  if (!check_name (name, error) || (sets == NULL && !add_set (plugin, name, error)))
    return NULL;
  for (guint i = 0; sets != NULL && sets[i] != NULL; i++)
    if (!add_set (plugin, sets[i], error))
      return NULL;
  for (guint i = 0; messages != NULL && messages[i] != NULL; i++)
    if (!add_message (plugin, messages[i], error))
      return NULL;
  add_missing_messages (plugin);
  return check_names_differ (plugin, error) ? g_steal_pointer (&plugin) : NULL;
}

/* The command */

static int
write_plugin (const NewPlugin *plugin,
              const char      *folder)
{
  g_autoptr (GError) error = NULL;

  if (new_plugin_write (plugin, folder, &error))
    {
      printf ("%s: written; now: cd %s && make check && threadbutler run %s.ini\n", plugin->name, folder, plugin->name);
      return tool_finish ();
    }
  tool_say ("new-plugin: %s", error->message);
  return g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS) ? TOOL_REFUSED : TOOL_FAILED;
}

int
tool_new_plugin (int    argc,
                 char **argv)
{
  g_auto (GStrv)        sets = NULL;
  g_auto (GStrv)        messages = NULL;
  g_autofree char      *folder = NULL;
  g_autofree char      *name = NULL;
  g_autoptr (NewPlugin) plugin = NULL;
  g_autoptr (GError)    error = NULL;
  const GOptionEntry    entries[] = {
    { "folder", 'f', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &folder,
      "The folder to make (NAME, in the current one); it must not be there yet", "FOLDER" },
    { "set", 's', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &sets, "Have a handler set of this name", "SET" },
    { "message", 'm', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &messages,
      "Let the set, else the first one, handle messages of this type", "[SET.]TYPE" },
    G_OPTION_ENTRY_NULL,
  };

  name = tool_parse ("new-plugin", "NAME", SUMMARY, entries, argc, argv);
  if (name == NULL)
    return TOOL_REFUSED;

  if (folder == NULL || *folder != '\0')
    plugin = plugin_new (name, sets, messages, &error);
  else
    refuse (&error, "the folder needs a name");
  if (plugin != NULL)
    return write_plugin (plugin, folder != NULL ? folder : name);
  tool_say ("new-plugin: %s", error->message);
  return TOOL_REFUSED;
}
