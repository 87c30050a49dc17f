/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

#define LINE_FIELDS(F, R)   \
  F (R, uint64, number)     \
  F (R, string, text)
BUTLER_MESSAGE (CompileLine, line, LINE_FIELDS);

#define TICK_FIELDS(F, R) F (R, uint64, at)
BUTLER_MESSAGE (CompileTick, tick, TICK_FIELDS);

#define COUNTER_FIELDS(F, R) F (R, uint64, lines)
BUTLER_RECORD (CompileCounter, counter, COUNTER_FIELDS);

#define COUNTER_SETTINGS_FIELDS(F, R) F (R, int32, limit, "10", "stop after so many")
BUTLER_SETTINGS (CompileCounterSettings, counter_settings, COUNTER_SETTINGS_FIELDS);
