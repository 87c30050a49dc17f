/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/control-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <threadbutler/error.h>
#include <unistd.h>

#define OPEN_TRIES  16
#define BACKLOG     128 /* clients that wait to be let in: one more is refused */
#define PATH_LENGTH (sizeof (((struct sockaddr_un *) 0)->sun_path) - 1)

typedef struct
{
  char *path; /* (owned) */
  int   fd;   /* closing it unlocks the folder */
} Folder;

static void
folder_close (Folder *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folder, folder_close)

/* That of another user is what sudo and su leave in the environment: nothing of ours belongs there. */
static gboolean
is_my_folder (const char *path)
{
  struct stat info;

  return path != NULL && g_path_is_absolute (path) && stat (path, &info) == 0 && S_ISDIR (info.st_mode)
         && info.st_uid == geteuid ();
}

static char *
get_path (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");

  if (is_my_folder (runtime))
    return g_build_filename (runtime, "threadbutler", NULL);
  return g_strdup_printf ("%s/threadbutler-%u", g_get_tmp_dir (), (guint) geteuid ());
}

static gboolean
refuse (const Folder *self,
        int           code,
        const char   *reason,
        GError      **error)
{
  g_set_error (error, BUTLER_ERROR, code, "the folder of control sockets %s %s", self->path, reason);
  return FALSE;
}

/* Of what was opened, so that nothing can be put in its place afterwards. */
static gboolean
check (const Folder *self,
       GError      **error)
{
  g_autofree char *reason = NULL;
  struct stat      info;

  if (fstat (self->fd, &info) != 0)
    return refuse (self, BUTLER_ERROR_FAILED, g_strerror (errno), error);
  if (info.st_uid != geteuid ())
    reason = g_strdup_printf ("belongs to user %u: nobody but user %u may own it", (guint) info.st_uid,
                              (guint) geteuid ());
  else if ((info.st_mode & 0777) != 0700)
    reason = g_strdup_printf ("has the mode %04o: it must be 0700", (guint) info.st_mode & 0777);
  return reason == NULL || refuse (self, BUTLER_ERROR_UNTRUSTED, reason, error);
}

static gboolean
fail_to_open (const Folder *self,
              int           errsv,
              GError      **error)
{
  g_autofree char *reason = g_strdup_printf ("cannot be used: %s", g_strerror (errsv));

  if (errsv == ELOOP || errsv == ENOTDIR)
    return refuse (self, BUTLER_ERROR_UNTRUSTED, "is no folder", error);
  return refuse (self, BUTLER_ERROR_FAILED, reason, error);
}

/* What cleans up temporary files may remove it between two steps; when it is locked, that leaves it alone. */
static gboolean
open_and_lock (Folder  *self,
               gboolean *gone,
               GError  **error)
{
  struct stat info;

  *gone = FALSE;
  if (g_mkdir (self->path, 0700) != 0 && errno != EEXIST)
    return fail_to_open (self, errno, error);
  self->fd = open (self->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  *gone = self->fd < 0 && errno == ENOENT;
  if (self->fd < 0)
    return *gone ? FALSE : fail_to_open (self, errno, error);
  if (!check (self, error))
    return FALSE;
  while (flock (self->fd, LOCK_EX) != 0)
    if (errno != EINTR)
      return fail_to_open (self, errno, error);
  *gone = fstat (self->fd, &info) == 0 && info.st_nlink == 0;
  return !*gone;
}

static gboolean
folder_make (Folder  *self,
             GError **error)
{
  gboolean gone = TRUE;

  self->path = get_path ();
  for (guint tries = 0; gone && tries < OPEN_TRIES; tries++)
    {
      if (open_and_lock (self, &gone, error))
        return TRUE;
      if (self->fd >= 0)
        close (self->fd);
      self->fd = -1;
    }
  return gone ? fail_to_open (self, ENOENT, error) : FALSE;
}

/* Sockets */

static GSocketAddress *
address_new (const char *path)
{
  return strlen (path) <= PATH_LENGTH ? g_unix_socket_address_new (path) : NULL;
}

/* Only a refusal says that nobody listens: one who is too busy just now lives. */
static gboolean
is_dead (const char *path)
{
  g_autoptr (GSocketAddress) address = address_new (path);
  g_autoptr (GSocket)        socket = NULL;
  g_autoptr (GError)         error = NULL;

  if (address != NULL)
    socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (socket == NULL)
    return FALSE;
  g_socket_set_blocking (socket, FALSE);
  return !g_socket_connect (socket, address, NULL, &error)
         && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
is_socket_name (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot != NULL && dot != name && dot[1] != '\0' && strspn (dot + 1, "0123456789") == strlen (dot + 1);
}

static gboolean
is_socket (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && S_ISSOCK (info.st_mode);
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_sockets (const char *folder)
{
  GPtrArray  *paths = g_ptr_array_new_with_free_func (g_free);
  GDir       *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (is_socket_name (name) && is_socket (path))
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
  g_clear_pointer (&dir, g_dir_close);
  g_ptr_array_sort (paths, compare);
  return paths;
}

GPtrArray *
butler__control_find (GError **error)
{
  g_auto (Folder)       folder = { .path = get_path (), .fd = -1 };
  g_autoptr (GPtrArray) paths = NULL;

  folder.fd = open (folder.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder.fd < 0 && errno == ENOENT)
    return g_ptr_array_new_with_free_func (g_free);
  if (folder.fd < 0 && !fail_to_open (&folder, errno, error))
    return NULL;
  if (!check (&folder, error))
    return NULL;

  paths = list_sockets (folder.path);
  for (guint i = paths->len; i > 0; i--)
    if (is_dead (paths->pdata[i - 1]))
      g_ptr_array_remove_index (paths, i - 1);
  return g_steal_pointer (&paths);
}

/* The folder is locked. */
static void
remove_dead (const char *folder)
{
  g_autoptr (GPtrArray) paths = list_sockets (folder);

  for (guint i = 0; i < paths->len; i++)
    if (is_dead (paths->pdata[i]))
      g_unlink (paths->pdata[i]);
}

static gboolean
check_length (const char *path,
              GError    **error)
{
  if (strlen (path) <= PATH_LENGTH)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE,
               "the path of the control socket has %zu bytes, %zu are possible: %s", strlen (path), PATH_LENGTH, path);
  return FALSE;
}

/* The folder is locked until it listens. */
static gboolean
bind_and_listen (GSocket    *socket,
                 const char *path,
                 GError    **error)
{
  g_autoptr (GSocketAddress) address = address_new (path);

  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, FALSE, error))
    return FALSE;
  if (g_chmod (path, 0600) == 0 && g_socket_listen (socket, error))
    return TRUE;
  if (error != NULL && *error == NULL)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  g_unlink (path);
  return FALSE;
}

static GSocket *
socket_at (const char *path,
           GError    **error)
{
  g_autoptr (GError)  reason = NULL;
  g_autoptr (GSocket) socket = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &reason);
  if (socket != NULL && bind_and_listen (socket, path, &reason))
    return g_steal_pointer (&socket);

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_EXISTS, "there is a control socket %s already", path);
  else
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "the control socket %s cannot be made: %s", path,
                 reason->message);
  return NULL;
}

GSocket *
butler__control_listen (const char *name,
                        char      **path,
                        GError    **error)
{
  g_auto (Folder)     folder = { .fd = -1 };
  g_autofree char    *full = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (!folder_make (&folder, error))
    return NULL;
  full = g_strdup_printf ("%s/%s.%d", folder.path, name, (int) getpid ());
  if (!check_length (full, error))
    return NULL;
  remove_dead (folder.path);
  socket = socket_at (full, error);
  if (socket != NULL)
    *path = g_steal_pointer (&full);
  return g_steal_pointer (&socket);
}
