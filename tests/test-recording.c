/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#define BUTLER_STATIC

#include <gio/gio.h>

#include "tests/leftovers.h"
#include "tests/servers.h"

/* What a recording holds, and what becomes of it when it is replayed: by a plugin that does the same, and by one that was changed. */

/* What the plugin does otherwise than before; read by its server while no other thread writes it. */
typedef enum
{
  LIKE_BEFORE,
  OTHER_TEXT,
  SENDS_MORE,
  SENDS_LESS,
  OTHER_TYPE,
  NEVER_FAILS,
  NO_START,
} Change;

static Change       change;
static const char  *other_motto; /* (nullable): said in the place of the one in the settings */
static GAsyncQueue *gate;
static char        *copy_of;  /* (nullable): the file that a handler copies */
static gsize        copied;
static char        *copy;

#define SUM_FIELDS(F, R)  \
  F (R, int64, value)     \
  F (R, string, motto)    \
  F (R, pointer, nothing)
BUTLER_MESSAGE (Sum, sum, SUM_FIELDS);

#define ADDER_FIELDS(F, R) \
  F (R, int64,  value)     \
  F (R, uint32, refused)   \
  F (R, string, motto)
BUTLER_RECORD (Adder, adder, ADDER_FIELDS);

#define ADDER_SETTINGS_FIELDS(F, R)              \
  F (R, string, motto, "add up", "said with each sum") \
  F (R, int64, first, "0", "what is there already")
BUTLER_SETTINGS (AdderSettings, adder_settings, ADDER_SETTINGS_FIELDS);

#define ADDER_HANDLES(H, S) \
  H (S, number)             \
  H (S, note)
BUTLER_HANDLERS (adder, ADDER_HANDLES);

static void
send_sum (Adder         *self,
          ButlerContext *context)
{
  Sum sum = { .value = self->value, .motto = g_strdup (self->motto) };

  if (!sum_try_send (butler_context_get_hub (context), &sum, NULL))
    self->refused++;
  sum_clear (&sum);
}

static void
do_work (ButlerTask *task,
         gpointer    nothing G_GNUC_UNUSED)
{
  Note note = { .number = 5, .text = g_strdup ("from a task") };

  note_return (task, &note);
}

enum
{
  FAIL = 13,
  SEND_TO_SELF = 7,
  STOP = 99,
  RUN_TASK = 55,
  COPY_FILE = 77,
  WAIT = 88,
};

static void
adder_on_number (Adder         *self,
                 Number        *number,
                 ButlerContext *context)
{
  self->value += number->value;
  if (number->value == WAIT)
    g_async_queue_pop (gate);
  if (number->value == COPY_FILE && copy_of != NULL)
    g_file_get_contents (copy_of, &copy, &copied, NULL);
  if (number->value == FAIL && change != NEVER_FAILS)
    {
      butler_context_fail (context, "%d brings no luck", FAIL);
      return;
    }
  if (number->value == SEND_TO_SELF)
    number_send_to (butler_context_get_channel (context), &(Number) { 1 }, NULL);
  if (number->value == RUN_TASK)
    butler_context_run_task (context, "work", do_work, NULL, NULL);
  if (number->value == STOP)
    butler_context_stop_server (context);
  if (change == OTHER_TEXT)
    {
      g_free (self->motto);
      self->motto = g_strdup ("multiply");
    }
  if (change == OTHER_TYPE)
    note_send (butler_context_get_hub (context), &(Note) { .number = 1 }, NULL);
  else if (change != SENDS_LESS)
    send_sum (self, context);
  if (change == SENDS_MORE)
    send_sum (self, context);
}

static void
adder_on_note (Adder         *self,
               Note          *note,
               ButlerContext *context)
{
  self->value += note->number;
  send_sum (self, context);
}

static gboolean
adder_start (Adder                *self,
             const AdderSettings  *settings,
             ButlerContext        *context,
             GError              **error)
{
  if (change == NO_START)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "not today");
      return FALSE;
    }
  self->value = settings->first;
  self->motto = g_strdup (other_motto != NULL ? other_motto : settings->motto);
  send_sum (self, context);
  return TRUE;
}

static void
adder_stop (Adder         *self,
            ButlerContext *context)
{
  send_sum (self, context);
}

static const ButlerHandlerSet adder_set = {
  BUTLER_HANDLER_SET (adder),
  BUTLER_START (adder, adder_settings, adder_start),
  BUTLER_STOP (adder, adder_stop),
};
BUTLER_PLUGIN (adder, "1", &adder_set)

/* A test has a hub, and a channel that takes the sums. */

static Leftovers      left;
static ButlerHub     *hub;
static ButlerModule  *module;
static ButlerChannel *sums;
static char          *path;
static GPtrArray     *differences;

static ButlerHub *
make_hub (guint capacity)
{
  GError *error = NULL;

  hub = butler_hub_new ();
  module = butler_module_add_static (hub, &butler_plugin_adder, &error);
  butler_assert_no_error (error);
  sums = own_channel (hub, "sums", capacity, BUTLER_OVERFLOW_FAIL);
  ck_assert (butler_hub_route (hub, &sum_info, sums, NULL));
  return hub;
}

static void
set_up (void)
{
  g_thread_pool_set_max_unused_threads (0); /* that of a task is to go with it */
  leftovers_begin (&left);
  path = g_build_filename (left.folder, "recording", NULL);
  gate = g_async_queue_new ();
  differences = g_ptr_array_new_with_free_func (g_free);
  change = LIKE_BEFORE;
  make_hub (0);
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_clear_pointer (&differences, g_ptr_array_unref);
  g_async_queue_unref (gate);
  g_unlink (path);
  g_clear_pointer (&path, g_free);
  leftovers_end (&left);
}

static void
record_only (const char *const *names)
{
  GError *error = NULL;

  ck_assert (butler_hub_record_start (hub, path, names, &error));
  butler_assert_no_error (error);
}

static void
record (void)
{
  record_only (NULL);
}

static void
stop_recording (void)
{
  GError *error = NULL;

  ck_assert (butler_hub_record_stop (hub, &error));
  butler_assert_no_error (error);
}

static ButlerServer *
start_adder (const char          *name,
             const AdderSettings *settings)
{
  GError *error = NULL;
  const ButlerHandlerSet *set = butler_module_get_set (module, "adder", NULL);
  ButlerServer *server = butler_server_new (hub, name, set, BUTLER_SERVER_OPTIONS (.no_route = TRUE, .settings = settings), &error);

  butler_assert_no_error (error);
  start (server);
  return server;
}

static void
send_all (ButlerServer *server,
          const int    *values,
          guint         n)
{
  for (guint i = 0; i < n; i++)
    ck_assert (try_send_number (server, values[i]));
}

/* The numbers as a server's life. */
static void
record_life (const int *values,
             guint      n)
{
  ButlerServer *server;

  record ();
  server = start_adder ("s", NULL);
  send_all (server, values, n);
  butler_server_remove (server);
  stop_recording ();
}

static void
wait_for_sums (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (ButlerMessage) message = butler_channel_receive (sums, -1, NULL);

      ck_assert_ptr_nonnull (message);
    }
}

#define RECORD_LIFE(...)                                                                                               \
  do                                                                                                                   \
    {                                                                                                                  \
      const int values[] = { __VA_ARGS__ };                                                                            \
      record_life (values, G_N_ELEMENTS (values));                                                                     \
    }                                                                                                                  \
  while (0)

static void
keep_difference (const char *difference,
                 gpointer    data)
{
  g_ptr_array_add (data, g_strdup (difference));
}

static ButlerReplayReport *
try_replay (const char *file,
            GError    **error)
{
  g_ptr_array_set_size (differences, 0);
  return butler_module_replay (module, file, BUTLER_REPLAY_OPTIONS (.difference = keep_difference, .data = differences), error);
}

static void
replay (guint64 messages,
        guint64 sent,
        guint64 n_differences)
{
  GError *error = NULL;
  g_autoptr (ButlerReplayReport) report = try_replay (path, &error);

  butler_assert_no_error (error);
  ck_assert_uint_eq (report->differences, differences->len);
  for (guint i = 0; n_differences == 0 && i < differences->len; i++)
    ck_abort_msg ("%s", (char *) differences->pdata[i]);
  ck_assert_uint_eq (report->differences, n_differences);
  ck_assert_uint_eq (report->messages, messages);
  ck_assert_uint_eq (report->sent, sent);
  ck_assert (!report->cut);
}

static void
difference_is (guint       n,
               const char *text)
{
  ck_assert_uint_lt (n, differences->len);
  ck_assert_str_eq (differences->pdata[n], text);
}

START_TEST (a_replay_does_what_was_recorded)
{
  const int values[] = { 1, 2, 3, SEND_TO_SELF, 4, FAIL, 5 };
  ButlerServer *server;

  expect_warnings ();
  record ();
  server = start_adder ("s", NULL);
  send_all (server, values, G_N_ELEMENTS (values));
  wait_for_sums (8); /* before a stop refuses what the server sends to itself */
  butler_server_remove (server);
  stop_recording ();
  replay (8, 10, 0);
  assert_warnings (2, "brings no luck");
}
END_TEST

START_TEST (what_is_sent_otherwise_is_a_difference)
{
  RECORD_LIFE (1, 2);
  change = OTHER_TEXT;
  replay (2, 4, 3);
  difference_is (0, "s: message 1 (Number): sent 1, Sum: motto: expected 'add up', got 'multiply'");
  difference_is (2, "s: stop: sent 1, Sum: motto: expected 'add up', got 'multiply'");
  change = SENDS_MORE;
  replay (2, 4, 2);
  difference_is (1, "s: message 2 (Number): sent 2: expected nothing, got Sum {'value': <int64 3>, 'motto': <'add up'>}");
  change = SENDS_LESS;
  replay (2, 4, 2);
  difference_is (0, "s: message 1 (Number): sent 1: expected Sum {'value': <int64 1>, 'motto': <'add up'>}, got nothing");
  change = OTHER_TYPE;
  replay (2, 4, 2);
  difference_is (0, "s: message 1 (Number): sent 1: expected Sum {'value': <int64 1>, 'motto': <'add up'>}, got Note {'number': <1>}");
}
END_TEST

START_TEST (long_values_show_where_they_differ)
{
  g_autofree char *long_motto = g_strnfill (200, 'x');
  g_autofree char *other = g_strconcat (long_motto, "\303\244 and so on, and on, and on, and on, and on, and on, and on, and on, and on", NULL);
  AdderSettings settings = { .motto = other };

  record ();
  butler_server_remove (start_adder ("s", &settings));
  stop_recording ();
  other_motto = long_motto;
  replay (0, 2, 2);
  other_motto = NULL;
  difference_is (0, "s: start: sent 1, Sum: motto: expected ...xxxxxxxxxxxxxxxxxxxx\303\244 and so on, and on, and on, and on, and on, and on, and on..., "
                    "got ...xxxxxxxxxxxxxxxxxxxx'");
}
END_TEST

START_TEST (failing_otherwise_is_a_difference)
{
  expect_warnings ();
  RECORD_LIFE (FAIL);
  assert_warnings (1, "brings no luck");
  change = NEVER_FAILS;
  replay (1, 2, 2);
  difference_is (1, "s: message 1 (Number): expected the failure \"13 brings no luck\", got no failure");
}
END_TEST

START_TEST (a_start_that_fails_is_a_difference)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  RECORD_LIFE (1, 2);
  change = NO_START;
  report = try_replay (path, NULL);
  ck_assert_ptr_nonnull (report);
  ck_assert_uint_eq (report->messages, 0);
  ck_assert_uint_eq (report->skipped, 2);
  difference_is (1, "s: start: expected no failure, got the failure \"not today\"");
}
END_TEST

START_TEST (each_run_begins_anew)
{
  ButlerServer *server;

  record ();
  server = start_adder ("s", NULL);
  for (int i = 0; i < 3; i++)
    {
      if (i > 0)
        start (server);
      send_to_server (server, 1, 2);
      butler_server_stop (server);
    }
  butler_server_remove (server);
  stop_recording ();
  replay (6, 12, 0);
}
END_TEST

START_TEST (settings_are_recorded)
{
  AdderSettings settings = { .motto = (char *) "think", .first = 1000 };

  record ();
  butler_server_remove (start_adder ("s", &settings));
  stop_recording ();
  replay (0, 2, 0);
}
END_TEST

START_TEST (results_of_tasks_come_from_the_file)
{
  ButlerServer *server;

  record ();
  server = start_adder ("s", NULL);
  send_to_server (server, RUN_TASK, RUN_TASK);
  wait_for_sums (3); /* those of the start, the number, the note */
  butler_server_remove (server);
  stop_recording ();
  replay (2, 4, 0);
}
END_TEST

START_TEST (what_comes_after_a_stop_was_asked_for_is_replayed)
{
  ButlerServer *server;

  record ();
  server = start_adder ("s", NULL);
  send_to_server (server, WAIT, WAIT);
  send_to_server (server, STOP, STOP);
  send_to_server (server, 1, 5);
  g_async_queue_push (gate, gate);
  butler_server_remove (server);
  stop_recording ();
  g_async_queue_push (gate, gate);
  replay (7, 9, 0);
}
END_TEST

START_TEST (what_found_no_room_finds_none_again)
{
  g_clear_pointer (&hub, butler_hub_unref);
  make_hub (2);
  RECORD_LIFE (1, 2, 3);
  replay (3, 5, 0);
}
END_TEST

START_TEST (what_nobody_takes_is_recorded)
{
  g_clear_pointer (&hub, butler_hub_unref);
  hub = butler_hub_new ();
  module = butler_module_add_static (hub, &butler_plugin_adder, NULL);
  RECORD_LIFE (1, 2, 3);
  replay (3, 5, 0);
}
END_TEST

START_TEST (some_servers_alone)
{
  const char *const names[] = { "b", "later", NULL };
  g_autoptr (ButlerReplayReport) report = NULL;

  record_only (names);
  for (const char *const *name = (const char *const[]) { "a", "b", "c", "later", NULL }; *name != NULL; name++)
    {
      ButlerServer *server = start_adder (*name, NULL);

      send_to_server (server, 1, 3);
      butler_server_remove (server);
    }
  stop_recording ();
  report = try_replay (path, NULL);
  ck_assert_uint_eq (g_strv_length (report->servers), 2);
  ck_assert_str_eq (report->servers[0], "b");
  ck_assert_str_eq (report->servers[1], "later");
  ck_assert_uint_eq (report->messages, 6);
}
END_TEST

START_TEST (a_name_may_be_given_again)
{
  record ();
  butler_server_remove (start_adder ("s", NULL));
  butler_server_remove (start_adder ("s", NULL));
  stop_recording ();
  replay (0, 4, 0);
}
END_TEST

START_TEST (one_server_of_several_is_replayed)
{
  GError *error = NULL;
  g_autoptr (ButlerReplayReport) report = NULL;

  record ();
  butler_server_remove (start_adder ("a", NULL));
  butler_server_remove (start_adder ("b", NULL));
  stop_recording ();
  report = butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.server = "b", .real_time = TRUE), &error);
  butler_assert_no_error (error);
  ck_assert_str_eq (report->servers[0], "b");
  ck_assert_ptr_null (report->servers[1]);
  ck_assert_ptr_null (butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.server = "c"), &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "no server c", "a (adder), b (adder)", NULL);
}
END_TEST

START_TEST (a_replay_in_real_time)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  RECORD_LIFE (1, 2, 3, 4);
  report = butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.real_time = TRUE), NULL);
  ck_assert_uint_eq (report->messages, 4);
  ck_assert_uint_eq (report->differences, 0);
}
END_TEST

START_TEST (not_comparing_finds_nothing)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  RECORD_LIFE (1, 2, 3, 4);
  change = SENDS_MORE;
  report = butler_module_replay (module, path, BUTLER_REPLAY_OPTIONS (.no_compare = TRUE), NULL);
  ck_assert_uint_eq (report->messages, 4);
  ck_assert_uint_eq (report->differences, 0);
}
END_TEST

START_TEST (what_cannot_leave_the_process_is_counted)
{
  Script script = { 0 };
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_route = TRUE));
  Parcel parcel = { 0 };

  expect_warnings ();
  record ();
  start (server);
  ck_assert (number_send_to (butler_server_get_channel (server), &(Number) { 1 }, NULL));
  ck_assert (parcel_send_to (butler_server_get_channel (server), &parcel, NULL));
  butler_server_remove (server);
  stop_recording ();
  assert_warnings (1, "Parcel");
}
END_TEST

START_TEST (a_message_is_in_the_file_before_its_handler_runs)
{
  g_autoptr (ButlerReplayReport) report = NULL;

  copy_of = path;
  RECORD_LIFE (1, 2, COPY_FILE, 4);
  copy_of = NULL;
  ck_assert (g_file_set_contents (path, copy, (gssize) copied, NULL));
  report = try_replay (path, NULL);
  ck_assert_uint_eq (report->messages, 3);
  ck_assert_uint_eq (report->sent, 3); /* of the start and two numbers */
  ck_assert_uint_eq (report->differences, 0);
  g_clear_pointer (&copy, g_free);
}
END_TEST

/* Bad files */

static void
put_file (const char *bytes,
          gsize       size)
{
  ck_assert (g_file_set_contents_full (path, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
refuses (const char *bytes,
         gsize       size,
         const char *reason)
{
  GError *error = NULL;

  put_file (bytes, size);
  ck_assert_ptr_null (try_replay (path, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, path, reason, NULL);
}

START_TEST (what_is_no_recording_is_refused)
{
  char header[16] = "butlrec";
  GError *error = NULL;

  refuses ("", 0, "no recording");
  refuses ("butlrec", 8, "no recording");
  refuses ("[server a]\nplugin=b and so on\n", 30, "no recording");
  header[8] = 1;
  refuses (header, sizeof header, "version 1");
  ck_assert_ptr_null (try_replay (left.folder, &error));
  ck_assert_ptr_nonnull (strstr (error->message, left.folder));
  g_clear_error (&error);
  g_unlink (path);
  ck_assert_ptr_null (try_replay (path, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "No such file"));
  g_clear_error (&error);
  header[8] = 2;
  put_file (header, sizeof header);
  ck_assert_ptr_null (try_replay (path, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "plugin adder", "it has none", NULL);
}
END_TEST

/* Either it is an error that names the file, or what is whole is replayed. */
static guint64
replay_damaged (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerReplayReport) report = try_replay (path, &error);

  ck_assert ((report == NULL) == (error != NULL));
  return report != NULL ? report->messages : 0;
}

START_TEST (a_file_that_was_cut_off_is_good_up_to_there)
{
  g_autofree char *bytes = NULL;
  guint64 most = 0;
  gsize size;

  RECORD_LIFE (1, 2, 3);
  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize n = 0; n < size; n++)
    {
      guint64 messages;

      put_file (bytes, n);
      messages = replay_damaged ();
      ck_assert_uint_ge (messages, most);
      most = messages;
      ck_assert_uint_eq (differences->len, 0);
    }
  ck_assert_uint_eq (most, 3);
}
END_TEST

START_TEST (a_damaged_file_ends_nothing)
{
  const guint32 seed = butler_test_seed ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree char *bytes = NULL;
  gsize size;

  RECORD_LIFE (1, 2, 3);
  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize n = 0; n < size; n++)
    {
      g_autofree char *damaged = g_memdup2 (bytes, size);

      damaged[n] ^= (char) (1 << g_rand_int_range (rand, 0, 8));
      put_file (damaged, size);
      replay_damaged ();
    }
}
END_TEST

/* The disk, and the end */

START_TEST (a_full_disk_ends_the_recording_alone)
{
  GError *error = NULL;
  ButlerServer *server;

  expect_warnings ();
  ck_assert (butler_hub_record_start (hub, "/dev/full", NULL, &error));
  server = start_adder ("s", NULL);
  send_to_server (server, 1, 10);
  butler_server_stop (server);
  ck_assert_uint_eq (butler_channel_get_length (sums), 12);
  ck_assert (!butler_hub_record_stop (hub, &error));
  assert_warnings (1, "/dev/full");
  ck_assert_str_eq (error->message, "recording /dev/full: No space left on device");
  g_clear_error (&error);
}
END_TEST

START_TEST (one_recording_at_a_time)
{
  GError *error = NULL;

  stop_recording ();
  record ();
  ck_assert (!butler_hub_record_start (hub, path, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "recording", NULL);
  stop_recording ();
}
END_TEST

START_TEST (the_end_of_the_hub_ends_the_recording)
{
  record ();
  send_to_server (start_adder ("s", NULL), 1, 3);
  g_clear_pointer (&hub, butler_hub_unref);
  make_hub (0);
  replay (3, 5, 0);
}
END_TEST

START_TEST (a_recording_begins_and_ends_while_messages_flow)
{
  const guint rounds = butler_test_rounds (100);
  ButlerServer *one = start_adder ("one", NULL);
  ButlerServer *two = start_adder ("two", NULL);

  for (guint i = 0; i < rounds; i++)
    {
      record ();
      send_to_server (one, 1, 6);
      send_to_server (two, 1, 6);
      stop_recording ();
    }
  butler_server_stop (one);
  butler_server_stop (two);
  ck_assert_uint_eq (butler_channel_get_length (sums), rounds * 12 + 4);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    a_replay_does_what_was_recorded,
    what_is_sent_otherwise_is_a_difference,
    long_values_show_where_they_differ,
    failing_otherwise_is_a_difference,
    a_start_that_fails_is_a_difference,
    each_run_begins_anew,
    settings_are_recorded,
    results_of_tasks_come_from_the_file,
    what_comes_after_a_stop_was_asked_for_is_replayed,
    what_found_no_room_finds_none_again,
    what_nobody_takes_is_recorded,
    some_servers_alone,
    a_name_may_be_given_again,
    one_server_of_several_is_replayed,
    a_replay_in_real_time,
    not_comparing_finds_nothing,
    what_cannot_leave_the_process_is_counted,
    a_message_is_in_the_file_before_its_handler_runs,
    what_is_no_recording_is_refused,
    a_file_that_was_cut_off_is_good_up_to_there,
    a_damaged_file_ends_nothing,
    a_full_disk_ends_the_recording_alone,
    one_recording_at_a_time,
    the_end_of_the_hub_ends_the_recording,
    a_recording_begins_and_ends_while_messages_flow,
  };
  Suite *suite = suite_create ("recording");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
