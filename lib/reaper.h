/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/hub.h"
#include "lib/loader.h"

/* butler__reaper_take() is for what a swap leaves: the generations that were swapped out, or those that did not get in. On the thread
 * for swaps, under the hub's loading lock. */
void butler__reaper_take (GPtrArray *candidates);

/* butler__reaper_run() closes the generations that nothing needs any more, and says which stay mapped. On the same thread. */
void butler__reaper_run (ButlerHub *hub);

/* butler__reaper_forget() is for a generation that is about to be freed: nobody is told of its last pin any more. */
void butler__reaper_forget (ButlerGeneration *generation);
