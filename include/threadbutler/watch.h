/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/swap.h>

G_BEGIN_DECLS

typedef void (*ButlerWatchFunc) (ButlerWatch       *watch,
                                 const char *const *files,
                                 gpointer           user_data);

BUTLER_AVAILABLE_IN_1_0
ButlerWatch *butler_watch_new        (ButlerWatchFunc     func,
                                      gpointer            user_data);
BUTLER_AVAILABLE_IN_1_0
void         butler_watch_free       (ButlerWatch        *watch);
BUTLER_AVAILABLE_IN_1_0
gboolean     butler_watch_add_file   (ButlerWatch        *watch,
                                      const char         *path,
                                      GError            **error);
BUTLER_AVAILABLE_IN_1_0
gboolean     butler_watch_add_folder (ButlerWatch        *watch,
                                      const char         *folder,
                                      const char *const  *patterns,
                                      GError            **error);

/* @report is NULL on error. */
typedef void (*ButlerHubWatchFunc) (ButlerHub              *hub,
                                    const ButlerSwapReport *report,
                                    const GError           *error,
                                    gpointer                user_data);

BUTLER_AVAILABLE_IN_1_0
ButlerHubWatch *butler_hub_watch         (ButlerHub           *hub,
                                          ButlerHubWatchFunc   func,
                                          gpointer             user_data,
                                          GError             **error);
BUTLER_AVAILABLE_IN_1_0
void            butler_hub_watch_free    (ButlerHubWatch      *watch);
BUTLER_AVAILABLE_IN_1_0
void            butler_hub_watch_hold    (ButlerHubWatch      *watch);
BUTLER_AVAILABLE_IN_1_0
void            butler_hub_watch_release (ButlerHubWatch      *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerWatch, butler_watch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerHubWatch, butler_hub_watch_free)

G_END_DECLS
