/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "bench/swap-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define PLUGIN "bench_swap"
#define SERVER "swapped"
#define PACE     20 /* µs between two looks at the clock; the kernel adds some */
#define PATIENCE (60 * G_TIME_SPAN_SECOND) /* for one message: then it is lost */

typedef struct
{
  BenchRig *rig;    /* (unowned) */
  GThread  *thread; /* (owned) (nullable): NULL: it is not started; number 0 is the program itself then */
  guint     number;
  double    rate;   /* messages a second */
  guint64   skip;   /* the message that is left out */
  guint64   sent;   /* the writer's until it is joined */
  GError   *error;  /* (owned) (nullable): the same */
} Writer;

struct _BenchRig
{
  char           *folder;      /* (owned) */
  char           *files[2];    /* (owned): the variants */
  char           *path;        /* (owned): the plugin's file */
  guint           present;     /* which of the two is there */
  guint           exchanged;   /* how often a variant was put there */

  ButlerHub      *hub;         /* (owned) */
  ButlerServer   *server;      /* (unowned) */
  BenchSwapTally  tally;
  GArray         *reported;    /* (owned): double */

  Writer          writers[BENCH_WRITERS_MAX];
  guint           n_writers;
  gint            stop;        /* atomic: the program raises it, the writers look */
};

/* The folder */

static gboolean
refuse (const char *path,
        GError    **error)
{
  int reason = errno;

  g_set_error (error, G_FILE_ERROR, (gint) g_file_error_from_errno (reason), "%s: %s", path, g_strerror (reason));
  return FALSE;
}

static gboolean
copy_variant (BenchRig   *self,
              guint       number,
              const char *name,
              GError    **error)
{
  g_autofree char *from = g_strdup_printf (BENCH_PLUGINS "/%s.so", name);
  g_autofree char *bytes = NULL;
  gsize length = 0;

  self->files[number] = g_strdup_printf ("%s/%u", self->folder, number);
  return g_file_get_contents (from, &bytes, &length, error)
         && g_file_set_contents_full (self->files[number], bytes, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0700,
                                      error);
}

/* What looks at the path finds one variant or the other. */
static gboolean
put_present (BenchRig *self,
             GError  **error)
{
  g_autofree char *next = g_strconcat (self->path, ".next", NULL);

  self->exchanged++;
  if (link (self->files[self->present], next) != 0 || g_rename (next, self->path) != 0)
    return refuse (self->path, error);
  return TRUE;
}

static gboolean
make_folder (BenchRig          *self,
             const char *const  variants[2],
             GError           **error)
{
  self->folder = g_dir_make_tmp ("butler-swap-XXXXXX", error);
  if (self->folder == NULL)
    return FALSE;
  self->path = g_build_filename (self->folder, PLUGIN ".so", NULL);
  return copy_variant (self, 0, variants[0], error) && copy_variant (self, 1, variants[1], error)
         && put_present (self, error);
}

static void
remove_folder (BenchRig *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->files); i++)
    if (self->files[i] != NULL)
      g_unlink (self->files[i]);
  if (self->path != NULL)
    g_unlink (self->path);
  if (self->folder != NULL)
    g_rmdir (self->folder);
}

/* The server */

static gboolean
start_server (BenchRig *self,
              gboolean  with_block,
              GError  **error)
{
  BenchAttach attach = { .tally = &self->tally, .with_block = with_block };
  ButlerModule *module = butler_module_load (self->hub, self->path, BUTLER_MODULE_DEFAULT, error);
  const ButlerHandlerSet *set = module != NULL ? butler_module_get_set (module, SERVER, error) : NULL;

  if (set != NULL)
    self->server = butler_server_new (self->hub, SERVER, set, NULL, error);
  return self->server != NULL && bench_attach_send (self->hub, &attach, error)
         && butler_server_start (self->server, error) && bench_rig_tick (self, error);
}

BenchRig *
bench_rig_new (const char *const  variants[2],
               gboolean           with_block,
               GError           **error)
{
  g_autoptr (BenchRig) self = g_new0 (BenchRig, 1);

  g_mutex_init (&self->tally.mutex);
  g_cond_init (&self->tally.came);
  self->tally.pauses = g_array_new (FALSE, FALSE, sizeof (double));
  self->tally.waits = g_array_new (FALSE, FALSE, sizeof (double));
  self->reported = g_array_new (FALSE, FALSE, sizeof (double));
  self->hub = butler_hub_new ();
  for (guint i = 0; i < BENCH_WRITERS_MAX; i++)
    self->writers[i] = (Writer) { .rig = self, .number = i, .skip = G_MAXUINT64 };
  if (make_folder (self, variants, error) && start_server (self, with_block, error) && bench_rig_wait (self, error))
    return g_steal_pointer (&self);
  return NULL;
}

static guint64
count_disorder (const BenchRig *self)
{
  guint64 missing = self->tally.disorder;

  for (guint i = 0; i < BENCH_WRITERS_MAX; i++)
    missing += self->tally.next[i] != self->writers[i].sent;
  return missing;
}

gboolean
bench_rig_end (BenchRig *self,
               GError  **error)
{
  butler_server_stop (self->server);
  if (count_disorder (self) == 0 && self->tally.broken == 0 && self->tally.switches == self->exchanged)
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED,
               "wrong: %" G_GUINT64_FORMAT " messages lost or out of order, %u of %u variants, %" G_GUINT64_FORMAT
               " states that differ",
               count_disorder (self), self->tally.switches, self->exchanged, self->tally.broken);
  return FALSE;
}

void
bench_rig_free (BenchRig *self)
{
  bench_rig_stop_writers (self, NULL);
  butler_hub_unref (self->hub);
  remove_folder (self);
  g_array_unref (self->tally.pauses);
  g_array_unref (self->tally.waits);
  g_array_unref (self->reported);
  g_cond_clear (&self->tally.came);
  g_mutex_clear (&self->tally.mutex);
  g_free (self->files[0]);
  g_free (self->files[1]);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

/* The writers */

static gboolean
send_tick (Writer  *writer,
           gint64   now,
           GError **error)
{
  BenchTick tick = { .seq = writer->sent, .sent = now, .writer = writer->number };

  if (writer->sent++ == writer->skip)
    return TRUE;
  return bench_tick_send (writer->rig->hub, &tick, error);
}

/* Sends what is due, some dozens at a time. One that spun would take the CPU from who swaps, where there are but two of
 * them. */
static gpointer
write_ticks (gpointer data)
{
  Writer *self = data;
  gint64 begin = bench_now ();

  for (guint64 count = 0; g_atomic_int_get (&self->rig->stop) == 0;)
    {
      gint64 now = bench_now ();

      for (guint64 due = (guint64) ((double) (now - begin) * self->rate / 1e9); count < due; count++)
        if (!send_tick (self, now, &self->error))
          return NULL;
      g_usleep (PACE);
    }
  return NULL;
}

void
bench_rig_lose (BenchRig *self)
{
  self->writers[0].skip = self->writers[0].sent + 1;
}

void
bench_rig_start_writers (BenchRig *self,
                         guint     n,
                         guint     rate)
{
  self->n_writers = n;
  for (guint i = 0; i < n; i++)
    {
      self->writers[i].rate = (double) rate / n;
      self->writers[i].thread = g_thread_new ("writer", write_ticks, &self->writers[i]);
    }
}

gboolean
bench_rig_stop_writers (BenchRig *self,
                        GError  **error)
{
  gboolean ok = TRUE;

  g_atomic_int_set (&self->stop, 1);
  for (guint i = 0; i < self->n_writers; i++)
    {
      Writer *writer = &self->writers[i];

      g_clear_pointer (&writer->thread, g_thread_join);
      if (writer->error == NULL)
        continue;
      if (ok)
        g_propagate_error (error, g_steal_pointer (&writer->error));
      g_clear_error (&writer->error);
      ok = FALSE;
    }
  return ok;
}

gboolean
bench_rig_tick (BenchRig *self,
                GError  **error)
{
  return send_tick (&self->writers[0], bench_now (), error);
}

/* Swaps */

gboolean
bench_rig_exchange (BenchRig *self,
                    GError  **error)
{
  self->present = 1 - self->present;
  return put_present (self, error);
}

static gboolean
write_file (const char *path,
            const char *bytes,
            gsize       length,
            GError    **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

  if (fd < 0)
    return refuse (path, error);
  for (gsize done = 0; done < length;)
    {
      gssize written = write (fd, bytes + done, length - done);

      if (written < 0)
        {
          refuse (path, error);
          close (fd);
          return FALSE;
        }
      done += (gsize) written;
    }
  return close (fd) == 0 || refuse (path, error);
}

gboolean
bench_rig_rewrite (BenchRig *self,
                   gint64   *closed,
                   GError  **error)
{
  g_autofree char *bytes = NULL;
  gsize length = 0;

  self->present = 1 - self->present;
  self->exchanged++;
  if (!g_file_get_contents (self->files[self->present], &bytes, &length, error))
    return FALSE;
  g_unlink (self->path);
  if (!write_file (self->path, bytes, length, error))
    return FALSE;
  *closed = bench_now ();
  return TRUE;
}

gint64
bench_rig_get_switched (BenchRig *self)
{
  gint64 switched;

  g_mutex_lock (&self->tally.mutex);
  switched = self->tally.switches >= self->exchanged ? self->tally.switched : 0;
  g_mutex_unlock (&self->tally.mutex);
  return switched;
}

const char *
bench_rig_get_path (BenchRig *self)
{
  return self->path;
}

static void
add_reported (BenchRig               *self,
              const ButlerSwapReport *report)
{
  const ButlerSwappedPlugin *plugin = &g_array_index (report->plugins, ButlerSwappedPlugin, 0);
  const ButlerSwappedServer *server = &g_array_index (plugin->servers, ButlerSwappedServer, 0);
  double pause = (double) server->pause / 1e3;

  if (server->done)
    g_array_append_val (self->reported, pause);
}

gboolean
bench_rig_swap (BenchRig *self,
                GError  **error)
{
  const char *const plugins[] = { PLUGIN, NULL };
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (self->hub, plugins, error);

  if (report == NULL)
    return FALSE;
  add_reported (self, report);
  return TRUE;
}

/* The hub unloads and swaps on one thread, one after the other: what was to be done before this swap is done when it
 * returns, which is that there is nothing to swap. */
gboolean
bench_rig_settle (BenchRig *self,
                  GError  **error)
{
  const char *const plugins[] = { PLUGIN, NULL };
  g_autoptr (GError) expected = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap (self->hub, plugins, &expected);

  if (report == NULL && g_error_matches (expected, BUTLER_ERROR, BUTLER_ERROR_UNCHANGED))
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "wrong: the same file was swapped in again: %s",
               expected != NULL ? expected->message : "without an error");
  return FALSE;
}

gboolean
bench_rig_wait (BenchRig *self,
                GError  **error)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gboolean came;

  g_mutex_lock (&self->tally.mutex);
  while (self->tally.switches < self->exchanged)
    if (!g_cond_wait_until (&self->tally.came, &self->tally.mutex, deadline))
      break;
  came = self->tally.switches >= self->exchanged;
  g_mutex_unlock (&self->tally.mutex);
  if (!came)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "wrong: no message came to the new code");
  return came;
}

const GArray *
bench_rig_get_seen (BenchRig *self)
{
  return self->tally.pauses;
}

const GArray *
bench_rig_get_reported (BenchRig *self)
{
  return self->reported;
}

const GArray *
bench_rig_get_waits (BenchRig *self)
{
  return self->tally.waits;
}
