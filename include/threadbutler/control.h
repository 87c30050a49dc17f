/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <gio/gio.h>
#include <threadbutler/status.h>

G_BEGIN_DECLS

/* What a control socket speaks. */
#define BUTLER_CONTROL_PATH      "/io/threadbutler/Control"
#define BUTLER_CONTROL_INTERFACE "io.threadbutler.Control1"

BUTLER_AVAILABLE_IN_1_0
ButlerControl *butler_control_new         (ButlerHub      *hub,
                                           const char     *name,
                                           GError        **error);
BUTLER_AVAILABLE_IN_1_0
void           butler_control_free        (ButlerControl  *control);
BUTLER_AVAILABLE_IN_1_0
const char    *butler_control_get_path    (ButlerControl  *control);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_control_was_stopped (ButlerControl  *control);
BUTLER_AVAILABLE_IN_1_0
GStrv          butler_control_list        (GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerControl, butler_control_free)

G_END_DECLS
