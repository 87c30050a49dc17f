/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#undef _FORTIFY_SOURCE /* would define some of these functions itself */

#include <dlfcn.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Loaded before all others (LD_PRELOAD), it makes threads stay behind where they begin, lock, wake or are woken: for a moment, and now
 * and then for as long as on a machine that has far too much to do. What a program relies on must be an event, and no guess of how fast
 * others are. `check-full delays` runs all tests with it. BUTLER_TEST_SEED decides who stays where, up to the machine's own chance. */

#define SELDOM 16           /* one call of so many */
#define MOMENT 2000         /* µs */
#define AGES (250 * 1000)   /* µs: one delay of eight */

static _Thread_local guint64 state;
static _Thread_local guint64 rest_until; /* a thread runs for longer than it is delayed: the tests are to end */

static guint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * G_USEC_PER_SEC + (guint64) now.tv_nsec / 1000;
}

static guint64
roll (void)
{
  if (state == 0)
    {
      const char *seed = getenv ("BUTLER_TEST_SEED");

      state = (seed != NULL ? strtoull (seed, NULL, 0) : get_time ()) * 2654435761u + (guint64) gettid ();
    }
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 33;
}

static void
delay (void)
{
  guint64 microseconds;
  guint64 now;
  struct timespec time;

  if (roll () % SELDOM != 0 || (now = get_time ()) < rest_until)
    return;
  microseconds = roll () % (roll () % 8 == 0 ? AGES : MOMENT);
  time = (struct timespec) { 0, (long) microseconds * 1000 };
  syscall (SYS_nanosleep, &time, NULL);
  rest_until = now + 4 * microseconds + 1000;
}

/* The function of that name that would have been called. */
#define REAL(name) ((__typeof__ (&name)) (guintptr) dlsym (RTLD_NEXT, #name))

#define EXPORT __attribute__ ((visibility ("default")))

EXPORT void
g_mutex_lock (GMutex *mutex)
{
  static __typeof__ (&g_mutex_lock) real;

  if (real == NULL)
    real = REAL (g_mutex_lock);
  delay ();
  real (mutex);
}

EXPORT void
g_mutex_unlock (GMutex *mutex)
{
  static __typeof__ (&g_mutex_unlock) real;

  if (real == NULL)
    real = REAL (g_mutex_unlock);
  real (mutex);
  delay ();
}

EXPORT void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  static __typeof__ (&g_cond_wait) real;

  if (real == NULL)
    real = REAL (g_cond_wait);
  real (cond, mutex);
  delay ();
}

EXPORT void
g_cond_broadcast (GCond *cond)
{
  static __typeof__ (&g_cond_broadcast) real;

  if (real == NULL)
    real = REAL (g_cond_broadcast);
  real (cond);
  delay ();
}

EXPORT void
g_async_queue_push (GAsyncQueue *queue,
                    gpointer     data)
{
  static __typeof__ (&g_async_queue_push) real;

  if (real == NULL)
    real = REAL (g_async_queue_push);
  delay ();
  real (queue, data);
  delay ();
}

EXPORT gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  static __typeof__ (&g_async_queue_pop) real;
  gpointer data;

  if (real == NULL)
    real = REAL (g_async_queue_pop);
  data = real (queue);
  delay ();
  return data;
}

EXPORT void
g_main_context_wakeup (GMainContext *context)
{
  static __typeof__ (&g_main_context_wakeup) real;

  if (real == NULL)
    real = REAL (g_main_context_wakeup);
  delay ();
  real (context);
  delay ();
}

EXPORT gboolean
g_main_context_iteration (GMainContext *context,
                          gboolean      may_block)
{
  static __typeof__ (&g_main_context_iteration) real;
  gboolean dispatched;

  if (real == NULL)
    real = REAL (g_main_context_iteration);
  dispatched = real (context, may_block);
  delay ();
  return dispatched;
}

EXPORT int
poll (struct pollfd *fds,
      nfds_t         n,
      int            timeout)
{
  static __typeof__ (&poll) real;
  int ready;

  if (real == NULL)
    real = REAL (poll);
  ready = real (fds, n, timeout);
  delay ();
  return ready;
}

typedef struct
{
  void *(*func) (void *data);
  void *data;
} Start;

static void *
begin (void *data)
{
  Start start = *(Start *) data;

  free (data);
  for (guint i = 0; i < SELDOM / 2; i++)
    delay ();
  return start.func (start.data);
}

EXPORT int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*func) (void *data),
                void                 *data)
{
  static __typeof__ (&pthread_create) real;
  Start *start = malloc (sizeof *start);
  int error;

  if (real == NULL)
    real = REAL (pthread_create);
  *start = (Start) { func, data };
  error = real (thread, attributes, begin, start);
  if (error != 0)
    free (start);
  delay ();
  return error;
}
