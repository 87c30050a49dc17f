/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <threadbutler/error.h>
#include <unistd.h>

#include "lib/elf.h"
#include "lib/hotdir.h"

#define COPY_TRIES 5
#define PIECE      65536

struct _ButlerStage
{
  ButlerHotDir *dir;  /* (owned) */
  char         *copy; /* (owned) */
  char         *digest; /* (owned): of what was copied */
};

static gboolean
refuse (const char *path,
        ButlerError code,
        const char *reason,
        GError    **error)
{
  g_set_error (error, BUTLER_ERROR, (gint) code, "%s: %s", path, reason);
  return FALSE;
}

static int
refuse_open (const char *path,
             int         reason,
             GError    **error)
{
  gboolean missing = reason == ENOENT || reason == ENOTDIR;

  refuse (path, missing ? BUTLER_ERROR_NOT_FOUND : BUTLER_ERROR_BAD_PLUGIN,
          missing ? "there is no such file" : g_strerror (reason), error);
  return -1;
}

static gboolean
check_kind (const char        *path,
            const struct stat *file,
            GError           **error)
{
  if (S_ISDIR (file->st_mode))
    return refuse (path, BUTLER_ERROR_BAD_PLUGIN, "it is a folder, not a plugin", error);
  if (!S_ISREG (file->st_mode))
    return refuse (path, BUTLER_ERROR_BAD_PLUGIN, "it is not a regular file", error);
  if (file->st_size == 0)
    return refuse (path, BUTLER_ERROR_BAD_PLUGIN, "it is empty", error);
  return TRUE;
}

/* Who can write the file, or put another in its place, can run code as this user. A folder with the sticky bit, such as
 * /tmp, lets nobody replace what is not his. */
static gboolean
check_trust (const char        *path,
             const struct stat *folder,
             const struct stat *file,
             GError           **error)
{
  if (file->st_uid != geteuid () && file->st_uid != 0)
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_UNTRUSTED,
                   "%s: it belongs to user %u, neither to you nor to root (trust=any loads it all the same)", path,
                   (guint) file->st_uid);
      return FALSE;
    }
  if ((file->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse (path, BUTLER_ERROR_UNTRUSTED,
                   "others can write it (chmod go-w, or trust=any to load it all the same)", error);
  if ((folder->st_mode & S_IWOTH) != 0 && (folder->st_mode & S_ISVTX) == 0)
    return refuse (path, BUTLER_ERROR_UNTRUSTED,
                   "others can write the folder it lies in (chmod o-w, or trust=any to load it all the same)", error);
  return TRUE;
}

/* Through the folder's descriptor, so that the folder that is checked is the one that the file is taken from.
 * O_NONBLOCK: a fifo would wait for a writer. */
static int
open_checked (const char        *path,
              ButlerModuleFlags  flags,
              GError           **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  struct stat      folder;
  struct stat      file;
  int              dir = open (parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int              fd = dir < 0 ? -1 : openat (dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean         ok = fd >= 0 && fstat (dir, &folder) == 0 && fstat (fd, &file) == 0;
  int              reason = errno;

  if (dir >= 0)
    close (dir);
  if (!ok)
    refuse_open (path, reason, error);
  else
    ok = check_kind (path, &file, error)
         && ((flags & BUTLER_MODULE_ANY_OWNER) != 0 || check_trust (path, &folder, &file, error));
  if (ok)
    return fd;

  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
write_all (int         fd,
           const char *bytes,
           gsize       count,
           off_t       offset)
{
  while (count > 0)
    {
      gssize written = pwrite (fd, bytes, count, offset);

      if (written < 0 && errno != EINTR)
        return FALSE;
      if (written > 0)
        {
          bytes += written;
          count -= (gsize) written;
          offset += written;
        }
    }
  return TRUE;
}

static gboolean
copy_bytes (const char *path,
            int         from,
            int         to,
            GChecksum  *checksum,
            GError    **error)
{
  g_autofree char *piece = g_malloc (PIECE);
  off_t            offset = 0;

  g_checksum_reset (checksum);
  if (ftruncate (to, 0) != 0)
    return refuse (path, BUTLER_ERROR_FAILED, g_strerror (errno), error);

  for (;;)
    {
      gssize count = pread (from, piece, PIECE, offset);

      if (count == 0)
        return TRUE;
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return refuse (path, BUTLER_ERROR_BAD_PLUGIN, g_strerror (errno), error);
      if (!write_all (to, piece, (gsize) count, offset))
        {
          g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "%s: its private copy cannot be written: %s", path,
                       g_strerror (errno));
          return FALSE;
        }
      g_checksum_update (checksum, (const guchar *) piece, count);
      offset += count;
    }
}

static gboolean
same_moment (const struct stat *a,
             const struct stat *b)
{
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A file that cp, strip or a linker writes at this moment is copied half old, half new: what changed meanwhile is
 * copied again. */
static gboolean
copy_unchanged (ButlerStage *stage,
                const char  *path,
                int          from,
                int          to,
                guint64     *size,
                GError     **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint tries = 0; tries < COPY_TRIES; tries++)
    {
      struct stat before;
      struct stat after;
      struct stat copy;

      if (fstat (from, &before) != 0)
        return refuse (path, BUTLER_ERROR_BAD_PLUGIN, g_strerror (errno), error);
      if (!copy_bytes (path, from, to, checksum, error))
        return FALSE;
      if (fstat (from, &after) == 0 && same_moment (&before, &after) && fstat (to, &copy) == 0
          && copy.st_size == after.st_size)
        {
          *size = (guint64) copy.st_size;
          stage->digest = g_strdup (g_checksum_get_string (checksum));
          return TRUE;
        }
    }
  return refuse (path, BUTLER_ERROR_BAD_PLUGIN, "it changed while it was copied", error);
}

/* The copy is checked and not the file, which can still change. */
static gboolean
fill (ButlerStage *stage,
      const char  *path,
      int          from,
      GError     **error)
{
  g_autofree char *file = g_path_get_basename (path);
  guint64          size = 0;
  gboolean         ok;
  int              to;

  if (g_str_has_suffix (file, ".so"))
    file[strlen (file) - strlen (".so")] = '\0';
  to = butler__hotdir_create (stage->dir, file, &stage->copy, error);
  if (to < 0)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }

  ok = copy_unchanged (stage, path, from, to, &size, error);
  if (ok && !butler__elf_check (to, size, error))
    {
      g_prefix_error (error, "%s: ", path);
      ok = FALSE;
    }
  close (to);
  return ok;
}

ButlerStage *
butler__stage_new (const char        *path,
                   ButlerModuleFlags  flags,
                   GError           **error)
{
  g_autoptr (ButlerStage) stage = g_new0 (ButlerStage, 1);
  int                     from = open_checked (path, flags, error);
  gboolean                ok;

  if (from < 0)
    return NULL;

  stage->dir = butler__hotdir_acquire (error);
  if (stage->dir == NULL)
    g_prefix_error (error, "%s: ", path);
  ok = stage->dir != NULL && fill (stage, path, from, error);
  close (from);
  return ok ? g_steal_pointer (&stage) : NULL;
}

void
butler__stage_free (ButlerStage *stage)
{
  if (stage->copy != NULL)
    g_unlink (stage->copy);
  if (stage->dir != NULL)
    butler__hotdir_release (stage->dir);
  g_free (stage->copy);
  g_free (stage->digest);
  g_free (stage);
}

gboolean
butler__stage_is_same (ButlerStage *a,
                       ButlerStage *b)
{
  return g_str_equal (a->digest, b->digest);
}

const char *
butler__stage_get_copy (ButlerStage *stage)
{
  return stage->copy;
}

char *
butler__stage_explain (const char *copy,
                       const char *path,
                       const char *text)
{
  g_autofree char *prefix = g_strconcat (copy, ": ", NULL);
  GString         *reason = g_string_new (text);

  g_string_replace (reason, prefix, "", 0);
  g_string_replace (reason, copy, path, 0);
  return g_string_free (reason, FALSE);
}
