/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* Rows of cells, printed in columns that are as wide as they must be. */
typedef struct _ToolTable ToolTable;

/* tool_table_new() begins with the heads of the columns, up to NULL; that of a column of numbers begins with '>'. */
ToolTable *tool_table_new (const char *head,
                           ...) G_GNUC_NULL_TERMINATED;

/* tool_table_add() adds the next cell; @text (nullable). */
void tool_table_add (ToolTable  *table,
                     const char *text);

/* tool_table_add_format() adds one as printf() has it. */
void tool_table_add_format (ToolTable  *table,
                            const char *format,
                            ...) G_GNUC_PRINTF (2, 3);

/* tool_table_print() prints it all, if there are rows, and frees it. */
void tool_table_print (ToolTable *table);
