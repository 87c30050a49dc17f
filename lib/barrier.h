/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* A full memory barrier in every running thread of the process at once, membarrier(2): whoever waits seldom pays for those who would
 * else need a barrier each time. */

/* butler__barrier_is_there() is FALSE where the kernel has none; then each side needs barriers of its own. */
gboolean butler__barrier_is_there (void);

/* butler__barrier() returns when every other thread has passed a full barrier since the call. Only if it is there. */
void butler__barrier (void);
