/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stdatomic.h>

/* Looking for a moment whether something comes, before one sleeps: to be woken on another CPU costs some 40 µs, and the one who wakes 5.
 * At most one thread fewer than there are CPUs does so at a time, in the whole process: whoever could send needs one. What a reader has
 * learned of how long it waits decides for how long it looks the next time, or that it does not pay. */
typedef struct
{
  gint64 budget; /* µs; 0: it did not pay */
  guint  skips;  /* so many sleeps come before it is tried again */
  guint  left;   /* of them */
  guint  tried;  /* how often it was done */
} ButlerSpinner;

/* butler__spin_prepare() counts the CPUs that this process may use, the first time. Called before there are servers, which may be bound to
 * one CPU each. */
void butler__spin_prepare (void);

/* butler__spin_set_slots() says how many threads may look at a time; for tests. */
void butler__spin_set_slots (guint slots);

/* butler__spin() looks until @is_over (@data) is TRUE, and is FALSE when it is better to sleep: in time at @deadline (monotonic, µs; -1: there
 * is none). The one whom @spinner belongs to. */
gboolean butler__spin (ButlerSpinner *spinner,
                       gint64         deadline,
                       gboolean     (*is_over) (gpointer data),
                       gpointer       data);
