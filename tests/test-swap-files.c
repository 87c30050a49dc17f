/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <fcntl.h>

#include "tests/plays.h"

/* A file that is written while its plugin is swapped: only what somebody has written to the end ever runs, and what was written last wins. */

#define BUILDS 8
#define LEAST_WRITTEN 50 /* times */

/* One build, as a linker leaves it and as a tool makes it of that. */
typedef struct
{
  char  *bytes;
  gsize  size;
  char  *tooled; /* (owned) (nullable): its checksum */
  char  *plain;  /* (owned): the checksum */
} Build;

typedef struct
{
  const char *name;  /* of the tool; NULL: none */
  const char *option;
  gboolean    renames; /* as mv does it; else it writes in place */
} Way;

static const Way ways[] = {
  { NULL, NULL, FALSE },
  { NULL, NULL, TRUE },
  { "strip", "--strip-debug", FALSE },
  { "objcopy", "--compress-debug-sections", FALSE },
};

typedef struct
{
  const Way *way;
  Build      builds[BUILDS];
  gint       over; /* enough swaps were tried */
} Shop;

static char *
sum_up (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize size;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) bytes, size);
}

/* As cp does it: the file is the same one, and is empty, then a part of itself, then whole. */
static void
write_in_place (const char *path,
                const char *bytes,
                gsize       size)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

  g_assert_cmpint (fd, >=, 0);
  for (gsize done = 0; done < size;)
    {
      gssize n = write (fd, bytes + done, MIN (size - done, 4096));

      g_assert_cmpint (n, >, 0);
      done += (gsize) n;
    }
  close (fd);
}

static void
apply_tool (const Way  *way,
            const char *path)
{
  const char *argv[] = { way->name, way->option, path, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
make_build (Build     *self,
            const Way *way,
            guint      n)
{
  static const char *const plugins[] = { "play-1", "play-other", "play-swapped" };
  g_autofree char *from = leftovers_plugin (plugins[n / 3 % G_N_ELEMENTS (plugins)]);
  g_autofree char *trial = leftovers_path (&left, "trial.so");

  ck_assert (g_file_get_contents (from, &self->bytes, &self->size, NULL));
  set_number (self->bytes, self->size, 100 + n);
  self->bytes = g_realloc (self->bytes, self->size + 1);
  self->bytes[self->size++] = (char) n; /* at both ends, so that each half of two of the same size can be told from the other */
  write_in_place (trial, self->bytes, self->size);
  self->plain = sum_up (trial);
  if (way->name != NULL)
    {
      apply_tool (way, trial);
      self->tooled = sum_up (trial);
    }
  g_unlink (trial);
}

static void
build_clear (Build *self)
{
  g_free (self->bytes);
  g_free (self->plain);
  g_free (self->tooled);
}

static void
write_build (const Shop  *self,
             const Build *build)
{
  if (self->way->renames)
    leftovers_exchange (troupe.file, build->bytes, build->size);
  else
    write_in_place (troupe.file, build->bytes, build->size);
  if (self->way->name != NULL)
    apply_tool (self->way, troupe.file);
}

static gpointer
write_builds (gpointer data)
{
  Shop *self = data;

  for (guint i = 0; i < LEAST_WRITTEN || !g_atomic_int_get (&self->over); i++)
    write_build (self, &self->builds[i % BUILDS]);
  write_build (self, &self->builds[BUILDS - 1]);
  return NULL;
}

/* What runs is one of the builds, from the first byte to the last. */
static void
check_what_runs (const Shop   *self,
                 ButlerServer *server)
{
  g_autoptr (ButlerModuleStatus) status = butler_module_get_status (troupe.module);
  g_autofree char *sum = sum_up (g_array_index (status->generations, ButlerGenerationStatus, 0).copy);
  guint64 number = ask_actor (server).number;

  ck_assert_uint_ge (number, 100);
  ck_assert_uint_lt (number, 100 + BUILDS);
  ck_assert_msg (g_strcmp0 (sum, self->builds[number - 100].plain) == 0 || g_strcmp0 (sum, self->builds[number - 100].tooled) == 0,
                 "what runs was never a whole build");
}

/* FALSE: the file was no plugin at that moment, or not a new one. */
static gboolean
swap_if_whole (void)
{
  const char *const names[] = { "play", NULL };
  GError *error = NULL;
  ButlerSwapReport *report = butler_hub_swap (hub, names, &error);

  if (report != NULL)
    {
      butler_swap_report_free (report);
      return TRUE;
    }
  ck_assert_msg (g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN)
                 || g_error_matches (error, BUTLER_ERROR, BUTLER_ERROR_UNCHANGED), "%s", error->message);
  g_error_free (error);
  return FALSE;
}

START_TEST (only_whole_builds_run)
{
  ButlerServer *server = start_actor ("s");
  Shop shop = { .way = &ways[_i] };
  g_autofree char *tool = shop.way->name != NULL ? g_find_program_in_path (shop.way->name) : NULL;
  GThread *thread;

  if (shop.way->name != NULL && tool == NULL)
    {
      printf ("skipped: there is no %s\n", shop.way->name);
      return;
    }
  for (guint i = 0; i < BUILDS; i++)
    make_build (&shop.builds[i], shop.way, i);
  thread = g_thread_new ("writes", write_builds, &shop);
  for (guint i = 0; i < by_scale (5, 60, 5000); i++)
    if (swap_if_whole ())
      check_what_runs (&shop, server);
  g_atomic_int_set (&shop.over, TRUE);
  g_thread_join (thread);
  swap_if_whole ();
  check_what_runs (&shop, server);
  ck_assert_uint_eq (ask_actor (server).number, 100 + BUILDS - 1);
  for (guint i = 0; i < BUILDS; i++)
    build_clear (&shop.builds[i]);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("swap-files");
  TCase *tcase = tcase_create ("swap-files");

  tcase_set_timeout (tcase, 600);
  tcase_add_checked_fixture (tcase, plays_begin, plays_end);
  tcase_add_loop_test (tcase, only_whole_builds_run, 0, G_N_ELEMENTS (ways));
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
