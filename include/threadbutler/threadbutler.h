/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/app.h>
#include <threadbutler/ask.h>
#include <threadbutler/channel.h>
#include <threadbutler/context.h>
#include <threadbutler/control.h>
#include <threadbutler/error.h>
#include <threadbutler/fields.h>
#include <threadbutler/handlers.h>
#include <threadbutler/hub.h>
#include <threadbutler/macros.h>
#include <threadbutler/message.h>
#include <threadbutler/module.h>
#include <threadbutler/plugin.h>
#include <threadbutler/policy.h>
#include <threadbutler/probe.h>
#include <threadbutler/publish.h>
#include <threadbutler/record.h>
#include <threadbutler/replay.h>
#include <threadbutler/scope.h>
#include <threadbutler/server.h>
#include <threadbutler/status.h>
#include <threadbutler/supervise.h>
#include <threadbutler/swap.h>
#include <threadbutler/task.h>
#include <threadbutler/timer.h>
#include <threadbutler/trace.h>
#include <threadbutler/types.h>
#include <threadbutler/version.h>
#include <threadbutler/watch.h>
#include <threadbutler/watchdog.h>
