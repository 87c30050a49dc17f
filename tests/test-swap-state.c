/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/leftovers.h"
#include "tests/rich-states.h"

/* What becomes of a state of 1 MiB, with a field of each kind, and of the settings, when another layout takes over. */

BUTLER_RECORD (FirstPart, first_part, FIRST_PART_FIELDS);
BUTLER_RECORD (OtherPart, other_part, OTHER_PART_FIELDS);
BUTLER_RECORD (FirstRich, first_rich, FIRST_RICH_FIELDS);
BUTLER_RECORD (OtherRich, other_rich, OTHER_RICH_FIELDS);
BUTLER_SETTINGS (FirstSettings, first_settings, FIRST_RICH_SETTINGS_FIELDS);
BUTLER_SETTINGS (OtherSettings, other_settings, OTHER_RICH_SETTINGS_FIELDS);

static Leftovers left;
static ButlerHub *hub;
static ButlerModule *module;
static ButlerServer *server;
static char *file;
static GObject *thing;
static GObject *lost;
static GAsyncQueue *looked;

static RichWatch watch;

/* What `swapped` does and saw; the server's thread, while a swap goes on. */
static struct
{
  gboolean  fails;
  guint     calls;
  char     *motto;
  char     *added;
  gint64    limit;
  GVariant *old;
  GError   *old_error;
  gpointer  dropped;
  guint     from;
  guint     to;
  guint     freed; /* how often on_commit was called */
  gboolean  late;  /* the swap had returned by then */
} seen;

static void
put (const char *plugin)
{
  leftovers_put (file, plugin);
}

static void
fill_part (FirstPart  *part,
           guint32     n,
           const char *label)
{
  part->n = n;
  part->label = g_strdup (label);
}

static GArray *
make_parts (void)
{
  GArray *parts = first_part_array_new (3);

  for (guint i = 0; i < 3; i++)
    {
      FirstPart part = { 0 };

      fill_part (&part, 100 + i, "of many");
      g_array_append_val (parts, part);
    }
  return parts;
}

static void
fill_arrays (FirstRich *self)
{
  const char *name = "a name";
  guint16 number = 60000;

  self->parts = make_parts ();
  self->names = g_array_new (FALSE, FALSE, sizeof (char *));
  for (guint i = 0; i < 2; i++)
    {
      char *copy = g_strdup (name);

      g_array_append_val (self->names, copy);
    }
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_array_append_val (self->numbers, number);
}

static void
fill (gpointer      state,
      gconstpointer settings G_GNUC_UNUSED)
{
  FirstRich *self = state;

  self->watch = &watch;
  self->yes = TRUE;
  self->small = -7;
  self->middle = 65535;
  self->real = 0.5f;
  self->sort = G_CHECKSUM_SHA256;
  self->text = g_strdup ("text");
  self->gone = g_strdup ("what nobody takes over");
  self->words = g_strsplit ("one two three", " ", -1);
  self->blob = g_bytes_new ("\0\1\2", 3);
  self->value = g_variant_ref_sink (g_variant_new_int32 (5));
  self->thing = g_object_ref (thing);
  self->lost = g_object_ref (lost);
  self->dropped = g_strdup ("freed by hand");
  fill_part (&self->part, 1, "alone");
  fill_arrays (self);
  for (int i = 0; i < 4; i++)
    self->four[i] = -i;
  for (guint i = 0; i < 2; i++)
    fill_part (&self->two[i], 10 + i, "of two");
  for (guint i = 0; i < RICH_BIG; i++)
    self->big[i] = (guint64) i * i;
}

static void
free_dropped (gpointer dropped)
{
  seen.freed++;
  g_free (dropped);
}

static gboolean
swapped (gpointer       state,
         gconstpointer  settings G_GNUC_UNUSED,
         ButlerSwap    *swap,
         ButlerContext *context G_GNUC_UNUSED,
         GError       **error)
{
  OtherRich *self = state;

  seen.calls++;
  seen.from = butler_swap_get_from (swap);
  seen.to = butler_swap_get_to (swap);
  seen.dropped = butler_swap_get_old_pointer (swap, "dropped");
  seen.old = butler_swap_get_old_variant (swap, &seen.old_error);
  butler_swap_on_commit (swap, free_dropped, seen.dropped);
  self->fresh = g_strdup ("set by swapped");
  if (seen.fails)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
  return !seen.fails;
}

static void
make_server (const ButlerServerOptions *options)
{
  GError *error = NULL;

  server = butler_server_new (hub, "s", butler_module_get_set (module, "rich", NULL), options, &error);
  butler_assert_no_error (error);
  ck_assert (butler_server_start (server, &error));
  butler_assert_no_error (error);
}

static void
set_up (void)
{
  GError *error = NULL;

  g_type_ensure (G_TYPE_TASK);
  leftovers_begin (&left);
  file = leftovers_path (&left, "rich.so");
  put ("rich-1");
  hub = butler_hub_new ();
  butler_hub_set_swap_limit (hub, 60 * 1000); /* the machine may be slow */
  module = butler_module_load (hub, file, BUTLER_MODULE_DEFAULT, &error);
  butler_assert_no_error (error);
  thing = g_object_new (G_TYPE_OBJECT, NULL);
  lost = g_object_new (G_TYPE_OBJECT, NULL);
  looked = g_async_queue_new ();
  watch = (RichWatch) { fill, swapped };
  memset (&seen, 0, sizeof seen);
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&looked, g_async_queue_unref);
  g_clear_pointer (&seen.old, g_variant_unref);
  g_clear_error (&seen.old_error);
  g_clear_pointer (&seen.motto, g_free);
  g_clear_pointer (&seen.added, g_free);
  ck_assert_uint_eq (thing->ref_count, 1);
  ck_assert_uint_eq (lost->ref_count, 1);
  g_object_unref (thing);
  g_object_unref (lost);
  g_unlink (file);
  g_clear_pointer (&file, g_free);
  leftovers_end (&left);
}

static void
start_server (void)
{
  FirstSettings settings = { .motto = (char *) "be brief", .limit = 10, .watch = GPOINTER_TO_SIZE (&watch) };

  make_server (BUTLER_SERVER_OPTIONS (.settings = &settings));
}

/* On the server's thread, until it is done. */
static void
look_at_it (void   (*func) (gpointer state, gpointer data),
            gpointer data)
{
  ck_assert (look_send (hub, &(Look) { (gpointer) (guintptr) func, data }, NULL));
  ck_assert_ptr_nonnull (g_async_queue_pop (looked));
}

static void
swap_to (const char *plugin)
{
  GError *error = NULL;
  g_autoptr (ButlerSwapReport) report = NULL;

  put (plugin);
  report = butler_hub_swap (hub, NULL, &error);
  butler_assert_no_error (error);
  ck_assert (report->stopped);
}

static void
swap_fails (const char *plugin,
            int         code,
            const char *reason)
{
  GError *error = NULL;

  put (plugin);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, code, reason, NULL);
}

static void
check_part (const OtherPart *part,
            guint64          n,
            const char      *label)
{
  ck_assert_uint_eq (part->n, n);
  ck_assert_str_eq (part->label, label);
  ck_assert_ptr_null (part->extra);
}

static void
check_sequences (const OtherRich *self)
{
  ck_assert_uint_eq (self->parts->len, 3);
  for (guint i = 0; i < 3; i++)
    check_part (&g_array_index (self->parts, OtherPart, i), 100 + i, "of many");
  ck_assert_uint_eq (self->names->len, 2);
  ck_assert_str_eq (g_array_index (self->names, char *, 1), "a name");
  ck_assert_uint_eq (self->numbers->len, 1);
  ck_assert_uint_eq (g_array_index (self->numbers, guint32, 0), 60000);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq (self->four[i], -i);
  for (guint i = 0; i < 2; i++)
    check_part (&self->two[i], 10 + i, "of two");
  for (guint i = 0; i < RICH_BIG; i++)
    if (self->big[i] != (guint64) i * i)
      ck_abort_msg ("element %u is %" G_GUINT64_FORMAT, i, self->big[i]);
}

/* In the test's thread, after the server's thread has handed @self over by a queue. */
static void
check_other (const OtherRich *self)
{
  ck_assert_ptr_eq (self->watch, &watch);
  ck_assert_int_eq (self->yes, TRUE);
  ck_assert_int_eq (self->small, -7);
  ck_assert_uint_eq (self->middle, 65535);
  ck_assert (self->real >= 0.5 && self->real <= 0.5);
  ck_assert_int_eq (self->sort, G_CHECKSUM_SHA256);
  ck_assert_str_eq (self->text, "text");
  ck_assert_str_eq (self->fresh, "set by swapped");
  ck_assert_int_eq (self->zero, 0);
  ck_assert_uint_eq (g_strv_length (self->words), 3);
  ck_assert_str_eq (self->words[2], "three");
  ck_assert_uint_eq (g_bytes_get_size (self->blob), 3);
  ck_assert_int_eq (g_variant_get_int32 (self->value), 5);
  ck_assert_ptr_eq (self->thing, thing);
  check_part (&self->part, 1, "alone");
  check_sequences (self);
}

/* The state stays the server's, which has nothing else to do than to wait for the next message. */
static void
hand_out (gpointer state,
          gpointer place)
{
  *(gpointer *) place = state;
  g_async_queue_push (looked, state);
}

static gpointer
get_state (void)
{
  gpointer state = NULL;

  look_at_it (hand_out, &state);
  return state;
}

START_TEST (each_kind_of_field_moves)
{
  start_server ();
  swap_to ("rich-2");
  check_other (get_state ());
  ck_assert_uint_eq (seen.calls, 1);
  ck_assert_uint_eq (seen.from, 1);
  ck_assert_uint_eq (seen.to, 2);
}
END_TEST

START_TEST (objects_keep_one_reference_each)
{
  start_server ();
  swap_to ("rich-2");
  get_state ();
  ck_assert_uint_eq (thing->ref_count, 2);
  ck_assert_uint_eq (lost->ref_count, 1); /* cleared with the old state */
}
END_TEST

START_TEST (a_dropped_pointer_is_freed_once)
{
  start_server ();
  swap_to ("rich-2");
  get_state ();
  ck_assert_ptr_nonnull (seen.dropped);
  ck_assert_uint_eq (seen.freed, 1);
}
END_TEST

static void
free_it_at_the_end (gpointer state,
                    gpointer data G_GNUC_UNUSED)
{
  g_clear_pointer (&((FirstRich *) state)->dropped, g_free);
  g_async_queue_push (looked, state);
}

START_TEST (what_fails_is_not_committed)
{
  FirstRich *before;
  g_autofree FirstRich *bytes = NULL;

  start_server ();
  before = get_state ();
  bytes = g_memdup2 (before, sizeof *before);
  seen.fails = TRUE;
  swap_fails ("rich-2", BUTLER_ERROR_FAILED, "not today");
  ck_assert_ptr_eq (get_state (), before);
  ck_assert_mem_eq (before, bytes, sizeof *before);
  ck_assert_str_eq (before->dropped, "freed by hand");
  ck_assert_uint_eq (seen.freed, 0);
  ck_assert_uint_eq (thing->ref_count, 2);
  ck_assert_uint_eq (lost->ref_count, 2);
  look_at_it (free_it_at_the_end, NULL);
}
END_TEST

START_TEST (a_swap_that_failed_can_be_tried_again)
{
  start_server ();
  seen.fails = TRUE;
  swap_fails ("rich-2", BUTLER_ERROR_FAILED, "not today");
  seen.fails = FALSE;
  g_clear_error (&seen.old_error);
  swap_to ("rich-2");
  check_other (get_state ());
  ck_assert_uint_eq (seen.freed, 1);
  ck_assert_uint_eq (seen.calls, 2);
}
END_TEST

/* A pointer and an object are nobody's to write down. */
START_TEST (the_old_state_with_a_pointer_is_no_variant)
{
  start_server ();
  swap_to ("rich-2");
  get_state ();
  ck_assert_ptr_null (seen.old);
  butler_assert_error (&seen.old_error, BUTLER_ERROR_NOT_SERIALIZABLE, NULL);
}
END_TEST

static void
fill_plainly (gpointer      state,
              gconstpointer settings G_GNUC_UNUSED)
{
  FirstRich *self = state;

  self->small = -7;
  self->gone = g_strdup ("what nobody takes over");
  fill_part (&self->part, 1, "alone");
}

/* On the server's thread. */
static void
note_return (gpointer gate)
{
  seen.freed++;
  seen.late = g_async_queue_timeout_pop (gate, 50 * G_TIME_SPAN_MILLISECOND) != NULL; /* in vain, but for a swap that has returned */
}

static gboolean
commit_slowly (gpointer       state G_GNUC_UNUSED,
               gconstpointer  settings G_GNUC_UNUSED,
               ButlerSwap    *swap,
               ButlerContext *context G_GNUC_UNUSED,
               GError       **error G_GNUC_UNUSED)
{
  butler_swap_on_commit (swap, note_return, looked);
  return TRUE;
}

START_TEST (when_a_swap_returns_all_is_committed_and_the_old_code_let_go)
{
  g_autoptr (ButlerSwapReport) nothing = NULL;
  g_autoptr (ButlerModuleStatus) status = NULL;

  watch.start = fill_plainly;
  watch.swapped = commit_slowly;
  start_server ();
  swap_to ("rich-2");
  ck_assert_uint_eq (seen.freed, 1);
  g_async_queue_push (looked, looked);
  ck_assert (!seen.late);

  nothing = butler_hub_swap (hub, NULL, NULL); /* first that is unloaded which can be */
  ck_assert_uint_eq (nothing->plugins->len, 0);
  status = butler_module_get_status (module);
  for (guint i = 0; i < status->generations->len; i++) /* under a sanitizer or valgrind all files stay */
    ck_assert_str_ne (g_array_index (status->generations, ButlerGenerationStatus, i).state, "retired");
  g_async_queue_pop (looked);
}
END_TEST

START_TEST (the_old_state_can_be_had_as_a_variant)
{
  g_auto (GVariantDict) dict;
  g_autoptr (GVariant) part = NULL;
  const char *gone;
  guint32 n;
  gint16 small; /* there is no smaller signed one */

  watch.start = fill_plainly;
  start_server ();
  swap_to ("rich-2");
  get_state ();
  butler_assert_no_error (seen.old_error);
  g_variant_dict_init (&dict, seen.old);
  ck_assert (g_variant_dict_lookup (&dict, "gone", "&s", &gone));
  ck_assert_str_eq (gone, "what nobody takes over");
  ck_assert (g_variant_dict_lookup (&dict, "small", "n", &small));
  ck_assert_int_eq (small, -7);
  part = g_variant_dict_lookup_value (&dict, "part", G_VARIANT_TYPE_VARDICT);
  ck_assert (g_variant_lookup (part, "n", "u", &n));
  ck_assert_uint_eq (n, 1);
}
END_TEST

/* Settings */

static gboolean
note_settings (gpointer       state G_GNUC_UNUSED,
               gconstpointer  settings,
               ButlerSwap    *swap G_GNUC_UNUSED,
               ButlerContext *context G_GNUC_UNUSED,
               GError       **error)
{
  const OtherSettings *self = settings;

  seen.motto = g_strdup (self->motto);
  seen.added = g_strdup (self->added);
  seen.limit = self->limit;
  if (seen.fails)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
  return !seen.fails;
}

static void
fill_nothing (gpointer      state G_GNUC_UNUSED,
              gconstpointer settings)
{
  const FirstSettings *self = settings;

  seen.motto = g_strdup (self->motto);
  seen.limit = self->limit;
}

static void
check_settings (const char *motto,
                gint64      limit,
                const char *added)
{
  ck_assert_str_eq (seen.motto, motto);
  ck_assert_int_eq (seen.limit, limit);
  ck_assert_pstr_eq (seen.added, added);
  g_clear_pointer (&seen.motto, g_free);
  g_clear_pointer (&seen.added, g_free);
}

/* What the program gave is kept, and what is new has its default. */
START_TEST (settings_of_a_program_are_adapted)
{
  FirstSettings settings = { .motto = (char *) "mine", .limit = 11, .watch = GPOINTER_TO_SIZE (&watch) };

  watch = (RichWatch) { fill_nothing, note_settings };
  make_server (BUTLER_SERVER_OPTIONS (.settings = &settings));
  check_settings ("mine", 11, NULL);
  swap_to ("rich-settings");
  get_state ();
  check_settings ("mine", 11, "brand new");
}
END_TEST

static GKeyFile *
make_key_file (void)
{
  GKeyFile *keys = g_key_file_new ();

  g_key_file_set_string (keys, "rich", "limit", "300");
  g_key_file_set_uint64 (keys, "rich", "watch", GPOINTER_TO_SIZE (&watch));
  return keys;
}

/* What the file does not say follows the defaults of the code that runs. */
START_TEST (settings_of_a_file_are_read_anew)
{
  g_autoptr (GKeyFile) keys = make_key_file ();

  watch = (RichWatch) { fill_nothing, note_settings };
  make_server (BUTLER_SERVER_OPTIONS (.settings_file = keys, .settings_group = "rich"));
  check_settings ("be brief", 300, NULL);
  swap_to ("rich-settings");
  get_state ();
  check_settings ("be long", 300, "brand new");
}
END_TEST

static gboolean
note_text (gpointer       state G_GNUC_UNUSED,
           gconstpointer  settings,
           ButlerSwap    *swap G_GNUC_UNUSED,
           ButlerContext *context G_GNUC_UNUSED,
           GError       **error G_GNUC_UNUSED)
{
  seen.added = g_strdup (*(char *const *) settings); /* the limit, which comes first there */
  return TRUE;
}

/* A text is no wider number; but in a file, each is a text. */
START_TEST (settings_of_another_kind_need_a_file)
{
  FirstSettings settings = { .limit = 11, .watch = GPOINTER_TO_SIZE (&watch) };
  g_autoptr (GKeyFile) keys = make_key_file ();

  watch = (RichWatch) { fill_nothing, note_text };
  make_server (_i == 0 ? BUTLER_SERVER_OPTIONS (.settings = &settings)
                       : BUTLER_SERVER_OPTIONS (.settings_file = keys, .settings_group = "rich"));
  if (_i == 0)
    swap_fails ("rich-text", BUTLER_ERROR_BAD_LAYOUT, "RichSettings.limit");
  else
    swap_to ("rich-text");
  get_state ();
  ck_assert_pstr_eq (seen.added, _i == 0 ? NULL : "300");
}
END_TEST

/* The old ones stay, for the state may point to them, and for the next swap. */
START_TEST (settings_of_a_swap_that_failed_are_dropped)
{
  FirstSettings settings = { .motto = (char *) "mine", .limit = 11, .watch = GPOINTER_TO_SIZE (&watch) };

  watch = (RichWatch) { fill_nothing, note_settings };
  make_server (BUTLER_SERVER_OPTIONS (.settings = &settings));
  check_settings ("mine", 11, NULL);
  seen.fails = TRUE;
  swap_fails ("rich-settings", BUTLER_ERROR_FAILED, "not today");
  check_settings ("mine", 11, "brand new");
  ck_assert (butler_server_stop (server));
  ck_assert (butler_server_start (server, NULL));
  check_settings ("mine", 11, NULL);
}
END_TEST

/* A server that is at its shutdown events takes part in no swap; it comes over when it has ended, whatever became of a second one. */
typedef struct
{
  GAsyncQueue *begun;
  GAsyncQueue *gate;
} Pause;

static void
end_slowly (ButlerContext *context G_GNUC_UNUSED,
            gpointer       data)
{
  Pause *pause = data;

  g_async_queue_push (pause->begun, pause);
  g_async_queue_pop (pause->gate);
}

static gpointer
stop_it (gpointer data)
{
  g_assert_true (butler_server_stop (data));
  return NULL;
}

static void
note_other_settings (gpointer      state G_GNUC_UNUSED,
                     gconstpointer settings)
{
  note_settings (NULL, settings, NULL, NULL, NULL);
}

/* The same code in a file that is another one. */
static void
put_longer (const char *plugin)
{
  g_autofree char *bytes = NULL;
  g_autofree char *longer = NULL;
  gsize size;

  put (plugin);
  ck_assert (g_file_get_contents (file, &bytes, &size, NULL));
  longer = g_malloc0 (size + 1);
  memcpy (longer, bytes, size);
  g_unlink (file);
  ck_assert (g_file_set_contents_full (file, longer, (gssize) size + 1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
}

START_TEST (a_server_that_ends_meanwhile_has_the_right_settings)
{
  FirstSettings settings = { .motto = (char *) "mine", .limit = 11, .watch = GPOINTER_TO_SIZE (&watch) };
  Pause pause = { g_async_queue_new (), g_async_queue_new () };
  ButlerServer *other;
  GError *error = NULL;
  GThread *stopper;

  watch = (RichWatch) { fill_nothing, note_settings };
  make_server (BUTLER_SERVER_OPTIONS (.settings = &settings));
  check_settings ("mine", 11, NULL);
  other = butler_server_new (hub, "other", butler_module_get_set (module, "rich", NULL),
                             BUTLER_SERVER_OPTIONS (.settings = &settings, .no_route = TRUE), NULL);
  butler_server_add_shutdown (other, end_slowly, &pause, NULL);
  ck_assert (butler_server_start (other, NULL));
  check_settings ("mine", 11, NULL);
  stopper = g_thread_new ("stops", stop_it, other);
  g_async_queue_pop (pause.begun);

  swap_to ("rich-settings");
  get_state ();
  check_settings ("mine", 11, "brand new");
  seen.fails = TRUE;
  put_longer ("rich-settings");
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_FAILED, "not today", NULL);
  check_settings ("mine", 11, "brand new");
  g_async_queue_push (pause.gate, &pause);
  g_thread_join (stopper);

  watch.start = note_other_settings;
  seen.fails = FALSE;
  ck_assert (butler_server_start (other, NULL));
  check_settings ("mine", 11, "brand new");
  g_async_queue_push (pause.gate, &pause);
  ck_assert (butler_server_stop (other));
  g_async_queue_unref (pause.begun);
  g_async_queue_unref (pause.gate);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-state");
  TCase *tcase = tcase_create ("swap-state");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, each_kind_of_field_moves);
  tcase_add_test (tcase, objects_keep_one_reference_each);
  tcase_add_test (tcase, a_dropped_pointer_is_freed_once);
  tcase_add_test (tcase, what_fails_is_not_committed);
  tcase_add_test (tcase, when_a_swap_returns_all_is_committed_and_the_old_code_let_go);
  tcase_add_test (tcase, a_swap_that_failed_can_be_tried_again);
  tcase_add_test (tcase, the_old_state_with_a_pointer_is_no_variant);
  tcase_add_test (tcase, the_old_state_can_be_had_as_a_variant);
  tcase_add_test (tcase, settings_of_a_program_are_adapted);
  tcase_add_test (tcase, settings_of_a_file_are_read_anew);
  tcase_add_loop_test (tcase, settings_of_another_kind_need_a_file, 0, 2);
  tcase_add_test (tcase, settings_of_a_swap_that_failed_are_dropped);
  tcase_add_test (tcase, a_server_that_ends_meanwhile_has_the_right_settings);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
