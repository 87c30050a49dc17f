/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/outbox.h"
#include "lib/publish.h"
#include "tests/gates.h"

/* One message to all who subscribed. */

static ButlerHub *hub;

static void
set_up (void)
{
  make_gates ();
  hub = butler_hub_new ();
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  drop_gates ();
}

static guint
publish (int value)
{
  GError *error = NULL;
  Number number = { value };
  guint n = number_publish (hub, &number, &error);

  butler_assert_no_error (error);
  ck_assert_int_eq (number.value, 0);
  return n;
}

static ButlerChannel *
subscriber (const char     *name,
            guint           capacity,
            ButlerOverflow  overflow)
{
  ButlerChannel *channel = own_channel (hub, name, capacity, overflow);

  ck_assert (number_subscribe (hub, channel, NULL));
  return channel;
}

static const char *const numbers[] = { "Number", NULL };

static guint64
missed_by (const char *name)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (hub);
  GArray *subscriptions = find_status (status, name)->subscriptions;

  ck_assert_uint_eq (subscriptions->len, 1);
  ck_assert_str_eq (g_array_index (subscriptions, ButlerSubscriptionStatus, 0).type, "Number");
  return g_array_index (subscriptions, ButlerSubscriptionStatus, 0).missed;
}

static guint
count_subscriptions (const char *name)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (hub);

  return find_status (status, name)->subscriptions->len;
}

/* Who gets what */

START_TEST (each_gets_a_copy_of_its_own)
{
  Note note = { .number = 7, .text = g_strdup ("news") };
  ButlerChannel *channels[3];
  ButlerMessage *messages[3];

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("c%u", i);

      channels[i] = own_channel (hub, name, 0, BUTLER_OVERFLOW_FAIL);
      ck_assert (note_subscribe (hub, channels[i], NULL));
    }
  ck_assert_uint_eq (note_publish (hub, &note, NULL), 3);
  ck_assert_ptr_null (note.text);
  for (guint i = 0; i < 3; i++)
    {
      messages[i] = butler_channel_receive (channels[i], 0, NULL);
      ck_assert_int_eq (note_get (messages[i])->number, 7);
      ck_assert_str_eq (note_get (messages[i])->text, "news");
    }
  ck_assert_ptr_ne (note_get (messages[0])->text, note_get (messages[1])->text);
  ck_assert_ptr_ne (note_get (messages[1])->text, note_get (messages[2])->text);
  for (guint i = 0; i < 3; i++)
    butler_message_free (messages[i]);
}
END_TEST

START_TEST (without_subscribers_nobody_gets_it)
{
  GError *error = NULL;
  Note note = { .text = g_strdup ("unheard") };

  ck_assert_uint_eq (note_publish (hub, &note, &error), 0);
  butler_assert_no_error (error);
  ck_assert_ptr_null (note.text);

  /* Nor does whoever the type is routed to. */
  ck_assert (number_route (hub, own_channel (hub, "routed", 0, BUTLER_OVERFLOW_FAIL), NULL));
  ck_assert_uint_eq (publish (1), 0);
  ck_assert_uint_eq (butler_channel_get_length (butler_hub_get_channel (hub, "routed")), 0);
}
END_TEST

START_TEST (to_subscribe_twice_is_to_subscribe_once)
{
  ButlerChannel *channel = subscriber ("c", 0, BUTLER_OVERFLOW_FAIL);

  ck_assert (number_subscribe (hub, channel, NULL));
  ck_assert_uint_eq (publish (1), 1);
  ck_assert (number_unsubscribe (hub, channel));
  ck_assert (!number_unsubscribe (hub, channel));
  ck_assert_uint_eq (publish (2), 0);
  ck_assert (number_subscribe (hub, channel, NULL));
  ck_assert_uint_eq (publish (3), 1);
  ck_assert_int_eq (wait_for_number (channel), 1);
  ck_assert_int_eq (wait_for_number (channel), 3);
}
END_TEST

START_TEST (sent_and_published_stay_in_order)
{
  ButlerChannel *one = subscriber ("one", 0, BUTLER_OVERFLOW_FAIL);
  ButlerChannel *two = subscriber ("two", 1000, BUTLER_OVERFLOW_BLOCK);

  for (int i = 0; i < 100; i += 2)
    {
      ck_assert_uint_eq (publish (i), 2);
      tell (one, i + 1);
      tell (two, i + 1);
    }
  for (int i = 0; i < 100; i++)
    {
      ck_assert_int_eq (wait_for_number (one), i);
      ck_assert_int_eq (wait_for_number (two), i);
    }
}
END_TEST

START_TEST (many_subscribe_to_many_types)
{
  GPtrArray *slots = g_ptr_array_new_with_free_func (g_free);

  for (int i = 0; i < 100; i++)
    {
      ButlerRecordInfo info = number_info;
      g_autofree char *type = g_strdup_printf ("News%d", i);
      g_autofree char *name = g_strdup_printf ("c%d", i);
      Number number = { i };

      info.name = type;
      info.layout = g_new0 (gpointer, 1);
      g_ptr_array_add (slots, info.layout);
      ck_assert (butler_hub_subscribe (hub, &info, subscriber (name, 0, BUTLER_OVERFLOW_FAIL), NULL));
      ck_assert_uint_eq (butler_hub_publish (hub, &info, &number, NULL), 1);
      ck_assert_uint_eq (publish (i), (guint) i + 1);
    }
  g_ptr_array_unref (slots);
}
END_TEST

/* Slow ones */

START_TEST (a_full_one_does_not_hold_up_the_others)
{
  ButlerChannel *fails = subscriber ("fails", 2, BUTLER_OVERFLOW_FAIL);
  ButlerChannel *blocks = subscriber ("blocks", 2, BUTLER_OVERFLOW_BLOCK);
  ButlerChannel *keeps_old = subscriber ("keeps old", 2, BUTLER_OVERFLOW_DROP_NEWEST);
  ButlerChannel *keeps_new = subscriber ("keeps new", 2, BUTLER_OVERFLOW_DROP_OLDEST);
  ButlerChannel *any = subscriber ("any", 0, BUTLER_OVERFLOW_FAIL);

  for (int i = 1; i <= 5; i++)
    ck_assert_uint_eq (publish (i), i <= 2 ? 5 : 3);
  ck_assert_uint_eq (butler_channel_get_length (any), 5);
  ck_assert_uint_eq (butler_channel_get_length (fails), 2);
  ck_assert_uint_eq (butler_channel_get_length (blocks), 2);
  ck_assert_uint_eq (butler_channel_get_dead_letters (keeps_old, BUTLER_DEAD_DROPPED), 3);
  ck_assert_uint_eq (butler_channel_get_dead_letters (keeps_new, BUTLER_DEAD_DROPPED), 3);
  ck_assert_int_eq (wait_for_number (keeps_old), 1);
  ck_assert_int_eq (wait_for_number (keeps_new), 4);
  ck_assert_int_eq (wait_for_number (fails), 1);
  ck_assert_uint_eq (publish (6), 4);
}
END_TEST

START_TEST (what_a_server_missed_is_counted)
{
  Script script = { .on_number = stand_at_gate };
  ButlerServer *server = script_server (hub, "slow", &script, OPTIONS (.capacity = 3, .overflow = BUTLER_OVERFLOW_BLOCK));

  ck_assert (butler_server_subscribe (server, &number_info, NULL));
  start (server);
  ck_assert_uint_eq (publish (1), 1);
  wait_for_arrival ();
  for (int i = 2; i <= 6; i++)
    ck_assert_uint_eq (publish (i), i <= 4 ? 1 : 0);
  ck_assert_uint_eq (missed_by ("slow"), 2);
  for (int i = 0; i < 4; i++)
    open_gate ();
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 4);

  /* It does not run: it misses that too, and is there again after the next start. */
  ck_assert_uint_eq (publish (7), 0);
  ck_assert_uint_eq (missed_by ("slow"), 3);
  script.on_number = NULL;
  start (server);
  ck_assert_uint_eq (publish (5), 1);
  ck_assert (butler_server_stop (server));
  ck_assert_int_eq (script.handled, 5);
}
END_TEST

/* Servers */

START_TEST (servers_subscribe_by_their_options)
{
  Script scripts[2] = { { .data = NULL } };
  ButlerServer *a = script_server (hub, "a", &scripts[0], OPTIONS (.subscribes = numbers));
  ButlerServer *b = script_server (hub, "b", &scripts[1], OPTIONS (.subscribes = numbers));
  GError *error = NULL;
  Number number = { 9 };

  /* Then they are not routed to any, so the second needs no route=false. */
  ck_assert (!number_send (hub, &number, &error));
  butler_assert_error (&error, BUTLER_ERROR_NO_ROUTE, "Number", NULL);
  ck_assert (butler_hub_start (hub, NULL));
  for (int i = 1; i <= 10; i++)
    ck_assert_uint_eq (publish (i), 2);
  ck_assert (butler_server_route (a, &number_info, NULL));
  number.value = 11;
  ck_assert (number_send (hub, &number, NULL));
  butler_hub_shutdown (hub);
  ck_assert_int_eq (scripts[0].handled, 11);
  ck_assert_int_eq (scripts[1].handled, 10);
  ck_assert (!scripts[0].jumped && !scripts[1].jumped);
  ck_assert_uint_eq (missed_by ("b"), 0);
  ck_assert (butler_server_unsubscribe (b, &number_info));
  ck_assert_uint_eq (count_subscriptions ("b"), 0);
}
END_TEST

START_TEST (a_server_subscribes_to_what_it_handles)
{
  static const char *const wrong[] = { "Numbr", NULL };
  Script script = { 0 };
  ButlerServer *server = script_server (hub, "s", &script, NO_OPTIONS);
  ButlerServerOptions options = { .options_size = sizeof options, .state = &script, .subscribes = wrong };
  GError *error = NULL;

  ck_assert (!butler_server_subscribe (server, &note_info, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "server s", "Note", "script", NULL);
  ck_assert_uint_eq (count_subscriptions ("s"), 0);
  ck_assert_ptr_null (butler_server_new (hub, "t", &script_set, &options, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, "server t", "Numbr", "did you mean Number?", NULL);
  ck_assert_ptr_null (butler_hub_get_channel (hub, "t"));
}
END_TEST

START_TEST (removal_ends_subscriptions)
{
  Script script = { 0 };
  ButlerServer *server = script_server (hub, "s", &script, OPTIONS (.subscribes = numbers));
  g_autoptr (ButlerServer) kept = butler_server_ref (server);
  GError *error = NULL;

  ck_assert_uint_eq (publish (1), 1);
  ck_assert (butler_server_remove (server));
  ck_assert_uint_eq (publish (2), 0);
  ck_assert (!butler_server_subscribe (kept, &number_info, &error));
  butler_assert_error (&error, BUTLER_ERROR_CLOSED, "server s", NULL);
  script_server (hub, "s", &script, NO_OPTIONS); /* has its channel */
  ck_assert_uint_eq (publish (3), 0);
}
END_TEST

/* Opaque types */

static void
copy_parcel (const Parcel *parcel,
             Parcel       *copy)
{
  *copy = *parcel;
  copy->number++;
}

typedef Parcel Doubled;
typedef Parcel Bytes;
BUTLER_OPAQUE_MESSAGE (Doubled, doubled, parcel_tell, copy_parcel);
BUTLER_OPAQUE_MESSAGE (Bytes, plain_bytes, NULL, NULL);

START_TEST (what_cannot_be_copied_is_refused)
{
  _Atomic guint8 cleared = 0;
  ButlerChannel *channel = own_channel (hub, "c", 0, BUTLER_OVERFLOW_FAIL);
  Parcel parcel = { .cleared = &cleared };
  GError *error = NULL;

  ck_assert (!parcel_subscribe (hub, channel, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Parcel cannot be published", NULL);
  ck_assert_uint_eq (parcel_publish (hub, &parcel, &error), 0);
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Parcel cannot be published", NULL);
  ck_assert_ptr_null (parcel.cleared);
  ck_assert_uint_eq (cleared, 1);
}
END_TEST

START_TEST (opaque_copies_are_made_by_its_function)
{
  _Atomic guint8 cleared = 0;
  ButlerChannel *one = own_channel (hub, "one", 0, BUTLER_OVERFLOW_FAIL);
  ButlerChannel *two = own_channel (hub, "two", 0, BUTLER_OVERFLOW_FAIL);
  Doubled doubled = { .cleared = &cleared };
  Bytes bytes = { .number = 5 };

  ck_assert (doubled_subscribe (hub, one, NULL) && doubled_subscribe (hub, two, NULL));
  ck_assert (plain_bytes_subscribe (hub, one, NULL) && plain_bytes_subscribe (hub, two, NULL));
  ck_assert_uint_eq (doubled_publish (hub, &doubled, NULL), 2);
  ck_assert_uint_eq (plain_bytes_publish (hub, &bytes, NULL), 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ButlerMessage) first = butler_channel_receive (i == 0 ? one : two, 0, NULL);
      g_autoptr (ButlerMessage) second = butler_channel_receive (i == 0 ? one : two, 0, NULL);

      ck_assert_uint_eq (doubled_get (first)->number, 1 - i);
      ck_assert_uint_eq (plain_bytes_get (second)->number, 5);
    }
  ck_assert_uint_eq (cleared, 2);
}
END_TEST

/* While a swap is not certain */

START_TEST (an_outbox_holds_back_what_is_published)
{
  ButlerChannel *one = subscriber ("one", 1, BUTLER_OVERFLOW_FAIL);
  ButlerChannel *two = subscriber ("two", 0, BUTLER_OVERFLOW_FAIL);
  ButlerOutbox outbox;

  butler__outbox_open (&outbox);
  ck_assert_uint_eq (publish (1), 2);
  tell (two, 2);
  butler__outbox_close (&outbox);
  ck_assert_uint_eq (butler_channel_get_length (one) + butler_channel_get_length (two), 0);
  butler__outbox_post (&outbox);
  ck_assert_int_eq (wait_for_number (one), 1);
  ck_assert_int_eq (wait_for_number (two), 1);
  ck_assert_int_eq (wait_for_number (two), 2);

  butler__outbox_open (&outbox);
  ck_assert_uint_eq (publish (3), 2);
  butler__outbox_close (&outbox);
  butler__outbox_drop (&outbox);
  ck_assert_uint_eq (butler_channel_get_length (one) + butler_channel_get_length (two), 0);
}
END_TEST

/* At the same time */

#define CHANGES 20000
#define OTHERS 40

typedef struct
{
  ButlerChannel *others[OTHERS];
  _Atomic gboolean over;
} Change;

/* All others come and go, those in front of the one that stays and those behind it. */
static gpointer
come_and_go (gpointer data)
{
  Change *change = data;

  for (guint i = 0; i < butler_test_rounds (CHANGES); i++)
    {
      ButlerChannel *other = change->others[i * 7 % OTHERS];

      if (!number_unsubscribe (hub, other))
        number_subscribe (hub, other, NULL);
    }
  atomic_store (&change->over, TRUE);
  return NULL;
}

/* Numbers that follow each other, perhaps with gaps: none came twice. */
static void
assert_rising (ButlerChannel *channel)
{
  ButlerMessage *message;
  int last = -1;

  while ((message = butler_channel_receive (channel, 0, NULL)) != NULL)
    {
      ck_assert_int_gt (number_get (message)->value, last);
      last = number_get (message)->value;
      butler_message_free (message);
    }
}

/* Returns the one that stays. */
static ButlerChannel *
begin_change (Change *change)
{
  ButlerChannel *stays = NULL;

  for (guint i = 0; i < OTHERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("c%u", i);

      change->others[i] = subscriber (name, 0, BUTLER_OVERFLOW_FAIL);
      if (i == OTHERS / 2)
        stays = subscriber ("stays", 0, BUTLER_OVERFLOW_FAIL);
    }
  return stays;
}

START_TEST (who_stays_gets_all_while_others_come_and_go)
{
  Change change = { .over = FALSE };
  ButlerChannel *stays = begin_change (&change);
  GThread *thread = g_thread_new ("changes", come_and_go, &change);
  int n = 0;

  do
    ck_assert_uint_ge (publish (n++), 1);
  while (!atomic_load (&change.over));
  g_thread_join (thread);
  for (int i = 0; i < n; i++)
    ck_assert_int_eq (wait_for_number (stays), i);
  for (guint i = 0; i < OTHERS; i++)
    assert_rising (change.others[i]);
}
END_TEST

static guint
count_in (const ButlerAudience *audience,
          const ButlerChannel  *channel)
{
  guint n = 0;

  for (guint i = 0; i < audience->n; i++)
    n += audience->list[i]->channel == channel ? 1 : 0;
  return n;
}

/* The one that stays is there once, and none is seen before and after it was moved. */
START_TEST (what_a_publisher_sees_was_so_in_one_moment)
{
  const ButlerType *type = butler__layout_of (&number_info)->type;
  Change change = { .over = FALSE };
  ButlerChannel *stays = begin_change (&change);
  GThread *thread = g_thread_new ("changes", come_and_go, &change);
  ButlerAudience audience;

  butler__audience_init (&audience);
  do
    if (butler__topics_read (&hub->topics, type, &audience))
      {
        ck_assert_uint_eq (count_in (&audience, stays), 1);
        for (guint i = 1; i < audience.n; i++)
          ck_assert_ptr_ne (audience.list[i], audience.list[i - 1]);
      }
  while (!atomic_load (&change.over));
  g_thread_join (thread);
  butler__audience_clear (&audience);
}
END_TEST

#define PUBLISHERS 3
#define ROUNDS 2000

static gpointer
publish_many (gpointer data)
{
  for (guint i = 0; i < butler_test_rounds (ROUNDS); i++)
    {
      Note note = { .number = (int) i, .text = g_strdup (data) };

      g_assert_cmpuint (note_publish (hub, &note, NULL), ==, 3);
    }
  return NULL;
}

START_TEST (each_publisher_is_heard_in_order)
{
  static const char *const names[PUBLISHERS] = { "0", "1", "2" };
  GThread *threads[PUBLISHERS];
  ButlerChannel *channels[3];

  for (guint i = 0; i < 3; i++)
    {
      channels[i] = own_channel (hub, names[i], 0, BUTLER_OVERFLOW_FAIL);
      ck_assert (note_subscribe (hub, channels[i], NULL));
    }
  for (guint i = 0; i < PUBLISHERS; i++)
    threads[i] = g_thread_new ("publisher", publish_many, (gpointer) names[i]);
  for (guint i = 0; i < 3; i++)
    {
      int next[PUBLISHERS] = { 0 };

      for (guint n = 0; n < PUBLISHERS * butler_test_rounds (ROUNDS); n++)
        {
          g_autoptr (ButlerMessage) message = butler_channel_receive (channels[i], -1, NULL);
          Note *note = note_get (message);

          ck_assert_int_eq (note->number, next[note->text[0] - '0']++);
        }
    }
  for (guint i = 0; i < PUBLISHERS; i++)
    g_thread_join (threads[i]);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    each_gets_a_copy_of_its_own,
    without_subscribers_nobody_gets_it,
    to_subscribe_twice_is_to_subscribe_once,
    sent_and_published_stay_in_order,
    many_subscribe_to_many_types,
    a_full_one_does_not_hold_up_the_others,
    what_a_server_missed_is_counted,
    servers_subscribe_by_their_options,
    a_server_subscribes_to_what_it_handles,
    removal_ends_subscriptions,
    what_cannot_be_copied_is_refused,
    opaque_copies_are_made_by_its_function,
    an_outbox_holds_back_what_is_published,
    who_stays_gets_all_while_others_come_and_go,
    what_a_publisher_sees_was_so_in_one_moment,
    each_publisher_is_heard_in_order,
  };
  Suite *suite = suite_create ("publish");
  TCase *all = tcase_create ("all");

  tcase_add_checked_fixture (all, set_up, tear_down);
  tcase_set_timeout (all, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return servers_test_main (suite);
}
