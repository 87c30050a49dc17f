/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <threadbutler/control.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/* A client of a control socket that may say anything. The first byte says how: before the handshake, after it, or as the arguments of a
 * call that it names, whose types go before a 0. */

static char          *folder; /* $XDG_RUNTIME_DIR */
static ButlerHub     *hub;
static ButlerControl *control;

static void
begin (void)
{
  GError *error = NULL;

  hub = butler_hub_new ();
  control = butler_control_new (hub, "fuzz", &error);
  g_assert_no_error (error);
}

static void
end (void)
{
  g_clear_pointer (&control, butler_control_free);
  g_clear_pointer (&hub, butler_hub_unref);
}

static void
clean_up (void)
{
  g_autofree char *sockets = g_build_filename (folder, "threadbutler", NULL);

  end ();
  g_rmdir (sockets);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

int
LLVMFuzzerInitialize (int    *argc G_GNUC_UNUSED,
                      char ***argv G_GNUC_UNUSED)
{
  fuzz_begin ();
  folder = g_strdup ("/tmp/butler-XXXXXX");
  g_assert_nonnull (g_mkdtemp (folder));
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  begin ();
  atexit (clean_up);
  return 0;
}

static int
connect_client (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int                fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int                connected;

  g_strlcpy (address.sun_path, butler_control_get_path (control), sizeof address.sun_path);
  connected = connect (fd, (struct sockaddr *) &address, sizeof address);
  g_assert_cmpint (connected, ==, 0);
  return fd;
}

/* The other side may have closed it. */
static void
write_all (int            fd,
           const uint8_t *bytes,
           size_t         size)
{
  while (size > 0)
    {
      ssize_t n = send (fd, bytes, size, MSG_NOSIGNAL);

      if (n <= 0)
        return;
      bytes += n;
      size -= (size_t) n;
    }
}

static void
write_text (int         fd,
            const char *text)
{
  write_all (fd, (const uint8_t *) text, strlen (text));
}

static void
shake_hands (int fd)
{
  g_autofree char    *uid = g_strdup_printf ("%u", (guint) geteuid ());
  g_autoptr (GString) hello = g_string_new ("AUTH EXTERNAL ");
  char                byte = 0;

  for (const char *p = uid; *p != '\0'; p++)
    g_string_append_printf (hello, "%02x", (guint) *p);
  g_string_append (hello, "\r\n");
  write_all (fd, (const uint8_t *) "", 1);
  write_text (fd, hello->str);
  while (byte != '\n' && recv (fd, &byte, 1, 0) == 1)
    ;
  write_text (fd, "BEGIN\r\n");
}

static GVariant *
read_arguments (const uint8_t *data,
                size_t         size)
{
  const uint8_t      *end = memchr (data, '\0', size);
  g_autofree char    *type = end != NULL ? g_strndup ((const char *) data, (gsize) (end - data)) : NULL;
  g_autoptr (GBytes)  bytes = NULL;
  g_autoptr (GVariant) value = NULL;

  if (type == NULL || !g_variant_type_string_is_valid (type) || !g_variant_type_is_tuple ((const GVariantType *) type)
      || !g_variant_type_is_definite ((const GVariantType *) type))
    return NULL;
  bytes = g_bytes_new (end + 1, size - (size_t) (end + 1 - data));
  value = g_variant_ref_sink (g_variant_new_from_bytes ((const GVariantType *) type, bytes, FALSE));
  return g_variant_get_normal_form (value);
}

static void
call_method (int            fd,
             const uint8_t *data,
             size_t         size)
{
  static const char *const methods[] = { "GetStatus", "GetStats", "Reload", "Stop", "Explode" };
  const char              *method = methods[size > 0 ? data[0] % G_N_ELEMENTS (methods) : 0];
  g_autoptr (GVariant)     arguments = size > 0 ? read_arguments (data + 1, size - 1) : NULL;
  g_autoptr (GDBusMessage) message = NULL;
  g_autofree guchar       *bytes = NULL;
  gsize                    length;

  message = g_dbus_message_new_method_call (NULL, BUTLER_CONTROL_PATH, BUTLER_CONTROL_INTERFACE, method);
  g_dbus_message_set_serial (message, 1);
  if (arguments != NULL)
    g_dbus_message_set_body (message, arguments);
  bytes = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  if (bytes != NULL)
    write_all (fd, bytes, length);
}

/* All that comes, until the other side has seen that nothing more does. */
static void
end_client (int fd)
{
  char answer[4096];

  shutdown (fd, SHUT_WR);
  while (recv (fd, answer, sizeof answer, 0) > 0)
    ;
  close (fd);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  unsigned how = size > 0 ? data[0] % 3u : 0;
  int      fd = connect_client ();

  if (how > 0)
    shake_hands (fd);
  if (how == 2)
    call_method (fd, data + 1, size - 1);
  else if (size > 0)
    write_all (fd, data + 1, size - 1);
  end_client (fd);
  if (butler_control_was_stopped (control))
    {
      end ();
      begin ();
    }
  return 0;
}
