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
