/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>
#include <threadbutler/error.h>

/* What the errors are called on a control socket. */
#define ERROR_NAME(NAME, Name) { BUTLER_ERROR_##NAME, "io.threadbutler.Error." Name }

static const GDBusErrorEntry names[] = {
  ERROR_NAME (FAILED, "Failed"),
  ERROR_NAME (CLOSED, "Closed"),
  ERROR_NAME (FULL, "Full"),
  ERROR_NAME (NO_ROUTE, "NoRoute"),
  ERROR_NAME (WOULD_DEADLOCK, "WouldDeadlock"),
  ERROR_NAME (TIMED_OUT, "TimedOut"),
  ERROR_NAME (CANCELLED, "Cancelled"),
  ERROR_NAME (BUSY, "Busy"),
  ERROR_NAME (EXISTS, "Exists"),
  ERROR_NAME (NOT_FOUND, "NotFound"),
  ERROR_NAME (NOT_SERIALIZABLE, "NotSerializable"),
  ERROR_NAME (BAD_VALUE, "BadValue"),
  ERROR_NAME (BAD_LAYOUT, "BadLayout"),
  ERROR_NAME (BAD_HANDLERS, "BadHandlers"),
  ERROR_NAME (BAD_PLUGIN, "BadPlugin"),
  ERROR_NAME (BAD_ABI, "BadAbi"),
  ERROR_NAME (UNTRUSTED, "Untrusted"),
  ERROR_NAME (BAD_CONFIG, "BadConfig"),
  ERROR_NAME (UNCHANGED, "Unchanged"),
  ERROR_NAME (SWAPPING, "Swapping"),
  ERROR_NAME (NO_REPLY, "NoReply"),
};

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
  static gsize quark; /* GIO sets it once, whichever thread comes first */

  g_dbus_error_register_error_domain ("butler-error-quark", &quark, names, G_N_ELEMENTS (names));
  return (GQuark) quark;
}
