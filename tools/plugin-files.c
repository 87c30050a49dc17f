/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <threadbutler/error.h>

#include "tools/new-plugin.h"

#define TEMPLATES "/threadbutler/new-plugin/"

typedef struct
{
  const char *name; /* in the folder: a template, too */
  const char *template;
} File;

static const File files[] = {
  { "@name@-messages.h", "messages.h.in" },
  { "@name@.c", "plugin.c.in" },
  { "test-@name@.c", "test-plugin.c.in" },
  { "@name@.ini", "app.ini.in" },
  { "Makefile", "Makefile.in" },
  { "README.md", "README.md.in" },
  { ".gitignore", "gitignore.in" },
};

/* Filling in: each word is known by its name, without the two @ around it. */

static gboolean
append_value (const GMatchInfo *match,
              GString          *text,
              gpointer          words)
{
  g_autofree char *word = g_match_info_fetch (match, 1);
  const char      *value = g_hash_table_lookup (words, word);

  g_assert (value != NULL); /* a template of ours has a word of ours */
  g_string_append (text, value);
  return FALSE;
}

static char *
fill_in (const char *text,
         GHashTable *words)
{
  g_autoptr (GRegex) pattern = g_regex_new ("@([A-Za-z]+)@", 0, 0, NULL);

  return g_regex_replace_eval (pattern, text, -1, 0, 0, append_value, words, NULL);
}

static char *
fill_in_template (const char *template,
                  GHashTable *words)
{
  g_autofree char   *path = g_strconcat (TEMPLATES, template, NULL);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  g_assert (bytes != NULL);
  return fill_in (g_bytes_get_data (bytes, NULL), words); /* GResource puts a NUL behind */
}

/* @value (transfer full) */
static void
put (GHashTable *words,
     const char *word,
     char       *value)
{
  g_hash_table_insert (words, g_strdup (word), value);
}

/* Puts @text (transfer full) behind what the word already is, if it is. */
static void
append (GHashTable *words,
        const char *word,
        const char *separator,
        char       *text)
{
  const char *before = g_hash_table_lookup (words, word);

  put (words, word, before != NULL ? g_strconcat (before, separator, text, NULL) : g_strdup (text));
  g_free (text);
}

/* Without its last newline: there is one behind the word, for all that is appended to it. */
static void
append_template (GHashTable *words,
                 const char *word,
                 const char *separator,
                 const char *template)
{
  append (words, word, separator, g_strchomp (fill_in_template (template, words)));
}

static void
put_message (GHashTable *words,
             const char *type)
{
  char *name = new_name_of_type (type);

  put (words, "Message", g_strdup (type));
  put (words, "MESSAGE", g_ascii_strup (name, -1));
  put (words, "message", name);
}

static void
put_messages (GHashTable   *words,
              const NewSet *set)
{
  g_hash_table_remove (words, "handles");
  g_hash_table_remove (words, "handlers");
  g_hash_table_remove (words, "sends");
  for (guint i = 0; i < set->messages->len; i++)
    {
      put_message (words, g_ptr_array_index (set->messages, i));
      append (words, "handles", " \\\n", fill_in ("  H (S, @message@)", words));
      append_template (words, "handlers", "\n\n", "handler.c.in");
      append_template (words, "messages", "\n\n", "message.h.in");
      append_template (words, "sends", "\n", "send.c.in");
    }
  put (words, "handled", g_strdup_printf ("%u", set->messages->len + 1));
  put_message (words, g_ptr_array_index (set->messages, 0)); /* the one that the set sends to itself */
}

static void
put_set (GHashTable   *words,
         const NewSet *set)
{
  put (words, "set", g_strdup (set->name));
  put (words, "SET", g_ascii_strup (set->name, -1));
  put (words, "Set", g_strdup (set->type));
  put_messages (words, set);
  append_template (words, "sets", "\n\n", "set.c.in");
  append_template (words, "servers", "\n\n", "server.ini.in");
  append_template (words, "tests", "\n\n", "test-set.c.in");
  append (words, "adds", "\n", fill_in ("  g_test_add_func (\"/@name@/@set@\", test_@set@);", words));
  append (words, "pointers", ", ", fill_in ("&@set@_set", words));
}

static GHashTable *
make_words (const NewPlugin *plugin)
{
  GHashTable *words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  put (words, "name", g_strdup (plugin->name));
  for (guint i = 0; i < plugin->sets->len; i++)
    put_set (words, g_ptr_array_index (plugin->sets, i));
  return words;
}

/* Writing */

static gboolean
refuse (const char *path,
        GError    **error)
{
  int reason = errno;

  g_set_error (error, G_FILE_ERROR, (gint) g_file_error_from_errno (reason), "%s: %s", path, g_strerror (reason));
  return FALSE;
}

static gboolean
write_files (const char *folder,
             GHashTable *words,
             GError    **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = fill_in (files[i].name, words);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = fill_in_template (files[i].template, words);

      if (!g_file_set_contents (path, text, -1, error))
        {
          g_prefix_error (error, "nothing was written: ");
          return FALSE;
        }
    }
  return TRUE;
}

static void
remove_files (const char *folder,
              GHashTable *words)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = fill_in (files[i].name, words);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

/* Should somebody make the folder meanwhile, rename() replaces it only while it is empty. */
static gboolean
move (const char *from,
      const char *to,
      GError    **error)
{
  return g_rename (from, to) == 0 || refuse (to, error);
}

static gboolean
write_folder (const char *folder,
              GHashTable *words,
              GError    **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autofree char *beside = g_build_filename (parent, ".threadbutler-XXXXXX", NULL);

  if (g_mkdtemp_full (beside, 0777) == NULL)
    return refuse (parent, error);
  if (write_files (beside, words, error) && move (beside, folder, error))
    return TRUE;
  remove_files (beside, words);
  return FALSE;
}

gboolean
new_plugin_write (const NewPlugin *plugin,
                  const char      *folder,
                  GError         **error)
{
  g_autofree char       *path = g_strdup (folder);
  g_autoptr (GHashTable) words = NULL;
  struct stat            there;

  for (gsize end = strlen (path); end > 1 && path[end - 1] == '/'; end--)
    path[end - 1] = '\0';
  if (g_lstat (path, &there) == 0)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS, "%s: it exists already, and nothing is overwritten",
                   folder);
      return FALSE;
    }

  words = make_words (plugin);
  return write_folder (path, words, error);
}
