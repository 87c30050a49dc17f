/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/threadbutler.h>

/* A shared object, but no plugin. */
BUTLER_API const char *butler_nothing;
const char            *butler_nothing = "nothing";
