/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/leftovers.h"
#include "tests/servers.h"
#include "tests/swap-mail.h"

/* Messages between two plugins that were compiled with different layouts of them, and those that waited while their plugins were
 * swapped. */

typedef struct
{
  const char   *name; /* also of its only set, and of its server */
  char         *file; /* (owned) */
  ButlerModule *module;
  ButlerServer *server;
  char         *plugin; /* (owned): the name of the test plugin that lies there */
} Side;

static Leftovers left;
static ButlerHub *hub;
static ButlerChannel *answers;
static Side writer;
static Side reader;

static void
put (Side *side,
     char  layout)
{
  g_free (side->plugin);
  side->plugin = g_strdup_printf ("%s-%c", side->name, layout);
  leftovers_put (side->file, side->plugin);
}

static void
begin_side (Side       *side,
            const char *name)
{
  GError *error = NULL;
  g_autofree char *file = g_strconcat (name, ".so", NULL);

  *side = (Side) { .name = name, .file = leftovers_path (&left, file) };
  put (side, '1');
  side->module = butler_module_load (hub, side->file, BUTLER_MODULE_DEFAULT, &error);
  butler_assert_no_error (error);
  side->server = butler_server_new (hub, name, butler_module_get_set (side->module, name, NULL), NULL, &error);
  butler_assert_no_error (error);
}

static void
end_side (Side *side)
{
  g_unlink (side->file);
  g_free (side->file);
  g_free (side->plugin);
}

static void
set_up (void)
{
  GError *error = NULL;

  g_type_ensure (G_TYPE_TASK);
  leftovers_begin (&left);
  hub = butler_hub_new ();
  butler_hub_set_swap_limit (hub, 60 * 1000); /* the machine may be slow */
  answers = butler_hub_add_channel (hub, "answers", 0, BUTLER_OVERFLOW_FAIL, &error);
  butler_assert_no_error (error);
  ck_assert (mail_read_route (hub, answers, &error));
  begin_side (&reader, "reader");
  begin_side (&writer, "writer");
  ck_assert (butler_server_start (writer.server, NULL));
}

static void
tear_down (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  end_side (&reader);
  end_side (&writer);
  leftovers_end (&left);
}

static void
swap_to (char writer_layout,
         char reader_layout)
{
  GError *error = NULL;
  ButlerSwapReport *report;

  put (&writer, writer_layout);
  put (&reader, reader_layout);
  report = butler_hub_swap (hub, NULL, &error);
  butler_assert_no_error (error);
  butler_swap_report_free (report);
}

static void
swap_is_refused (char        writer_layout,
                 char        reader_layout,
                 const char *field)
{
  GError *error = NULL;

  put (&writer, writer_layout);
  put (&reader, reader_layout);
  ck_assert_ptr_null (butler_hub_swap (hub, NULL, &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, field, NULL);
}

static void
write_mails (guint from,
             guint n)
{
  ck_assert (write_mail_send (hub, &(WriteMail) { from, n }, NULL));
}

/* From a writer with the one layout, read with the other: what only one of them has is not there. */
static void
expect_mail (guint number,
             guint written,
             guint read)
{
  GError *error = NULL;
  g_autoptr (ButlerMessage) message = butler_channel_receive (answers, -1, &error);
  g_autofree char *text = g_strdup_printf ("letter %u", number);
  const MailRead *mail;

  butler_assert_no_error (error);
  mail = mail_read_get (message);
  ck_assert_uint_eq (mail->layout, read);
  ck_assert_uint_eq (mail->number, number);
  ck_assert_str_eq (mail->text, text);
  ck_assert_uint_eq (mail->count, 7);
  ck_assert_pstr_eq (mail->gone, written != 3 && read != 3 ? "gone" : NULL);
  ck_assert_pstr_eq (mail->added, written != 1 && read != 1 ? "added" : NULL);
}

static void
expect_mails (guint from,
              guint n,
              guint written,
              guint read)
{
  for (guint i = 0; i < n; i++)
    expect_mail (from + i, written, read);
}

/* A numbered step of a writer's and a reader's. */
typedef struct
{
  char writer;
  char reader;
} Step;

static const Step steps[] = { { '1', '2' }, { '1', '3' }, { '2', '1' }, { '2', '2' }, { '2', '3' }, { '3', '3' } };

START_TEST (each_side_has_a_layout_of_its_own)
{
  const Step *step = &steps[_i];
  guint written = (guint) (step->writer - '0');
  guint read = (guint) (step->reader - '0');

  ck_assert (butler_server_start (reader.server, NULL));
  write_mails (0, 10);
  expect_mails (0, 10, 1, 1);
  swap_to (step->writer, step->reader);
  write_mails (10, 100);
  expect_mails (10, 100, written, read);
}
END_TEST

/* One side after the other. */
START_TEST (the_sides_change_in_turn)
{
  ck_assert (butler_server_start (reader.server, NULL));
  swap_to ('1', '2');
  write_mails (0, 10);
  expect_mails (0, 10, 1, 2);
  swap_to ('2', '2');
  write_mails (10, 10);
  expect_mails (10, 10, 2, 2);
  swap_to ('2', '3');
  write_mails (20, 10);
  expect_mails (20, 10, 2, 3);
  swap_to ('3', '3');
  write_mails (30, 10);
  expect_mails (30, 10, 3, 3);
  swap_to ('1', '3');
  write_mails (40, 10);
  expect_mails (40, 10, 1, 3);
}
END_TEST

/* Returns when the writer has sent all that it was told to. */
static void
flush (void)
{
  ck_assert (butler_server_stop (writer.server));
  ck_assert (butler_server_start (writer.server, NULL));
}

/* What is on its way may be wider than what older code reads. */
START_TEST (a_reader_does_not_become_narrower)
{
  ck_assert (butler_server_start (reader.server, NULL));
  swap_to ('3', '3');
  swap_is_refused ('3', '1', "Mail.");
  swap_is_refused ('1', '1', "Mail.");
  write_mails (0, 10);
  expect_mails (0, 10, 3, 3);
}
END_TEST

/* Nobody knows beforehand what a plugin sends that does not handle it: it is a dead letter, and no stray byte. */
START_TEST (what_cannot_be_read_is_a_dead_letter)
{
  ck_assert (butler_server_start (reader.server, NULL));
  swap_to ('3', '1');
  expect_warnings ();
  write_mails (0, 10);
  flush ();
  swap_to ('1', '1');
  write_mails (10, 10);
  expect_mails (10, 10, 1, 1);
  assert_warnings (10, "Mail.");
  ck_assert_uint_eq (dead_letters (reader.server, BUTLER_DEAD_LAYOUT), 10);
}
END_TEST

START_TEST (three_layouts_wait_in_one_queue)
{
  write_mails (0, 10);
  flush ();
  swap_to ('2', '2');
  write_mails (10, 10);
  flush ();
  swap_to ('3', '3');
  write_mails (20, 10);
  flush ();
  ck_assert_uint_eq (butler_channel_get_length (butler_server_get_channel (reader.server)), 30);
  ck_assert (butler_server_start (reader.server, NULL));
  expect_mails (0, 10, 1, 3);
  expect_mails (10, 10, 2, 3);
  expect_mails (20, 10, 3, 3);
}
END_TEST

/* Some are sent before a swap, some while it goes on, some later. */
START_TEST (a_stream_is_read_across_swaps)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");
  guint n = g_strcmp0 (scale, "small") == 0 ? 100 : g_strcmp0 (scale, "full") == 0 ? 1000000 : 50000;

  ck_assert (butler_server_start (reader.server, NULL));
  write_mails (0, n);
  swap_to ('2', '2');
  write_mails (n, n);
  swap_to ('1', '2');
  write_mails (2 * n, n);
  swap_to ('3', '3');
  write_mails (3 * n, n);
  for (guint i = 0; i < 4 * n; i++)
    {
      g_autoptr (ButlerMessage) message = butler_channel_receive (answers, -1, NULL);

      ck_assert_uint_eq (mail_read_get (message)->number, i);
      ck_assert_uint_eq (mail_read_get (message)->count, 7);
    }
  ck_assert_uint_eq (butler_channel_get_length (answers), 0);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-mail");
  TCase *tcase = tcase_create ("swap-mail");

  tcase_set_timeout (tcase, 60);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_loop_test (tcase, each_side_has_a_layout_of_its_own, 0, G_N_ELEMENTS (steps));
  tcase_add_test (tcase, the_sides_change_in_turn);
  tcase_add_test (tcase, a_reader_does_not_become_narrower);
  tcase_add_test (tcase, what_cannot_be_read_is_a_dead_letter);
  tcase_add_test (tcase, three_layouts_wait_in_one_queue);
  tcase_add_test (tcase, a_stream_is_read_across_swaps);
  suite_add_tcase (suite, tcase);
  return servers_test_main (suite);
}
