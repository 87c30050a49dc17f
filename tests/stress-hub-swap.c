/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* Swaps the servers' plugin: the same code once more, and code with other states, other messages, and a `swapped` function. */

static void
write_stamp (char  *bytes,
             gsize  size,
             Field *field)
{
  char *place = memmem (bytes, size, PLAY_MARK, sizeof PLAY_MARK);

  g_assert_nonnull (place);
  field->stamp++;
  memcpy (place + G_STRUCT_OFFSET (PlayStamp, number), &field->stamp, sizeof field->stamp);
}

/* (transfer full). In this file and in stress-hub-trouble.c other threads than the test's run: Check's own assertions are for that one. */
static char *
find_plugin (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);
  const char *folder = g_getenv ("BUTLER_TEST_PLUGINS");

  g_assert_nonnull (folder);
  return g_build_filename (folder, file, NULL);
}

/* As a linker or mv does it: another file takes the name. */
void
swap_put (Field      *field,
          const char *plugin)
{
  g_autofree char *from = find_plugin (plugin);
  g_autofree char *next = g_strconcat (field->plugin, ".new", NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
  write_stamp (bytes, size, field);
  g_assert_true (g_file_set_contents_full (next, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  g_assert_cmpint (g_rename (next, field->plugin), ==, 0);
}

void
swap_load (Field *field)
{
  GError *error = NULL;

  field->plugin = leftovers_path (&field->left, "load.so");
  swap_put (field, "load-1");
  field->module = butler_module_load (field->hub, field->plugin, BUTLER_MODULE_DEFAULT, &error);
  g_assert_no_error (error);
}

static void
swap_one (Field *field,
          GRand *rand)
{
  static const char *const plugins[] = { "load-1", "load-state", "load-message", "load-swapped" };
  GError *error = NULL;
  ButlerSwapReport *report;

  swap_put (field, plugins[g_rand_int_range (rand, 0, G_N_ELEMENTS (plugins))]);
  report = butler_hub_swap (field->hub, NULL, &error);
  if (report == NULL)
    g_assert_error (error, BUTLER_ERROR, BUTLER_ERROR_TIMED_OUT);
  g_clear_error (&error);
  add (report != NULL ? &field->tally.swaps : &field->tally.swaps_given_up, 1);
  butler_swap_report_free (report);
}

gpointer
swap_many (gpointer data)
{
  Field *field = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (field->seed + SENDERS + 1);

  while (g_async_queue_pop (field->swaps) != field)
    swap_one (field, rand);
  return NULL;
}

/* Swaps nothing, and returns when all that could go of what was let go before has gone: one thing after the other is done there. */
void
swap_settle (Field *field)
{
  static const char *const none[] = { "none", NULL };
  GError *error = NULL;

  g_assert_null (butler_hub_swap (field->hub, none, &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_FOUND, NULL);
}
