/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/events.h"

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

guint
butler__events_get_n (const ButlerEvents *events)
{
  return events->list != NULL ? events->list->len : 0;
}

gboolean
butler__events_run_startup (const ButlerEvents *events,
                            guint               n,
                            ButlerContext      *context,
                            GError            **error)
{
  const Event *event = &g_array_index (events->list, Event, n);

  return event->startup (context, event->data, error);
}

void
butler__events_run_shutdown (const ButlerEvents *events,
                             ButlerContext      *context)
{
  for (guint i = 0; i < butler__events_get_n (events); i++)
    {
      const Event *event = &g_array_index (events->list, Event, i);

      event->shutdown (context, event->data);
    }
}
