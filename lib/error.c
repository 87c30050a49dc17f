/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

/**
 * BUTLER_ERROR:
 *
 * The domain of all errors of this library; the codes are those of #ButlerError.
 *
 * Since: 1.0
 */

/**
 * butler_error_quark:
 *
 * The quark behind %BUTLER_ERROR.
 *
 * Thread: any.
 *
 * Returns: the error domain
 *
 * Since: 1.0
 */
GQuark
butler_error_quark (void)
{
  /* Not G_DEFINE_QUARK: two threads may meet their first error at once, and its cache is no atomic. */
  return g_quark_from_static_string ("butler-error-quark");
}
