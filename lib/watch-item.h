/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* A file that is watched, or a folder of which the files that match a pattern are: the way to it, and what it looked like
 * last. Used by one thread at a time. */
typedef struct _ButlerWatchItem ButlerWatchItem;

/* butler__watch_item_new(): @patterns are those of fnmatch(3), for names in a folder; NULL: @path is one file. It need
 * not exist. */
ButlerWatchItem *butler__watch_item_new  (const char         *path,
                                          const char *const  *patterns);
void             butler__watch_item_free (ButlerWatchItem    *item);

/* butler__watch_item_walk() goes the way to the item anew, through all symbolic links, and adds to @folders, a set of owned
 * strings, each folder in which a change can lead elsewhere or be one of the item. */
void butler__watch_item_walk (ButlerWatchItem *item,
                              GHashTable      *folders);

/* butler__watch_item_cares() tells whether what happened to @path can matter. As of the last walk. */
gboolean butler__watch_item_cares (ButlerWatchItem *item,
                                   const char      *path);

/* butler__watch_item_look() looks at the files of the last walk: TRUE if one is not as at the last look. */
gboolean butler__watch_item_look (ButlerWatchItem *item);

/* butler__watch_item_take_changed() adds to @changed, owned, the files that are there and were not, at the last look, as the
 * last time that they were taken. @changed (nullable) */
void butler__watch_item_take_changed (ButlerWatchItem *item,
                                      GPtrArray       *changed);
