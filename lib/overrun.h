/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* What the watchdog saw of a server when it looked last. */
typedef struct
{
  const char *doing;    /* (nullable): never freed */
  guint64     handled;
  guint64     failed;
  gint64      since;    /* when it was seen so first, monotonic, µs */
  gboolean    reported;
} ButlerLook;

/* butler__look_at() notes what is seen at @now, of which since and reported do not count; TRUE if the same handler runs for @limit (µs)
 * at least, for the first time. */
gboolean butler__look_at (ButlerLook *look,
                          ButlerLook  seen,
                          gint64      now,
                          gint64      limit);
