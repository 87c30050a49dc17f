/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/layout.h"

/* What comes from outside is walked by recursion. GVariant allows 128 levels in bytes, any number in memory. */
#define BUTLER__VARIANT_DEPTH_MAX 120

/* butler__variant_is_shallow() tells whether @variant has at most @depth containers in each other. */
gboolean butler__variant_is_shallow (GVariant *variant,
                                     guint     depth);
