/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/json-trace.h"
#include "tests/servers.h"
#include "tests/swaps.h"

/* What a trace has of what happened. */

static char *path;

static void
set_up (void)
{
  swaps_begin ();
  path = g_build_filename (left.folder, "trace.json", NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_unlink (path);
  g_clear_pointer (&path, g_free);
  swaps_end ();
}

static void
start_trace (void)
{
  GError *error = NULL;

  ck_assert (butler_hub_trace_start (hub, path, &error));
  butler_assert_no_error (error);
}

static void
stop_trace (void)
{
  GError *error = NULL;

  ck_assert (butler_hub_trace_stop (hub, &error));
  butler_assert_no_error (error);
}

static ButlerServer *
start_script (const char *name,
              Script     *script)
{
  ButlerServer *server = script_server (hub, name, script, OPTIONS (.no_route = TRUE));

  start (server);
  return server;
}

START_TEST (a_trace_has_each_call)
{
  const int n = 1000;
  Script second = { 0 };
  Script first = { 0 };
  g_autoptr (JsonNode) trace = NULL;
  ButlerServer *back = script_server (hub, "back", &second, OPTIONS (.no_route = TRUE));
  ButlerServer *front;

  first.to = butler_server_get_channel (back);
  start_trace ();
  start (back);
  front = start_script ("front \"\\\n", &first);
  send_to_server (front, 1, n);
  butler_server_stop (front);
  butler_server_stop (back);
  ck_assert_int_eq (second.handled, n);
  stop_trace ();

  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "front \"\\\n", "X", "handler"), n);
  ck_assert_uint_eq (count_events (trace, "back", "X", "handler"), n);
  ck_assert_uint_eq (count_events (trace, "back", "X", "event"), 2);
  ck_assert_uint_eq (count_events (trace, "front \"\\\n", "s", "message"), n);
  ck_assert_uint_eq (count_events (trace, "back", "f", "message"), n);
  ck_assert_str_eq (get_string (find_event (trace, "X", "handler"), "name"), "Number");
  ck_assert_int_eq (count_dropped (trace), 0);
}
END_TEST

static gint
compare_times (gconstpointer a,
               gconstpointer b)
{
  double x = json_object_get_double_member (*(JsonObject *const *) a, "ts");
  double y = json_object_get_double_member (*(JsonObject *const *) b, "ts");

  return (x > y) - (x < y);
}

/* (transfer container): those of one track, by time */
static GPtrArray *
list_calls (JsonNode *trace,
            gint64    tid)
{
  GPtrArray *calls = g_ptr_array_new ();

  for (guint i = 0; i < get_n_events (trace); i++)
    if (g_str_equal (get_string (get_event (trace, i), "ph"), "X")
        && json_object_get_int_member (get_event (trace, i), "tid") == tid)
      g_ptr_array_add (calls, get_event (trace, i));
  g_ptr_array_sort (calls, compare_times);
  return calls;
}

START_TEST (calls_of_a_server_follow_each_other)
{
  Script script = { 0 };
  g_autoptr (JsonNode) trace = NULL;
  g_autoptr (GPtrArray) calls = NULL;
  double end = 0;

  start_trace ();
  send_to_server (start_script ("s", &script), 1, 500);
  butler_hub_shutdown (hub);
  stop_trace ();

  trace = read_trace (path);
  calls = list_calls (trace, find_track (trace, "s"));
  ck_assert_uint_eq (calls->len, 502);
  ck_assert_str_eq (get_string (calls->pdata[0], "name"), "start");
  ck_assert_str_eq (get_string (calls->pdata[501], "name"), "stop");
  for (guint i = 0; i < calls->len; i++)
    {
      double begin = json_object_get_double_member (calls->pdata[i], "ts");

      ck_assert (begin >= end - 0.01); /* a double has some digits only */
      end = begin + json_object_get_double_member (calls->pdata[i], "dur");
    }
}
END_TEST

static void
on_answer (GObject      *nobody G_GNUC_UNUSED,
           GAsyncResult *result,
           gpointer      gate)
{
  butler_message_free (number_ask_finish (result, NULL));
  g_async_queue_push (gate, result);
}

static void
ask_behind (Script        *self,
            Number        *number,
            ButlerContext *context G_GNUC_UNUSED)
{
  number_ask_async_to (self->data, number, -1, NULL, on_answer, self->gate);
}

static void
answer (Script        *self G_GNUC_UNUSED,
        Number        *number,
        ButlerContext *context)
{
  note_reply (context, &(Note) { .number = number->value });
}

/* The only one of a track. */
static JsonObject *
find_flow (JsonNode   *trace,
           const char *track,
           const char *phase)
{
  gint64 tid = find_track (trace, track);
  JsonObject *found = NULL;

  for (guint i = 0; i < get_n_events (trace); i++)
    if (is_event (get_event (trace, i), phase, "message") && json_object_get_int_member (get_event (trace, i), "tid") == tid
        && g_str_equal (get_string (get_event (trace, i), "name"), "Note"))
      {
        ck_assert_ptr_null (found);
        found = get_event (trace, i);
      }
  ck_assert_ptr_nonnull (found);
  return found;
}

START_TEST (questions_and_answers_have_arrows)
{
  Script front = { .on_number = ask_behind, .gate = g_async_queue_new () };
  Script back = { .on_number = answer };
  g_autoptr (JsonNode) trace = NULL;

  start_trace ();
  front.data = butler_server_get_channel (start_script ("back", &back));
  send_to_server (start_script ("front", &front), 1, 1);
  g_async_queue_pop (front.gate);
  butler_hub_shutdown (hub);
  stop_trace ();
  g_async_queue_unref (front.gate);

  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "front", "X", "answer"), 1);
  ck_assert_str_eq (get_string (find_event (trace, "X", "answer"), "name"), "Number");
  ck_assert_uint_eq (count_events (trace, "front", "s", "message"), 1);
  ck_assert_uint_eq (count_events (trace, "back", "X", "handler"), 1);
  ck_assert_str_eq (get_string (find_flow (trace, "back", "s"), "id"), get_string (find_flow (trace, "front", "f"), "id"));
}
END_TEST

static void
fail_on_two (Script        *self G_GNUC_UNUSED,
             Number        *number,
             ButlerContext *context)
{
  if (number->value == 2)
    butler_context_fail (context, "\"%d\"\tis too many\n\\ \xff", number->value);
}

/* What viewers need of each event, whichever it is. */
static void
check_event (JsonObject *event)
{
  const char *phase = get_string (event, "ph");

  ck_assert_str_ne (get_string (event, "name"), "");
  ck_assert_int_eq (json_object_get_int_member (event, "pid"), getpid ());
  ck_assert (json_object_has_member (event, "tid"));
  ck_assert_msg (strstr ("MXsfi", phase) != NULL, "%s begins or ends something", phase);
  if (*phase == 'M')
    return;
  ck_assert (json_object_get_double_member (event, "ts") > 0);
  ck_assert_str_ne (get_string (event, "cat"), "");
  if (*phase == 'X')
    ck_assert (json_object_get_double_member (event, "dur") >= 0);
  if (*phase == 's' || *phase == 'f')
    ck_assert (g_str_has_prefix (get_string (event, "id"), "0x"));
  if (*phase == 'f')
    ck_assert_str_eq (get_string (event, "bp"), "e");
}

/* Each arrow begins within a call of its track. */
static void
check_begin (JsonNode   *trace,
             JsonObject *flow)
{
  g_autoptr (GPtrArray) calls = list_calls (trace, json_object_get_int_member (flow, "tid"));
  double at = json_object_get_double_member (flow, "ts");
  gboolean inside = FALSE;

  for (guint i = 0; i < calls->len; i++)
    {
      double begin = json_object_get_double_member (calls->pdata[i], "ts");

      inside |= begin <= at && at <= begin + json_object_get_double_member (calls->pdata[i], "dur");
    }
  ck_assert (inside);
}

START_TEST (viewers_understand_each_event)
{
  Script back = { .on_number = fail_on_two };
  Script front = { 0 };
  g_autoptr (JsonNode) trace = NULL;

  expect_warnings ();
  start_trace ();
  front.to = butler_server_get_channel (start_script ("back", &back));
  send_to_server (start_script ("front", &front), 1, 5);
  ck_assert (butler_server_stop (butler_hub_get_server (hub, "front")));
  butler_hub_shutdown (hub);
  stop_trace ();
  assert_warnings (1, "too many");

  trace = read_trace (path);
  for (guint i = 0; i < get_n_events (trace); i++)
    {
      check_event (get_event (trace, i));
      if (*get_string (get_event (trace, i), "ph") == 's')
        check_begin (trace, get_event (trace, i));
    }
}
END_TEST

START_TEST (failures_stand_in_the_trace)
{
  Script script = { .on_number = fail_on_two };
  g_autoptr (JsonNode) trace = NULL;
  JsonObject *event;

  expect_warnings ();
  start_trace ();
  send_to_server (start_script ("s", &script), 1, 3);
  butler_hub_shutdown (hub);
  stop_trace ();
  assert_warnings (1, "too many");

  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "s", "i", "failure"), 1);
  event = find_event (trace, "i", "failure");
  ck_assert_str_eq (get_string (event, "name"), "Number");
  ck_assert_str_eq (get_string (get_args (event), "error"), "\"2\"\tis too many\n\\ \xef\xbf\xbd");
}
END_TEST

START_TEST (swaps_and_generations_stand_in_the_trace)
{
  ButlerServer *server;
  g_autoptr (ButlerSwapReport) report = NULL;
  g_autoptr (JsonNode) trace = NULL;
  g_autoptr (GPtrArray) calls = NULL;
  JsonObject *event;

  start_trace ();
  server = start_server ("s", UNROUTED);
  tick (server, 0, 1);
  expect (1, 1, "be brief");
  report = swap_to ("swap-2");
  tick (server, 0, 2);
  expect (2, 2, "be brief");
  butler_hub_shutdown (hub);
  stop_trace ();

  trace = read_trace (path);
  event = find_event (trace, "i", "swap");
  ck_assert_ptr_nonnull (event);
  ck_assert_str_eq (get_string (event, "s"), "g");
  ck_assert_str_eq (get_string (get_args (event), "plugin"), "swap");
  ck_assert_int_eq (json_object_get_int_member (get_args (event), "generation"), 2);
  calls = list_calls (trace, find_track (trace, "s"));
  ck_assert_uint_eq (calls->len, 4);
  ck_assert_int_eq (json_object_get_int_member (get_args (calls->pdata[1]), "generation"), 1);
  ck_assert_int_eq (json_object_get_int_member (get_args (calls->pdata[2]), "generation"), 2);
}
END_TEST

START_TEST (a_full_disk_ends_the_trace_alone)
{
  Script script = { 0 };
  GError *error = NULL;
  ButlerServer *server;

  expect_warnings ();
  ck_assert (butler_hub_trace_start (hub, "/dev/full", &error));
  server = start_script ("s", &script);
  send_to_server (server, 1, 1000);
  butler_server_stop (server);
  ck_assert_int_eq (script.handled, 1000);
  ck_assert (!butler_hub_trace_stop (hub, &error));
  assert_warnings (1, "/dev/full");
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE));
  ck_assert_str_eq (error->message, "trace /dev/full: No space left on device");
  g_clear_error (&error);
  start_trace ();
  stop_trace ();
}
END_TEST

START_TEST (a_file_that_cannot_be_made_is_an_error)
{
  GError *error = NULL;

  ck_assert (!butler_hub_trace_start (hub, left.folder, &error));
  ck_assert_msg (strstr (error->message, left.folder) != NULL, "%s", error->message);
  g_clear_error (&error);
}
END_TEST

START_TEST (one_trace_at_a_time)
{
  Script script = { 0 };
  GError *error = NULL;
  g_autoptr (JsonNode) trace = NULL;

  stop_trace ();
  start_trace ();
  send_to_server (start_script ("s", &script), 1, 3);
  butler_hub_shutdown (hub);
  ck_assert (!butler_hub_trace_start (hub, path, &error));
  butler_assert_error (&error, BUTLER_ERROR_BUSY, "trace", NULL);
  stop_trace ();
  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "s", "X", "handler"), 3);
}
END_TEST

START_TEST (the_end_of_the_hub_ends_the_trace)
{
  Script script = { 0 };
  g_autoptr (JsonNode) trace = NULL;

  start_trace ();
  send_to_server (start_script ("s", &script), 1, 3);
  g_clear_pointer (&hub, butler_hub_unref);
  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "s", "X", "handler"), 3);
  ck_assert_uint_eq (count_events (trace, "s", "X", "event"), 2);
}
END_TEST

START_TEST (a_file_without_its_end_is_an_array_without_its_end)
{
  Script script = { 0 };
  g_autoptr (JsonNode) trace = NULL;
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;

  start_trace ();
  send_to_server (start_script ("s", &script), 1, 100);
  butler_hub_shutdown (hub);
  stop_trace ();
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  for (guint lines = 0; lines < 7; lines++)
    *strrchr (text, '\n') = '\0';
  g_strchomp (text);
  if (g_str_has_suffix (text, ","))
    text[strlen (text) - 1] = '\0';
  whole = g_strconcat (text, "]", NULL);
  trace = parse_trace (whole);
  ck_assert_uint_gt (get_n_events (trace), 90);
}
END_TEST

START_TEST (a_trace_of_servers_without_a_thread)
{
  Script script = { 0 };
  g_autoptr (JsonNode) trace = NULL;
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.no_route = TRUE, .no_thread = TRUE));

  start_trace ();
  start (server);
  send_to_server (server, 1, 3);
  ck_assert_uint_eq (butler_server_dispatch (server, 10), 3);
  butler_server_stop (server);
  stop_trace ();
  trace = read_trace (path);
  ck_assert_uint_eq (count_events (trace, "s", "X", "handler"), 3);
}
END_TEST

/* A slow disk */

static gpointer
read_all (gpointer fd)
{
  GString *text = g_string_new (NULL);
  char part[65536];
  gssize n;

  while ((n = read (GPOINTER_TO_INT (fd), part, sizeof part)) > 0)
    g_string_append_len (text, part, n);
  close (GPOINTER_TO_INT (fd));
  return text;
}

static GString *
stop_and_read (int fd)
{
  GThread *reader = g_thread_new ("reader", read_all, GINT_TO_POINTER (fd));

  stop_trace ();
  return g_thread_join (reader);
}

START_TEST (handlers_do_not_wait_for_the_disk)
{
  const int n = 200000;
  Script script = { 0 };
  g_autoptr (JsonNode) trace = NULL;
  ButlerServer *server;
  GString *text;
  int fd;

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  fd = open (path, O_RDONLY | O_NONBLOCK);
  ck_assert_int_ge (fd, 0);
  start_trace ();
  fcntl (fd, F_SETFL, 0);
  server = start_script ("s", &script);
  send_to_server (server, 1, n);
  butler_server_stop (server); /* and nobody has read yet */
  ck_assert_int_eq (script.handled, n);

  expect_warnings ();
  text = stop_and_read (fd);
  assert_warnings (1, "dropped");
  trace = parse_trace (text->str);
  g_string_free (text, TRUE);
  ck_assert_int_gt (count_dropped (trace), 0);
  ck_assert_int_eq (count_dropped (trace) + count_events (trace, "s", "X", "handler") + count_events (trace, "s", "X", "event"),
                    n + 2);
}
END_TEST

START_TEST (a_trace_begins_and_ends_while_messages_flow)
{
  const guint rounds = butler_test_rounds (100);
  Script second = { 0 };
  Script first = { 0 };
  ButlerServer *back = start_script ("back", &second);
  ButlerServer *front;

  first.to = butler_server_get_channel (back);
  front = start_script ("front", &first);
  for (guint i = 0; i < rounds; i++)
    {
      g_autoptr (JsonNode) trace = NULL;

      start_trace ();
      send_to_server (front, (int) i * 100 + 1, (int) i * 100 + 100);
      stop_trace ();
      trace = read_trace (path);
      ck_assert_int_eq (count_dropped (trace), 0);
    }
  butler_server_stop (front);
  butler_server_stop (back);
  ck_assert_int_eq (second.handled, (int) rounds * 100);
  ck_assert (!second.jumped);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    a_trace_has_each_call,
    calls_of_a_server_follow_each_other,
    questions_and_answers_have_arrows,
    viewers_understand_each_event,
    failures_stand_in_the_trace,
    swaps_and_generations_stand_in_the_trace,
    a_full_disk_ends_the_trace_alone,
    a_file_that_cannot_be_made_is_an_error,
    one_trace_at_a_time,
    the_end_of_the_hub_ends_the_trace,
    a_file_without_its_end_is_an_array_without_its_end,
    a_trace_of_servers_without_a_thread,
    handlers_do_not_wait_for_the_disk,
    a_trace_begins_and_ends_while_messages_flow,
  };
  Suite *suite = suite_create ("trace");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
