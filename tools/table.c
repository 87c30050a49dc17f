/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GAP 2

struct _ToolTable
{
  GPtrArray *cells; /* (owned): row by row, the heads first */
  GArray    *right; /* (owned) gboolean: which columns are numbers */
};

ToolTable *
tool_table_new (const char *head,
                ...)
{
  ToolTable *self = g_new0 (ToolTable, 1);
  va_list    heads;

  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->right = g_array_new (FALSE, FALSE, sizeof (gboolean));
  va_start (heads, head);
  for (; head != NULL; head = va_arg (heads, const char *))
    {
      gboolean right = *head == '>';

      g_array_append_val (self->right, right);
      tool_table_add (self, head + (right ? 1 : 0));
    }
  va_end (heads);
  return self;
}

/* Names come from others: none may move the cursor. */
void
tool_table_add (ToolTable  *self,
                const char *text)
{
  char *cell = g_utf8_make_valid (text != NULL ? text : "", -1);

  for (char *p = cell; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = '?';
  g_ptr_array_add (self->cells, cell);
}

void
tool_table_add_format (ToolTable  *self,
                       const char *format,
                       ...)
{
  g_autofree char *text = NULL;
  va_list          args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  tool_table_add (self, text);
}

static int
get_width (const ToolTable *self,
           guint            column)
{
  glong width = 0;

  for (guint i = column; i < self->cells->len; i += self->right->len)
    width = MAX (width, g_utf8_strlen (self->cells->pdata[i], -1));
  return (int) width;
}

static void
append_row (const ToolTable *self,
            const int       *widths,
            guint            first,
            GString         *line)
{
  for (guint column = 0; column < self->right->len; column++)
    {
      const char *cell = self->cells->pdata[first + column];
      int         gap = widths[column] - (int) g_utf8_strlen (cell, -1);
      gboolean    right = g_array_index (self->right, gboolean, column);

      g_string_append_printf (line, "%*s%s%*s", right ? gap : 0, "", cell, (right ? 0 : gap) + GAP, "");
    }
}

static void
table_free (ToolTable *self)
{
  g_ptr_array_unref (self->cells);
  g_array_unref (self->right);
  g_free (self);
}

void
tool_table_print (ToolTable *self)
{
  guint           n_columns = self->right->len;
  g_autofree int *widths = g_new (int, n_columns);

  for (guint column = 0; column < n_columns; column++)
    widths[column] = get_width (self, column);
  for (guint i = 0; self->cells->len > n_columns && i < self->cells->len; i += n_columns)
    {
      g_autoptr (GString) line = g_string_new (NULL);

      append_row (self, widths, i, line);
      puts (g_strchomp (line->str));
    }
  table_free (self);
}
