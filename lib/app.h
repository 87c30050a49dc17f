/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/app.h>
#include <threadbutler/supervise.h>
#include <threadbutler/watchdog.h>

#include "lib/search.h"

/* One thread at a time. */
struct _ButlerApp
{
  char         *path;    /* (owned): the app file, as errors name it */
  char         *folder;  /* (owned): what is relative in the file is relative to this */
  GKeyFile     *file;    /* (owned): with what butler_app_set() changed */
  GPtrArray    *folders; /* (owned): of butler_app_add_plugin_path() */
  gboolean      loaded;

  /* Made by butler_app_load(). */
  ButlerHub    *hub;     /* (owned): never NULL */
  ButlerSearch *search;  /* (owned) (nullable): while loading or probing */
};

#define BUTLER__APP_GROUP     "app"
#define BUTLER__APP_DEV_GROUP "dev"

/* butler__app_server_name() is the NAME of a group "server NAME", or NULL. */
const char *butler__app_server_name (const char *group);

/* butler__app_prepare() checks the groups and the keys of [app] and makes the search. */
gboolean butler__app_prepare (ButlerApp  *app,
                              GError    **error);

/* butler__app_make_server() makes the server that @group describes, in the app's hub. Each error names file, group and
 * key. */
gboolean butler__app_make_server (ButlerApp  *app,
                                  const char *group,
                                  GError    **error);

/* butler__app_list_server_names() is all of them, and NULL: (transfer full). */
GPtrArray *butler__app_list_server_names (ButlerApp *app);

/* butler__app_find_server() is (nullable): the server that @key of @group names. */
ButlerServer *butler__app_find_server (ButlerApp  *app,
                                       const char *group,
                                       const char *key,
                                       const char *name,
                                       GError    **error);

/* butler__app_read_number() is 0 for a key that is missing. */
gboolean butler__app_read_number (ButlerApp  *app,
                                  const char *group,
                                  const char *key,
                                  guint       least,
                                  guint      *number,
                                  GError    **error);

/* butler__app_read_policy() is what @group says of failures; butler__app_set_supervisor() is for when all servers are there. */
gboolean butler__app_read_policy    (ButlerApp    *app,
                                     const char   *group,
                                     ButlerPolicy *policy,
                                     GError      **error);
gboolean butler__app_set_supervisor (ButlerApp    *app,
                                     const char   *group,
                                     GError      **error);

/* butler__app_set_order() is for when all servers are there. */
gboolean butler__app_set_order  (ButlerApp  *app,
                                 const char *group,
                                 GError    **error);
gboolean butler__app_set_limits (ButlerApp  *app,
                                 GError    **error);

/* butler__app_refuse() sets BUTLER_ERROR_BAD_CONFIG, which names the file, @group, @key (both nullable) and the reason;
 * FALSE, always. */
gboolean butler__app_refuse (ButlerApp  *app,
                             const char *group,
                             const char *key,
                             GError    **error,
                             const char *format,
                             ...) G_GNUC_PRINTF (5, 6);

/* butler__app_check_keys() refuses a key of @group that is not one of @known, NULL at their end; the nearest is named. */
gboolean butler__app_check_keys (ButlerApp         *app,
                                 const char        *group,
                                 const char *const *known,
                                 GError           **error);
