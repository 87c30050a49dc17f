/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/handlers.h"
#include "tests/servers.h"

/* A set as a plugin may bring it: what is wrong with it is said before any of its functions is called. */

#define KEPT_FIELDS(F, R) \
  F (R, int32, plugin, "1", "a key that is not its own")
BUTLER_SETTINGS (Kept, kept, KEPT_FIELDS);

#define WRONG_FIELDS(F, R) \
  F (R, int32, limit, "many", "how many")
BUTLER_SETTINGS (Wrong, wrong, WRONG_FIELDS);

static void
never (gpointer       self G_GNUC_UNUSED,
       gpointer       message G_GNUC_UNUSED,
       ButlerContext *context G_GNUC_UNUSED)
{
  ck_abort ();
}

static ButlerHandler    entries[2];
static ButlerHandlerSet set;

static void
make_good (void)
{
  entries[0] = (ButlerHandler) { &number_info, never };
  entries[1] = (ButlerHandler) { &note_info, never };
  set = (ButlerHandlerSet) {
    .set_size = sizeof set, .name = "pen", .state = &script_info, .handlers = entries, .n_handlers = 2,
    .handler_size = sizeof entries[0], .doc = "writes"
  };
}

static void
assert_refused (int         code,
                const char *part)
{
  GError *error = NULL;

  ck_assert_ptr_null (butler__handlers_new (&set, "pen.so", &error));
  butler_assert_error (&error, code, "pen.so", part, NULL);
}

#define assert_bad_set(part) assert_refused (BUTLER_ERROR_BAD_HANDLERS, part)

START_TEST (a_good_set_is_copied)
{
  g_autoptr (ButlerHandlers) handlers = NULL;
  g_autofree char *name = g_strdup ("pen");
  GError *error = NULL;

  set.name = name;
  handlers = butler__handlers_new (&set, "pen.so", &error);
  butler_assert_no_error (error);
  name[0] = 'h';
  entries[0].func = NULL;
  ck_assert_str_eq (handlers->set.name, "pen");
  ck_assert_str_eq (handlers->set.doc, "writes");
  ck_assert_ptr_eq (butler__handlers_find (handlers, butler__layout_of (&number_info)->type), &handlers->entries[0]);
  ck_assert_ptr_eq (butler__handlers_find (handlers, butler__layout_of (&note_info)->type), &handlers->entries[1]);
  ck_assert_ptr_null (butler__handlers_find (handlers, butler__layout_of (&parcel_info)->type));
  ck_assert (handlers->entries[0].func == never);
}
END_TEST

START_TEST (a_set_of_an_older_version_lacks_what_came_later)
{
  g_autoptr (ButlerHandlers) handlers = NULL;

  set.set_size = G_STRUCT_OFFSET (ButlerHandlerSet, doc);
  set.doc = (const char *) 1;
  handlers = butler__handlers_new (&set, "pen.so", NULL);
  ck_assert_ptr_nonnull (handlers);
  ck_assert_ptr_null (handlers->set.doc);
}
END_TEST

START_TEST (sets_and_entries_of_a_newer_version_are_walked_by_their_size)
{
  struct
  {
    ButlerHandler entry;
    gpointer      later;
  } newer[2] = { { { &number_info, never }, &set }, { { &note_info, never }, &set } };
  struct
  {
    ButlerHandlerSet set;
    gpointer         later;
  } newer_set;
  g_autoptr (ButlerHandlers) handlers = NULL;

  set.handlers = &newer[0].entry;
  set.handler_size = sizeof newer[0];
  newer_set.set = set;
  newer_set.set.set_size = sizeof newer_set;
  handlers = butler__handlers_new (&newer_set.set, "pen.so", NULL);
  ck_assert_ptr_nonnull (handlers);
  ck_assert_uint_eq (handlers->set.set_size, sizeof set);
  ck_assert_ptr_eq (handlers->entries[1].layout, butler__layout_of (&note_info));
}
END_TEST

START_TEST (a_table_of_a_wrong_size_is_refused)
{
  set.set_size = G_STRUCT_OFFSET (ButlerHandlerSet, doc) - 1;
  assert_bad_set ("too small");
  set.set_size = 0;
  assert_bad_set ("too small");
  set.set_size = sizeof set - 4;
  assert_bad_set ("no multiple");
}
END_TEST

START_TEST (a_set_without_a_name_is_refused)
{
  set.name = NULL;
  assert_bad_set ("no name");
  set.name = "";
  assert_bad_set ("no name");
}
END_TEST

START_TEST (unknown_flags_are_refused)
{
  set.flags = 4;
  assert_bad_set ("pen has the flags 0x4");
}
END_TEST

START_TEST (a_set_without_a_state_is_refused)
{
  set.state = NULL;
  assert_bad_set ("pen has no state record");
}
END_TEST

START_TEST (a_set_without_handlers_is_refused)
{
  set.n_handlers = 0;
  assert_bad_set ("pen has no handlers");
  set.n_handlers = 2;
  set.handlers = NULL;
  assert_bad_set ("pen has no handlers");
}
END_TEST

START_TEST (too_many_handlers_are_refused)
{
  set.n_handlers = 4097;
  assert_bad_set ("pen claims 4097 handlers");
}
END_TEST

START_TEST (entries_of_a_wrong_size_are_refused)
{
  set.handler_size = sizeof (ButlerHandler) - 1;
  assert_bad_set ("too small");
  set.handler_size = sizeof (ButlerHandler) + 4;
  assert_bad_set ("no multiple");
}
END_TEST

START_TEST (a_handler_of_no_message_is_refused)
{
  entries[1].message = NULL;
  assert_bad_set ("pen: handler 1 names no message");
}
END_TEST

START_TEST (a_handler_without_a_function_is_refused)
{
  entries[1].func = NULL;
  assert_bad_set ("pen: the handler of Note is NULL");
}
END_TEST

START_TEST (two_handlers_of_a_message_are_refused)
{
  entries[1].message = &number_info;
  assert_bad_set ("pen has two handlers of Number");
}
END_TEST

START_TEST (two_handlers_of_two_versions_of_a_message_are_refused)
{
  gpointer layout = NULL;
  ButlerRecordInfo other = note_info;

  other.name = "Number";
  other.layout = &layout;
  entries[1].message = &other;
  assert_bad_set ("pen has two handlers of Number");
}
END_TEST

START_TEST (a_wrong_record_is_refused_with_what_it_is_for)
{
  gpointer layout = NULL;
  ButlerRecordInfo wrong = note_info;

  wrong.name = "Bad";
  wrong.layout = &layout;
  wrong.n_fields = 0;
  entries[1].message = &wrong;
  assert_refused (BUTLER_ERROR_BAD_LAYOUT, "handler set pen: message: Record Bad");
  make_good ();
  set.state = &wrong;
  assert_refused (BUTLER_ERROR_BAD_LAYOUT, "handler set pen: state: Record Bad");
  make_good ();
  set.settings = &wrong;
  assert_refused (BUTLER_ERROR_BAD_LAYOUT, "handler set pen: settings: Record Bad");
}
END_TEST

START_TEST (settings_that_cannot_be_set_are_refused)
{
  set.settings = &kept_info;
  assert_refused (BUTLER_ERROR_BAD_LAYOUT, "handler set pen: Record Kept, field plugin");
  set.settings = &wrong_info;
  assert_refused (BUTLER_ERROR_BAD_LAYOUT, "handler set pen: Record Wrong, field limit");
}
END_TEST

START_TEST (a_server_is_not_made_of_a_wrong_set)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  GError *error = NULL;

  set.state = NULL;
  ck_assert_ptr_null (butler_server_new (hub, "s", &set, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_HANDLERS, "the program", "pen", NULL);
  ck_assert_ptr_null (butler_hub_get_channel (hub, "s"));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("handlers");
  TCase *tcase = tcase_create ("handlers");

  tcase_add_checked_fixture (tcase, make_good, NULL);
  tcase_add_test (tcase, a_good_set_is_copied);
  tcase_add_test (tcase, a_set_of_an_older_version_lacks_what_came_later);
  tcase_add_test (tcase, sets_and_entries_of_a_newer_version_are_walked_by_their_size);
  tcase_add_test (tcase, a_table_of_a_wrong_size_is_refused);
  tcase_add_test (tcase, a_set_without_a_name_is_refused);
  tcase_add_test (tcase, unknown_flags_are_refused);
  tcase_add_test (tcase, a_set_without_a_state_is_refused);
  tcase_add_test (tcase, a_set_without_handlers_is_refused);
  tcase_add_test (tcase, too_many_handlers_are_refused);
  tcase_add_test (tcase, entries_of_a_wrong_size_are_refused);
  tcase_add_test (tcase, a_handler_of_no_message_is_refused);
  tcase_add_test (tcase, a_handler_without_a_function_is_refused);
  tcase_add_test (tcase, two_handlers_of_a_message_are_refused);
  tcase_add_test (tcase, two_handlers_of_two_versions_of_a_message_are_refused);
  tcase_add_test (tcase, a_wrong_record_is_refused_with_what_it_is_for);
  tcase_add_test (tcase, settings_that_cannot_be_set_are_refused);
  tcase_add_test (tcase, a_server_is_not_made_of_a_wrong_set);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
