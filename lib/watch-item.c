/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/watch-item.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_LINKS 40 /* as the kernel has it */
#define MAX_DEPTH 32

struct _ButlerWatchItem
{
  char       *path;     /* (owned): absolute, as it was asked for */
  GStrv       patterns; /* (owned) (nullable): NULL: one file */
  GHashTable *looks;    /* (owned): path -> Looks */

  /* Of the last walk. */
  char       *place;    /* (owned) (nullable): where the way led to, without a link in it; NULL: nowhere */
  GHashTable *steps;    /* (owned): each name on the way, in the folder where it was met */
  GPtrArray  *files;    /* (owned): of a folder, what matched, as a user would write it */
};

/* What tells one content of a file from the next; all zero: there is none. The time of the last change of status is one
 * that cp -p and touch cannot set. */
typedef struct
{
  dev_t           device;
  ino_t           inode;
  off_t           size;
  struct timespec modified;
  struct timespec changed;
} Look;

typedef struct
{
  Look seen;  /* at the last look */
  Look taken; /* when it was there and was taken */
} Looks;

ButlerWatchItem *
butler__watch_item_new (const char        *path,
                        const char *const *patterns)
{
  ButlerWatchItem *self = g_new0 (ButlerWatchItem, 1);

  self->path = g_canonicalize_filename (path, NULL);
  self->patterns = g_strdupv ((GStrv) patterns);
  self->looks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->steps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->files = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
butler__watch_item_free (ButlerWatchItem *self)
{
  g_ptr_array_unref (self->files);
  g_hash_table_unref (self->steps);
  g_free (self->place);
  g_hash_table_unref (self->looks);
  g_strfreev (self->patterns);
  g_free (self->path);
  g_free (self);
}

/* The names of @path on a stack, the first on top. */
static void
push_names (GPtrArray  *names,
            const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = g_strv_length (parts); i > 0; i--)
    if (*parts[i - 1] != '\0' && !g_str_equal (parts[i - 1], "."))
      g_ptr_array_add (names, g_strdup (parts[i - 1]));
}

/* @names go on with what a link leads to: FALSE if it cannot be read. */
static gboolean
follow_link (const char *link,
             char      **at,
             GPtrArray  *names)
{
  g_autofree char *target = g_file_read_link (link, NULL);

  if (target == NULL)
    return FALSE;

  if (g_path_is_absolute (target))
    {
      g_free (*at);
      *at = g_strdup ("/");
    }
  push_names (names, target);
  return TRUE;
}

/* One name further; FALSE if it ends here. */
static gboolean
take_step (ButlerWatchItem *self,
           char           **at,
           GPtrArray       *names,
           guint           *links)
{
  g_autofree char *name = g_ptr_array_steal_index (names, names->len - 1);
  g_autofree char *step = NULL;
  struct stat      file;

  if (g_str_equal (name, ".."))
    {
      step = g_path_get_dirname (*at);
      g_free (*at);
      *at = g_steal_pointer (&step);
      return TRUE;
    }

  step = g_build_filename (*at, name, NULL);
  g_hash_table_add (self->steps, g_strdup (step));
  if (lstat (step, &file) != 0)
    return FALSE;
  if (S_ISLNK (file.st_mode))
    return ++*links <= MAX_LINKS && follow_link (step, at, names);

  g_free (*at);
  *at = g_steal_pointer (&step);
  return TRUE;
}

/* (transfer full) (nullable): where the path leads to; NULL: nowhere yet. */
static char *
find_place (ButlerWatchItem *self,
            GHashTable      *folders)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char      *at = g_strdup ("/");
  guint                 links = 0;

  push_names (names, self->path);
  while (names->len > 0)
    {
      g_hash_table_add (folders, g_strdup (at));
      if (!take_step (self, &at, names, &links))
        return NULL;
    }
  return g_steal_pointer (&at);
}

static gboolean
matches (ButlerWatchItem *self,
         const char      *name)
{
  for (guint i = 0; self->patterns[i] != NULL; i++)
    if (fnmatch (self->patterns[i], name, FNM_PERIOD) == 0)
      return TRUE;
  return FALSE;
}

/* Links to folders are not followed, for they can lead back. */
static gboolean
is_folder (const char *path)
{
  struct stat file;

  return lstat (path, &file) == 0 && S_ISDIR (file.st_mode);
}

/* Names that begin with a dot are hidden: .git, .deps, .libs, and what editors put there while they save. */
static void
scan (ButlerWatchItem *self,
      const char      *folder,
      const char      *shown,
      guint            depth,
      GHashTable      *folders)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char      *name;

  g_hash_table_add (folders, g_strdup (folder));
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *shown_path = g_build_filename (shown, name, NULL);

      if (*name == '.')
        continue;
      if (is_folder (path) && depth < MAX_DEPTH)
        scan (self, path, shown_path, depth + 1, folders);
      else if (matches (self, name))
        g_ptr_array_add (self->files, g_steal_pointer (&shown_path));
    }
}

void
butler__watch_item_walk (ButlerWatchItem *self,
                         GHashTable      *folders)
{
  g_hash_table_remove_all (self->steps);
  g_ptr_array_set_size (self->files, 0);
  g_free (self->place);
  self->place = find_place (self, folders);
  if (self->patterns == NULL)
    g_ptr_array_add (self->files, g_strdup (self->path));
  else if (self->place != NULL && is_folder (self->place))
    scan (self, self->place, self->path, 0, folders);
}

gboolean
butler__watch_item_cares (ButlerWatchItem *self,
                          const char      *path)
{
  const char *below;

  if (g_hash_table_contains (self->steps, path))
    return TRUE;
  if (self->patterns == NULL || self->place == NULL || !g_str_has_prefix (path, self->place))
    return FALSE;

  below = path + strlen (self->place);
  if (strstr (below, "/.") != NULL)
    return FALSE;
  return matches (self, strrchr (path, '/') + 1) || is_folder (path);
}

static gboolean
is_same_time (struct timespec a,
              struct timespec b)
{
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static gboolean
is_same (const Look *a,
         const Look *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size
         && is_same_time (a->modified, b->modified) && is_same_time (a->changed, b->changed);
}

static Looks *
looks_of (ButlerWatchItem *self,
          const char      *path)
{
  Looks *looks = g_hash_table_lookup (self->looks, path);

  if (looks == NULL)
    {
      looks = g_new0 (Looks, 1);
      g_hash_table_insert (self->looks, g_strdup (path), looks);
    }
  return looks;
}

static Look
look_at (const char *path)
{
  struct stat file;

  if (stat (path, &file) != 0 || S_ISDIR (file.st_mode))
    return (Look) { .size = 0 };
  return (Look) { file.st_dev, file.st_ino, file.st_size, file.st_mtim, file.st_ctim };
}

gboolean
butler__watch_item_look (ButlerWatchItem *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < self->files->len; i++)
    {
      const char *path = g_ptr_array_index (self->files, i);
      Looks      *looks = looks_of (self, path);
      Look        now = look_at (path);

      changed = changed || !is_same (&now, &looks->seen);
      looks->seen = now;
    }
  return changed;
}

/* What is not there stays as it was taken: when it comes again, it has another look. */
void
butler__watch_item_take_changed (ButlerWatchItem *self,
                                 GPtrArray       *changed)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      const char *path = g_ptr_array_index (self->files, i);
      Looks      *looks = looks_of (self, path);

      if (looks->seen.inode == 0 || is_same (&looks->seen, &looks->taken))
        continue;
      looks->taken = looks->seen;
      if (changed != NULL)
        g_ptr_array_add (changed, g_strdup (path));
    }
}
