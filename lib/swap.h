/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/swap.h>

/* butler__swap_run() loads and swaps the modules of @plugins (nullable: all whose file changed), all or none. On the thread for that:
 * one at a time. */
ButlerSwapReport *butler__swap_run (ButlerHub          *hub,
                                    const char *const  *plugins,
                                    GCancellable       *cancellable,
                                    GError            **error);

/* In what follows, @candidates are of ButlerCandidate, and @moves of ButlerMove. */

/* swap-publish.c; the hub's mutex is held. */

/* butler__swap_plan() numbers the new generations and adds to @moves what each server will take over. */
gboolean butler__swap_plan (ButlerHub  *hub,
                            GPtrArray  *candidates,
                            GPtrArray  *moves,
                            GError    **error);

/* butler__swap_publish_rolling() is for while messages flow, butler__swap_publish_halted() for when all servers of the swap stand still;
 * the latter is FALSE, and nothing was published, if what was planned cannot be done any more. */
void     butler__swap_publish_rolling (GPtrArray  *candidates,
                                       GPtrArray  *moves);
gboolean butler__swap_publish_halted  (ButlerHub  *hub,
                                       GPtrArray  *candidates,
                                       GPtrArray  *moves,
                                       GError    **error);

/* swap-report.c */

/* butler__swap_report_new() is what is to come of it. The hub's mutex is held. */
ButlerSwapReport *butler__swap_report_new (GPtrArray *candidates,
                                           GPtrArray *moves);

/* butler__swap_report_finish() notes which servers have come over, and waits a moment for those that have not; @idle are those
 * without a thread. Without the mutex. */
void butler__swap_report_finish (ButlerHub        *hub,
                                 GPtrArray        *idle,
                                 ButlerSwapReport *report);
