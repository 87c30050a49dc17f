/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/trace-json.h"

#include <unistd.h>

/* Names of servers and texts of errors may be anything. */
static void
add_string (GString    *out,
            const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (out, '"');
  for (const char *c = valid; *c != '\0'; c++)
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else if ((guchar) *c < 0x20 || *c == 0x7f)
      g_string_append_printf (out, "\\u%04x", (guint) *c);
    else
      g_string_append_c (out, *c);
  g_string_append_c (out, '"');
}

/* Times are in µs; a point whatever the locale. */
static void
add_time (GString    *out,
          const char *key,
          gint64      ns)
{
  g_string_append_printf (out, ",\"%s\":%" G_GINT64_FORMAT ".%03d", key, ns / 1000, (int) (ns % 1000));
}

static void
add_head (GString    *out,
          const char *phase,
          guint       tid,
          const char *name)
{
  g_string_append_printf (out, ",\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,\"name\":", phase, (int) getpid (), tid);
  add_string (out, name);
}

static void
add_metadata (GString    *out,
              guint       tid,
              const char *what,
              const char *name)
{
  add_head (out, "M", tid, what);
  g_string_append (out, ",\"args\":{\"name\":");
  add_string (out, name);
  g_string_append (out, "}}");
}

void
butler__trace_json_begin (GString    *out,
                          const char *program)
{
  g_string_append_printf (out, "[\n{\"ph\":\"M\",\"pid\":%d,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":", (int) getpid ());
  add_string (out, program);
  g_string_append (out, "}}");
  add_metadata (out, 0, "thread_name", "hub");
}

void
butler__trace_json_thread (GString    *out,
                           guint       tid,
                           const char *name)
{
  add_metadata (out, tid, "thread_name", name);
}

static void
add_flow (GString                *out,
          const char             *phase,
          guint                   tid,
          const char             *name,
          const ButlerTraceEvent *event)
{
  add_head (out, phase, tid, name);
  add_time (out, "ts", event->at);
  g_string_append_printf (out, ",\"cat\":\"message\",\"id\":\"0x%" G_GINT64_MODIFIER "x\"}", event->id);
}

static void
add_call (GString                *out,
          guint                   tid,
          const ButlerTraceEvent *event)
{
  add_head (out, "X", tid, event->name);
  add_time (out, "ts", event->at);
  add_time (out, "dur", event->lasted);
  g_string_append_printf (out, ",\"cat\":\"%s\",\"args\":{\"generation\":%u}}", event->category,
                          event->generation);
  if (event->id != 0)
    add_flow (out, "f\",\"bp\":\"e", tid, event->carried, event);
}

static void
add_instant (GString                *out,
             guint                   tid,
             const ButlerTraceEvent *event,
             const char             *category,
             const char             *scope)
{
  add_head (out, "i", tid, event->name);
  add_time (out, "ts", event->at);
  g_string_append_printf (out, ",\"cat\":\"%s\",\"s\":\"%s\",\"args\":{\"%s\":", category, scope,
                          event->kind == BUTLER__EVENT_SWAP ? "plugin" : "error");
  add_string (out, event->text);
  g_string_append_printf (out, ",\"generation\":%u}}", event->generation);
}

void
butler__trace_json_event (GString                *out,
                          guint                   tid,
                          const ButlerTraceEvent *event)
{
  switch (event->kind)
    {
    case BUTLER__EVENT_CALL:
      add_call (out, tid, event);
      break;
    case BUTLER__EVENT_SEND:
      add_flow (out, "s", tid, event->name, event);
      break;
    case BUTLER__EVENT_FAILURE:
      add_instant (out, tid, event, "failure", "t");
      break;
    case BUTLER__EVENT_SWAP:
      add_instant (out, tid, event, "swap", "g");
      break;
    }
}

void
butler__trace_json_end (GString *out,
                        gint64   at,
                        guint64  dropped)
{
  add_head (out, "i", 0, "end of trace");
  add_time (out, "ts", at);
  g_string_append_printf (out, ",\"cat\":\"trace\",\"s\":\"g\",\"args\":{\"dropped\":%" G_GUINT64_FORMAT "}}\n]\n", dropped);
}
