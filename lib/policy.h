/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/policy.h>

/* When something happened in the last period. */
typedef struct
{
  GArray *times; /* (owned) (nullable): gint64, monotonic, µs; the oldest first */
} ButlerIntensity;

/* butler__policy_read() copies what of @from is there; FALSE, with BUTLER_ERROR_BAD_VALUE, if it is wrong. */
gboolean butler__policy_read (const ButlerPolicy *from,
                              ButlerPolicy       *policy,
                              GError            **error);

/* butler__policy_merge() takes each member from @own, or else @other (nullable), or else its default. */
ButlerPolicy butler__policy_merge (const ButlerPolicy *own,
                                   const ButlerPolicy *other);

/* butler__late_asks_from_string() reads it as app files have it: default, wait, fail. */
gboolean butler__late_asks_from_string (const char      *text,
                                        ButlerLateAsks  *late_asks,
                                        GError         **error);

/* butler__policy_get_pause() is how long to wait before the @n-th restart in a period, µs. */
gint64 butler__policy_get_pause (const ButlerPolicy *policy,
                                 guint               n);

/* butler__intensity_note() is the number that a restart at @now has in the period that ends there, from 1 on; 0 if it is one too many. */
guint butler__intensity_note  (ButlerIntensity    *intensity,
                               const ButlerPolicy *policy,
                               gint64              now);
void  butler__intensity_clear (ButlerIntensity    *intensity);
