/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib-object.h>
#include <threadbutler/macros.h>

G_BEGIN_DECLS

typedef struct _ButlerHub     ButlerHub;
typedef struct _ButlerChannel ButlerChannel;
typedef struct _ButlerMessage ButlerMessage;
typedef struct _ButlerServer  ButlerServer;
typedef struct _ButlerContext ButlerContext;
typedef struct _ButlerTask    ButlerTask;
typedef struct _ButlerModule  ButlerModule;
typedef struct _ButlerApp     ButlerApp;
typedef struct _ButlerSwap    ButlerSwap;
typedef struct _ButlerControl ButlerControl;
typedef struct _ButlerWatch   ButlerWatch;
typedef struct _ButlerHubWatch ButlerHubWatch;

typedef struct _ButlerField       ButlerField;
typedef struct _ButlerRecordInfo  ButlerRecordInfo;
typedef struct _ButlerHandler     ButlerHandler;
typedef struct _ButlerHandlerSet  ButlerHandlerSet;
typedef struct _ButlerPlugin      ButlerPlugin;

G_END_DECLS
