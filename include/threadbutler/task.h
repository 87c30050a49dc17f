/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/context.h>
#include <threadbutler/publish.h>

G_BEGIN_DECLS

/* Runs on a thread of a pool; may block, may send. */
typedef void (*ButlerTaskFunc) (ButlerTask *task,
                                gpointer    data);

BUTLER_AVAILABLE_IN_1_0
void          butler_context_run_task     (ButlerContext          *context,
                                           const char             *name,
                                           ButlerTaskFunc          func,
                                           gpointer                data,
                                           GDestroyNotify          destroy);
BUTLER_AVAILABLE_IN_1_0
void          butler_hub_run_task         (ButlerHub              *hub,
                                           const char             *name,
                                           ButlerTaskFunc          func,
                                           gpointer                data,
                                           GDestroyNotify          destroy);
BUTLER_AVAILABLE_IN_1_0
ButlerHub    *butler_task_get_hub         (ButlerTask             *task);
BUTLER_AVAILABLE_IN_1_0
GCancellable *butler_task_get_cancellable (ButlerTask             *task);
BUTLER_AVAILABLE_IN_1_0
void          butler_task_return          (ButlerTask             *task,
                                           const ButlerRecordInfo *info,
                                           gpointer                value);
BUTLER_AVAILABLE_IN_1_0
void          butler_task_fail            (ButlerTask             *task,
                                           const char             *format,
                                           ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
