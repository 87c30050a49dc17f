/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/parcels.h"

/* What can be asked about a channel, and what it logs. */

START_TEST (figures_add_up)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 1, 200);
  assert_numbers (channel, 1, 50);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 200);
  ck_assert_uint_eq (butler_channel_get_length (channel), 150);
  ck_assert_uint_eq (count_dead (channel), 0);
  butler_channel_clear (channel);
  send_numbers (channel, 201, 210);
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 210);
  ck_assert_uint_eq (butler_channel_get_length (channel), 10);
  ck_assert_uint_eq (count_dead (channel), 150);
  butler__channel_discard (channel, BUTLER_DEAD_UNSTARTED);
  ck_assert_uint_eq (butler_channel_get_length (channel), 0);
  ck_assert_uint_eq (butler_channel_get_dead_letters (channel, BUTLER_DEAD_UNSTARTED), 10);
}
END_TEST

START_TEST (high_water_is_the_most_that_waited)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  send_numbers (channel, 1, 10);
  assert_numbers (channel, 1, 10);
  ck_assert_uint_eq (channel->high_water, 10);
  send_numbers (channel, 1, 5);
  assert_numbers (channel, 1, 5);
  ck_assert_uint_eq (channel->high_water, 10);
  send_numbers (channel, 1, 20);
  butler_channel_clear (channel);
  ck_assert_uint_eq (channel->high_water, 20);
}
END_TEST

START_TEST (refused_messages_are_not_counted)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);
  Number number = { 1 };

  send_number (channel, 1);
  butler_channel_close (channel);
  ck_assert (!number_send_to (channel, &number, NULL));
  ck_assert_uint_eq (butler_channel_get_accepted (channel), 1);
  ck_assert_uint_eq (butler_channel_get_length (channel), 1);
  ck_assert_uint_eq (count_dead (channel), 0);
}
END_TEST

START_TEST (channel_says_how_it_was_made)
{
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  ck_assert_str_eq (butler_channel_get_name (channel), "inbox");
  ck_assert_uint_eq (butler_channel_get_capacity (channel), makings[_i].capacity);
  ck_assert_int_eq (butler_channel_get_overflow (channel), makings[_i].overflow);
}
END_TEST

START_TEST (policies_have_names)
{
  g_autoptr (GError) error = NULL;
  ButlerOverflow overflow;

  for (int i = 3; i < N_MAKINGS; i++)
    {
      ck_assert_str_eq (butler_overflow_to_string (makings[i].overflow), makings[i].name);
      ck_assert (butler_overflow_from_string (makings[i].name, &overflow, &error));
      ck_assert_int_eq (overflow, makings[i].overflow);
    }
  ck_assert (!butler_overflow_from_string ("Block", &overflow, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_VALUE, "Block", "drop-oldest", NULL);
}
END_TEST

START_TEST (reasons_have_names)
{
  for (guint i = 0; i < BUTLER_DEAD_REASONS; i++)
    for (guint n = 0; n < i; n++)
      ck_assert_str_ne (butler_dead_reason_to_string ((ButlerDeadReason) i), butler_dead_reason_to_string ((ButlerDeadReason) n));
}
END_TEST

/* Set once a process: GLib wants it so. */
static guint lines;

static GLogWriterOutput
count_lines (GLogLevelFlags   level,
             const GLogField *fields,
             gsize            n,
             gpointer         data)
{
  if ((level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_INFO)
    return g_log_writer_default (level, fields, n, data);
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, "channel inbox") != NULL)
      lines++;
  return G_LOG_WRITER_HANDLED;
}

static void
clear_one (ButlerChannel *channel)
{
  send_number (channel, 1);
  butler_channel_clear (channel);
}

START_TEST (first_dead_letter_is_logged_and_each_doubling)
{
  const guint after[] = { 1, 2, 2, 3, 3, 3, 3, 4 };
  g_autoptr (ButlerChannel) channel = channel_made (_i);

  lines = 0;
  for (guint i = 0; i < G_N_ELEMENTS (after); i++)
    {
      clear_one (channel);
      ck_assert_uint_eq (lines, after[i]);
    }
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    figures_add_up,
    high_water_is_the_most_that_waited,
    refused_messages_are_not_counted,
    channel_says_how_it_was_made,
    first_dead_letter_is_logged_and_each_doubling,
  };
  Suite *suite = suite_create ("figures");
  TCase *every = tcase_create ("every making");
  TCase *texts = tcase_create ("names");

  g_log_set_writer_func (count_lines, NULL, NULL);
  tcase_add_checked_fixture (every, count_parcels_anew, NULL);
  tcase_set_timeout (every, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_loop_test (every, tests[i], 0, N_MAKINGS);
  suite_add_tcase (suite, every);
  tcase_add_test (texts, policies_have_names);
  tcase_add_test (texts, reasons_have_names);
  suite_add_tcase (suite, texts);
  return butler_test_main (suite);
}
