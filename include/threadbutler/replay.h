/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>
#include <threadbutler/record.h>

G_BEGIN_DECLS

/* What came of a replay. */
#define BUTLER_REPLAY_REPORT_FIELDS(F, R)                                                                              \
  F (R, strv,    servers)     /* that were replayed */                                                                 \
  F (R, uint64,  messages)    /* that were handled */                                                                  \
  F (R, uint64,  sent)        /* what their handlers were to send, ask, answer and so on */                            \
  F (R, uint64,  skipped)     /* without a record or a handler, of which nobody asked, or after a failed start */     \
  F (R, uint64,  differences)                                                                                          \
  F (R, boolean, swapped)     /* the plugin was swapped while it was recorded */                                       \
  F (R, boolean, cut)         /* the file ends in the middle of a frame */                                             \
  F (R, uint64,  answers)     /* to what handlers asked, and their callbacks got */
BUTLER_RECORD (ButlerReplayReport, butler_replay_report, BUTLER_REPLAY_REPORT_FIELDS);

/* One line of text. */
typedef void (*ButlerReplayFunc) (const char *difference,
                                  gpointer    data);

/* Zero is the default. Append-only: options_size says what is there. */
typedef struct
{
  gsize            options_size;
  const char      *server;     /* (nullable): only this one, whichever plugin it was of; NULL: all that were of the plugin */
  gboolean         real_time;  /* each message when it came; else one after the other */
  gboolean         no_compare; /* what handlers send does not matter */
  ButlerReplayFunc difference; /* (nullable): is told of each */
  gpointer         data;       /* (unowned) */
} ButlerReplayOptions;

#ifndef __cplusplus
/* BUTLER_REPLAY_OPTIONS (.server = "counter") */
#define BUTLER_REPLAY_OPTIONS(...) (&(const ButlerReplayOptions) { .options_size = sizeof (ButlerReplayOptions), __VA_ARGS__ })
#endif

BUTLER_AVAILABLE_IN_1_0
ButlerReplayReport *butler_module_replay (ButlerModule              *module,
                                          const char                *path,
                                          const ButlerReplayOptions *options,
                                          GError                   **error);

G_END_DECLS
