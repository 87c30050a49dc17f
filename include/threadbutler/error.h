/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/macros.h>

G_BEGIN_DECLS

#define BUTLER_ERROR (butler_error_quark ())

typedef enum
{
  BUTLER_ERROR_FAILED,           /* a handler, an event or a plugin said so */
  BUTLER_ERROR_CLOSED,           /* the channel takes nothing more */
  BUTLER_ERROR_FULL,             /* the channel's capacity is used up */
  BUTLER_ERROR_NO_ROUTE,         /* no channel takes messages of this type */
  BUTLER_ERROR_WOULD_DEADLOCK,   /* waiting would close a cycle of waits */
  BUTLER_ERROR_TIMED_OUT,        /* nothing came in time */
  BUTLER_ERROR_CANCELLED,        /* who waited was killed */
  BUTLER_ERROR_BUSY,             /* in this state, or by another thread, it can't be done now */
  BUTLER_ERROR_EXISTS,           /* the name or the route is taken */
  BUTLER_ERROR_NOT_FOUND,        /* no such server, type, set, key or file */
  BUTLER_ERROR_NOT_SERIALIZABLE, /* an object or a pointer cannot leave the process */
  BUTLER_ERROR_BAD_VALUE,        /* a variant or a setting that does not fit its field */
  BUTLER_ERROR_BAD_LAYOUT,       /* a record's description is wrong, or two cannot be converted */
  BUTLER_ERROR_BAD_HANDLERS,     /* a handler set's description is wrong */
  BUTLER_ERROR_BAD_PLUGIN,       /* the file is no plugin, is incomplete, or misses a symbol */
  BUTLER_ERROR_BAD_ABI,          /* the plugin was built for another ABI of this library */
  BUTLER_ERROR_UNTRUSTED,        /* who else could write the plugin's file? */
  BUTLER_ERROR_BAD_CONFIG,       /* the app file */
  BUTLER_ERROR_UNCHANGED,        /* what is to be swapped in is what runs */
  BUTLER_ERROR_SWAPPING,         /* this cannot be done before it is certain that the swap happens */
  BUTLER_ERROR_NO_REPLY,         /* who was asked let the question go without an answer */
} ButlerError;

BUTLER_AVAILABLE_IN_1_0
GQuark butler_error_quark (void);

BUTLER_AVAILABLE_IN_1_0
gboolean butler_check_version (guint major,
                               guint minor,
                               guint micro);

G_END_DECLS
