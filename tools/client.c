/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/client.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "tools/common.h"

/* What the commands that talk to a running program have in common. */

/* NAME.PID */
static char *
id_of (const char *path)
{
  return g_path_get_basename (path);
}

static gboolean
is_called (const char *path,
           const char *wanted)
{
  g_autofree char *id = id_of (path);
  char            *dot = strrchr (id, '.');

  if (g_str_equal (id, wanted))
    return TRUE;
  *dot = '\0';
  return g_str_equal (id, wanted);
}

static gboolean
has_pid (const char *path,
         const char *wanted)
{
  return g_str_equal (strrchr (path, '.') + 1, wanted);
}

/* What is called so; if nothing is, what has that process id. */
static GPtrArray *
choose (GStrv       paths,
        const char *wanted)
{
  gboolean (*const rules[]) (const char *, const char *) = { is_called, has_pid };
  GPtrArray       *found = g_ptr_array_new ();

  for (guint rule = 0; rule < G_N_ELEMENTS (rules) && found->len == 0; rule++)
    for (guint i = 0; paths[i] != NULL; i++)
      if (wanted == NULL || rules[rule](paths[i], wanted))
        g_ptr_array_add (found, paths[i]);
  return found;
}

static char *
list (gpointer *paths,
      guint     n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = id_of (paths[i]);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", id);
    }
  return g_string_free (text, FALSE);
}

static const char *
find (GStrv       paths,
      const char *wanted)
{
  g_autoptr (GPtrArray) found = choose (paths, wanted);
  g_autofree char      *all = list ((gpointer *) paths, g_strv_length (paths));
  g_autofree char      *several = list (found->pdata, found->len);

  if (found->len == 1)
    return found->pdata[0];

  if (*all == '\0')
    tool_say ("no program runs that could be asked");
  else if (found->len == 0)
    tool_say ("no program \"%s\" runs, only %s", wanted, all);
  else if (wanted == NULL)
    tool_say ("which program? %s run", several);
  else
    tool_say ("which \"%s\"? %s run", wanted, several);
  return NULL;
}

static GDBusConnection *
connect_to (const char *path,
            GError    **error)
{
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  g_autofree char *address = g_strconcat ("unix:path=", escaped, NULL);

  return g_dbus_connection_new_for_address_sync (address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL,
                                                 error);
}

GDBusConnection *
tool_connect (const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     paths = butler_control_list (&error);
  const char        *path = paths != NULL ? find (paths, wanted) : NULL;
  GDBusConnection   *connection = path != NULL ? connect_to (path, &error) : NULL;

  if (error != NULL && path != NULL)
    tool_say ("%s: %s", path, error->message);
  else if (error != NULL)
    tool_say ("%s", error->message);
  return connection;
}

GVariant *
tool_call (GDBusConnection *connection,
           const char      *method,
           GVariant        *arguments,
           GError         **error)
{
  g_autoptr (GVariant) answer = NULL;
  GError              *reason = NULL;

  butler_error_quark (); /* knows the names of its errors from now on */
  answer = g_dbus_connection_call_sync (connection, NULL, BUTLER_CONTROL_PATH, BUTLER_CONTROL_INTERFACE, method,
                                        arguments, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &reason);
  if (answer != NULL)
    return g_variant_n_children (answer) == 1 ? g_variant_get_child_value (answer, 0) : g_steal_pointer (&answer);

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CLOSED))
    {
      g_clear_error (&reason);
      reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "the program ended before it answered");
    }
  g_dbus_error_strip_remote_error (reason);
  g_propagate_error (error, reason);
  return NULL;
}

GVariant *
tool_ask (const char *wanted,
          const char *method)
{
  g_autoptr (GDBusConnection) connection = tool_connect (wanted);
  g_autoptr (GError)          error = NULL;
  GVariant                   *answer = NULL;

  if (connection == NULL)
    return NULL;
  answer = tool_call (connection, method, NULL, &error);
  if (answer == NULL)
    tool_say ("%s", error->message);
  return answer;
}

int
tool_print_json (GVariant *value)
{
  g_autofree char *text = json_gvariant_serialize_data (value, NULL);

  puts (text);
  return tool_finish ();
}
