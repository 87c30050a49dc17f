/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>
#include <threadbutler/server.h>

G_BEGIN_DECLS

/* What the group [dev] of an app file says. */
#define BUTLER_APP_DEV_FIELDS(F, R)                                                                                    \
  F (R, string, build) /* the command that builds the plugins; NULL: there is none */                                  \
  F (R, string, folder) /* where it runs: that of the app file */                                                      \
  F (R, strv, sources) /* files and folders with the sources of the plugins, absolute */
BUTLER_RECORD (ButlerAppDev, butler_app_dev, BUTLER_APP_DEV_FIELDS);

BUTLER_AVAILABLE_IN_1_0
ButlerApp *butler_app_new             (const char  *path,
                                       GError     **error);
BUTLER_AVAILABLE_IN_1_0
void       butler_app_free            (ButlerApp   *app);
BUTLER_AVAILABLE_IN_1_0
gboolean   butler_app_set             (ButlerApp   *app,
                                       const char  *assignment,
                                       GError     **error);
BUTLER_AVAILABLE_IN_1_0
void       butler_app_add_plugin_path (ButlerApp   *app,
                                       const char  *folder);
BUTLER_AVAILABLE_IN_1_0
GStrv      butler_app_probe           (ButlerApp   *app,
                                       GError     **error);
BUTLER_AVAILABLE_IN_1_0
gboolean   butler_app_load            (ButlerApp   *app,
                                       GError     **error);
BUTLER_AVAILABLE_IN_1_0
gboolean   butler_app_start           (ButlerApp   *app,
                                       GError     **error);
BUTLER_AVAILABLE_IN_1_0
ButlerHub *butler_app_get_hub         (ButlerApp   *app);
BUTLER_AVAILABLE_IN_1_0
guint      butler_app_get_n_plugins   (ButlerApp   *app);

BUTLER_AVAILABLE_IN_1_0
ButlerAppDev *butler_app_get_dev (ButlerApp  *app,
                                  GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerApp, butler_app_free)

G_END_DECLS
