/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

#include "tests/leftovers.h"

static Leftovers left;

static void
setup (void)
{
  leftovers_begin (&left);
  g_setenv ("BUTLER_PLUGIN_PATH", g_getenv ("BUTLER_TEST_PLUGINS"), TRUE);
}

static void
teardown (void)
{
  leftovers_end (&left);
}

/* Most apps here do not care whom the plugins belong to, which depends on the umask of the build. */
#define APP    "[app]\ntrust=any\n"
#define SERVER APP "[server echo]\nplugin=echo\n"

static ButlerApp *
open_app (const char *text,
          GError    **error)
{
  g_autofree char *path = leftovers_write (&left, "app.ini", text, strlen (text));

  return butler_app_new (path, error);
}

static ButlerApp *
open_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  ButlerApp         *app = open_app (text, &error);

  butler_assert_no_error (error);
  return app;
}

static ButlerApp *
load_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  ButlerApp         *app = open_good (text);

  butler_app_load (app, &error);
  butler_assert_no_error (error);
  return app;
}

/* An app file that is refused, and what the message says. */
typedef struct
{
  const char *text;
  ButlerError code;
  const char *parts[4];
} Refusal;

static void
check_refusal (const Refusal *refusal,
               GError        *error)
{
  ck_assert_msg (error != NULL, "was not refused: %s", refusal->text);
  ck_assert_msg (g_error_matches (error, BUTLER_ERROR, (int) refusal->code), "code %d: %s", error->code,
                 error->message);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "more than one line: %s", error->message);
  ck_assert_msg (strstr (error->message, "app.ini") != NULL, "the file is not named: %s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (refusal->parts) && refusal->parts[i] != NULL; i++)
    ck_assert_msg (strstr (error->message, refusal->parts[i]) != NULL, "\"%s\" is missing in: %s", refusal->parts[i],
                   error->message);
}

static const Refusal unreadable[] = {
  { "[app]\n\ntrust=any\nwhat is this\n[server x]\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:4:", "what is this" } },
  { "plugin=echo\n[server x]\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:1:" } },
  { "[app]\n[server x\nplugin=echo\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:2:" } },
  { "[app]\n# comment\n=value\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:3:" } },
  { "[app]\ntrust", BUTLER_ERROR_BAD_CONFIG, { "app.ini:2:", "trust" } },
  { "[app]\ntrust=any\nplugin-path=\xff\xfe\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:3:", "UTF-8" } },
  { "[server x]\nplugin=a\n[app]\n[server x]\nplugin=b\n", BUTLER_ERROR_BAD_CONFIG,
    { "app.ini:4:", "[server x]", "line 1" } },
  { "[server x]\nplugin=a\n\nplugin = b\n", BUTLER_ERROR_BAD_CONFIG, { "app.ini:4:", "plugin=", "line 2" } },
};

START_TEST (files_that_do_not_parse_name_the_line)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (open_app (unreadable[_i].text, &error));
  check_refusal (&unreadable[_i], error);
}
END_TEST

START_TEST (files_that_cannot_be_read_are_named)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *missing = leftovers_path (&left, "missing.ini");

  ck_assert_ptr_null (butler_app_new (missing, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, missing, NULL);
  ck_assert_ptr_null (butler_app_new (left.folder, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, left.folder, NULL);
}
END_TEST

static const Refusal refusals[] = {
  /* groups */
  { "", BUTLER_ERROR_BAD_CONFIG, { "no [server NAME]" } },
  { APP, BUTLER_ERROR_BAD_CONFIG, { "no [server NAME]" } },
  { SERVER "[servr other]\n", BUTLER_ERROR_BAD_CONFIG, { "[servr other]", "did you mean server?" } },
  { SERVER "[ap]\n", BUTLER_ERROR_BAD_CONFIG, { "[ap]", "did you mean app?" } },
  { SERVER "[server]\n", BUTLER_ERROR_BAD_CONFIG, { "[server]", "[server NAME]" } },
  { SERVER "[server  echo]\nplugin=echo\n", BUTLER_ERROR_BAD_CONFIG, { "[server  echo]", "two servers" } },

  /* [app] */
  { "[app]\nplugin-paht=x\n[server echo]\n", BUTLER_ERROR_BAD_CONFIG,
    { "[app] plugin-paht", "did you mean plugin-path?" } },
  { "[app]\ntrust=everybody\n[server echo]\n", BUTLER_ERROR_BAD_CONFIG,
    { "[app] trust", "\"everybody\"", "any", "owner" } },

  /* the server's own keys */
  { APP "[server echo]\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] plugin", "missing" } },
  { APP "[server echo]\nplugin=\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] plugin", "missing" } },
  { APP "[server]\nplugin=echo\n", BUTLER_ERROR_BAD_CONFIG, { "[server]", "name is missing", "[server NAME]" } },
  { APP "plugin-path=first;/second\n[server echo]\nplugin=ecko\n", BUTLER_ERROR_NOT_FOUND,
    { "[server echo] plugin", "ecko.so", "/first, /second, " } },
  { APP "[server echo]\nplugin=./ecko.so\n", BUTLER_ERROR_NOT_FOUND,
    { "[server echo] plugin", "/ecko.so", "no such file" } },
  { APP "[server echo]\nplugin=bad-magic\n", BUTLER_ERROR_BAD_PLUGIN,
    { "[server echo] plugin", "bad-magic.so", "BUTLER_PLUGIN()" } },
  { SERVER "set=ecko\n", BUTLER_ERROR_NOT_FOUND,
    { "[server echo] set", "\"ecko\"", "it has: echo", "did you mean echo?" } },
  { APP "[server two]\nplugin=two-sets\n", BUTLER_ERROR_NOT_FOUND, { "[server two] set", "good, other" } },
  { SERVER "capacity=many\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] capacity", "\"many\"", "whole number" } },
  { SERVER "capacity=-1\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] capacity", "\"-1\"" } },
  { SERVER "capacity=4294967296\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] capacity", "4294967295" } },
  { SERVER "capacity=9\noverflow=explode\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] overflow", "explode" } },
  { SERVER "overflow=block\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] overflow", "capacity=" } },
  { SERVER "loop=infinite\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] loop", "\"infinite\"", "queue" } },
  { SERVER "route=perhaps\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] route", "\"perhaps\"", "true", "false" } },
  { SERVER "subscribes=TestEco\n", BUTLER_ERROR_NOT_FOUND, { "[server echo]", "TestEco", "did you mean TestEcho?" } },
  { SERVER "on-failure=explode\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] on-failure", "explode", "escalate" } },
  { SERVER "strategy=all\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] strategy", "all", "one-for-all" } },
  { SERVER "restarts=0\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] restarts", "\"0\"", "from 1" } },
  { SERVER "restart-period=soon\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] restart-period", "\"soon\"" } },
  { SERVER "restart-pause=-1\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] restart-pause", "from 0" } },
  { SERVER "longest-pause=0\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] longest-pause" } },
  { SERVER "poison=x\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] poison" } },
  { SERVER "handler-limit=x\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] handler-limit", "\"x\"" } },
  { SERVER "on-limit=now\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] on-limit", "now", "restart" } },
  { SERVER "late-asks=now\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] late-asks", "\"now\"", "wait", "fail" } },
  { APP "handler-limit=-1\n[server echo]\nplugin=echo\n", BUTLER_ERROR_BAD_CONFIG, { "[app] handler-limit", "\"-1\"" } },
  { SERVER "supervisor=ecko\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] supervisor", "\"ecko\"", "did you mean echo?" } },
  { SERVER "supervisor=echo\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] supervisor", "under" } },
  { SERVER "after=ecko\n", BUTLER_ERROR_BAD_CONFIG, { "[server echo] after", "\"ecko\"", "did you mean echo?" } },
  { SERVER "after=echo\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] after", "echo after echo" } },
  { SERVER "after=b; c\n[server b]\nplugin=echo\nroute=false\n[server c]\nplugin=echo\nroute=false\nafter=echo\n",
    BUTLER_ERROR_BAD_VALUE, { "[server c] after", "circle", "c after echo after c" } },
  { APP "end-limit=soon\n[server echo]\nplugin=echo\n", BUTLER_ERROR_BAD_CONFIG, { "[app] end-limit", "\"soon\"" } },

  /* settings */
  { SERVER "tiems=3\n", BUTLER_ERROR_NOT_FOUND, { "[server echo] tiems", "did you mean times?" } },
  { SERVER "and_then=stop\n", BUTLER_ERROR_NOT_FOUND, { "[server echo] and_then", "did you mean and-then?" } },
  { SERVER "capasity=3\n", BUTLER_ERROR_NOT_FOUND, { "[server echo] capasity", "did you mean capacity?" } },
  { SERVER "text[de]=hallo\n", BUTLER_ERROR_NOT_FOUND, { "[server echo] text[de]" } },
  { SERVER "times=thrice\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] times", "\"thrice\"", "number" } },
  { SERVER "times=4294967296\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] times", "4294967295" } },
  { SERVER "quiet=maybe\n", BUTLER_ERROR_BAD_VALUE, { "[server echo] quiet", "\"maybe\"" } },
  { APP "[server two]\nplugin=two-sets\nset=good\ncolour=red\n", BUTLER_ERROR_BAD_CONFIG,
    { "[server two] colour", "no settings" } },
  { APP "[server two]\nplugin=two-sets\nset=good\nrout=false\n", BUTLER_ERROR_BAD_CONFIG,
    { "[server two] rout", "did you mean route?" } },

  /* servers together */
  { SERVER "[server two]\nplugin=echo\n", BUTLER_ERROR_EXISTS, { "[server two]", "TestEcho", "echo", "route=false" } },
  { APP "[server one]\nplugin=clash-number\n[server two]\nplugin=clash-text\n", BUTLER_ERROR_BAD_LAYOUT,
    { "[server two] plugin", "clash-number.so", "clash-text.so", "TestClash" } },
};

START_TEST (wrong_apps_are_refused_and_leave_nothing)
{
  g_autoptr (ButlerApp) app = open_good (refusals[_i].text);
  g_autoptr (GError)    error = NULL;

  ck_assert (!butler_app_load (app, &error));
  check_refusal (&refusals[_i], error);
  leftovers_none (&left);
}
END_TEST

START_TEST (untrusted_plugins_are_refused)
{
  g_autofree char      *plugin = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (ButlerApp) app = open_good ("[server echo]\nplugin=./echo.so\n");
  g_autoptr (GError)    error = NULL;

  ck_assert_int_eq (g_chmod (plugin, 0666), 0);
  ck_assert (!butler_app_load (app, &error));
  butler_assert_error (&error, BUTLER_ERROR_UNTRUSTED, "[server echo] plugin", plugin, "trust=any", NULL);
  ck_assert (butler_app_set (app, "app.trust=any", &error));
  ck_assert (butler_app_load (app, &error));
}
END_TEST

static guint
count_servers (ButlerApp *app)
{
  g_autoptr (GPtrArray) servers = butler_hub_get_servers (butler_app_get_hub (app));

  return servers->len;
}

START_TEST (servers_are_made_in_the_order_of_the_file)
{
  g_autoptr (ButlerApp) app = load_good (APP "[server z]\nplugin=echo\n[server a]\nplugin=echo\nroute=false\n"
                                             "[server m]\nplugin=two-sets\nset=good\n");
  g_autoptr (GPtrArray) servers = butler_hub_get_servers (butler_app_get_hub (app));

  ck_assert_uint_eq (servers->len, 3);
  ck_assert_uint_eq (butler_app_get_n_plugins (app), 2);
  ck_assert_str_eq (butler_server_get_name (servers->pdata[0]), "z");
  ck_assert_str_eq (butler_server_get_name (servers->pdata[1]), "a");
  ck_assert_str_eq (butler_server_get_name (servers->pdata[2]), "m");
  ck_assert_int_eq (butler_server_get_state (servers->pdata[0]), BUTLER_SERVER_NEW);
}
END_TEST

START_TEST (keys_of_a_server_are_heeded)
{
  g_autoptr (ButlerApp) app = load_good (SERVER "set=echo\ncapacity=7\noverflow=drop-oldest\n"
                                                "loop=queue\nroute=false\n");
  ButlerHub            *hub = butler_app_get_hub (app);
  ButlerServer         *server = butler_hub_get_server (hub, "echo");
  ButlerChannel        *channel = butler_server_get_channel (server);
  g_autoptr (GError)    error = NULL;

  ck_assert_uint_eq (butler_channel_get_capacity (channel), 7);
  ck_assert_int_eq (butler_channel_get_overflow (channel), BUTLER_OVERFLOW_DROP_OLDEST);
  ck_assert (!butler_hub_send_variant (hub, "TestEcho", g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "TestEcho", NULL);
}
END_TEST

START_TEST (servers_that_subscribe_need_no_route)
{
  g_autoptr (ButlerApp)       app = load_good (APP "[server one]\nplugin=echo\nsubscribes=TestEcho\n"
                                                   "[server two]\nplugin=echo\nsubscribes=TestEcho;\n");
  ButlerHub                  *hub = butler_app_get_hub (app);
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (hub);
  g_autoptr (GError)          error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      GArray *subscriptions = g_array_index (status->servers, ButlerServerStatus, i).subscriptions;

      ck_assert_uint_eq (subscriptions->len, 1);
      ck_assert_str_eq (g_array_index (subscriptions, ButlerSubscriptionStatus, 0).type, "TestEcho");
    }
  ck_assert (!butler_hub_send_variant (hub, "TestEcho", g_variant_new_parsed ("@a{sv} {}"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "TestEcho", NULL);
}
END_TEST

START_TEST (policies_and_supervisors_are_heeded)
{
  g_autoptr (ButlerApp)       app = load_good (SERVER "on-failure=escalate\nsupervisor=chief\n"
                                                      "[server chief]\nplugin=echo\nroute=false\nstrategy=one-for-all\n");
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (butler_app_get_hub (app));
  const ButlerServerStatus   *servers = &g_array_index (status->servers, ButlerServerStatus, 0);

  ck_assert_str_eq (servers[0].on_failure, "escalate");
  ck_assert_str_eq (servers[0].supervisor, "chief");
  ck_assert_str_eq (servers[1].on_failure, "continue");
  ck_assert_ptr_null (servers[1].supervisor);
}
END_TEST

static void
note_end (ButlerContext *context,
          gpointer       diary)
{
  g_string_append (diary, butler_server_get_name (butler_context_get_server (context)));
}

/* Without `after` they end in the order of the file. */
START_TEST (after_is_heeded)
{
  static const char *const afters[] = { "", "after=b;c\n" };
  static const char *const orders[] = { "echobc", "bcecho" };
  g_autofree char          *text = g_strconcat (SERVER "quiet=true\nand-then=stay\n", afters[_i],
                                                "[server b]\nplugin=echo\nroute=false\nquiet=true\nand-then=stay\n"
                                                "[server c]\nplugin=echo\nroute=false\nquiet=true\nand-then=stay\n", NULL);
  g_autoptr (ButlerApp)     app = load_good (text);
  g_autoptr (GPtrArray)     servers = butler_hub_get_servers (butler_app_get_hub (app));
  g_autoptr (GError)        error = NULL;
  GString                  *diary = g_string_new (NULL);

  for (guint i = 0; i < servers->len; i++)
    butler_server_add_shutdown (servers->pdata[i], note_end, diary, NULL);
  ck_assert (butler_app_start (app, &error));
  butler_assert_no_error (error);
  butler_hub_shutdown (butler_app_get_hub (app));
  ck_assert (butler_hub_join (butler_app_get_hub (app), &error));
  ck_assert_str_eq (diary->str, orders[_i]);
  g_string_free (diary, TRUE);
}
END_TEST

/* All keys at once, with what they may be at the least and at the most. */
START_TEST (all_keys_of_policies_are_known)
{
  g_autoptr (ButlerApp)       app = load_good (
    APP "end-limit=0\nhandler-limit=4294967294\n"
    "[server echo]\nplugin=echo\non-failure=restart\nrestarts=1\nrestart-period=1\nrestart-pause=0\nlongest-pause=1\n"
    "poison=0\nhandler-limit=0\non-limit=escalate\nlate-asks=fail\nstrategy=rest-for-one\n"
    "[server b]\nplugin=echo\nroute=false\non-failure=stop\nrestarts=4294967294\nrestart-pause=4294967294\nlate-asks=wait\n");
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (butler_app_get_hub (app));

  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 0).on_failure, "restart");
  ck_assert_str_eq (g_array_index (status->servers, ButlerServerStatus, 1).on_failure, "stop");
}
END_TEST

START_TEST (start_runs_the_servers)
{
  g_autoptr (ButlerApp) app = load_good (SERVER "quiet=true\nand-then=stop\n");
  g_autoptr (GError)    error = NULL;

  ck_assert (butler_app_start (app, &error));
  ck_assert (butler_hub_join (butler_app_get_hub (app), &error));
  butler_assert_no_error (error);
}
END_TEST

START_TEST (failing_start_is_reported)
{
  g_autoptr (ButlerApp) app = load_good (SERVER "quiet=true\nand-then=stay\n[server moody]\nplugin=failing-start\n");
  g_autoptr (GError)    error = NULL;

  ck_assert (!butler_app_start (app, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "moody", "no mood for it", NULL);
}
END_TEST

START_TEST (set_changes_keys)
{
  g_autoptr (ButlerApp) app = open_good ("[server echo]\nplugin=nothing\n[server echo.2]\nplugin=nothing\n");
  g_autoptr (GError)    error = NULL;

  ck_assert (butler_app_set (app, "app.trust=any", &error));
  ck_assert (butler_app_set (app, "echo.plugin=echo", &error));
  ck_assert (butler_app_set (app, "echo.text=a=b.c", &error));
  ck_assert (butler_app_set (app, "echo.2.plugin=two-sets", &error));
  ck_assert (butler_app_set (app, "server echo.2.set=good", &error));
  ck_assert (butler_app_load (app, &error));
  butler_assert_no_error (error);
  ck_assert_uint_eq (count_servers (app), 2);
}
END_TEST

START_TEST (set_refuses_what_it_cannot_place)
{
  static const char *const wrong[] = { "",        "echo", "echo.text", "echo=x",           ".text=x",          "echo.=x",
                                       "=",       "echo.a]b=x", "echo.a b=x", "echo.a\nb=x", "echo.text\xff=x", NULL };
  g_autoptr (ButlerApp)    app = open_good (SERVER);
  g_autoptr (GError)       error = NULL;

  for (guint i = 0; wrong[i] != NULL; i++)
    {
      ck_assert (!butler_app_set (app, wrong[i], &error));
      butler_assert_error (&error, BUTLER_ERROR_BAD_CONFIG, "app.ini", "GROUP.KEY=VALUE", NULL);
    }
  ck_assert (!butler_app_set (app, "ecko.text=x", &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_CONFIG, "app.ini", "\"ecko\"", "did you mean echo?", NULL);
}
END_TEST

START_TEST (can_be_loaded_again_after_a_refusal)
{
  g_autoptr (ButlerApp) app = open_good (SERVER "times=thrice\n");
  g_autoptr (GError)    error = NULL;

  ck_assert (!butler_app_load (app, &error));
  g_clear_error (&error);
  ck_assert (butler_app_set (app, "echo.times=3", &error));
  ck_assert (butler_app_load (app, &error));
  ck_assert_uint_eq (count_servers (app), 1);
}
END_TEST

static void
put (const char *plugin,
     const char *folder,
     const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s/%s", folder, name);
  g_autofree char *path = leftovers_path (&left, folder);

  g_mkdir (path, 0700);
  g_free (leftovers_copy (&left, plugin, file, G_MAXSIZE));
}

/* What was said last is looked into first. One server of each plugin could be made of every folder's x.so. */
START_TEST (plugins_are_looked_for_in_order)
{
  g_autoptr (ButlerApp) app = open_good ("[app]\nplugin-path=here;there\n"
                                             "[server s]\nplugin=x\n[server t]\nplugin=y.so\n");
  g_autofree char      *before = leftovers_path (&left, "before");
  g_autofree char      *environment = leftovers_path (&left, "environment");
  ButlerHub            *hub;

  put ("clash-number", "before", "x.so");
  put ("bad-magic", "here", "x.so");
  put ("two-sets", "there", "y.so");
  put ("bad-magic", "environment", "y.so");
  g_setenv ("BUTLER_PLUGIN_PATH", environment, TRUE);
  butler_app_add_plugin_path (app, before);
  ck_assert (butler_app_set (app, "t.set=other", NULL));
  ck_assert (butler_app_load (app, NULL));
  hub = butler_app_get_hub (app);
  ck_assert_ptr_nonnull (butler_hub_get_server (hub, "s"));
  ck_assert_ptr_nonnull (butler_hub_get_server (hub, "t"));
}
END_TEST

START_TEST (one_file_is_loaded_once)
{
  g_autoptr (ButlerApp) app = NULL;

  put ("echo", "here", "echo.so");
  app = load_good ("[app]\nplugin-path=here\n[server a]\nplugin=echo\n"
                   "[server b]\nplugin=./here/../here/echo.so\nroute=false\n");
  ck_assert_uint_eq (butler_app_get_n_plugins (app), 1);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("app");
  TCase *good = butler_test_case ("good", setup, teardown, 60);
  TCase *bad = butler_test_case ("bad", setup, teardown, 60);

  tcase_add_test (good, servers_are_made_in_the_order_of_the_file);
  tcase_add_test (good, keys_of_a_server_are_heeded);
  tcase_add_test (good, servers_that_subscribe_need_no_route);
  tcase_add_loop_test (good, after_is_heeded, 0, 2);
  tcase_add_test (good, all_keys_of_policies_are_known);
  tcase_add_test (good, start_runs_the_servers);
  tcase_add_test (good, failing_start_is_reported);
  tcase_add_test (good, set_changes_keys);
  tcase_add_test (good, can_be_loaded_again_after_a_refusal);
  tcase_add_test (good, policies_and_supervisors_are_heeded);
  tcase_add_test (good, plugins_are_looked_for_in_order);
  tcase_add_test (good, one_file_is_loaded_once);
  suite_add_tcase (suite, good);

  tcase_add_loop_test (bad, files_that_do_not_parse_name_the_line, 0, G_N_ELEMENTS (unreadable));
  tcase_add_test (bad, files_that_cannot_be_read_are_named);
  tcase_add_loop_test (bad, wrong_apps_are_refused_and_leave_nothing, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (bad, untrusted_plugins_are_refused);
  tcase_add_test (bad, set_refuses_what_it_cannot_place);
  suite_add_tcase (suite, bad);
  return butler_test_main (suite);
}
