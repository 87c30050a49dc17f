/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/chain.h"
#include "tests/common.h"

#define N 100

static ButlerMessage messages[N];

static guintptr
top (ButlerChain *chain)
{
  return atomic_load (&chain->top);
}

static void
link_all (ButlerChain *chain)
{
  for (guint i = 0; i < N; i++)
    butler__chain_link (chain, &messages[i]);
}

START_TEST (first_link_finds_nothing)
{
  ButlerChain chain = { 0 };

  ck_assert_uint_eq (butler__chain_link (&chain, &messages[0]), 0);
  ck_assert_ptr_null (messages[0].link);
}
END_TEST

START_TEST (link_returns_the_message_before)
{
  ButlerChain chain = { 0 };

  butler__chain_link (&chain, &messages[0]);
  ck_assert_uint_eq (butler__chain_link (&chain, &messages[1]), (guintptr) &messages[0]);
  ck_assert_ptr_eq (messages[1].link, &messages[0]);
}
END_TEST

START_TEST (take_gives_all_newest_first)
{
  ButlerChain chain = { 0 };
  ButlerMessage *message;

  link_all (&chain);
  ck_assert (!butler__chain_take (&chain, &message));
  for (guint i = N; i > 0; i--, message = message->link)
    ck_assert_ptr_eq (message, &messages[i - 1]);
  ck_assert_ptr_null (message);
  ck_assert_uint_eq (top (&chain), 0);
}
END_TEST

START_TEST (take_of_nothing_is_nothing)
{
  ButlerChain chain = { 0 };
  ButlerMessage *message = &messages[0];

  ck_assert (!butler__chain_take (&chain, &message));
  ck_assert_ptr_null (message);
}
END_TEST

START_TEST (closed_chain_links_nothing)
{
  ButlerChain chain = { 0 };

  messages[0].link = &messages[1];
  butler__chain_close (&chain);
  ck_assert (butler__chain_link (&chain, &messages[0]) & BUTLER__CLOSED);
  ck_assert_ptr_eq (messages[0].link, &messages[1]);
  ck_assert_uint_eq (top (&chain), BUTLER__CLOSED);
}
END_TEST

START_TEST (closed_chain_gives_what_it_has_as_the_last)
{
  ButlerChain chain = { 0 };
  ButlerMessage *message;

  butler__chain_link (&chain, &messages[0]);
  butler__chain_close (&chain);
  ck_assert (butler__chain_take (&chain, &message));
  ck_assert_ptr_eq (message, &messages[0]);
  ck_assert_ptr_null (message->link);
}
END_TEST

START_TEST (closed_empty_chain_is_over)
{
  ButlerChain chain = { 0 };
  ButlerMessage *message;

  butler__chain_close (&chain);
  for (guint i = 0; i < 2; i++)
    {
      ck_assert (butler__chain_take (&chain, &message));
      ck_assert_ptr_null (message);
    }
}
END_TEST

START_TEST (closing_keeps_the_messages_and_asleep)
{
  ButlerChain chain = { BUTLER__ASLEEP };

  butler__chain_close (&chain);
  butler__chain_close (&chain);
  ck_assert_uint_eq (top (&chain), BUTLER__ASLEEP | BUTLER__CLOSED);
}
END_TEST

START_TEST (reopened_chain_links_again)
{
  ButlerChain chain = { 0 };
  ButlerMessage *message;

  butler__chain_close (&chain);
  butler__chain_reopen (&chain);
  ck_assert_uint_eq (butler__chain_link (&chain, &messages[0]), 0);
  ck_assert (!butler__chain_take (&chain, &message));
  ck_assert_ptr_eq (message, &messages[0]);
}
END_TEST

START_TEST (one_link_takes_asleep_off)
{
  ButlerChain chain = { BUTLER__ASLEEP };

  ck_assert_uint_eq (butler__chain_link (&chain, &messages[0]), BUTLER__ASLEEP);
  ck_assert_ptr_null (messages[0].link);
  ck_assert_uint_eq (butler__chain_link (&chain, &messages[1]), (guintptr) &messages[0]);
}
END_TEST

START_TEST (take_of_nothing_leaves_asleep)
{
  ButlerChain chain = { BUTLER__ASLEEP };
  ButlerMessage *message;

  ck_assert (!butler__chain_take (&chain, &message));
  ck_assert_uint_eq (top (&chain), BUTLER__ASLEEP);
}
END_TEST

/* In steps of 1, 2, 3, ..., more than all. */
START_TEST (reversal_puts_in_order_step_by_step)
{
  ButlerChain chain = { 0 };
  ButlerReversal reversal = { 0 };
  ButlerMessage *message;
  guint steps = 1;

  link_all (&chain);
  butler__chain_take (&chain, &reversal.raw);
  while (!butler__reversal_step (&reversal, (guint) _i))
    ck_assert_uint_eq (reversal.count, steps++ * (guint) _i);
  ck_assert_uint_eq (steps, (N + (guint) _i - 1) / (guint) _i);
  ck_assert_uint_eq (reversal.count, N);
  message = reversal.done;
  for (guint i = 0; i < N; i++, message = message->link)
    ck_assert_ptr_eq (message, &messages[i]);
  ck_assert_ptr_null (message);
}
END_TEST

START_TEST (reversal_of_nothing_is_done)
{
  ButlerReversal reversal = { 0 };

  ck_assert (butler__reversal_step (&reversal, 1));
  ck_assert_ptr_null (reversal.done);
}
END_TEST

/* Several threads */

#define WRITERS 4

typedef struct
{
  ButlerChain   *chain;
  ButlerMessage *messages;
  guint          n;
  guint          id;
  guint          linked;
} Writer;

static gpointer
write_all (gpointer data)
{
  Writer *writer = data;

  for (guint i = 0; i < writer->n; i++)
    {
      writer->messages[i].run = writer->id;
      writer->messages[i].kind = i;
      if (butler__chain_link (writer->chain, &writer->messages[i]) & BUTLER__CLOSED)
        break;
      writer->linked++;
    }
  return NULL;
}

static void
take_in_order (ButlerMessage *newest,
               guint          next[WRITERS])
{
  ButlerReversal reversal = { .raw = newest };

  butler__reversal_step (&reversal, G_MAXUINT);
  for (ButlerMessage *message = reversal.done; message != NULL; message = message->link)
    ck_assert_uint_eq (message->kind, next[message->run]++);
}

/* The taker closes the chain in the middle: what is taken with the closed bit is the last of all. */
START_TEST (nothing_is_lost_nor_comes_after_the_last)
{
  guint n = butler_test_rounds (20000);
  ButlerChain chain = { 0 };
  Writer writers[WRITERS];
  GThread *threads[WRITERS];
  guint next[WRITERS] = { 0 };
  ButlerMessage *newest;

  for (guint i = 0; i < WRITERS; i++)
    writers[i] = (Writer) { .chain = &chain, .messages = g_new0 (ButlerMessage, n), .n = n, .id = i };
  for (guint i = 0; i < WRITERS; i++)
    threads[i] = g_thread_new ("writer", write_all, &writers[i]);
  while (!butler__chain_take (&chain, &newest))
    {
      take_in_order (newest, next);
      if (next[0] > n / 2 || next[1] + next[2] + next[3] > n)
        butler__chain_close (&chain);
    }
  take_in_order (newest, next);
  for (guint i = 0; i < WRITERS; i++)
    {
      g_thread_join (threads[i]);
      ck_assert_uint_eq (writers[i].linked, next[i]);
      g_free (writers[i].messages);
    }
  ck_assert_uint_eq (top (&chain), BUTLER__CLOSED);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("chain");
  TCase *words = tcase_create ("word");
  TCase *threads = tcase_create ("threads");

  tcase_add_test (words, first_link_finds_nothing);
  tcase_add_test (words, link_returns_the_message_before);
  tcase_add_test (words, take_gives_all_newest_first);
  tcase_add_test (words, take_of_nothing_is_nothing);
  tcase_add_test (words, closed_chain_links_nothing);
  tcase_add_test (words, closed_chain_gives_what_it_has_as_the_last);
  tcase_add_test (words, closed_empty_chain_is_over);
  tcase_add_test (words, closing_keeps_the_messages_and_asleep);
  tcase_add_test (words, reopened_chain_links_again);
  tcase_add_test (words, one_link_takes_asleep_off);
  tcase_add_test (words, take_of_nothing_leaves_asleep);
  tcase_add_loop_test (words, reversal_puts_in_order_step_by_step, 1, N + 2);
  tcase_add_test (words, reversal_of_nothing_is_done);
  tcase_add_test (threads, nothing_is_lost_nor_comes_after_the_last);
  tcase_set_timeout (threads, 60);
  suite_add_tcase (suite, words);
  suite_add_tcase (suite, threads);
  return butler_test_main (suite);
}
