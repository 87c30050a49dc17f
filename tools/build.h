/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/app.h>

/* The command that builds the plugins, run again and again, one at a time. What it prints is not touched. The main thread's. */
typedef struct _ToolBuild ToolBuild;

typedef void (*ToolBuildFunc) (gboolean ok,
                               double   seconds,
                               gpointer data);

/* tool_build_new(): @dev names a command, and is there until the end. @func is called when a build is over, unless it was
 * stopped. */
ToolBuild *tool_build_new (const ButlerAppDev *dev,
                           ToolBuildFunc       func,
                           gpointer            data);
/* tool_build_free() stops a build that runs, and waits for its end. */
void       tool_build_free (ToolBuild *build);

/* tool_build_start(): none runs. */
void     tool_build_start   (ToolBuild *build);
gboolean tool_build_is_busy (ToolBuild *build);
/* tool_build_stop() sends the signal to all processes of the build. */
void     tool_build_stop    (ToolBuild *build,
                             int        signal_number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolBuild, tool_build_free)
