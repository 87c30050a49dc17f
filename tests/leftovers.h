/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib/gstdio.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/common.h"

/* A folder of a test's own, in which also the private copies of plugins are made; and how many threads and descriptors
 * there were when it began. */
typedef struct
{
  char  *folder;
  guint  threads;
  guint  descriptors;
} Leftovers;

static inline guint
leftovers_count (const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  ck_assert_ptr_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

/* leftovers_copies() is how many folders with private copies there are. */
static inline guint
leftovers_copies (const Leftovers *self)
{
  g_autofree char *hot = g_build_filename (self->folder, "hot", NULL);

  return leftovers_count (hot);
}

static inline gpointer
leftovers_tid (gpointer data)
{
  (void) data;
  return GINT_TO_POINTER (gettid ());
}

/* leftovers_first_thread() starts a thread and waits until the kernel has forgotten it: ThreadSanitizer starts one of its
 * own beside a program's first. */
static inline void
leftovers_first_thread (void)
{
  gpointer         tid = g_thread_join (g_thread_new ("first", leftovers_tid, NULL));
  g_autofree char *task = g_strdup_printf ("/proc/self/task/%d", GPOINTER_TO_INT (tid));

  while (g_file_test (task, G_FILE_TEST_EXISTS))
    g_thread_yield ();
}

static inline void
leftovers_begin (Leftovers *self)
{
  g_autofree char *hot = NULL;

  leftovers_first_thread ();
  self->folder = g_build_filename (g_get_tmp_dir (), "butler-test-XXXXXX", NULL);
  ck_assert_ptr_nonnull (g_mkdtemp (self->folder));
  hot = g_build_filename (self->folder, "hot", NULL);
  ck_assert_int_eq (g_mkdir (hot, 0700), 0);
  g_setenv ("BUTLER_HOT_DIR", hot, TRUE);
  self->threads = leftovers_count ("/proc/self/task");
  g_main_context_default (); /* once a process, and kept */
  self->descriptors = leftovers_count ("/proc/self/fd");
}

/* leftovers_threads() counts the threads. One that was joined has ended, but for the kernel's own last steps: those it lets pass. */
static inline guint
leftovers_threads (guint expected)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint  n;

  while ((n = leftovers_count ("/proc/self/task")) != expected && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  return n;
}

#ifdef BUTLER_SANITIZED
#define LEFTOVERS_FOREIGN 1 /* ThreadSanitizer starts a thread of its own with the program's first */
#else
#define LEFTOVERS_FOREIGN 0
#endif

/* The kernel lists a thread for a moment longer than the one that joins it waits for, and tells nobody when it is gone. */
static inline gboolean
leftovers_no_thread (const Leftovers *self)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (leftovers_count ("/proc/self/task") > self->threads + LEFTOVERS_FOREIGN)
    {
      if (g_get_monotonic_time () > deadline)
        return FALSE;
      g_thread_yield ();
    }
  return TRUE;
}

/* leftovers_memory() is how much of the heap is in use; a sanitizer's own heap cannot tell. */
static inline gsize
leftovers_memory (void)
{
#ifdef BUTLER_SANITIZED
  return 0;
#else
  return mallinfo2 ().uordblks;
#endif
}

/* leftovers_none() checks that everything is as it was: threads, descriptors, and no copy. */
static inline void
leftovers_none (const Leftovers *self)
{
  ck_assert_uint_eq (leftovers_threads (self->threads), self->threads);
  ck_assert_uint_eq (leftovers_count ("/proc/self/fd"), self->descriptors);
  ck_assert_uint_eq (leftovers_copies (self), 0);
}

static inline void
leftovers_remove (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);

  if (dir != NULL)
    {
      const char *name;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          leftovers_remove (child);
        }
      g_dir_close (dir);
    }
  g_remove (path);
}

static inline void
leftovers_end (Leftovers *self)
{
  leftovers_none (self);
  leftovers_remove (self->folder);
  g_clear_pointer (&self->folder, g_free);
}

/* leftovers_path() is a name in the test's folder: (transfer full). */
static inline char *
leftovers_path (const Leftovers *self,
                const char      *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* leftovers_write() makes a file there that only its owner can write: (transfer full). */
static inline char *
leftovers_write (const Leftovers *self,
                 const char      *name,
                 gconstpointer    bytes,
                 gsize            size)
{
  char *path = leftovers_path (self, name);

  ck_assert (g_file_set_contents_full (path, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
  ck_assert_int_eq (g_chmod (path, 0644), 0); /* whatever the umask */
  return path;
}

/* leftovers_plugin() is the file of a test plugin as it was built: (transfer full). */
static inline char *
leftovers_plugin (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);
  const char      *folder = g_getenv ("BUTLER_TEST_PLUGINS");

  ck_assert_msg (folder != NULL, "BUTLER_TEST_PLUGINS says where the test plugins are");
  return g_build_filename (folder, file, NULL);
}

/* leftovers_copy() puts the first @size bytes of a test plugin there, or all: (transfer full). */
static inline char *
leftovers_copy (const Leftovers *self,
                const char      *plugin,
                const char      *name,
                gsize            size)
{
  g_autofree char *from = leftovers_plugin (plugin);
  g_autofree char *bytes = NULL;
  gsize            all;

  ck_assert (g_file_get_contents (from, &bytes, &all, NULL));
  return leftovers_write (self, name, bytes, MIN (all, size));
}

/* leftovers_exchange() lets another file take the name @path, as a linker or mv does. */
static inline void
leftovers_exchange (const char    *path,
                    gconstpointer  bytes,
                    gsize          size)
{
  g_autofree char *next = g_strconcat (path, ".new", NULL);

  ck_assert (g_file_set_contents_full (next, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  ck_assert_int_eq (g_rename (next, path), 0);
}

/* leftovers_put() lets a test plugin's file take it. */
static inline void
leftovers_put (const char *path,
               const char *plugin)
{
  g_autofree char *from = leftovers_plugin (plugin);
  g_autofree char *bytes = NULL;
  gsize            size;

  ck_assert (g_file_get_contents (from, &bytes, &size, NULL));
  leftovers_exchange (path, bytes, size);
}
