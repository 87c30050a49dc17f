/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/loader.h"

/* A file on its way to become a module's next generation. */
typedef struct
{
  ButlerModule     *module;     /* (unowned) */
  ButlerGeneration *generation; /* (owned) (nullable): until it was published, or given up */
  ButlerGeneration *old;        /* (unowned): what was current when it was loaded */
} ButlerCandidate;

/* butler__candidate_load() stages, probes and loads the module's file; BUTLER_ERROR_UNCHANGED if it is what is current. NULL with an
 * error that names the file. The hub's loading lock is held. */
ButlerCandidate *butler__candidate_load (ButlerModule *module,
                                         GError      **error);
void             butler__candidate_free (ButlerCandidate *candidate);

/* butler__candidates_check() checks all of them beside each other and beside the hub's other modules. */
gboolean butler__candidates_check (ButlerHub *hub,
                                   GPtrArray *candidates,
                                   GError   **error);
