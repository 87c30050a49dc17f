/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/rich-states.h"

/* A state with a field of each kind. By -D: RICH_OTHER: the other layout of it, and a `swapped` function. RICH_OTHER_SETTINGS: the other
 * layout of its settings. RICH_TEXT_SETTINGS: settings that can only be read anew. */

#ifdef RICH_OTHER
BUTLER_RECORD (RichPart, other_part, OTHER_PART_FIELDS);
BUTLER_RECORD (Rich, rich, OTHER_RICH_FIELDS);
#else
BUTLER_RECORD (RichPart, first_part, FIRST_PART_FIELDS);
BUTLER_RECORD (Rich, rich, FIRST_RICH_FIELDS);
#endif

#define TEXT_RICH_SETTINGS_FIELDS(F, R)                \
  F (R, string, limit, "many", "stop after so many")   \
  F (R, string, motto, "be text", "what it goes by")   \
  F (R, uint64, watch, "0", "the test's, as a number")

#if defined RICH_OTHER_SETTINGS
BUTLER_SETTINGS (RichSettings, rich_settings, OTHER_RICH_SETTINGS_FIELDS);
#elif defined RICH_TEXT_SETTINGS
BUTLER_SETTINGS (RichSettings, rich_settings, TEXT_RICH_SETTINGS_FIELDS);
#else
BUTLER_SETTINGS (RichSettings, rich_settings, FIRST_RICH_SETTINGS_FIELDS);
#endif

#define RICH_HANDLES(H, S) H (S, look)
BUTLER_HANDLERS (rich, RICH_HANDLES);

static void
rich_on_look (Rich *self, Look *look, ButlerContext *context)
{
  (void) context;
  ((void (*) (gpointer, gpointer)) (guintptr) look->func) (self, look->data);
}

static gboolean
rich_start (Rich *self, const RichSettings *settings, ButlerContext *context, GError **error)
{
  RichWatch *watch = GSIZE_TO_POINTER (settings->watch);

  (void) context;
  (void) error;
  watch->start (self, settings);
  return TRUE;
}

#if defined RICH_OTHER || defined RICH_OTHER_SETTINGS || defined RICH_TEXT_SETTINGS
#define RICH_SWAPPED
static gboolean
rich_swapped (Rich *self, const RichSettings *settings, ButlerSwap *swap, ButlerContext *context, GError **error)
{
  return ((RichWatch *) GSIZE_TO_POINTER (settings->watch))->swapped (self, settings, swap, context, error);
}
#endif

static const ButlerHandlerSet rich_set = {
  BUTLER_HANDLER_SET (rich),
  BUTLER_START (rich, rich_settings, rich_start),
#ifdef RICH_SWAPPED
  BUTLER_SWAPPED (rich, rich_settings, rich_swapped),
#endif
};

BUTLER_PLUGIN (rich, "1.0", &rich_set)
