/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/keyfile.h"

#include <string.h>
#include <threadbutler/error.h>

#define PARSE_FLAGS G_KEY_FILE_KEEP_TRANSLATIONS /* else key[xx]= would be skipped without a word */

static gboolean
parses (const char *text,
        gsize       length,
        GError    **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  return g_key_file_load_from_data (file, text, length, PARSE_FLAGS, error);
}

static gsize
length_of_lines (const char *text,
                 guint       lines)
{
  const char *end = text;

  for (; lines > 0 && end != NULL; lines--)
    {
      end = strchr (end, '\n');
      if (end != NULL)
        end++;
    }
  return end != NULL ? (gsize) (end - text) : strlen (text);
}

static guint
line_of (const char *text,
         const char *place)
{
  guint line = 1;

  for (; text < place; text++)
    line += *text == '\n';
  return line;
}

/* GKeyFile does not say where it stopped. It goes by lines, so it is the last one of the shortest beginning that it
 * refuses. */
static guint
find_bad_line (const char *text)
{
  guint good = 0;
  guint bad = line_of (text, text + strlen (text));

  while (bad - good > 1)
    {
      guint middle = good + (bad - good) / 2;

      if (parses (text, length_of_lines (text, middle), NULL))
        good = middle;
      else
        bad = middle;
    }
  return bad;
}

/* What a line gives a value to: "[GROUP]" or "[GROUP]KEY"; NULL if it is blank or a comment. @line is cut, @group
 * follows. */
static char *
name_of_line (char  *line,
              char **group)
{
  char *end;

  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return NULL;

  if (*line == '[')
    {
      g_free (*group);
      *group = g_strdup (line);
      return g_strdup (line);
    }
  end = strchr (line, '=');
  if (end != NULL)
    *end = '\0';
  return g_strconcat (*group, g_strchomp (line), NULL);
}

static gboolean
check_doubles (const char *path,
               const char *text,
               GError    **error)
{
  g_auto (GStrv)         lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char       *group = g_strdup ("");

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *name = name_of_line (lines[i], &group);
      guint earlier = name != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (seen, name)) : 0;

      if (earlier != 0)
        {
          g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_CONFIG, "%s:%u: %s%s was already given in line %u", path,
                       i + 1, lines[i], *lines[i] == '[' ? "" : "=", earlier);
          g_free (name);
          return FALSE;
        }
      if (name != NULL)
        g_hash_table_insert (seen, name, GUINT_TO_POINTER (i + 1));
    }
  return TRUE;
}

static gboolean
check_text (const char *path,
            const char *text,
            gsize       length,
            GError    **error)
{
  g_autoptr (GError) reason = NULL;
  const char        *place;

  if (!g_utf8_validate_len (text, length, &place))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_CONFIG, "%s:%u: this is no UTF-8 text", path,
                   line_of (text, place));
      return FALSE;
    }
  if (!parses (text, length, &reason))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_CONFIG, "%s:%u: %s", path, find_bad_line (text),
                   reason->message);
      return FALSE;
    }
  return check_doubles (path, text, error);
}

GKeyFile *
butler__keyfile_load (const char *path,
                      GError    **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError)   reason = NULL;
  g_autofree char     *text = NULL;
  gsize                length;

  if (!g_file_get_contents (path, &text, &length, &reason))
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "%s", reason->message);
      return NULL;
    }
  if (!check_text (path, text, length, error))
    return NULL;

  g_key_file_load_from_data (file, text, length, PARSE_FLAGS, NULL);
  return g_steal_pointer (&file);
}
