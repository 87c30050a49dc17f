/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/events.h"

#include <threadbutler/error.h>

typedef struct
{
  ButlerStartupFunc  startup;  /* one of the two */
  ButlerShutdownFunc shutdown;
  gpointer           data;
  GDestroyNotify     destroy;  /* (nullable) */
} Event;

static void
event_clear (gpointer data)
{
  Event *event = data;

  if (event->destroy != NULL)
    event->destroy (event->data);
}

static void
add (ButlerEvents *events,
     Event         event)
{
  if (events->list == NULL)
    {
      events->list = g_array_new (FALSE, FALSE, sizeof (Event));
      g_array_set_clear_func (events->list, event_clear);
    }
  g_array_append_val (events->list, event);
}

void
butler__events_add_startup (ButlerEvents     *events,
                            ButlerStartupFunc func,
                            gpointer          data,
                            GDestroyNotify    destroy)
{
  add (events, (Event) { .startup = func, .data = data, .destroy = destroy });
}

void
butler__events_add_shutdown (ButlerEvents      *events,
                             ButlerShutdownFunc func,
                             gpointer           data,
                             GDestroyNotify     destroy)
{
  add (events, (Event) { .shutdown = func, .data = data, .destroy = destroy });
}

void
butler__events_clear (ButlerEvents *events)
{
  g_clear_pointer (&events->list, g_array_unref);
}

gboolean
butler__events_run_startup (const ButlerEvents *events,
                            ButlerServer       *server,
                            GError            **error)
{
  for (guint i = 0; events->list != NULL && i < events->list->len; i++)
    {
      const Event *event = &g_array_index (events->list, Event, i);
      GError *failure = NULL;

      if (event->startup (server, event->data, &failure))
        continue;
      if (failure == NULL)
        failure = g_error_new (BUTLER_ERROR, BUTLER_ERROR_FAILED, "startup event %u failed without saying why", i + 1);
      g_propagate_error (error, failure);
      return FALSE;
    }
  return TRUE;
}

void
butler__events_run_shutdown (const ButlerEvents *events,
                             ButlerServer       *server)
{
  for (guint i = 0; events->list != NULL && i < events->list->len; i++)
    {
      const Event *event = &g_array_index (events->list, Event, i);

      event->shutdown (server, event->data);
    }
}
