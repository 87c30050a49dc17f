/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The main function where there is no libFuzzer: takes each file of the corpus that belongs to the program's name, or those that are
 * named, once. What a fuzzer has found once is a file there, and a test from then on. */

static void
take_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *bytes = NULL;
  gsize              size;

  printf ("%s\n", path);
  fflush (stdout);
  if (!g_file_get_contents (path, &bytes, &size, &error))
    g_error ("%s", error->message);
  LLVMFuzzerTestOneInput ((const uint8_t *) bytes, size);
}

static void
take_folder (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir)   folder = g_dir_open (path, 0, &error);
  const char        *name;
  guint              n = 0;

  if (folder == NULL)
    g_error ("%s", error->message);
  for (; (name = g_dir_read_name (folder)) != NULL; n++)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      take_file (file);
    }
  g_assert_cmpuint (n, >, 0);
}

int
main (int    argc,
      char **argv)
{
  const char *sources = g_getenv ("G_TEST_SRCDIR");
  const char *name = strstr (argv[0], "test-fuzz-");

  g_assert_nonnull (name);
  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    take_file (argv[i]);
  if (argc == 1)
    {
      g_autofree char *path = g_build_filename (sources != NULL ? sources : "tests", "fuzz", "corpora", name + strlen ("test-fuzz-"), NULL);

      take_folder (path);
    }
  return EXIT_SUCCESS;
}
