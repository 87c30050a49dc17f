/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/module.h>
#include <threadbutler/record.h>

G_BEGIN_DECLS

/* What a process of its own found out about a plugin's file, which can be loaded. */
#define BUTLER_PROBE_VERDICT_FIELDS(F, R)                                                                              \
  F (R, string, name)                                                                                                  \
  F (R, string, version)                                                                                               \
  F (R, string, build_id) /* as hexadecimal digits; NULL if the file has none */                                       \
  F (R, string, resident) /* why its code must stay mapped: the first such warning; NULL if it can be unloaded */      \
  F (R, strv, warnings)   /* a line each, "SYMBOL: consequence" */
BUTLER_RECORD (ButlerProbeVerdict, butler_probe_verdict, BUTLER_PROBE_VERDICT_FIELDS);

BUTLER_AVAILABLE_IN_1_0
ButlerProbeVerdict *butler_module_probe (const char         *path,
                                         ButlerModuleFlags   flags,
                                         GError            **error);

/* What threadbutler-probe writes to the library: one line says what it is, the next one (loaded, error code, reason, a
 * ButlerProbeVerdict) in GVariant's text format. The number changes with the form of the answer. */
#define BUTLER__PROBE_GREETING "threadbutler-probe 1"
#define BUTLER__PROBE_ANSWER   "(biaya{sv})"

G_END_DECLS
