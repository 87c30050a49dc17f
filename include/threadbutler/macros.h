/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <threadbutler/version.h>

/* What the shared library exports, and nothing else: it is built with hidden visibility. */
#define BUTLER_API __attribute__ ((visibility ("default"))) extern

/* Functions that came with a version name it, as GLib's do. */
#define BUTLER_AVAILABLE_IN_1_0 BUTLER_API

/* Some generated functions and tables stay unused in the file that includes their message's header. */
#define BUTLER__UNUSED __attribute__ ((unused))
