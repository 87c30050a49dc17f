/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/app.h"
#include "tests/fuzz/fuzz.h"

/* An app file, and behind a byte 0xff, which is no UTF-8, what --set is given. All of it but the plugins themselves: no file is loaded. */

#define SEPARATOR 0xff

static int   fd;
static char *path;

int
LLVMFuzzerInitialize (int    *argc G_GNUC_UNUSED,
                      char ***argv G_GNUC_UNUSED)
{
  fuzz_begin ();
  fd = memfd_create ("app", MFD_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  return 0;
}

static void
write_file (const uint8_t *data,
            size_t         size)
{
  gboolean written = ftruncate (fd, 0) == 0 && pwrite (fd, data, size, 0) == (ssize_t) size;

  g_assert_true (written);
}

static gboolean
names_a_file (ButlerApp  *app,
              const char *group)
{
  g_autofree char *plugin = g_key_file_get_string (app->file, group, "plugin", NULL);
  g_autofree char *file = plugin != NULL ? butler__search_find (app->search, plugin, NULL) : NULL;

  return file != NULL && g_file_test (file, G_FILE_TEST_EXISTS);
}

static void
make_servers (ButlerApp *app)
{
  g_auto (GStrv) groups = g_key_file_get_groups (app->file, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      if (butler__app_server_name (groups[i]) != NULL && !names_a_file (app, groups[i]))
        fuzz_check_error (butler__app_make_server (app, groups[i], &error), &error);
    }
}

static void
set (ButlerApp     *app,
     const uint8_t *data,
     size_t         size)
{
  g_autofree char   *assignment = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;

  fuzz_check_error (butler_app_set (app, assignment, &error), &error);
}

static void
prepare (ButlerApp *app)
{
  g_autoptr (GError) error = NULL;
  gboolean           prepared = butler__app_prepare (app, &error);

  fuzz_check_error (prepared, &error);
  if (prepared)
    make_servers (app);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const uint8_t       *rest = size > 0 ? memchr (data, SEPARATOR, size) : NULL;
  size_t               length = rest != NULL ? (size_t) (rest - data) : size;
  g_autoptr (GError)   error = NULL;
  g_autoptr (ButlerApp) app = NULL;

  write_file (data, length);
  app = butler_app_new (path, &error);
  fuzz_check_error (app != NULL, &error);
  if (app != NULL && rest != NULL)
    set (app, rest + 1, size - length - 1);
  if (app != NULL)
    prepare (app);
  return 0;
}
