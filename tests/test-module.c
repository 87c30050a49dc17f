/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

#include "tests/leftovers.h"

static Leftovers  left;
static ButlerHub *the_hub;

static void
setup (void)
{
  leftovers_begin (&left);
  the_hub = butler_hub_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&the_hub, butler_hub_unref);
  leftovers_end (&left);
}

/* As they were built, under whatever umask: whom they belong to is another test's matter. */
static ButlerModule *
load (const char *plugin,
      GError    **error)
{
  g_autofree char *path = leftovers_plugin (plugin);

  return butler_module_load (the_hub, path, BUTLER_MODULE_ANY_OWNER, error);
}

static ButlerModule *
load_good (const char *plugin)
{
  g_autoptr (GError) error = NULL;
  ButlerModule      *module = load (plugin, &error);

  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (module);
  return module;
}

static void
refuses (const char *plugin,
         ButlerError code,
         const char *reason,
         const char *reason_too)
{
  g_autofree char   *path = leftovers_plugin (plugin);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (load (plugin, &error));
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "more than one line: %s", error->message);
  ck_assert_msg (g_str_has_prefix (error->message, path), "the file is not named first: %s", error->message);
  ck_assert_msg (strstr (error->message, "/hot/") == NULL, "the private copy is named: %s", error->message);
  butler_assert_error (&error, (int) code, reason, reason_too, NULL);
}

typedef struct
{
  const char *plugin;
  ButlerError code;
  const char *reason;
  const char *reason_too;
} Refusal;

static const Refusal refusals[] = {
  { "no-descriptor", BUTLER_ERROR_BAD_PLUGIN, "butler_plugin", "BUTLER_PLUGIN()" },
  { "missing-symbol", BUTLER_ERROR_BAD_PLUGIN, "butler_test_nowhere", "undefined symbol" },
  { "bad-magic", BUTLER_ERROR_BAD_PLUGIN, "BUTLER_PLUGIN()", "" },
  { "other-abi", BUTLER_ERROR_BAD_ABI, "ABI 7", "ABI 1" },
  { "small-table", BUTLER_ERROR_BAD_PLUGIN, "24 bytes", "least" },
  { "unknown-flags", BUTLER_ERROR_BAD_PLUGIN, "0x80", "" },
  { "bad-name", BUTLER_ERROR_BAD_PLUGIN, "identifier", "" },
  { "no-version", BUTLER_ERROR_BAD_PLUGIN, "no_version", "version" },
  { "no-sets", BUTLER_ERROR_BAD_PLUGIN, "no_sets", "no handler set" },
  { "bad-stride", BUTLER_ERROR_BAD_PLUGIN, "bad_stride", "bytes" },
  { "null-set", BUTLER_ERROR_BAD_HANDLERS, "handler set 2", "NULL" },
  { "double-sets", BUTLER_ERROR_BAD_HANDLERS, "two handler sets", "good" },
  { "small-set", BUTLER_ERROR_BAD_HANDLERS, "16 bytes", "" },
  { "no-handlers", BUTLER_ERROR_BAD_HANDLERS, "idle", "no handlers" },
  { "null-handler", BUTLER_ERROR_BAD_HANDLERS, "hollow", "TestPing" },
  { "double-handler", BUTLER_ERROR_BAD_HANDLERS, "twice", "TestPing" },
  { "bad-layout", BUTLER_ERROR_BAD_LAYOUT, "TestWide", "far" },
  { "bad-setting-kind", BUTLER_ERROR_BAD_LAYOUT, "thing", "object" },
  { "bad-fallback", BUTLER_ERROR_BAD_LAYOUT, "level", "loud" },
  { "reserved-setting", BUTLER_ERROR_BAD_LAYOUT, "route", "" },
  { "not-there", BUTLER_ERROR_NOT_FOUND, "no such file", "" },
};

START_TEST (refuses_broken_plugins_and_leaves_nothing)
{
  const Refusal *refusal = &refusals[_i];

  refuses (refusal->plugin, refusal->code, refusal->reason, refusal->reason_too);
  leftovers_none (&left);
}
END_TEST

START_TEST (refusal_leaves_what_is_loaded)
{
  ButlerModule *good = load_good ("two-sets");

  refuses ("double-sets", BUTLER_ERROR_BAD_HANDLERS, "two handler sets", "");
  ck_assert_str_eq (butler_module_get_name (good), "two_sets");
  ck_assert_ptr_nonnull (butler_server_new (the_hub, "good", butler_module_get_nth_set (good, 0), NULL, NULL));
  ck_assert_uint_eq (leftovers_copies (&left), 1);
}
END_TEST

START_TEST (tells_what_a_plugin_is)
{
  g_autofree char *path = leftovers_plugin ("two-sets");
  ButlerModule    *module = load_good ("two-sets");

  ck_assert_str_eq (butler_module_get_name (module), "two_sets");
  ck_assert_str_eq (butler_module_get_version (module), "2.5");
  ck_assert_str_eq (butler_module_get_path (module), path);
  ck_assert_uint_eq (butler_module_get_abi (module), BUTLER_PLUGIN_ABI);
  ck_assert_uint_eq (butler_module_get_n_sets (module), 2);
  ck_assert_str_eq (butler_module_get_nth_set (module, 0)->name, "good");
  ck_assert_str_eq (butler_module_get_nth_set (module, 1)->name, "other");
  ck_assert_str_eq (butler_module_get_nth_set (module, 1)->doc, "keeps the last pong");
}
END_TEST

START_TEST (finds_sets_by_name)
{
  g_autoptr (GError) error = NULL;
  ButlerModule      *two = load_good ("two-sets");
  ButlerModule      *echo = load_good ("echo");

  ck_assert_ptr_eq (butler_module_get_set (two, "other", &error), butler_module_get_nth_set (two, 1));
  ck_assert_ptr_eq (butler_module_get_set (echo, NULL, &error), butler_module_get_nth_set (echo, 0));
  butler_assert_no_error (error);
  ck_assert_ptr_null (butler_module_get_set (two, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "two-sets.so", "2 handler sets", "good, other", NULL);
  ck_assert_ptr_null (butler_module_get_set (two, "othr", &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "two-sets.so", "good, other", "did you mean other?", NULL);
}
END_TEST

START_TEST (takes_shorter_tables)
{
  ButlerModule           *module = load_good ("old-header");
  const ButlerHandlerSet *set = butler_module_get_set (module, NULL, NULL);

  ck_assert_uint_eq (set->set_size, sizeof *set);
  ck_assert_ptr_null (set->doc); /* not what lies behind the shorter set */
  ck_assert_str_eq (butler_record_get_fingerprint (set->handlers[0].message, NULL),
                    "TestOld{uint64 first;uint32 second;uint32 third;}");
}
END_TEST

START_TEST (takes_longer_tables)
{
  ButlerModule           *module = load_good ("new-header");
  const ButlerHandlerSet *set = butler_module_get_set (module, NULL, NULL);

  ck_assert_uint_eq (set->n_handlers, 2);
  ck_assert_str_eq (set->doc, "from the future");
  ck_assert_ptr_nonnull (butler_server_new (the_hub, "new", set, NULL, NULL));
  ck_assert (butler_hub_start (the_hub, NULL));
  ck_assert (butler_hub_send_variant (the_hub, "TestPing", g_variant_new_parsed ("{'number': <uint64 7>}"), NULL));
  ck_assert (butler_hub_send_variant (the_hub, "TestNew", g_variant_new_parsed ("{'second': <uint64 7>}"), NULL));
  butler_hub_shutdown (the_hub);

  g_autoptr (GArray) stats = butler_hub_get_stats (the_hub);
  ck_assert_uint_eq (g_array_index (stats, ButlerServerStats, 0).handled, 2);
  butler_server_stats_clear (&g_array_index (stats, ButlerServerStats, 0));
}
END_TEST

START_TEST (one_set_makes_several_servers)
{
  ButlerModule           *module = load_good ("two-sets");
  const ButlerHandlerSet *set = butler_module_get_set (module, "good", NULL);
  g_autoptr (GError)      error = NULL;

  ck_assert_ptr_nonnull (butler_server_new (the_hub, "first", set, NULL, &error));
  ck_assert_ptr_nonnull (butler_server_new (the_hub, "second", set, BUTLER_SERVER_OPTIONS (.no_route = TRUE), &error));
  ck_assert_ptr_null (butler_server_new (the_hub, "third", set, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "first", "third", "TestPing", "route=false", NULL);
}
END_TEST

START_TEST (start_is_called_only_by_start)
{
  ButlerModule           *module = load_good ("failing-start");
  const ButlerHandlerSet *set = butler_module_get_set (module, NULL, NULL);
  g_autoptr (GError)      error = NULL;

  ck_assert_ptr_nonnull (butler_server_new (the_hub, "moody", set, NULL, &error));
  butler_assert_no_error (error);
  ck_assert (!butler_hub_start (the_hub, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "moody", "no mood for it", NULL);
}
END_TEST

START_TEST (names_are_unique_in_a_hub)
{
  g_autofree char      *first = leftovers_copy (&left, "echo", "one.so", G_MAXSIZE);
  g_autofree char      *second = leftovers_copy (&left, "echo", "two.so", G_MAXSIZE);
  g_autoptr (ButlerHub) another = butler_hub_new ();
  g_autoptr (GError)    error = NULL;

  ck_assert_ptr_nonnull (butler_module_load (the_hub, first, BUTLER_MODULE_DEFAULT, NULL));
  ck_assert_ptr_null (butler_module_load (the_hub, second, BUTLER_MODULE_DEFAULT, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, first, second, "echo", NULL);
  ck_assert_ptr_nonnull (butler_module_load (another, second, BUTLER_MODULE_DEFAULT, &error));
}
END_TEST

/* Each hub has code of its own: static variables are not shared. */
START_TEST (each_load_is_a_copy_of_its_own)
{
  g_autoptr (ButlerHub) another = butler_hub_new ();
  g_autofree char      *path = leftovers_plugin ("two-sets");
  ButlerModule         *one = load_good ("two-sets");
  ButlerModule         *two = butler_module_load (another, path, BUTLER_MODULE_ANY_OWNER, NULL);

  ck_assert_ptr_ne (butler_module_get_nth_set (one, 0)->handlers, butler_module_get_nth_set (two, 0)->handlers);
}
END_TEST

START_TEST (messages_must_be_convertible)
{
  g_autofree char *first = leftovers_plugin ("clash-number");

  load_good ("clash-number");
  load_good ("clash-more");
  refuses ("clash-text", BUTLER_ERROR_BAD_LAYOUT, "TestClash", "value");
  refuses ("clash-text", BUTLER_ERROR_BAD_LAYOUT, first, "clash-text.so");
  ck_assert_uint_eq (leftovers_copies (&left), 1);
}
END_TEST

/* A uint32 widens to a uint64, but nothing keeps messages from going the other way. */
START_TEST (messages_must_be_convertible_both_ways)
{
  g_autoptr (ButlerHub) another = butler_hub_new ();
  g_autofree char      *small = leftovers_plugin ("clash-small");
  g_autofree char      *number = leftovers_plugin ("clash-number");
  g_autoptr (GError)    error = NULL;

  load_good ("clash-small");
  refuses ("clash-number", BUTLER_ERROR_BAD_LAYOUT, "TestClash", "does not widen");
  ck_assert_ptr_nonnull (butler_module_load (another, number, BUTLER_MODULE_ANY_OWNER, NULL));
  ck_assert_ptr_null (butler_module_load (another, small, BUTLER_MODULE_ANY_OWNER, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, small, number, "does not widen", NULL);
}
END_TEST

START_TEST (messages_of_other_hubs_do_not_matter)
{
  g_autoptr (ButlerHub) another = butler_hub_new ();
  g_autofree char      *path = leftovers_plugin ("clash-text");
  g_autoptr (GError)    error = NULL;

  load_good ("clash-number");
  ck_assert_ptr_nonnull (butler_module_load (another, path, BUTLER_MODULE_ANY_OWNER, &error));
  butler_assert_no_error (error);
}
END_TEST

START_TEST (untrusted_files_are_refused)
{
  g_autofree char   *path = leftovers_copy (&left, "echo", "echo.so", G_MAXSIZE);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_chmod (path, 0666), 0);
  ck_assert_ptr_null (butler_module_load (the_hub, path, BUTLER_MODULE_DEFAULT, &error));
  butler_assert_error (&error, BUTLER_ERROR_UNTRUSTED, path, NULL);
  leftovers_none (&left);
  ck_assert_ptr_nonnull (butler_module_load (the_hub, path, BUTLER_MODULE_ANY_OWNER, NULL));
}
END_TEST

START_TEST (cut_files_are_refused)
{
  gsize sizes[] = { 10, 4096, 8192, 12288 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char   *path = leftovers_copy (&left, "echo", "cut.so", sizes[i]);
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (butler_module_load (the_hub, path, BUTLER_MODULE_DEFAULT, &error));
      butler_assert_error (&error, BUTLER_ERROR_BAD_PLUGIN, path, "incomplete", NULL);
      leftovers_none (&left);
    }
}
END_TEST

/* What builds do to the file of a running plugin. */
START_TEST (file_may_be_rewritten_in_place)
{
  g_autofree char *path = leftovers_copy (&left, "two-sets", "two-sets.so", G_MAXSIZE);
  ButlerModule    *module = butler_module_load (the_hub, path, BUTLER_MODULE_DEFAULT, NULL);
  FILE            *file = fopen (path, "r+");

  for (guint i = 0; i < 16384; i++)
    ck_assert_int_ne (putc (0xff, file), EOF);
  fclose (file);
  ck_assert_ptr_nonnull (butler_server_new (the_hub, "good", butler_module_get_set (module, "good", NULL), NULL, NULL));
  ck_assert (butler_hub_start (the_hub, NULL));
  ck_assert (butler_hub_send_variant (the_hub, "TestPing", g_variant_new_parsed ("{'number': <uint64 1>}"), NULL));
  butler_hub_shutdown (the_hub);
}
END_TEST

/* A linked-in plugin, with tables that are made here. */
#define TEST_STATIC_FIELDS(F, R) F (R, uint64, number)
BUTLER_MESSAGE (TestStatic, test_static, TEST_STATIC_FIELDS);
#define STATIC_STATE_FIELDS(F, R) F (R, uint64, sum)
BUTLER_RECORD (StaticState, adder, STATIC_STATE_FIELDS);
#define ADDER_HANDLES(H, S) H (S, test_static)
BUTLER_HANDLERS (adder, ADDER_HANDLES);

static void
adder_on_test_static (StaticState *self, TestStatic *message, ButlerContext *context)
{
  (void) context;
  self->sum += message->number;
}

static const ButlerHandlerSet        adder_set = { BUTLER_HANDLER_SET (adder) };
static const ButlerHandlerSet *const adder_sets[] = { &adder_set };

static ButlerPlugin
static_plugin (void)
{
  return (ButlerPlugin) { .magic = BUTLER_PLUGIN_MAGIC,
                          .abi = BUTLER_PLUGIN_ABI,
                          .plugin_size = sizeof (ButlerPlugin),
                          .name = "adder",
                          .version = "3",
                          .sets = adder_sets,
                          .n_sets = 1,
                          .set_size = sizeof adder_sets[0] };
}

START_TEST (static_plugins_are_checked_too)
{
  ButlerPlugin       good = static_plugin ();
  ButlerPlugin       bad = static_plugin ();
  g_autoptr (GError) error = NULL;
  ButlerModule      *module;

  bad.abi++;
  ck_assert_ptr_null (butler_module_add_static (the_hub, &bad, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_ABI, "the program", NULL);

  module = butler_module_add_static (the_hub, &good, &error);
  butler_assert_no_error (error);
  ck_assert_ptr_null (butler_module_get_path (module));
  ck_assert_str_eq (butler_module_get_version (module), "3");
  ck_assert_ptr_nonnull (butler_server_new (the_hub, "adder", butler_module_get_set (module, NULL, NULL), NULL, NULL));

  ck_assert_ptr_null (butler_module_add_static (the_hub, &good, &error));
  butler_assert_error (&error, BUTLER_ERROR_EXISTS, "adder", NULL);
}
END_TEST

static gpointer
load_many (gpointer data)
{
  g_autofree char *path = leftovers_plugin ("two-sets");
  guint           *loaded = data;

  for (guint i = 0; i < butler_test_rounds (20); i++)
    {
      g_autoptr (ButlerHub) own = butler_hub_new ();

      *loaded += butler_module_load (own, path, BUTLER_MODULE_ANY_OWNER, NULL) != NULL;
      *loaded += butler_module_load (the_hub, path, BUTLER_MODULE_ANY_OWNER, NULL) != NULL;
    }
  return NULL;
}

START_TEST (threads_may_load_at_once)
{
  GThread *threads[4];
  guint    loaded[4] = { 0 };
  guint    all = 0;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("loader", load_many, &loaded[i]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_thread_join (threads[i]);
      all += loaded[i];
    }
  ck_assert_uint_eq (all, 4 * butler_test_rounds (20) + 1); /* the common hub took it once */
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("module");
  TCase *good = butler_test_case ("good", setup, teardown, 60);
  TCase *bad = butler_test_case ("bad", setup, teardown, 60);

  tcase_add_test (good, tells_what_a_plugin_is);
  tcase_add_test (good, finds_sets_by_name);
  tcase_add_test (good, takes_shorter_tables);
  tcase_add_test (good, takes_longer_tables);
  tcase_add_test (good, one_set_makes_several_servers);
  tcase_add_test (good, start_is_called_only_by_start);
  tcase_add_test (good, each_load_is_a_copy_of_its_own);
  tcase_add_test (good, file_may_be_rewritten_in_place);
  tcase_add_test (good, static_plugins_are_checked_too);
  tcase_add_test (good, threads_may_load_at_once);
  suite_add_tcase (suite, good);

  tcase_add_loop_test (bad, refuses_broken_plugins_and_leaves_nothing, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (bad, refusal_leaves_what_is_loaded);
  tcase_add_test (bad, names_are_unique_in_a_hub);
  tcase_add_test (bad, messages_must_be_convertible);
  tcase_add_test (bad, messages_must_be_convertible_both_ways);
  tcase_add_test (bad, messages_of_other_hubs_do_not_matter);
  tcase_add_test (bad, untrusted_files_are_refused);
  tcase_add_test (bad, cut_files_are_refused);
  suite_add_tcase (suite, bad);
  return butler_test_main (suite);
}
