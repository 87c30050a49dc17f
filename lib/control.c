/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/control.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <threadbutler/error.h>

#include "lib/control-folder.h"
#include "lib/descriptors.h"

/* From the making of a control socket to its end. */

static gboolean
is_over (ButlerControl *self)
{
  return self->clients->len == 0 && self->n_calls == 0;
}

static gpointer
control_thread (gpointer data)
{
  ButlerControl *self = data;

  g_main_context_push_thread_default (self->context);
  butler__control_open (self);
  while (!g_atomic_int_get (&self->ending))
    g_main_context_iteration (self->context, TRUE);
  butler__control_close (self);
  while (!is_over (self))
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static ButlerControl *
control_alloc (ButlerHub  *hub,
               const char *name)
{
  ButlerControl *self = g_new0 (ButlerControl, 1);

  self->hub = butler__hub_hold (hub);
  self->name = g_strdup (name);
  self->guid = g_dbus_generate_guid ();
  g_main_context_default ();
  self->context = g_main_context_new ();
  self->node = butler__control_describe ();
  self->cancellable = g_cancellable_new ();
  self->clients = g_ptr_array_new ();
  return self;
}

static void
control_dispose (ButlerControl *self)
{
  if (self->path != NULL)
    g_unlink (self->path); /* while it listens: a new one of that name cannot be there yet */
  g_clear_object (&self->listener);
  g_ptr_array_unref (self->clients);
  g_object_unref (self->cancellable);
  g_dbus_node_info_unref (self->node);
  g_main_context_unref (self->context);
  butler__hub_drop (self->hub);
  g_free (self->guid);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

static gboolean
check_name (const char *name,
            GError    **error)
{
  gboolean bad = *name == '\0' || *name == '.' || strchr (name, '/') != NULL;

  for (const char *p = name; *p != '\0'; p++)
    bad |= g_ascii_iscntrl (*p);
  if (bad)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE,
                 "\"%s\" is no name for a control socket: it must not be empty, begin with a dot, or have a slash",
                 name);
  return !bad;
}

/* Of the socket, its folder, this thread's context and the default one. */
static gboolean
check_descriptors (GError **error)
{
  int code;

  if (butler__descriptors_are_left (4))
    return TRUE;
  code = errno;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "there are no descriptors for a control socket: %s",
               g_strerror (code));
  return FALSE;
}

static gboolean
start (ButlerControl *self,
       GError       **error)
{
  g_autoptr (GError) reason = NULL;

  self->listener = butler__control_listen (self->name, &self->path, error);
  if (self->listener == NULL)
    return FALSE;
  self->thread = g_thread_try_new ("control", control_thread, self, &reason);
  if (self->thread == NULL)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "the control socket %s has no thread: %s", self->path,
                 reason->message);
  return self->thread != NULL;
}

/**
 * ButlerControl:
 *
 * A socket at which other programs of the same user, such as `threadbutler status`, ask a hub what it is doing, and ask
 * it to reload plugins or to stop.
 *
 * Since: 1.0
 */

/**
 * butler_control_new:
 * @hub: the hub
 * @name: what to call the program; it begins the name of the socket
 * @error: (nullable): where to put an error
 *
 * Opens a control socket, NAME.PID in the folder `threadbutler` of $XDG_RUNTIME_DIR. If that is not set, or is not this
 * user's, the folder is `threadbutler-UID` in the temporary directory. The folder must be this user's and have the mode
 * 0700; it is made if it is missing. Sockets that processes left there which are dead are removed.
 *
 * A thread of its own answers, whatever the others do. It speaks D-Bus, peer to peer: the interface
 * io.threadbutler.Control1 at /io/threadbutler/Control. Processes of other users, root too, are refused.
 *
 * The control does not keep @hub going. Each call of a client has a reference until it is answered; so free the control
 * before the last reference to the hub is given back, or that may end on the control's thread. Calls that come when the
 * hub ends are refused with %BUTLER_ERROR_CLOSED.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE if @name is no file name or the socket's path is longer than 107 bytes,
 * %BUTLER_ERROR_UNTRUSTED if the folder is another user's or others can enter it, %BUTLER_ERROR_EXISTS if this process
 * has such a socket already, %BUTLER_ERROR_FAILED if it cannot be made: a full disk, no descriptors, no thread.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): the control, for butler_control_free(), or %NULL with an error
 *
 * Since: 1.0
 */
ButlerControl *
butler_control_new (ButlerHub   *hub,
                    const char  *name,
                    GError     **error)
{
  ButlerControl *self;

  g_return_val_if_fail (hub != NULL && name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_name (name, error) || !check_descriptors (error))
    return NULL;
  self = control_alloc (hub, name);
  if (start (self, error))
    return self;
  control_dispose (self);
  return NULL;
}

/**
 * butler_control_free:
 * @control: (transfer full): the control
 *
 * Removes the socket and closes the connections of all clients, which tells them that the program has ended. Calls that
 * are not answered yet are cancelled, and waited for.
 *
 * Thread: any but those of the hub's servers and tasks.
 *
 * Since: 1.0
 */
void
butler_control_free (ButlerControl *control)
{
  g_return_if_fail (control != NULL);

  g_atomic_int_set (&control->ending, TRUE);
  g_cancellable_cancel (control->cancellable);
  g_main_context_wakeup (control->context);
  g_thread_join (control->thread);
  control_dispose (control);
}

/**
 * butler_control_get_path:
 * @control: the control
 *
 * Gets the path of the socket.
 *
 * Thread: any.
 *
 * Returns: (transfer none) (type filename): the path
 *
 * Since: 1.0
 */
const char *
butler_control_get_path (ButlerControl *control)
{
  g_return_val_if_fail (control != NULL, NULL);

  return control->path;
}

/**
 * butler_control_was_stopped:
 * @control: the control
 *
 * Tells whether a client asked the hub to stop. A program that opens the control before it starts the hub asks this
 * afterwards: a stop that comes before the start finds nothing to stop.
 *
 * Thread: any.
 *
 * Returns: %TRUE if that was asked for
 *
 * Since: 1.0
 */
gboolean
butler_control_was_stopped (ButlerControl *control)
{
  g_return_val_if_fail (control != NULL, FALSE);

  return g_atomic_int_get (&control->stopped);
}

/**
 * butler_control_list:
 * @error: (nullable): where to put an error
 *
 * Lists the control sockets of all programs of this user that run now.
 *
 * Errors: %BUTLER_ERROR_UNTRUSTED and %BUTLER_ERROR_FAILED, as butler_control_new().
 *
 * Thread: any.
 *
 * Returns: (transfer full) (nullable): their paths, in the order of their names; %NULL with an error
 *
 * Since: 1.0
 */
GStrv
butler_control_list (GError **error)
{
  g_autoptr (GPtrArray) paths = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  paths = butler__control_find (error);
  if (paths == NULL)
    return NULL;
  g_ptr_array_add (paths, NULL);
  g_ptr_array_set_free_func (paths, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&paths), FALSE);
}
