/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/app.h>
#include <threadbutler/control.h>

/* tool_run_app() starts the servers of an app that was loaded, and returns when all have ended: an exit status. SIGINT and
 * SIGTERM end them, SIGHUP swaps the plugins whose files have changed. It iterates the default main context.
 * @control may be NULL. */
int tool_run_app (ButlerApp     *app,
                  ButlerControl *control);

/* tool_open_control() lets *@control be NULL, after a warning: whoever cannot be asked can run all the same. FALSE, after a message, if
 * @name is none. @name NULL: that of the app file @path, without .ini. */
gboolean tool_open_control (ButlerApp      *app,
                            const char     *path,
                            const char     *name,
                            ButlerControl **control);

/* The options of who can be asked. */
#define TOOL_CONTROL_ENTRIES(name, no_control)                                                                         \
  { "name", 'n', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, name,                                                      \
    "What status, reload and stop call it; default: the app file's name without .ini", "NAME" },                       \
  {                                                                                                                    \
    "no-control", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, no_control,                                                \
      "Open no control socket: status, reload and stop do not find it", NULL                                           \
  }
