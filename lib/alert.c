/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/alert.h"

#include <threadbutler/supervise.h>

#include "lib/message.h"

/* Supervisors hear of failures by messages, if they want to. There are no more of these than there may be restarts: of failures after
 * which the next message follows nothing is told, as they could be a flood. */

typedef struct
{
  ButlerChannel      *channel; /* (owned) */
  ButlerServerFailed *failed;  /* (owned) */
} Alert;

static void
alert_clear (gpointer data)
{
  Alert *self = data;

  butler_channel_unref (self->channel);
  g_clear_pointer (&self->failed, butler_server_failed_free);
}

static ButlerServerFailed *
make_message (const ButlerServer *server,
              const char         *why,
              ButlerFailure       follows)
{
  ButlerServerFailed *failed = butler_server_failed_new ();

  failed->name = g_strdup (server->name);
  failed->reason = g_strdup (why);
  failed->follows = g_strdup (butler_failure_to_string (follows));
  failed->restarts = atomic_load_explicit (&server->recovery.n, memory_order_relaxed);
  return failed;
}

static gboolean
has_handler (const ButlerServer *server)
{
  const ButlerLayout *layout = butler__layout_of (&butler_server_failed_info);

  return layout != NULL && butler__handlers_find (server->handlers, layout->type) != NULL;
}

void
butler__alerts_note (ButlerAlerts *alerts,
                     ButlerServer *server,
                     const char   *why,
                     ButlerFailure follows)
{
  const ButlerServer *supervisor = server->recovery.supervisor;
  Alert alert;

  if (supervisor == NULL || !butler__server_is_active (supervisor) || !has_handler (supervisor))
    return;
  if (alerts->alerts == NULL)
    {
      alerts->alerts = g_array_new (FALSE, FALSE, sizeof (Alert));
      g_array_set_clear_func (alerts->alerts, alert_clear);
    }
  alert = (Alert) { butler_channel_ref (supervisor->channel), make_message (server, why, follows) };
  g_array_append_val (alerts->alerts, alert);
}

void
butler__alerts_drop (ButlerAlerts *alerts)
{
  g_clear_pointer (&alerts->alerts, g_array_unref);
}

/* As other news of servers: accepted above the capacity, and dropped by a channel that is closed. */
void
butler__alerts_tell (ButlerAlerts *alerts)
{
  for (guint i = 0; alerts->alerts != NULL && i < alerts->alerts->len; i++)
    {
      Alert *alert = &g_array_index (alerts->alerts, Alert, i);

      butler__channel_post_accepted (alert->channel, butler__envelope_of (g_steal_pointer (&alert->failed)), NULL);
    }
  butler__alerts_drop (alerts);
}
