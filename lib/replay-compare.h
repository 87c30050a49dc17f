/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* Is told of a difference, @what (transfer none) is one line. */
typedef void (*ButlerDifferFunc) (gpointer    data,
                                  const char *what);

/* butler__compare_deeds() compares what was to be done, an array of BUTLER__TAPE_DEED, with what was, variants of that type. What came of
 * it is not looked at. */
void butler__compare_deeds (GVariant         *expected,
                            const GPtrArray  *got,
                            ButlerDifferFunc  differ,
                            gpointer          data);

/* butler__compare_failure() compares how it failed; "" for not at all. */
void butler__compare_failure (const char       *expected,
                              const char       *got,
                              ButlerDifferFunc  differ,
                              gpointer          data);
