/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * tasks: a server that never blocks. Reading and hashing a file would, so that is done on the server's pool, and
 * comes back to the server as a message; the server prints its report when it is stopped, which waits for the tasks.
 *
 *     examples/tasks FILE... */

#include <threadbutler/threadbutler.h>

#define FILE_FIELDS(F, R) \
  F (R, string, path)
BUTLER_MESSAGE (TasksFile, file, FILE_FIELDS);

#define HASH_FIELDS(F, R) \
  F (R, string, path)     \
  F (R, string, hash)
BUTLER_MESSAGE (TasksHash, hash, HASH_FIELDS);

#define HASHER_FIELDS(F, R)          \
  F (R, array (record (hash)), done) \
  F (R, uint32,                asked)
BUTLER_RECORD (TasksHasher, hasher, HASHER_FIELDS);

#define HASHER_HANDLES(H, S) \
  H (S, file)                \
  H (S, hash)
BUTLER_HANDLERS (hasher, HASHER_HANDLES);

/* On a thread of the pool: it has what it was given, and not the server's state. */
static void
hash_file (ButlerTask *task, gpointer data)
{
  const TasksFile *file = data;
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (g_file_get_contents (file->path, &contents, &size, &error))
    hash_return (task, &(TasksHash) { g_strdup (file->path),
                                      g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) contents, size) });
  else
    butler_task_fail (task, "%s", error->message);
}

static void
hasher_on_file (TasksHasher *self, TasksFile *message G_GNUC_UNUSED, ButlerContext *context)
{
  self->asked++;
  butler_context_run_task (context, "hash", hash_file, file_take (context), (GDestroyNotify) file_free);
}

/* A task's result overtakes the messages that wait. */
static void
hasher_on_hash (TasksHasher *self, TasksHash *message, ButlerContext *context G_GNUC_UNUSED)
{
  g_array_append_val (self->done, *message);
  *message = (TasksHash) { NULL, NULL }; /* what it owned is the array's now */
}

static gboolean
hasher_start (TasksHasher *self,
              gconstpointer none G_GNUC_UNUSED,
              ButlerContext *context G_GNUC_UNUSED,
              GError **error G_GNUC_UNUSED)
{
  self->done = hash_array_new (0);
  return TRUE;
}

static int
by_path (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (((const TasksHash *) a)->path, ((const TasksHash *) b)->path);
}

static void
hasher_stop (TasksHasher *self, ButlerContext *context G_GNUC_UNUSED)
{
  g_array_sort (self->done, by_path);
  for (guint i = 0; i < self->done->len; i++)
    {
      const TasksHash *hash = &g_array_index (self->done, TasksHash, i);

      g_print ("%s  %s\n", hash->hash, hash->path);
    }
  g_print ("%u of %u files\n", self->done->len, self->asked);
}

static const ButlerHandlerSet hasher_set = {
  BUTLER_HANDLER_SET (hasher),
  BUTLER_START_PLAIN (hasher, hasher_start),
  BUTLER_STOP (hasher, hasher_stop),
};

static gboolean
run (ButlerHub *hub, char **paths, GError **error)
{
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (.pool_size = 4);

  if (butler_server_new (hub, "hasher", &hasher_set, options, error) == NULL || !butler_hub_start (hub, error))
    return FALSE;
  for (; *paths != NULL; paths++)
    if (!file_send (hub, &(TasksFile) { g_strdup (*paths) }, error))
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (run (hub, argv + MIN (argc, 1), &error))
    return 0;
  g_printerr ("tasks: %s\n", error->message);
  return 1;
}
