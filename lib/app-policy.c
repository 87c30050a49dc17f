/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/app.h"
#include "lib/names.h"
#include "lib/policy.h"

/* What a [server NAME] says of its failures, and of those of others. */

static gboolean
blame (ButlerApp  *app,
       const char *group,
       const char *key,
       GError    **error)
{
  g_prefix_error (error, "%s: [%s] %s: ", app->path, group, key);
  return FALSE;
}

gboolean
butler__app_read_number (ButlerApp  *app,
                         const char *group,
                         const char *key,
                         guint       least,
                         guint      *number,
                         GError    **error)
{
  g_autofree char *text = g_key_file_get_string (app->file, group, key, NULL);
  guint64          value;

  *number = 0;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, least, G_MAXUINT - 1, &value, NULL))
    return butler__app_refuse (app, group, key, error, "\"%s\" is not a whole number from %u to %u", text, least,
                               G_MAXUINT - 1);
  *number = (guint) value;
  return TRUE;
}

static gboolean
read_failure (ButlerApp     *app,
              const char    *group,
              const char    *key,
              ButlerFailure *failure,
              GError       **error)
{
  g_autofree char *text = g_key_file_get_string (app->file, group, key, NULL);

  return text == NULL || butler_failure_from_string (text, failure, error) || blame (app, group, key, error);
}

static gboolean
read_strategy (ButlerApp      *app,
               const char     *group,
               ButlerStrategy *strategy,
               GError        **error)
{
  g_autofree char *text = g_key_file_get_string (app->file, group, "strategy", NULL);

  return text == NULL || butler_strategy_from_string (text, strategy, error) || blame (app, group, "strategy", error);
}

static gboolean
read_late_asks (ButlerApp      *app,
                const char     *group,
                ButlerLateAsks *late_asks,
                GError        **error)
{
  g_autofree char *text = g_key_file_get_string (app->file, group, "late-asks", NULL);

  return text == NULL || butler__late_asks_from_string (text, late_asks, error) || blame (app, group, "late-asks", error);
}

gboolean
butler__app_read_policy (ButlerApp    *app,
                         const char   *group,
                         ButlerPolicy *policy,
                         GError      **error)
{
  *policy = (ButlerPolicy) { .policy_size = sizeof *policy };
  if (!read_failure (app, group, "on-failure", &policy->on_failure, error)
      || !read_failure (app, group, "on-limit", &policy->on_limit, error) || !read_strategy (app, group, &policy->strategy, error)
      || !read_late_asks (app, group, &policy->late_asks, error)
      || !butler__app_read_number (app, group, "restarts", 1, &policy->restarts, error)
      || !butler__app_read_number (app, group, "restart-period", 1, &policy->period, error)
      || !butler__app_read_number (app, group, "restart-pause", 0, &policy->pause, error)
      || !butler__app_read_number (app, group, "longest-pause", 1, &policy->longest_pause, error)
      || !butler__app_read_number (app, group, "poison", 0, &policy->poison, error)
      || !butler__app_read_number (app, group, "handler-limit", 0, &policy->handler_limit, error))
    return FALSE;
  if (policy->handler_limit == 0 && g_key_file_has_key (app->file, group, "handler-limit", NULL))
    policy->handler_limit = BUTLER_NO_LIMIT;
  if (policy->pause == 0 && g_key_file_has_key (app->file, group, "restart-pause", NULL))
    policy->pause = BUTLER_NO_PAUSE;
  return TRUE;
}

ButlerServer *
butler__app_find_server (ButlerApp  *app,
                         const char *group,
                         const char *key,
                         const char *name,
                         GError    **error)
{
  ButlerServer         *server = butler_hub_get_server (app->hub, name);
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char      *hint = NULL;

  if (server != NULL)
    return server;
  names = butler__app_list_server_names (app);
  hint = butler__name_hint (name, (const char *const *) names->pdata);
  butler__app_refuse (app, group, key, error, "there is no server \"%s\"%s", name, hint);
  return NULL;
}

gboolean
butler__app_set_supervisor (ButlerApp  *app,
                            const char *group,
                            GError    **error)
{
  g_autofree char *name = g_key_file_get_string (app->file, group, "supervisor", NULL);
  ButlerServer    *supervisor;

  if (name == NULL)
    return TRUE;
  supervisor = butler__app_find_server (app, group, "supervisor", name, error);
  return supervisor != NULL
         && (butler_server_set_supervisor (butler_hub_get_server (app->hub, butler__app_server_name (group)), supervisor, error)
             || blame (app, group, "supervisor", error));
}
