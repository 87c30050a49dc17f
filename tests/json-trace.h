/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <json-glib/json-glib.h>

#include "tests/common.h"

/* A trace as json-glib reads it. */

/* (transfer full) */
static inline JsonNode *
parse_trace (const char *text)
{
  GError   *error = NULL;
  JsonNode *root = json_from_string (text, &error);

  butler_assert_no_error (error);
  ck_assert (JSON_NODE_HOLDS_ARRAY (root));
  return root;
}

/* (transfer full) */
static inline JsonNode *
read_trace (const char *path)
{
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  return parse_trace (text);
}

static inline const char *
get_string (JsonObject *object,
            const char *member)
{
  return json_object_has_member (object, member) ? json_object_get_string_member (object, member) : "";
}

static inline gboolean
is_event (JsonObject *event,
          const char *phase,
          const char *category)
{
  return g_str_equal (get_string (event, "ph"), phase) && g_str_equal (get_string (event, "cat"), category);
}

static inline JsonObject *
get_event (JsonNode *root,
           guint     n)
{
  return json_array_get_object_element (json_node_get_array (root), n);
}

static inline guint
get_n_events (JsonNode *root)
{
  return json_array_get_length (json_node_get_array (root));
}

static inline JsonObject *
get_args (JsonObject *event)
{
  return json_object_get_object_member (event, "args");
}

/* The number of a server's track. */
static inline gint64
find_track (JsonNode   *root,
            const char *name)
{
  for (guint i = 0; i < get_n_events (root); i++)
    {
      JsonObject *event = get_event (root, i);

      if (g_str_equal (get_string (event, "ph"), "M") && g_str_equal (get_string (event, "name"), "thread_name")
          && g_str_equal (get_string (get_args (event), "name"), name))
        return json_object_get_int_member (event, "tid");
    }
  ck_abort_msg ("the trace has no %s", name);
}

static inline guint
count_events (JsonNode   *root,
              const char *track,
              const char *phase,
              const char *category)
{
  gint64 tid = find_track (root, track);
  guint  n = 0;

  for (guint i = 0; i < get_n_events (root); i++)
    n += is_event (get_event (root, i), phase, category) && json_object_get_int_member (get_event (root, i), "tid") == tid;
  return n;
}

/* (nullable): the first. */
static inline JsonObject *
find_event (JsonNode   *root,
            const char *phase,
            const char *category)
{
  for (guint i = 0; i < get_n_events (root); i++)
    if (is_event (get_event (root, i), phase, category))
      return get_event (root, i);
  return NULL;
}

static inline gint64
count_dropped (JsonNode *root)
{
  return json_object_get_int_member (get_args (find_event (root, "i", "trace")), "dropped");
}
