/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/spin.h"

#include <sched.h>
#include <string.h>
#include <threadbutler/channel.h>

#include "lib/pause.h"

/* µs. About what it costs to be woken: so it never takes more than twice the time that the better one of both ways had taken. */
#define LIMIT 50

/* µs. Below that it was too often in vain. */
#define SHORTEST 3

/* Who has just been overtaken by the message that another one waits for leaves its slot in less than that, µs. */
#define PATIENCE 2

/* How many sleeps come before the next try, after it did not pay: twice as many each time. */
#define FEWEST_SKIPS 8
#define MOST_SKIPS   1024

/* Looks between two looks at the clock. */
#define LOOKS 32

static _Atomic guint n_slots;    /* relaxed: set before there are servers */
static _Atomic guint n_spinning; /* relaxed: it orders nothing */
static _Atomic guint limit = LIMIT; /* relaxed: µs */

/* "max 100000" or "200000 100000": the quota of a control group, and the time for which it is. 0: there is none. */
static guint
get_quota (void)
{
  g_autofree char *text = NULL;
  guint64 quota = 0;
  guint64 period = 0;

  if (!g_file_get_contents ("/sys/fs/cgroup/cpu.max", &text, NULL, NULL))
    return 0;
  g_strchomp (text);
  char *space = strchr (text, ' ');
  if (space == NULL)
    return 0;
  *space = '\0';
  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &quota, NULL)
      || !g_ascii_string_to_unsigned (space + 1, 10, 1, G_MAXINT64, &period, NULL))
    return 0;
  return (guint) MAX (quota / period, 1);
}

static guint
count_cpus (void)
{
  guint quota = get_quota ();
  cpu_set_t cpus;
  guint n;

  n = sched_getaffinity (0, sizeof cpus, &cpus) == 0 ? (guint) CPU_COUNT (&cpus) : g_get_num_processors ();
  return quota > 0 ? MIN (n, quota) : n;
}

static void
set_limit (guint microseconds)
{
  atomic_store_explicit (&limit, microseconds, memory_order_relaxed);
}

/* BUTLER_SPIN: "off", or a number of microseconds. */
static void
heed_environment (void)
{
  const char *text = g_getenv ("BUTLER_SPIN");
  guint64 wish;

  if (g_strcmp0 (text, "off") == 0)
    set_limit (0);
  else if (text != NULL && g_ascii_string_to_unsigned (text, 10, 0, BUTLER_SPIN_LIMIT_MAX, &wish, NULL))
    set_limit ((guint) wish);
  else if (text != NULL)
    g_warning ("BUTLER_SPIN is \"%s\": it has to be off, or a number of microseconds up to %u", text, BUTLER_SPIN_LIMIT_MAX);
}

void
butler__spin_prepare (void)
{
  static gsize done;

  if (!g_once_init_enter (&done))
    return;
  butler__spin_set_slots (count_cpus () - 1);
  heed_environment ();
  g_once_init_leave (&done, 1);
}

void
butler__spin_set_slots (guint slots)
{
  atomic_store_explicit (&n_slots, slots, memory_order_relaxed);
}

static gboolean
take_slot (void)
{
  guint n = atomic_load_explicit (&n_spinning, memory_order_relaxed);

  do
    if (n >= atomic_load_explicit (&n_slots, memory_order_relaxed))
      return FALSE;
  while (!atomic_compare_exchange_weak_explicit (&n_spinning, &n, n + 1, memory_order_relaxed, memory_order_relaxed));
  return TRUE;
}

static void
leave_slot (void)
{
  atomic_fetch_sub_explicit (&n_spinning, 1, memory_order_relaxed);
}

/* Nobody else is kept from anything for this long. */
static gboolean
take_slot_soon (gint64 now)
{
  do
    {
      if (take_slot ())
        return TRUE;
      butler__pause ();
    }
  while (g_get_monotonic_time () < now + PATIENCE);
  return FALSE;
}

static gboolean
look_until (gint64     end,
            gboolean (*is_over) (gpointer data),
            gpointer   data)
{
  do
    for (guint i = 0; i < LOOKS; i++)
      {
        if (is_over (data))
          return TRUE;
        butler__pause ();
      }
  while (g_get_monotonic_time () < end);
  return FALSE;
}

/* Twice what it took, so that the next may take a little longer. */
static void
learn_that_it_pays (ButlerSpinner *self,
                    gint64         took,
                    gint64         most)
{
  self->budget = CLAMP (2 * took, SHORTEST, most);
  self->skips = 0;
}

static void
learn_that_it_does_not (ButlerSpinner *self)
{
  self->budget = self->skips > 0 ? 0 : self->budget / 2; /* once more in vain is enough */
  if (self->budget >= SHORTEST)
    return;
  self->budget = 0;
  self->skips = CLAMP (2 * self->skips, FEWEST_SKIPS, MOST_SKIPS);
  self->left = self->skips;
}

/* 0: not this time. */
static gint64
get_budget (ButlerSpinner *self,
            gint64         most)
{
  if (self->budget == 0 && self->left > 0)
    {
      self->left--;
      return 0;
    }
  return self->budget == 0 ? most : MIN (self->budget, most);
}

gboolean
butler__spin (ButlerSpinner *self,
              gint64         deadline,
              gboolean     (*is_over) (gpointer data),
              gpointer       data)
{
  gint64 most = atomic_load_explicit (&limit, memory_order_relaxed);
  gint64 begin;
  gint64 end;
  gboolean over;

  if (most == 0 || atomic_load_explicit (&n_slots, memory_order_relaxed) == 0)
    return FALSE;
  begin = g_get_monotonic_time ();
  if (deadline >= 0 && begin >= deadline)
    return FALSE;
  self->budget = get_budget (self, most);
  if (self->budget == 0)
    return FALSE;
  if (!take_slot_soon (begin))
    return is_over (data);
  self->tried++;
  end = begin + self->budget;
  over = look_until (deadline < 0 ? end : MIN (end, deadline), is_over, data);
  leave_slot ();
  if (over)
    learn_that_it_pays (self, g_get_monotonic_time () - begin, most);
  else if (deadline < 0 || end <= deadline)
    learn_that_it_does_not (self);
  return over;
}

/**
 * butler_set_spin_limit:
 * @microseconds: how long a server that has nothing to do looks for messages at the most before it sleeps, from 0 to
 *   %BUTLER_SPIN_LIMIT_MAX; 0: it sleeps at once
 *
 * Sets for the whole process for how long a server looks before it sleeps. A message that comes meanwhile is handled at once; a server that
 * sleeps has to be woken first, which takes about 50 microseconds on another CPU. Each server learns whether it pays, and does
 * not look where it does not. No more servers do so at a time than there are CPUs that the process may use but one; on a single CPU none
 * does. The default is 50 microseconds, or what BUTLER_SPIN in the environment says: off, or a number.
 *
 * Thread: any.
 *
 * Since: 1.0
 */
void
butler_set_spin_limit (guint microseconds)
{
  g_return_if_fail (microseconds <= BUTLER_SPIN_LIMIT_MAX);

  butler__spin_prepare (); /* first, as the environment only says what the default is */
  set_limit (microseconds);
}
