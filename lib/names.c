/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/names.h"

#include <string.h>

gboolean
butler__name_is_identifier (const char *name)
{
  if (name == NULL || (!g_ascii_isalpha (name[0]) && name[0] != '_'))
    return FALSE;

  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && *c != '_')
      return FALSE;
  return TRUE;
}

/* Levenshtein's: how many characters must be added, dropped or changed. One row of the table is kept. */
static gsize
distance (const char *a,
          const char *b)
{
  gsize             width = strlen (b);
  g_autofree gsize *row = g_new (gsize, width + 1);

  for (gsize j = 0; j <= width; j++)
    row[j] = j;

  for (gsize i = 0; a[i] != '\0'; i++)
    {
      gsize diagonal = row[0]; /* the row above, one to the left */

      row[0] = i + 1;
      for (gsize j = 0; j < width; j++)
        {
          gsize changed = diagonal + (g_ascii_tolower (a[i]) != g_ascii_tolower (b[j]));
          gsize added_or_dropped = MIN (row[j], row[j + 1]) + 1;

          diagonal = row[j + 1];
          row[j + 1] = MIN (changed, added_or_dropped);
        }
    }
  return row[width];
}

const char *
butler__name_nearest (const char        *name,
                      const char *const *known)
{
  const char *nearest = NULL;
  gsize       least = MAX (strlen (name) / 3, 2) + 1; /* further away it is another word */

  for (; *known != NULL; known++)
    {
      gsize steps = distance (name, *known);

      if (steps < least && steps < strlen (*known))
        {
          least = steps;
          nearest = *known;
        }
    }
  return nearest;
}

char *
butler__name_hint (const char        *name,
                   const char *const *known)
{
  const char *nearest = butler__name_nearest (name, known);

  return nearest != NULL ? g_strdup_printf ("; did you mean %s?", nearest) : g_strdup ("");
}
