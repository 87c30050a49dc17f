/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "bench/swap-plugin.h"

/* A server of a plugin whose file can be exchanged: by turns it is one of two variants. All functions are called on one
 * thread. */
typedef struct _BenchRig BenchRig;

/* bench_rig_new() loads the first of the two and starts a server; @with_block gives it a state of 1 MiB. */
BenchRig *bench_rig_new (const char *const  variants[2],
                         gboolean           with_block,
                         GError           **error);

/* bench_rig_end() stops the server, which first handles all that was sent, and checks what arrived. FALSE, with an
 * error, if something is missing, twice or out of order, if a swap did not take place, or a state was not what it had
 * been. */
gboolean bench_rig_end  (BenchRig  *rig,
                         GError   **error);
void     bench_rig_free (BenchRig  *rig);

/* bench_rig_lose(): one of the next messages is left out. bench_rig_end() has to see it. */
void bench_rig_lose (BenchRig *rig);

/* bench_rig_start_writers() lets @n threads send @rate messages a second, all together, until
 * bench_rig_stop_writers(). */
void     bench_rig_start_writers (BenchRig  *rig,
                                  guint      n,
                                  guint      rate);
gboolean bench_rig_stop_writers  (BenchRig  *rig,
                                  GError   **error);

/* bench_rig_tick() sends one message, if there are no writers. */
gboolean bench_rig_tick (BenchRig  *rig,
                         GError   **error);

/* bench_rig_exchange() puts the other variant in the place of the file, at once. */
gboolean bench_rig_exchange (BenchRig  *rig,
                             GError   **error);

/* bench_rig_rewrite() does so as a linker does: the old file is deleted, a new one is written and closed.
 * @closed (out): when, ns */
gboolean bench_rig_rewrite (BenchRig  *rig,
                            gint64    *closed,
                            GError   **error);

/* bench_rig_get_switched() is when the variant that is there now began to handle messages, ns; 0: it did not yet. */
gint64      bench_rig_get_switched (BenchRig *rig);
const char *bench_rig_get_path     (BenchRig *rig);

/* bench_rig_swap() lets the hub swap in what is there now. */
gboolean bench_rig_swap (BenchRig  *rig,
                         GError   **error);

/* bench_rig_settle() returns when what was swapped out is unloaded. */
gboolean bench_rig_settle (BenchRig  *rig,
                           GError   **error);

/* bench_rig_wait() waits until a message was handled by the variant that is there now. */
gboolean bench_rig_wait (BenchRig  *rig,
                         GError   **error);

/* The pauses of all swaps, in µs: as messages saw them, and as the library tells; and how long messages that came to
 * an idle server waited without a swap. */
const GArray *bench_rig_get_seen     (BenchRig *rig);
const GArray *bench_rig_get_reported (BenchRig *rig);
const GArray *bench_rig_get_waits    (BenchRig *rig);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchRig, bench_rig_free)
