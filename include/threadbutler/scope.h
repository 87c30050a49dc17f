/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/server.h>

G_BEGIN_DECLS

typedef struct _ButlerServerScope ButlerServerScope;

BUTLER_AVAILABLE_IN_1_0
ButlerServerScope *butler_server_scope_new  (ButlerServer      *server,
                                             GError           **error);
BUTLER_AVAILABLE_IN_1_0
void               butler_server_scope_free (ButlerServerScope *scope);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerServerScope, butler_server_scope_free)

G_END_DECLS
