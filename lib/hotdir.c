/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/hotdir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <threadbutler/error.h>
#include <unistd.h>

#define PREFIX      "threadbutler-"
#define CLAIM_TRIES 16

struct _ButlerHotDir
{
  char *path;  /* (owned) */
  guint users; /* under the mutex */

  /* The folder, locked with flock(): that is how other processes know that this one lives. Process ids would not do,
   * they are used again and mean nothing in another container. systemd-tmpfiles, too, leaves locked folders alone. */
  int   lock;
};

static GMutex        mutex; /* taken inside no other lock, and none is taken inside */
static ButlerHotDir *current;
static guint         generation; /* atomic */

static gboolean
remove_copies (const char *folder)
{
  GDir       *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  if (dir == NULL)
    return FALSE;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".so"))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        g_unlink (path);
      }
  g_dir_close (dir);
  return g_rmdir (folder) == 0;
}

static void
remove_if_dead (const char *folder)
{
  int         fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat now;

  if (fd < 0)
    return;

  if (fstat (fd, &now) == 0 && now.st_uid == geteuid () && flock (fd, LOCK_EX | LOCK_NB) == 0)
    if (!remove_copies (folder))
      g_info ("Folder %s of a process that ended could not be removed", folder);
  close (fd);
}

/* threadbutler-PID-XXXXXX. Beside them there may be the folder of the control sockets, threadbutler-UID. */
static gboolean
is_hotdir_name (const char *name)
{
  return g_str_has_prefix (name, PREFIX) && strchr (name + strlen (PREFIX), '-') != NULL;
}

static void
remove_dead (const char *root)
{
  GDir       *dir = g_dir_open (root, 0, NULL);
  const char *name;

  if (dir == NULL)
    return;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (is_hotdir_name (name))
      {
        g_autofree char *folder = g_build_filename (root, name, NULL);

        remove_if_dead (folder);
      }
  g_dir_close (dir);
}

/* Another process may find the folder before it is locked, take it for a dead one's and remove it: then there is a next
 * try. */
static int
claim (const char *root,
       char      **path)
{
  for (guint tries = 0; tries < CLAIM_TRIES; tries++)
    {
      g_autofree char *folder = g_strdup_printf ("%s/" PREFIX "%d-XXXXXX", root, (int) getpid ());
      int              fd;

      if (g_mkdtemp (folder) == NULL)
        return -1;
      fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0 && access (folder, F_OK) == 0)
        {
          *path = g_steal_pointer (&folder);
          return fd;
        }
      if (fd >= 0)
        close (fd);
      g_rmdir (folder);
    }
  errno = EBUSY;
  return -1;
}

static gboolean
may_execute (const char *root)
{
  struct statvfs mount;

  return statvfs (root, &mount) != 0 || (mount.f_flag & ST_NOEXEC) == 0;
}

/* Asking the mount is surer than waiting for dlopen() to fail and reading its text, which is translated. */
static ButlerHotDir *
make_in (const char *root,
         GString    *why)
{
  char *path = NULL;
  int   lock = -1;

  if (may_execute (root))
    lock = claim (root, &path);
  else
    errno = 0;
  if (lock < 0)
    {
      g_string_append_printf (why, "%s%s (%s)", why->len > 0 ? ", " : "", root,
                              errno == 0 ? "mounted noexec" : g_strerror (errno));
      return NULL;
    }

  ButlerHotDir *dir = g_new0 (ButlerHotDir, 1);
  dir->path = path;
  dir->lock = lock;
  remove_dead (root);
  return dir;
}

static ButlerHotDir *
make (GError **error)
{
  const char         *roots[] = { g_getenv ("BUTLER_HOT_DIR"), g_getenv ("XDG_RUNTIME_DIR"), g_get_tmp_dir () };
  g_autoptr (GString) why = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    if (roots[i] != NULL && *roots[i] != '\0')
      {
        g_autofree char *root = g_canonicalize_filename (roots[i], NULL); /* the program may change its folder */
        ButlerHotDir    *dir = make_in (root, why);

        if (dir != NULL)
          return dir;
      }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED,
               "no folder takes a private copy that can be executed: %s; set BUTLER_HOT_DIR", why->str);
  return NULL;
}

ButlerHotDir *
butler__hotdir_acquire (GError **error)
{
  ButlerHotDir *dir;

  g_mutex_lock (&mutex);
  if (current == NULL)
    current = make (error);
  dir = current;
  if (dir != NULL)
    dir->users++;
  g_mutex_unlock (&mutex);
  return dir;
}

void
butler__hotdir_release (ButlerHotDir *dir)
{
  gboolean last;

  g_mutex_lock (&mutex);
  last = --dir->users == 0;
  if (last)
    current = NULL;
  g_mutex_unlock (&mutex);
  if (!last)
    return;

  if (g_rmdir (dir->path) != 0)
    g_warning ("The private folder %s cannot be removed: %s", dir->path, g_strerror (errno));
  close (dir->lock);
  g_free (dir->path);
  g_free (dir);
}

int
butler__hotdir_create (ButlerHotDir *dir,
                       const char   *name,
                       char        **path,
                       GError      **error)
{
  guint            number = (guint) g_atomic_int_add ((gint *) &generation, 1) + 1;
  g_autofree char *file = g_strdup_printf ("%s/%s.%u.so", dir->path, name, number);
  int              fd = open (file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "the private copy %s cannot be made: %s", file,
                 g_strerror (errno));
  else
    *path = g_steal_pointer (&file);
  return fd;
}
