/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/servers.h"

/* A control socket in a runtime directory of its own, and clients of it. */

static char          *runtime; /* $XDG_RUNTIME_DIR */
static char          *folder;  /* of the sockets, in it */
static ButlerHub     *hub;
static ButlerControl *control;

static inline void
set_up (void)
{
  runtime = g_strdup ("/tmp/butler-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (runtime));
  folder = g_build_filename (runtime, "threadbutler", NULL);
  g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE);
  hub = butler_hub_new ();
}

/* Nothing may be left in the folder. */
static inline void
tear_down (void)
{
  g_clear_pointer (&control, butler_control_free);
  g_clear_pointer (&hub, butler_hub_unref);
  ck_assert (g_rmdir (folder) == 0 || errno == ENOENT);
  ck_assert_int_eq (g_rmdir (runtime), 0);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&runtime, g_free);
}

static inline ButlerControl *
open_control (const char *name)
{
  GError *error = NULL;
  ButlerControl *opened = butler_control_new (hub, name, &error);

  butler_assert_no_error (error);
  ck_assert_ptr_nonnull (opened);
  return opened;
}

static inline void
assert_refused (int         code,
                const char *name,
                const char *part)
{
  GError *error = NULL;

  ck_assert_ptr_null (butler_control_new (hub, name, &error));
  butler_assert_error (&error, code, part, NULL);
}

/* A client. It does without GDBus, so that it can also misbehave, and so that all that GDBus does is what the control
 * does. */

static inline int
connect_raw (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, butler_control_get_path (control), sizeof address.sun_path);
  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (connect (fd, (struct sockaddr *) &address, sizeof address), 0);
  return fd;
}

static inline void
write_raw (int         fd,
           const char *bytes,
           gsize       n)
{
  ck_assert_int_eq (send (fd, bytes, n, MSG_NOSIGNAL), n);
}

static inline void
write_text (int         fd,
            const char *text)
{
  write_raw (fd, text, strlen (text));
}

/* Until the other side has said "...\r\n"; what it said is in @line. */
static inline void
read_line (int   fd,
           char *line,
           gsize size)
{
  gsize n = 0;

  while (n + 1 < size && recv (fd, line + n, 1, 0) == 1 && line[n++] != '\n')
    ;
  line[n] = '\0';
}

/* FALSE if the other side does not let it in. */
static inline gboolean
try_to_shake_hands (int fd)
{
  g_autofree char *uid = g_strdup_printf ("%u", (guint) geteuid ());
  g_autoptr (GString) hello = g_string_new ("AUTH EXTERNAL ");
  char line[256];

  for (const char *p = uid; *p != '\0'; p++)
    g_string_append_printf (hello, "%02x", (guint) *p);
  g_string_append (hello, "\r\n");
  g_string_prepend_c (hello, '\0');
  send (fd, hello->str, hello->len, MSG_NOSIGNAL);
  read_line (fd, line, sizeof line);
  return g_str_has_prefix (line, "OK ") && send (fd, "BEGIN\r\n", 7, MSG_NOSIGNAL) == 7;
}

static inline void
shake_hands (int fd)
{
  ck_assert (try_to_shake_hands (fd));
}

static inline int
connect_client (void)
{
  int fd = connect_raw ();

  shake_hands (fd);
  return fd;
}

static inline void
send_call (int         fd,
           const char *method,
           GVariant   *arguments)
{
  g_autoptr (GDBusMessage) message = NULL;
  g_autofree guchar *bytes = NULL;
  gsize size;

  message = g_dbus_message_new_method_call (NULL, BUTLER_CONTROL_PATH, BUTLER_CONTROL_INTERFACE, method);
  g_dbus_message_set_serial (message, 1);
  if (arguments != NULL)
    g_dbus_message_set_body (message, arguments);
  bytes = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  send (fd, bytes, size, MSG_NOSIGNAL); /* whoever is gone will not answer either */
}

/* NULL if the other side has closed the socket. */
static inline GDBusMessage *
read_message (int fd)
{
  guchar head[16];
  g_autofree guchar *bytes = NULL;
  GDBusMessage *message;
  gssize size;

  if (recv (fd, head, sizeof head, MSG_WAITALL) != sizeof head)
    return NULL;
  size = g_dbus_message_bytes_needed (head, sizeof head, NULL);
  g_assert_cmpint (size, >=, sizeof head);
  bytes = g_malloc ((gsize) size);
  memcpy (bytes, head, sizeof head);
  if (recv (fd, bytes + sizeof head, (gsize) size - sizeof head, MSG_WAITALL) != size - (gssize) sizeof head)
    return NULL;
  message = g_dbus_message_new_from_blob (bytes, (gsize) size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_assert_nonnull (message);
  return message;
}

/* The body of the answer, or NULL with an error. */
static inline GVariant *
call (int          fd,
      const char  *method,
      GVariant    *arguments,
      GError     **error)
{
  g_autoptr (GDBusMessage) answer = NULL;
  GVariant *body;

  send_call (fd, method, arguments);
  answer = read_message (fd);
  if (answer == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "it is closed");
  if (answer == NULL || g_dbus_message_to_gerror (answer, error))
    return NULL;
  body = g_dbus_message_get_body (answer);
  return body != NULL ? g_variant_ref (body) : g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
}

/* The first value of the answer. */
static inline GVariant *
ask (const char *method)
{
  GError *error = NULL;
  int fd = connect_client ();
  g_autoptr (GVariant) answer = call (fd, method, NULL, &error);

  butler_assert_no_error (error);
  close (fd);
  return g_variant_get_child_value (answer, 0);
}

static inline void
assert_answers (void)
{
  g_autoptr (GVariant) status = ask ("GetStatus");
  const char *name = NULL;

  ck_assert (g_variant_lookup (status, "name", "&s", &name));
  ck_assert_str_eq (name, "test");
}

/* The other side has closed it. */
static inline void
assert_sent_away (int fd)
{
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    ;
  ck_assert (n == 0 || errno == ECONNRESET);
  close (fd);
}
