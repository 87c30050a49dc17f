/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/probe.h>

/* traps_find() reads the shared object @path, maps nothing of it, and puts what it finds into the build-id, the
 * warnings and the residence of @verdict. What cannot be read is no trap: dlopen() will say so. */
void traps_find (const char         *path,
                 ButlerProbeVerdict *verdict);
