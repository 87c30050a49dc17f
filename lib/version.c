/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

/**
 * butler_check_version:
 * @major: the major version that is needed
 * @minor: the least minor version
 * @micro: the least micro version
 *
 * Tells whether the library that the program runs with is of the given version or a later one that is compatible: the
 * run-time counterpart of BUTLER_CHECK_VERSION(), which asks the headers.
 *
 * Thread: any.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
butler_check_version (guint major,
                      guint minor,
                      guint micro)
{
  return major == BUTLER_MAJOR_VERSION
         && minor * 1000 + micro <= BUTLER_MINOR_VERSION * 1000 + BUTLER_MICRO_VERSION;
}
