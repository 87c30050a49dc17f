/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* butler__descriptors_are_left() is FALSE, with the reason in errno, if the process cannot have @n more just now. GLib
 * ends the process where a new GMainContext finds none: so look before. Its default context is made when a first thread
 * has another one. */
gboolean butler__descriptors_are_left (guint n);
