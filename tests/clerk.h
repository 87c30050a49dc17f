/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/servers.h"

/* A server with a start function, a stop function and settings. What happens is written into its diary. */

static GString *diary;        /* of who runs the server just now */
static guint    starts_fail;  /* so many of the next starts */
static gboolean fail_silently;
static gboolean complain;     /* by way of the context */

#define CLERK_FIELDS(F, R) \
  F (R, string, motto)     \
  F (R, int32,  sum)
BUTLER_RECORD (Clerk, clerk, CLERK_FIELDS);

#define CLERK_SETTINGS_FIELDS(F, R)                     \
  F (R, string, motto, "be brief", "what it goes by")   \
  F (R, int32,  base,  "10",       "what it counts from")
BUTLER_SETTINGS (ClerkSettings, clerk_settings, CLERK_SETTINGS_FIELDS);

#define CLERK_HANDLES(H, S) \
  H (S, number)             \
  H (S, note)
BUTLER_HANDLERS (clerk, CLERK_HANDLES);

static inline void
write_down (const char *word)
{
  if (diary->len > 0)
    g_string_append_c (diary, ' ');
  g_string_append (diary, word);
}

static void
clerk_on_number (Clerk         *self,
                 Number        *number,
                 ButlerContext *context)
{
  g_autofree char *word = NULL;

  self->sum += number->value;
  word = g_strdup_printf ("%d", self->sum);
  write_down (word);
  if (number->value < 0)
    butler_context_fail (context, "%d is below zero", number->value);
  if (number->value < -1)
    butler_context_take_error (context, g_error_new_literal (BUTLER_ERROR, BUTLER_ERROR_FULL, "a second one"));
}

static void
clerk_on_note (Clerk         *self G_GNUC_UNUSED,
               Note          *note,
               ButlerContext *context G_GNUC_UNUSED)
{
  write_down (note->text);
}

static gboolean
clerk_start (Clerk               *self,
             const ClerkSettings *settings,
             ButlerContext       *context,
             GError             **error)
{
  write_down ("start");
  ck_assert_ptr_null (butler_context_get_type_name (context));
  self->motto = g_strdup (settings->motto);
  self->sum = settings->base;
  if (complain)
    butler_context_fail (context, "no pen");
  if (starts_fail == 0)
    return TRUE;
  starts_fail--;
  if (!fail_silently)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "no desk");
  return FALSE;
}

static void
clerk_stop (Clerk         *self,
            ButlerContext *context)
{
  write_down (self->motto);
  write_down ("stop");
  if (complain)
    butler_context_fail (context, "no home");
}

static const ButlerHandlerSet clerk_set = {
  BUTLER_HANDLER_SET (clerk),
  BUTLER_START (clerk, clerk_settings, clerk_start),
  BUTLER_STOP (clerk, clerk_stop),
};

static ButlerHub    *hub;
static ButlerServer *clerk;

static inline void
open_office (void)
{
  GError *error = NULL;

  diary = g_string_new (NULL);
  starts_fail = 0;
  fail_silently = FALSE;
  complain = FALSE;
  hub = butler_hub_new ();
  clerk = butler_server_new (hub, "clerk", &clerk_set, NULL, &error);
  butler_assert_no_error (error);
}

static inline void
close_office (void)
{
  g_clear_pointer (&hub, butler_hub_unref);
  g_string_free (diary, TRUE);
}

/* Beside the clerk, which has the routes. */
static inline ButlerServer *
own_server (Script              *script,
            ButlerServerOptions  options)
{
  options.no_route = TRUE;
  return script_server (hub, "s", script, options);
}

static inline void
assert_diary (const char *expected)
{
  ck_assert_str_eq (diary->str, expected);
  g_string_truncate (diary, 0);
}

static inline void
send_note (const char *text)
{
  Note note = { .text = g_strdup (text) };

  ck_assert (note_send (hub, &note, NULL));
}

static inline ButlerServerState
state_of (ButlerServer *server)
{
  return butler_server_get_state (server);
}

static inline void
note_shutdown (ButlerContext *context,
               gpointer       data)
{
  g_assert_cmpint (state_of (butler_context_get_server (context)), ==, BUTLER_SERVER_STOPPING);
  write_down (data);
}
